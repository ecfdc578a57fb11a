// Workers with a runtime environment, and workers that exit after so many calls. With zero costs but for their start.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t work = 0;  // 100 ms
constexpr FunctionId make{1};
constexpr std::uint32_t parent = 2;  // submits work for the other node and ends

Profile with_starts() {
  Profile p = profile();
  p.costs.worker_start = ms(1'000);
  return p;
}

Body make_actor(TaskContext&) { co_return; }
Body leave_work_behind(TaskContext& context) {
  static_cast<void>(context.submit(call(work, options(4))));
  co_return;
}

SimulationResult run_driver(const ClusterSpec& spec, BodyMaker driver, Log& log, int max_calls = 0) {
  SimulationOptions with;
  with.warm_workers = true;
  with.functions = {function("work", ms(100)), function("Actor", {}), function("parent", {})};
  with.functions[work].max_calls = max_calls;
  with.functions[make.index].body = make_actor;
  with.functions[parent].body = leave_work_behind;
  with.functions[parent].max_calls = max_calls;
  with.driver = std::move(driver);
  return run(spec, with_starts(), std::move(with), log);
}

TaskOptions in_environment(const std::string& hash, Duration setup, bool fails = false) {
  TaskOptions result = options(1);
  result.runtime_env = {hash, setup, fails};
  return result;
}

struct Ended {
  ErrorType error = ErrorType::none;
  double at = -1;
};

Body watch(TaskContext& context, ObjectRef ref, Ended& ended) {
  Body got = context.get({ref}, std::nullopt);
  try {
    co_await got;
  } catch (const RayError& error) {
    ended.error = error.type();
  }
  ended.at = context.now().in_seconds();
}

// Submits one task after the other, each when the one before has ended.
std::vector<Ended> one_by_one(const ClusterSpec& spec, const std::vector<TaskOptions>& tasks, Log& log,
                              int max_calls = 0) {
  std::vector<Ended> ended(tasks.size());
  const auto driver = [&](TaskContext& context) -> Body {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      Body watching = watch(context, context.submit(call(work, tasks[i])), ended[i]);
      co_await watching;
    }
  };
  CHECK(run_driver(spec, driver, log, max_calls).error == ErrorType::none);
  return ended;
}

std::size_t workers_of(const Log& log) {
  std::set<std::uint32_t> workers;
  for (const AttemptRecord& attempt : log.attempts) workers.insert(attempt.worker);
  return workers.size();
}

}  // namespace

TEST_SUITE("runtime environments") {
  TEST_CASE("the first task in one waits for its set-up and for a worker, the next for neither") {
    Log log;
    const TaskOptions pip = in_environment("pip", ms(5'000));
    const auto ended = one_by_one(cluster({{2, {}}}), {pip, pip, options(1), pip}, log);
    CHECK(ended[0].at == doctest::Approx(6.1));
    CHECK(ended[1].at == doctest::Approx(6.2));
    CHECK(ended[2].at == doctest::Approx(6.3));
    CHECK(ended[3].at == doctest::Approx(6.4));
    CHECK(workers_of(log) == 2);
  }

  TEST_CASE("tasks at the same time share the set-up of their node, and each node has its own") {
    Log log;
    double end = 0;
    const auto driver = [&](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 4; ++i) refs.push_back(context.submit(call(work, in_environment("pip", ms(5'000)))));
      Body got = context.get(refs, std::nullopt);
      co_await got;
      end = context.now().in_seconds();
    };
    CHECK(run_driver(cluster({{2, {}}, {2, {}}}), driver, log).error == ErrorType::none);
    CHECK(end == doctest::Approx(6.1));
    CHECK(workers_of(log) == 4);
  }

  TEST_CASE("another environment needs another set-up and another worker") {
    Log log;
    const auto ended =
        one_by_one(cluster({{2, {}}}), {in_environment("pip", ms(5'000)), in_environment("conda", ms(3'000))}, log);
    CHECK(ended[1].at == doctest::Approx(6.1 + 4.1));
  }

  TEST_CASE("a set-up that fails is tried three times, then its tasks fail, and later ones at once") {
    Log log;
    const TaskOptions bad = in_environment("bad", ms(2'000), true);
    const auto ended = one_by_one(cluster({{1, {}}}), {bad, bad, options(1)}, log);
    CHECK(ended[0].error == ErrorType::runtime_env_setup);
    CHECK(ended[0].at == doctest::Approx(9));
    CHECK(ended[1].error == ErrorType::runtime_env_setup);
    CHECK(ended[1].at == doctest::Approx(9));
    CHECK(ended[2].error == ErrorType::none);
  }

  TEST_CASE("an actor waits for its environment, and dies of one that fails") {
    for (const bool fails : {false, true}) {
      Log log;
      Ended ended;
      const auto driver = [&](TaskContext& context) -> Body {
        ActorOptions with;
        with.runtime_env = {"pip", ms(2'000), fails};
        ActorHandle actor;
        Body creating = context.create_actor(make, with, {}, actor);
        co_await creating;
        const ObjectRef ref = context.call({actor, {work}, {}, std::nullopt, default_group, std::nullopt});
        Body watching = watch(context, ref, ended);
        co_await watching;
      };
      CHECK(run_driver(cluster({{1, {}}}), driver, log).error == ErrorType::none);
      CHECK(ended.error == (fails ? ErrorType::runtime_env_setup : ErrorType::none));
      CHECK(ended.at == doctest::Approx(fails ? 9 : 3.1));
    }
  }
}

TEST_SUITE("max_calls") {
  TEST_CASE("a worker exits when it has run a function so often, and another one is started") {
    Log log;
    const std::vector<TaskOptions> tasks(5, options(1));
    const auto ended = one_by_one(cluster({{1, {}}}), tasks, log, 2);
    CHECK(workers_of(log) == 3);
    CHECK(ended[1].at == doctest::Approx(0.2));
    CHECK(ended[2].at == doctest::Approx(1.3));
    CHECK(ended[4].at == doctest::Approx(2.5));
  }

  TEST_CASE("a burst goes over to other workers") {
    Log log;
    double end = 0;
    const auto driver = [&](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 3; ++i) refs.push_back(context.submit(call(work, options(1))));
      Body got = context.get(refs, std::nullopt);
      co_await got;
      end = context.now().in_seconds();
    };
    CHECK(run_driver(cluster({{1, {}}}), driver, log, 1).error == ErrorType::none);
    CHECK(workers_of(log) == 3);
    CHECK(end == doctest::Approx(2.3));
  }

  TEST_CASE("it stays until what it has submitted has ended") {
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      Body got = context.get({context.submit(call(parent, options(1)))}, std::nullopt);
      co_await got;
      const auto sleep = context.sleep(ms(1'000));
      co_await sleep;
    };
    CHECK(run_driver(cluster({{1, {}}, {4, {}}}), driver, log, 1).error == ErrorType::none);
    REQUIRE(log.attempts.size() == 2);
    for (const AttemptRecord& attempt : log.attempts) CHECK(attempt.outcome == AttemptOutcome::finished);
  }
}
