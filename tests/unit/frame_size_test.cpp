// How much memory does a suspended body take? At most 1 KiB, with the verb that it waits in; of a program in C++ without it, as GCC keeps
// the options of every call in the frame.
//
// A coroutine's frame is allocated when it is called, before any of it runs, and nothing else is: its arguments exist already. So
// what operator new gives during the call is the frame.
#include <doctest/doctest.h>
#include <malloc.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/unit/cpp_program.hpp"

namespace {
bool counting = false;
std::size_t counted = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting) counted += size;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::size_t most = 1'024;

template <class Call>
std::size_t frame_of(const Call& call) {
  counted = 0;
  counting = true;
  const Body body = call();
  counting = false;
  return counted;
}

// A program as people write them: submit, wait, get, actors, a generator; it keeps a list and some numbers.
Body a_program(TaskContext& context) {
  std::vector<ObjectRef> refs;
  ActorHandle actor;
  int rounds = 0;
  for (int i = 0; i < 3; ++i) {
    refs.push_back(context.submit(call(0, options(1))));
    const auto pause = context.pause();
    co_await pause;
  }
  while (!refs.empty()) {
    WaitResult result;
    Body waiting = context.wait(std::move(refs), 1, ms(100), result);
    co_await waiting;
    refs = std::move(result.pending);
    ++rounds;
  }
  try {
    Body getting = context.get({context.put(Bytes{rounds})}, std::nullopt);
    co_await getting;
  } catch (const RayError&) {
    co_return;
  }
}

}  // namespace

TEST_CASE("a suspended body and the verb that it waits in take at most 1 KiB") {
  std::size_t verbs = 0;
  std::size_t program = 0;
  SimulationOptions with;
  with.functions = {function("work", ms(1)), function("items", ms(1))};
  with.functions[1].num_returns = streaming_returns;
  with.driver = [&](TaskContext& context) -> Body {
    const std::vector<ObjectRef> refs{context.put(Bytes{1})};
    std::optional<ObjectRef> item;
    WaitResult result;
    ActorHandle made;
    bool ready = false;
    std::vector<ObjectRef> list = refs;
    const auto note = [&](const char* name, std::size_t size) {
      CAPTURE(name);
      CHECK(size > 0);
      CHECK(size < most);
      verbs = std::max(verbs, size);
    };
    note("get", frame_of([&] { return context.get(std::move(list), std::nullopt); }));
    list = refs;
    note("wait", frame_of([&] { return context.wait(std::move(list), 1, std::nullopt, result); }));
    note("next", frame_of([&] { return context.next(refs.front(), item); }));
    note("yield", frame_of([&] { return context.yield({}); }));
    note("create_actor", frame_of([&] { return context.create_actor({0}, {}, {}, made); }));
    note("get_actor", frame_of([&] { return context.get_actor({}, {}, made); }));
    note("wait_group", frame_of([&] { return context.wait_group({}, {}, ready); }));
    program = frame_of([&] { return a_program(context); });
    co_return;
  };
  Log log;
  CHECK(run(cluster({{1, {}}}), profile(), std::move(with), log).error == ErrorType::none);
  CHECK(program > 0);
  MESSAGE("the program ", program, " bytes, the largest verb ", verbs);
  CHECK(program + verbs <= most);
}

namespace {

struct {
  std::size_t own = 0;     // of the program's coroutine
  std::size_t around = 0;  // of the models' one, with the host of its verbs
  std::size_t verb = 0;
} cpp_body;

// Looks at the frames of the body that awaits it.
struct MeasureFrames {
  [[nodiscard]] bool await_ready() const { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> body) const {
    cpp_body.own = malloc_usable_size(body.address());
    cpp_body.around = malloc_usable_size(body.promise().next.address());
    return false;
  }
  void await_resume() const {}
};

double square(double x) { return x * x; }
ray::Task<double> a_cpp_program(ray::Context& ray, std::vector<ray::Ref<double>> refs, double x) {
  co_await ray.compute(std::chrono::milliseconds(1));
  const auto squared = co_await ray.remote<square>({.num_cpus = 0.5}, x);
  refs.push_back(squared);
  const MeasureFrames measure;
  co_await measure;
  counted = 0;
  counting = true;
  {
    const auto begun = ray.get(refs);
    CHECK(!begun.await_ready());
  }
  counting = false;
  cpp_body.verb = counted;
  double sum = 0;
  for (const double value : co_await ray.get(refs)) sum += value;
  co_return sum;
}

}  // namespace

TEST_CASE("a suspended body of a program in C++ takes at most 1 KiB, and so does the verb that it waits in") {
  cpp_program::expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto one = co_await ray.remote<square>(1);
        const std::vector<ray::Ref<double>> refs{one};
        const auto ref = co_await ray.remote<a_cpp_program>(refs, 2);
        cpp_program::seen.push_back(std::to_string(co_await ray.get(ref)));
      },
      0.001, {"5.000000"});
  MESSAGE("the program ", cpp_body.own, " bytes, the models' body around it ", cpp_body.around, ", get ",
          cpp_body.verb);
  CHECK(cpp_body.own > 0);
  CHECK(cpp_body.around > 0);
  CHECK(cpp_body.verb > 0);
  CHECK(cpp_body.own + cpp_body.around <= most);
  CHECK(cpp_body.verb <= most);
}
