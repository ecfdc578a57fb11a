// The program that the tests of cancellation run: tasks and methods that sleep, wait and are interrupted.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace cancelling {

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

inline constexpr std::uint32_t nap = 0;     // sleeps for 10 s
inline constexpr std::uint32_t brief = 1;   // works for 100 ms
inline constexpr std::uint32_t outer = 2;   // waits for a nap of its own
inline constexpr std::uint32_t tidy = 3;    // the same, and returns 7 when it is interrupted
inline constexpr std::uint32_t lend = 4;    // returns the reference of a nap that it has submitted
inline constexpr std::uint32_t steps = 5;   // sleeps for 300 ms, again and again
inline constexpr std::uint32_t follow = 6;  // gets the reference inside its first argument
inline constexpr std::uint32_t made = 7;

inline Payload number(int value) { return {std::make_shared<const int>(value), Bytes{8}}; }
inline Payload holding(ObjectRef ref) { return {std::make_shared<const ObjectRef>(ref), Bytes{8}}; }
inline ObjectRef held_in(const Payload& payload) { return *static_cast<const ObjectRef*>(payload.data.get()); }

inline Body wait_for_nap(TaskContext& context) {
  Body got = context.get({context.submit(call(nap, options(1)))}, std::nullopt);
  co_await got;
}
inline Body tidy_up(TaskContext& context) {
  Body got = context.get({context.submit(call(nap, options(1)))}, std::nullopt);
  try {
    co_await got;
  } catch (const RayError& error) {
    REQUIRE(error.type() == ErrorType::keyboard_interrupt);
    REQUIRE(context.is_cancelled());
    context.set_return(0, number(7));
  }
}
inline Body lend_nap(TaskContext& context) {
  context.set_return(0, holding(context.submit(call(nap, options(1)))));
  co_return;
}
inline Body in_steps(TaskContext& context) {
  for (int i = 0; i < 100; ++i) {
    const auto step = context.sleep(ms(300));
    co_await step;
  }
}
inline Body follow_it(TaskContext& context) {
  Body got = context.get({held_in(context.arguments().front().value)}, std::nullopt);
  co_await got;
}
inline Body make_actor(TaskContext& context) {
  context.actor_state() = std::make_shared<int>(0);
  co_return;
}
// A method that sleeps in steps and notes whether it was cancelled.
inline Body note_cancel(TaskContext& context) {
  const auto sleep = context.sleep(ms(2'000));
  co_await sleep;
  *static_cast<int*>(context.actor_state().get()) = context.is_cancelled() ? 2 : 1;
}
inline Body tell_state(TaskContext& context) {
  context.set_return(0, number(*static_cast<int*>(context.actor_state().get())));
  co_return;
}
inline constexpr FunctionId note{8};
inline constexpr FunctionId tell{9};

inline std::vector<RemoteFunction> functions() {
  RemoteFunction sleeper = function("nap", ms(10'000));
  sleeper.computes = false;
  std::vector<RemoteFunction> all{sleeper, function("brief", ms(100))};
  const auto add = [&](const char* name, BodyMaker body) {
    all.push_back(function(name, {}));
    all.back().body = std::move(body);
  };
  add("outer", wait_for_nap);
  add("tidy", tidy_up);
  add("lend", lend_nap);
  add("steps", in_steps);
  add("follow", follow_it);
  add("Actor", make_actor);
  add("Actor.note", note_cancel);
  add("Actor.tell", tell_state);
  return all;
}

struct Seen {
  ErrorType error = ErrorType::none;
  std::string message;
  double at = -1;
};

// Gets one object and tells how that ended, and when.
inline Body watch(TaskContext& context, ObjectRef ref, Seen& seen) {
  Body got = context.get({ref}, std::nullopt);
  try {
    co_await got;
  } catch (const RayError& error) {
    seen.error = error.type();
    seen.message = error.what();
  }
  seen.at = context.now().in_seconds();
}

inline SimulationResult run_driver(const ClusterSpec& spec, BodyMaker driver, Log& log) {
  SimulationOptions with;
  with.functions = functions();
  with.driver = std::move(driver);
  const SimulationResult result = run(spec, profile(), std::move(with), log);
  CHECK(result.error == ErrorType::none);
  CHECK(result.message.empty());
  return result;
}

}  // namespace cancelling
