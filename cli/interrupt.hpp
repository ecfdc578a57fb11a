// Ctrl-C.
//
// Models: the first interrupt asks the run to end at its next pause, so that what was simulated so far is shown; the
// second one ends the program at once. Leaves out: other signals. Invariants: while an InterruptGuard lives; afterwards
// the signal does what it did before.
#pragma once

#include <csignal>

namespace raysim {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] static bool requested();

 private:
  struct sigaction before_ {};
};

}  // namespace raysim
