// How a body awaits a verb.
//
// Models: a verb that raysim carries out, and that the body goes on when it is over. Leaves out: what single verbs give (verbs.hpp).
// Mirrors no part of Ray.
// Invariants: awaitables hold all that they need, and are small, as GCC keeps one in the frame for every co_await expression; what waits
// begins when it is awaited and keeps what it has found, as GCC may make all awaitables of an expression before it awaits the first,
// and await all before it takes the first one's result.
#pragma once

#include <coroutine>
#include <utility>

#include <raysim/ray/errors.hpp>
#include <raysim/ray/host.hpp>

namespace ray::host {

inline void throw_failure(const Failure& failure) { throw_named(failure.error, failure.message); }

// Of a verb that was done at once.
class [[nodiscard]] Told {
 public:
  explicit Told(Host& host, ObjectId /*made*/ = {}) : host_(&host) {}
  [[nodiscard]] bool await_ready() const { return host_->pause(); }
  void await_suspend(std::coroutine_handle<> body) const { host_->suspend(body); }
  void await_resume() const {
    if (const auto failure = host_->resume()) throw_failure(*failure);
  }

 protected:
  [[nodiscard]] Lives& lives() const { return host_->lives(); }

 private:
  Host* host_;
};

// Of a verb that waits.
class [[nodiscard]] Verb {
 public:
  explicit Verb(StepPointer step) : step_(std::move(step)) {}
  [[nodiscard]] bool await_ready() const { return step_->ready(); }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> body) const { return step_->suspend(body); }

 protected:
  Found& finish() const {
    if (const Failure* failure = step_->finish()) throw_failure(*failure);
    return step_->found;
  }

 private:
  StepPointer step_;
};

struct Done : Verb {
  using Verb::Verb;
  void await_resume() const { finish(); }
};

}  // namespace ray::host
