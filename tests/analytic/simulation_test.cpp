// Whole simulations whose time has a closed form: nothing costs anything but the tasks themselves.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr double exact = 1e-6;

struct Outcome {
  SimulationResult result;
  Log log;
};

Outcome simulate(const ClusterSpec& spec, const Profile& profile, std::vector<RemoteFunction> functions,
                 BodyMaker driver, bool warm = true) {
  Outcome outcome;
  SimulationOptions options;
  options.functions = std::move(functions);
  options.driver = std::move(driver);
  options.warm_workers = warm;
  outcome.result = run(spec, profile, std::move(options), outcome.log);
  CHECK(outcome.result.error == ErrorType::none);
  CHECK_FALSE(outcome.result.starved);
  for (const AttemptRecord& a : outcome.log.attempts) REQUIRE(a.outcome == AttemptOutcome::finished);
  CHECK(outcome.log.attempts.size() == outcome.log.submitted);
  return outcome;
}

BodyMaker bag(std::size_t tasks, const TaskOptions& with) {
  return [tasks, with](TaskContext& context) -> Body {
    std::vector<ObjectRef> refs;
    for (std::size_t i = 0; i < tasks; ++i) {
      refs.push_back(context.submit(call(0, with)));
      const auto pause = context.pause();
      co_await pause;
    }
    Body all = context.get(refs, std::nullopt);
    co_await all;
  };
}

BodyMaker chain(std::size_t tasks, Bytes value) {
  return [tasks, value](TaskContext& context) -> Body {
    std::vector<ObjectRef> last;
    for (std::size_t i = 0; i < tasks; ++i) {
      TaskCall next = call(0, options(1), last);
      next.args.emplace_back(Payload{nullptr, value});
      last = {context.submit(next)};
    }
    Body end = context.get(last, std::nullopt);
    co_await end;
  };
}

double seconds(const Outcome& outcome) { return outcome.result.end.in_seconds(); }

}  // namespace

TEST_SUITE("simulation") {
  TEST_CASE("m equal tasks on one machine of n cores take as many rounds as are needed") {
    for (const int n : {1, 3, 8, 60})
      for (const int m : {1, 2, 3, 7, 60, 61, 600}) {
        CAPTURE(n);
        CAPTURE(m);
        const auto outcome = simulate(cluster({{static_cast<double>(n), {}}}), profile(), {function("f", ms(250))},
                                      bag(static_cast<std::size_t>(m), options(1)));
        CHECK(seconds(outcome) == doctest::Approx((m + n - 1) / n * 0.25).epsilon(exact));
      }
  }

  TEST_CASE("the same on a machine whose cores are shared") {
    for (const int m : {1, 4, 5, 40}) {
      const auto outcome = simulate(on_one_machine(cluster({{4, {}}}), 4), profile(), {function("f", ms(250))},
                                    bag(static_cast<std::size_t>(m), options(1)));
      CHECK(seconds(outcome) == doctest::Approx((m + 3) / 4 * 0.25).epsilon(exact));
    }
  }

  TEST_CASE("tasks that share too few cores take their work divided by the cores") {
    // 8 CPUs by name, 2 cores. At the very end one core may be free, for the jobs end one after the other.
    for (const int rounds : {1, 5}) {
      const auto outcome = simulate(on_one_machine(cluster({{8, {}}}), 2), profile(), {function("f", ms(256))},
                                    bag(static_cast<std::size_t>(8 * rounds), options(1)));
      CHECK(seconds(outcome) >= rounds * 4 * 0.256 * (1 - exact));
      CHECK(seconds(outcome) <= rounds * 4 * 0.256 + 0.016);
    }
  }

  TEST_CASE("tasks that sleep need no core") {
    RemoteFunction sleeper = function("f", ms(250));
    sleeper.computes = false;
    const auto outcome = simulate(on_one_machine(cluster({{8, {}}}), 2), profile(), {sleeper}, bag(16, options(1)));
    CHECK(seconds(outcome) == doctest::Approx(0.5).epsilon(exact));
  }

  TEST_CASE("what a task asks for decides how many run at once") {
    struct Case {
      double cpus;
      int at_once;
    };
    for (const Case& c : {Case{0.5, 8}, Case{0.3, 13}, Case{1.5, 2}, Case{3, 1}, Case{4, 1}}) {
      CAPTURE(c.cpus);
      const auto outcome =
          simulate(cluster({{4, {}}}), profile(), {function("f", ms(250), c.cpus)}, bag(26, options(c.cpus)));
      CHECK(seconds(outcome) == doctest::Approx((26 + c.at_once - 1) / c.at_once * 0.25).epsilon(exact));
    }
  }

  TEST_CASE("a custom resource of one serialises") {
    ClusterSpec spec = cluster({{8, {{"bob", 1}}}});
    TaskOptions with = options(1);
    with.resources.set(spec.resource_names.id_of("bob"), ResourceAmount::of(1));
    CHECK(seconds(simulate(spec, profile(), {function("f", ms(100))}, bag(12, with))) ==
          doctest::Approx(1.2).epsilon(exact));
    with.resources.set(spec.resource_names.id_of("bob"), ResourceAmount::of(0.25));
    CHECK(seconds(simulate(spec, profile(), {function("f", ms(100))}, bag(12, with))) ==
          doctest::Approx(0.3).epsilon(exact));
  }

  TEST_CASE("a chain of k tasks takes k durations, and its path is as long") {
    for (const std::size_t k : {1UL, 10UL, 1'000UL}) {
      const auto outcome = simulate(cluster({{4, {}}}), profile(), {function("f", ms(30))}, chain(k, {}));
      CHECK(seconds(outcome) == doctest::Approx(static_cast<double>(k) * 0.03).epsilon(exact));
      CHECK(outcome.log.attempts.back().path == ms(30) * static_cast<std::int64_t>(k));
    }
  }

  TEST_CASE("each link of a chain pays what a task costs, once") {
    // Per link: push, before, the work, after, reply, and their two ways of 1 ms. Around: the submissions, the driver's get.
    Profile p = profile();
    p.costs.task_execute_before = Duration::microseconds(300);
    p.costs.task_execute_after = Duration::microseconds(200);
    p.messages[static_cast<std::size_t>(MessageKind::push_task)].service = Duration::microseconds(120);
    p.messages[static_cast<std::size_t>(MessageKind::task_reply)].service = Duration::microseconds(80);
    p.costs.loopback_wakeup = ms(1);
    const auto time_of = [&](std::size_t k) {
      return seconds(simulate(cluster({{4, {}}}), p, {function("f", ms(30))}, chain(k, {})));
    };
    const double link = time_of(12) - time_of(11);
    // Each link needs a lease of its own, for the queue is empty when the one before it ends: request and grant, two ways more.
    CHECK(link == doctest::Approx(0.030 + 0.0007 + 0.004).epsilon(exact));
    CHECK(time_of(112) - time_of(12) == doctest::Approx(100 * link).epsilon(exact));
  }

  TEST_CASE("big arguments share the link to their worker, and the run waits for them") {
    // Two tasks on the other node, 100 MB each over one link of 1.25 GB/s, in chunks of 5 MiB: the last arrives after 160 ms.
    ClusterSpec spec = cluster({{1, {}}, {4, {{"there", 4}}}});
    TaskOptions with = options(1);
    with.resources.set(spec.resource_names.id_of("there"), ResourceAmount::of(1));
    const auto driver = [with](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 2; ++i) {
        TaskCall big = call(0, with);
        big.args.emplace_back(Payload{nullptr, Bytes{102'400'000}});
        refs.push_back(context.submit(big));
      }
      Body all = context.get(refs, std::nullopt);
      co_await all;
    };
    const auto outcome = simulate(spec, profile(), {function("f", ms(500))}, driver);
    CHECK(seconds(outcome) == doctest::Approx(2 * 102.4e6 / 1.25e9 + 0.5).epsilon(exact));
    CHECK(outcome.result.flows == 2 * 20);
    CHECK(outcome.result.flow_bytes.count == 204'800'000);
  }

  TEST_CASE("workers that have to be started come one start-up later") {
    Profile p = profile();
    p.costs.worker_start = ms(700);
    const auto outcome = simulate(cluster({{4, {}}}), p, {function("f", ms(250))}, bag(4, options(1)), false);
    CHECK(seconds(outcome) == doctest::Approx(0.95).epsilon(exact));
    CHECK(outcome.log.workers == 4);
  }

  TEST_CASE("nested tasks lend their CPU while they wait, so one CPU is enough for any depth") {
    std::vector<RemoteFunction> functions{function("leaf", ms(100)), function("middle", {}), function("top", {})};
    for (std::uint32_t level : {1U, 2U})
      functions[level].body = [level](TaskContext& context) -> Body {
        const auto work = context.compute(ms(50));
        co_await work;
        const ObjectRef inner = context.submit(call(level - 1, options(1)));
        Body get = context.get({inner}, std::nullopt);
        co_await get;
      };
    const auto driver = [](TaskContext& context) -> Body {
      const ObjectRef top = context.submit(call(2, options(1)));
      Body get = context.get({top}, std::nullopt);
      co_await get;
    };
    const auto outcome = simulate(cluster({{1, {}}}), profile(), functions, driver);
    CHECK(seconds(outcome) == doctest::Approx(0.2).epsilon(exact));
  }

  TEST_CASE("a driver's own sleeps and work add up") {
    const auto driver = [](TaskContext& context) -> Body {
      for (int i = 0; i < 10; ++i) {
        const auto sleep = context.sleep(ms(30));
        co_await sleep;
        const auto work = context.compute(ms(12));
        co_await work;
      }
    };
    CHECK(seconds(simulate(cluster({{1, {}}}), profile(), {}, driver)) == doctest::Approx(0.42).epsilon(exact));
  }
}
