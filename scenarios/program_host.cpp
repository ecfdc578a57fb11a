#include "scenarios/program_host.hpp"

#include <fmt/format.h>

#include <utility>

#include "scenarios/body_host.hpp"

namespace raysim {

namespace {

// The frame of the program's own body.
struct Frame {
  explicit Frame(ray::host::Running begun) : running(begun) {}
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() {
    if (running.body) running.body.destroy();
  }

  struct Wait {
    ray::host::Running& running;
    [[nodiscard]] bool await_ready() const { return !running.body; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> outer) const {
      running.body.resume();
      if (running.body.done()) return false;
      *running.next = outer;
      return true;
    }
    void await_resume() const {}
  };

  ray::host::Running running;
};

}  // namespace

std::string full_name(const ray::host::Function& function) {
  const std::string name(function.name);
  return function.of_class.empty() ? name : std::string(function.of_class) + '.' + name;
}

std::string body_name(const ray::host::Function* function) {
  if (function == nullptr) return "the driver";
  const char* kind = function->class_tag == nullptr ? "task" : function->of_class.empty() ? "constructor" : "method";
  return fmt::format("{} `{}`", kind, full_name(*function));
}

Body run_body(ProgramRun& run, TaskContext& context, const ray::host::Function* function) {
  BodyHost host(run, context, function);
  Frame frame(host.start());
  const Frame::Wait ended{frame.running};
  co_await ended;
  if (frame.running.body) frame.running.finish(frame.running.body, host);
  host.conclude();
}

BodyMaker make_program_driver(const LoadedProgram& program, int default_retries, PrintSink print) {
  const auto run = std::make_shared<ProgramRun>(program, default_retries, std::move(print));
  return [run](TaskContext& context) { return run_body(*run, context, nullptr); };
}

}  // namespace raysim
