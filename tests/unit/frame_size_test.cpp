// How much memory does a suspended body take? At most 1 KiB, with the verb that it waits in.
//
// A coroutine's frame is allocated when it is called, before any of it runs, and nothing else is: its arguments exist already. So
// what operator new gives during the call is the frame.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

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
