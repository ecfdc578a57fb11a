// Bodies of a program: C++20 coroutines that wait in simulated time.
//
// Models: what runs in a driver, a task or a method, and parts of it: a body that awaits another one runs it to its end first; bodies
// that yield items. Leaves out: any waiting of its own. Mirrors `async def`.
// Invariants: a body starts when it is awaited, once; its frame goes with its Task; a generator is only ever run by raysim.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>

#include <raysim/ray/awaiting.hpp>

namespace ray {

// What a function with several returns returns: `ray::Task<ray::Returns<int, double>>`; its call gives a tuple of references.
template <class... T>
struct Returns : std::tuple<T...> {
  using std::tuple<T...>::tuple;
};

namespace host {

struct FinalWait {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
    return ended.promise().next;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> next = std::noop_coroutine();  // what goes on when this body has ended
  std::exception_ptr error;

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalWait final_suspend() const noexcept { return {}; }
  void unhandled_exception() { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  template <class From>
  void return_value(From&& from) {
    value.emplace(std::forward<From>(from));
  }
  void return_value(T from) { value.emplace(std::move(from)); }  // for values in braces
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace host

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : host::Promise<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Wait {
    Handle inner;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> outer) const {
      inner.resume();
      if (inner.done()) return false;
      inner.promise().next = outer;
      return true;
    }
    T await_resume() const { return inner.promise().take(); }
  };
  Wait operator co_await() const { return {handle_}; }

  // For raysim, which runs the outermost one: the frame is the caller's now.
  Handle release(host::Host& /*host*/) { return std::exchange(handle_, {}); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

// The body of a streaming generator: each `co_yield item` makes an object at once. Calls give a GeneratorRef<T>.
template <class T>
class [[nodiscard]] Generator {
 public:
  struct promise_type : host::Promise<void> {
    host::Host* host = nullptr;
    Generator get_return_object() { return Generator(std::coroutine_handle<promise_type>::from_promise(*this)); }
    host::Done yield_value(T item) { return host::Done(host->yield(host::value_of(std::move(item)))); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Generator& operator=(Generator&&) = delete;
  ~Generator() {
    if (handle_) handle_.destroy();
  }

  // For raysim: the frame is the caller's now, and its items go to `host`.
  Handle release(host::Host& host) {
    handle_.promise().host = &host;
    return std::exchange(handle_, {});
  }

 private:
  explicit Generator(Handle handle) : handle_(handle) {}
  Handle handle_;
};

}  // namespace ray
