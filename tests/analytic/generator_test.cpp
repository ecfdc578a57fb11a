// Do generators hand out their items when Ray's do, and end as they do? With zero costs.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t five = 0;      // yields 0 to 4, one each 100 ms
constexpr std::uint32_t fails = 1;     // yields two, then raises
constexpr std::uint32_t list = 2;      // the same five, as a list
constexpr std::uint32_t bad_list = 3;  // two and an error, as a list
constexpr std::uint32_t crashes = 4;   // yields two, then its worker is gone, on the first attempts
constexpr std::uint32_t large = 5;     // yields a big item and a small one
constexpr std::uint32_t twice = 6;     // a task with one argument
constexpr FunctionId make{7};

Payload number(int value, Bytes size = Bytes{8}) { return {std::make_shared<const int>(value), size}; }
int number_in(const Payload& payload) { return *static_cast<const int*>(payload.data.get()); }

Body yield_five(TaskContext& context) {
  for (int i = 0; i < 5; ++i) {
    const auto step = context.sleep(ms(100));
    co_await step;
    Body yielding = context.yield(number(i));
    co_await yielding;
  }
}
Body yield_two(TaskContext& context) {
  for (int i = 0; i < 2; ++i) {
    const auto step = context.sleep(ms(100));
    co_await step;
    Body yielding = context.yield(number(i));
    co_await yielding;
  }
}
Body yield_and_fail(TaskContext& context) {
  Body two = yield_two(context);
  co_await two;
  const auto step = context.sleep(ms(100));
  co_await step;
  throw RayError(ErrorType::plain, "no more");
}
Body yield_large(TaskContext& context) {
  Body first = context.yield(number(0, Bytes{125'000'000}));
  co_await first;
  Body second = context.yield(number(1));
  co_await second;
}
Body make_twice(TaskContext& context) {
  context.set_return(0, number(2 * number_in(context.arguments().front().value)));
  co_return;
}
Body make_actor(TaskContext&) { co_return; }

RemoteFunction bodied(const char* name, BodyMaker body, int num_returns) {
  RemoteFunction made = function(name, {});
  made.body = std::move(body);
  made.num_returns = num_returns;
  return made;
}

std::vector<RemoteFunction> functions() {
  std::vector<RemoteFunction> all{bodied("five", yield_five, streaming_returns),
                                  bodied("fails", yield_and_fail, streaming_returns),
                                  bodied("list", yield_five, dynamic_returns),
                                  bodied("bad_list", yield_and_fail, dynamic_returns),
                                  bodied("crashes", yield_two, streaming_returns),
                                  bodied("large", yield_large, streaming_returns),
                                  bodied("twice", make_twice, 1),
                                  bodied("Actor", make_actor, 1)};
  all[crashes].crash_attempts = 1;
  return all;
}

SimulationResult run_driver(const ClusterSpec& spec, BodyMaker driver, Log& log) {
  SimulationOptions with;
  with.functions = functions();
  with.driver = std::move(driver);
  return run(spec, profile(), std::move(with), log);
}

struct Taken {
  std::vector<int> values;
  std::vector<double> at;  // when each was there
  ErrorType error = ErrorType::none;
  std::string message;
  double end = 0;
};

// Takes all items of a generator, `pause` between them.
Body take_all(TaskContext& context, ObjectRef generator, Duration pause, Taken& taken) {
  for (;;) {
    std::optional<ObjectRef> item;
    Body next = context.next(generator, item);
    co_await next;
    if (!item) break;
    Body got = context.get({*item}, std::nullopt);
    try {
      co_await got;
      taken.values.push_back(number_in(context.value(*item)));
      taken.at.push_back(context.now().in_seconds());
    } catch (const RayError& error) {
      taken.error = error.type();
      taken.message = error.what();
    }
    if (pause > Duration{}) {
      const auto rest = context.sleep(pause);
      co_await rest;
    }
  }
  taken.end = context.now().in_seconds();
}

Taken take(std::uint32_t function, Duration pause, std::int64_t backpressure, Log& log) {
  Taken taken;
  const auto driver = [&](TaskContext& context) -> Body {
    TaskCall generating = call(function, options(1));
    generating.options.generator_backpressure = backpressure;
    const ObjectRef generator = context.submit(generating);
    Body all = take_all(context, generator, pause, taken);
    co_await all;
  };
  CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
  return taken;
}

void check_times(const std::vector<double>& seen, const std::vector<double>& wanted) {
  REQUIRE(seen.size() == wanted.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == doctest::Approx(wanted[i]));
}

}  // namespace

TEST_SUITE("generators") {
  TEST_CASE("items come one by one, while their task runs") {
    Log log;
    const Taken taken = take(five, {}, -1, log);
    CHECK(taken.values == std::vector<int>{0, 1, 2, 3, 4});
    check_times(taken.at, {0.1, 0.2, 0.3, 0.4, 0.5});
    CHECK(taken.end == doctest::Approx(0.5));
    CHECK(log.attempts.size() == 1);
  }

  TEST_CASE("a generator runs ahead of its consumer, unless it is held back") {
    Log log;
    const Taken free = take(five, ms(1'000), -1, log);
    check_times(free.at, {0.1, 1.1, 2.1, 3.1, 4.1});
    CHECK(log.attempts.back().ended.in_seconds() == doctest::Approx(0.5));
    // Two items at most that are not consumed: the third is made when the first is taken, and so on. The task ends when its last
    // report is answered.
    Log held_log;
    const Taken held = take(five, ms(1'000), 2, held_log);
    check_times(held.at, {0.1, 1.1, 2.1, 3.1, 4.1});
    CHECK(held_log.attempts.back().ended.in_seconds() == doctest::Approx(3.1));
    // One: each is made when the one before is taken.
    Log strict_log;
    const Taken strict = take(five, ms(1'000), 1, strict_log);
    check_times(strict.at, {0.1, 1.1, 2.1, 3.1, 4.1});
    CHECK(strict_log.attempts.back().ended.in_seconds() == doctest::Approx(4.1));
  }

  TEST_CASE("the error of a generator is its last item") {
    Log log;
    const Taken taken = take(fails, {}, -1, log);
    CHECK(taken.values == std::vector<int>{0, 1});
    CHECK(taken.error == ErrorType::task_error);
    CHECK(taken.message == "no more");
    CHECK(taken.end == doctest::Approx(0.3));
    CHECK(log.attempts.back().outcome == AttemptOutcome::failed);
  }

  TEST_CASE("a generator that is tried again gives no item twice") {
    Log log;
    const Taken taken = take(crashes, {}, -1, log);
    CHECK(taken.values == std::vector<int>{0, 1});
    check_times(taken.at, {0.1, 0.2});
    CHECK(taken.error == ErrorType::none);
    CHECK(taken.end > 0.2);
    REQUIRE(log.attempts.size() == 2);
    CHECK(log.attempts.front().outcome == AttemptOutcome::retried);
  }

  TEST_CASE("when its worker is gone for good, the generator itself is the last item") {
    Taken taken;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef generator = context.submit(call(crashes, options(1, 0)));
      Body all = take_all(context, generator, {}, taken);
      co_await all;
      std::optional<ObjectRef> item;
      Body next = context.next(generator, item);
      co_await next;
      CHECK_FALSE(item.has_value());
    };
    CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
    CHECK(taken.values == std::vector<int>{0, 1});
    CHECK(taken.error == ErrorType::worker_crashed);
  }

  TEST_CASE("items keep their order though a large one takes longer") {
    Log log;
    Taken taken;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef generator = context.submit(call(large, options(4)));  // on the other node
      Body all = take_all(context, generator, {}, taken);
      co_await all;
    };
    CHECK(run_driver(cluster({{1, {}}, {4, {}}}), driver, log).error == ErrorType::none);
    CHECK(taken.values == std::vector<int>{0, 1});
    check_times(taken.at, {0.1, 0.1});  // 125 MB over 1.25 GB/s
  }

  TEST_CASE("an item can be an argument before it exists") {
    Log log;
    int seen = 0;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef generator = context.submit(call(five, options(1)));
      for (int i = 0; i < 2; ++i) {
        std::optional<ObjectRef> item;
        Body next = context.next(generator, item);
        co_await next;
      }
      const ObjectRef expected = context.peek(generator);
      const ObjectRef doubled = context.submit(call(twice, options(1), {expected}));
      Body got = context.get({doubled}, std::nullopt);
      co_await got;
      seen = number_in(context.value(doubled));
      CHECK(context.now().in_seconds() == doctest::Approx(0.3));
    };
    CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
    CHECK(seen == 4);
  }

  TEST_CASE("a consumer may wait for several generators at once") {
    Log log;
    std::vector<double> ready;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef quick = context.submit(call(five, options(1)));
      const ObjectRef late = context.submit(call(fails, options(1)));
      for (const std::size_t wanted : {1UL, 2UL}) {
        WaitResult result;
        Body waiting = context.wait({context.peek(quick), context.peek(late)}, wanted, std::nullopt, result);
        co_await waiting;
        ready.push_back(context.now().in_seconds());
        std::optional<ObjectRef> item;
        Body next = context.next(quick, item);
        co_await next;
      }
      Body end = context.get({quick, late}, std::nullopt);
      co_await end;
      CHECK(context.now().in_seconds() == doctest::Approx(0.5));
      CHECK_THROWS_AS(static_cast<void>(context.peek(context.put(number(1)))), RayError);
    };
    CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
    check_times(ready, {0.1, 0.2});
  }

  TEST_CASE("a dynamic generator's return is the list of its items, at its end") {
    for (const bool good : {true, false}) {
      Log log;
      std::vector<int> values;
      ErrorType last = ErrorType::none;
      const auto driver = [&](TaskContext& context) -> Body {
        const ObjectRef generator = context.submit(call(good ? list : bad_list, options(1)));
        Body got = context.get({generator}, std::nullopt);
        co_await got;
        CHECK(context.now().in_seconds() == doctest::Approx(good ? 0.5 : 0.3));
        for (const ObjectRef item : context.items(generator)) {
          Body one = context.get({item}, std::nullopt);
          try {
            co_await one;
            values.push_back(number_in(context.value(item)));
          } catch (const RayError& error) {
            last = error.type();
          }
        }
      };
      CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
      CHECK(values == (good ? std::vector<int>{0, 1, 2, 3, 4} : std::vector<int>{0, 1}));
      CHECK(last == (good ? ErrorType::none : ErrorType::task_error));
    }
  }

  TEST_CASE("a method may be a generator, held back like a task") {
    for (const bool async : {false, true}) {
      Log log;
      Taken taken;
      const auto driver = [&](TaskContext& context) -> Body {
        ActorOptions with;
        with.async_actor = async;
        with.max_concurrency = async ? 10 : 1;
        ActorHandle actor;
        Body creating = context.create_actor(make, with, {}, actor);
        co_await creating;
        ActorCall generating{actor, {five}, {}, std::nullopt, default_group, std::nullopt};
        generating.generator_backpressure = 1;
        Body all = take_all(context, context.call(generating), ms(1'000), taken);
        co_await all;
      };
      CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
      CHECK(taken.values == std::vector<int>{0, 1, 2, 3, 4});
      CHECK(log.attempts.back().ended.in_seconds() == doctest::Approx(4.1));
    }
  }

  TEST_CASE("a cancelled generator keeps what it has handed out") {
    for (const std::int64_t backpressure : {std::int64_t{-1}, std::int64_t{1}}) {
      CAPTURE(backpressure);
      Log log;
      Taken taken;
      const auto driver = [&](TaskContext& context) -> Body {
        TaskCall generating = call(five, options(1));
        generating.options.generator_backpressure = backpressure;
        const ObjectRef generator = context.submit(generating);
        const auto sleep = context.sleep(ms(250));
        co_await sleep;
        context.cancel(generator, false, true);
        Body ended = context.get({generator}, std::nullopt);
        try {
          co_await ended;
        } catch (const RayError&) {
        }
        // In its sleep until 0.3 s; held back since 0.1 s, with a look for signals each second.
        CHECK(context.now().in_seconds() == doctest::Approx(backpressure < 0 ? 0.3 : 1.1));
        Body all = take_all(context, generator, {}, taken);
        co_await all;
      };
      CHECK(run_driver(cluster({{2, {}}}), driver, log).error == ErrorType::none);
      CHECK(taken.values == (backpressure < 0 ? std::vector<int>{0, 1} : std::vector<int>{0}));
      CHECK(taken.error == ErrorType::task_cancelled);
    }
  }

  TEST_CASE("yield in what is no generator is an error") {
    SimulationOptions with;
    with.functions = {bodied("plain", yield_five, 1)};
    ErrorType seen = ErrorType::none;
    with.driver = [&](TaskContext& context) -> Body {
      Body got = context.get({context.submit(call(0, options(1)))}, std::nullopt);
      try {
        co_await got;
      } catch (const RayError& error) {
        seen = error.type();
      }
    };
    Log log;
    CHECK(run(cluster({{1, {}}}), profile(), std::move(with), log).error == ErrorType::none);
    CHECK(seen == ErrorType::task_error);
  }
}
