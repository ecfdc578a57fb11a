// Bodies of drivers and tasks: C++20 coroutines that can wait in simulated time.
//
// Models: a sequential program whose frame exists only while it runs. A body may await another body, which runs to its end
// first; an exception in it comes out of the await. Leaves out: any idea of what there is to wait for.
// Invariants: a body starts suspended; its owner keeps it until it is done; it is never resumed after it is destroyed.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace raysim {

class [[nodiscard]] Body {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle done) const noexcept;
    void await_resume() const noexcept {}
  };
  struct promise_type {
    std::coroutine_handle<> continuation;  // the body that awaits this one; null for the outermost
    std::exception_ptr error;
    Body get_return_object() { return Body(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };

  Body() = default;
  explicit Body(Handle handle) : handle_(handle) {}
  Body(Body&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Body& operator=(Body&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  ~Body() {
    if (handle_) handle_.destroy();
  }

  [[nodiscard]] bool valid() const { return static_cast<bool>(handle_); }
  [[nodiscard]] bool done() const { return handle_.done(); }
  // Runs the outermost body until it waits or ends.
  void start() { handle_.resume(); }
  // The exception that ended it, or null.
  [[nodiscard]] std::exception_ptr error() const { return handle_.promise().error; }

  struct Awaiter {
    Handle inner;
    [[nodiscard]] bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> outer) const {
      inner.promise().continuation = outer;
      return inner;
    }
    void await_resume() const {
      if (inner.promise().error) std::rethrow_exception(inner.promise().error);
    }
  };
  Awaiter operator co_await() & { return {handle_}; }

 private:
  Handle handle_;
};

inline std::coroutine_handle<> Body::FinalAwaiter::await_suspend(Handle done) const noexcept {
  const auto next = done.promise().continuation;
  return next ? next : std::noop_coroutine();
}

}  // namespace raysim
