// A verb of a C++ program that waits.
//
// Models: the call of TaskContext behind it, from the moment that the program awaits it. Leaves out: verbs that are done at once
// (body_host.hpp).
// Invariants: one of `body` and `pause` is set once the call has begun, unless it failed at once.
#pragma once

#include <optional>

#include "include/raysim/ray/host.hpp"
#include "models/core_worker/task_context.hpp"

namespace raysim {

class BodyHost;

ray::host::Failure failure_of(const RayError& error);

class BodyStep : public ray::host::Step {
 public:
  // `name` for the error when nobody awaits it.
  BodyStep(BodyHost& host, const char* name) : host_(host), name_(name) {}
  ~BodyStep() override;
  BodyStep(const BodyStep&) = delete;
  BodyStep& operator=(const BodyStep&) = delete;

  bool ready() final;
  bool suspend(std::coroutine_handle<> body) final;
  const ray::host::Failure* finish() final;

 protected:
  // Makes body_ or pause_.
  virtual void begin() = 0;
  // Fills `found` in the end.
  virtual void gather() {}
  [[nodiscard]] TaskContext& context() const;
  [[nodiscard]] ray::host::Lives& lives() const;

  Body body_;
  std::optional<TaskContext::Pause> pause_;

 private:
  BodyHost& host_;
  const char* name_;
  bool begun_ = false;
  std::optional<ray::host::Failure> failure_;
};

}  // namespace raysim
