// Many runs of a program, some at a time.
//
// Models: commands start in order, as many at once as asked; what each printed and how it ended is handed over as soon as it
// is over. Leaves out: input (it is empty), time limits. A process each, because SimGrid has one engine a
// process; forked without starting the program anew, as loading the libraries takes longer than a small run.
// Invariants: no child outlives this process, however that ends; after an interrupt all children are killed and none
// is handed over any more.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace raysim {

struct ProcessResult {
  int exit_code = 0;
  int signal = 0;  // that ended it, or 0
  std::string output;
  std::string errors;
};

// Cores that this process may use; at least 1.
std::size_t usable_cores();

// Runs this very program `count` times, with the arguments that `arguments_of(i)` says. `on_end` hears of each as it
// ends; `on_tick` is called ten times a second or more often. False: interrupted (an InterruptGuard must live), and
// nothing runs any more. Throws std::system_error when no process can be made.
bool run_self(std::size_t count, std::size_t jobs,
              const std::function<std::vector<std::string>(std::size_t)>& arguments_of,
              const std::function<void(std::size_t, const ProcessResult&)>& on_end,
              const std::function<void()>& on_tick);

}  // namespace raysim
