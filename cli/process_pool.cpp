#include "cli/process_pool.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <limits>
#include <system_error>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"

namespace raysim {

namespace {

constexpr int tick_milliseconds = 100;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// The reading and the writing end.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("a pipe to a run");
  return ends;
}

// In the child. Nothing of the parent is open there but what it writes to.
[[noreturn]] void become(std::vector<char*>& arguments, int out, int err, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before it could be heard
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0);
  const int exit_code = run_program(static_cast<int>(arguments.size()) - 1, arguments.data());
  std::fflush(nullptr);
  _exit(exit_code);
}

class Child {
 public:
  Child(std::size_t index, const std::vector<std::string>& arguments) : index_(index) {
    std::vector<std::string> words{"raysim"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const std::array<int, 2> out = make_pipe();
    const std::array<int, 2> err = make_pipe();
    const pid_t parent = getpid();
    std::fflush(nullptr);  // what is not written yet is not the child's
    pid_ = fork();
    if (pid_ == 0) become(pointers, out[1], err[1], parent);
    close(out[1]);
    close(err[1]);
    ends_ = {out[0], err[0]};
    if (pid_ < 0) fail("a process for a run");
  }
  ~Child() {
    for (const int end : ends_)
      if (end >= 0) close(end);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&& other) noexcept
      : index_(other.index_),
        pid_(std::exchange(other.pid_, 0)),
        ends_(other.ends_),
        result_(std::move(other.result_)) {
    other.ends_ = {-1, -1};
  }
  Child& operator=(Child&& other) noexcept {
    std::swap(index_, other.index_);
    std::swap(pid_, other.pid_);
    std::swap(ends_, other.ends_);
    std::swap(result_, other.result_);
    return *this;
  }

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] const std::array<int, 2>& ends() const { return ends_; }
  [[nodiscard]] bool is_silent() const { return ends_[0] < 0 && ends_[1] < 0; }

  void read_some(std::size_t which) {
    std::array<char, 65536> buffer{};
    const ssize_t size = read(ends_[which], buffer.data(), buffer.size());
    if (size > 0) {
      (which == 0 ? result_.output : result_.errors).append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno != EINTR) {
      close(ends_[which]);
      ends_[which] = -1;
    }
  }

  // Of one that is silent: it has ended or is about to.
  ProcessResult take_result() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + result_.signal;
    return std::move(result_);
  }

 private:
  std::size_t index_;
  pid_t pid_ = 0;
  std::array<int, 2> ends_{-1, -1};
  ProcessResult result_;
};

void read_what_came(std::vector<Child>& children) {
  std::vector<pollfd> waiting;
  for (const Child& child : children)
    for (const int end : child.ends()) waiting.push_back({end, POLLIN, 0});  // -1 is skipped
  if (poll(waiting.data(), waiting.size(), tick_milliseconds) <= 0) return;
  for (std::size_t i = 0; i < waiting.size(); ++i)
    if (waiting[i].revents != 0) children[i / 2].read_some(i % 2);
}

}  // namespace

std::size_t usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&cores), 1));
}

bool run_self(std::size_t count, std::size_t jobs,
              const std::function<std::vector<std::string>(std::size_t)>& arguments_of,
              const std::function<void(std::size_t, const ProcessResult&)>& on_end,
              const std::function<void()>& on_tick) {
  std::vector<Child> children;
  for (std::size_t next = 0; next < count || !children.empty();) {
    while (next < count && children.size() < jobs) {
      children.emplace_back(next, arguments_of(next));
      ++next;
    }
    read_what_came(children);
    if (InterruptGuard::requested()) return false;
    for (std::size_t i = 0; i < children.size();) {
      if (!children[i].is_silent()) {
        ++i;
        continue;
      }
      const ProcessResult result = children[i].take_result();
      std::swap(children[i], children.back());
      const std::size_t index = children.back().index();
      children.pop_back();
      on_end(index, result);
    }
    on_tick();
  }
  return true;
}

}  // namespace raysim
