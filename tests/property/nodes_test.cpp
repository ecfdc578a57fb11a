// Nodes that join late and nodes that are drained: does anything get lost, and does anything run where it must not?
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

struct Plan {
  ClusterSpec cluster;
  std::map<std::uint32_t, Time> drained;  // by node
  std::vector<TaskOptions> calls;
  std::vector<Duration> durations;
  bool warm = false;
};

// The head stays; of the others some join late, some are drained. Now and then a task asks for what only a late node has.
Plan random_plan(std::uint64_t seed) {
  RandomStream random(seed, "nodes");
  std::vector<Node> nodes(2 + random.below(5));
  for (Node& node : nodes) node.cpus = static_cast<double>(1 + random.below(4));
  nodes.back().custom["late"] = 2;
  Plan plan;
  plan.cluster = cluster(nodes);
  // Or a raylet that has not heard of a drain could send a lease there again and again in no time.
  plan.cluster.platform.network.latency = ms(1);
  plan.warm = random.below(2) == 0;
  plan.cluster.nodes.back().joins_at = ms(static_cast<std::int64_t>(random.below(3'000)));
  for (std::uint32_t i = 1; i < nodes.size(); ++i) {
    if (random.below(3) == 0) plan.cluster.nodes[i].joins_at = ms(static_cast<std::int64_t>(random.below(2'000)));
    if (random.below(3) == 0 && i + 1 < nodes.size())
      plan.drained[i] = Time{} + ms(static_cast<std::int64_t>(random.below(3'000)));
  }
  for (std::uint64_t n = 20 + random.below(100); n > 0; --n) {
    TaskOptions with = options(1);
    if (random.below(8) == 0) with.resources.set(plan.cluster.resource_names.id_of("late"), ResourceAmount::of(1));
    if (random.below(3) == 0) with.strategy.kind = SchedulingStrategy::Kind::spread;
    plan.calls.push_back(with);
    plan.durations.push_back(ms(static_cast<std::int64_t>(random.below(400))));
  }
  return plan;
}

BodyMaker driver_of(const Plan& plan) {
  return [&plan](TaskContext& context) -> Body {
    for (const auto& [node, when] : plan.drained) context.drain({node}, when);
    std::vector<ObjectRef> refs;
    for (std::size_t i = 0; i < plan.calls.size(); ++i) {
      TaskCall next = call(0, plan.calls[i]);
      next.duration = plan.durations[i];
      refs.push_back(context.submit(next));
      const auto pause = context.sleep(ms(10));
      co_await pause;
    }
    Body all = context.get(refs, std::nullopt);
    co_await all;
  };
}

}  // namespace

TEST_SUITE("nodes") {
  TEST_CASE("tasks end once, none before its node is there, none begins where a drain is known to all") {
    // Reports go out every 100 ms; a lease that was granted before the drain may serve for its 500 ms.
    const Duration grace = ms(700);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(seed);
      const Plan plan = random_plan(seed);
      SimulationOptions with;
      with.seed = seed;
      with.warm_workers = plan.warm;
      with.functions = {function("work", ms(100))};
      with.driver = driver_of(plan);
      Log log;
      const SimulationResult result = run(plan.cluster, profile(), std::move(with), log);
      REQUIRE(result.error == ErrorType::none);
      REQUIRE_FALSE(result.starved);
      REQUIRE(log.attempts.size() == plan.calls.size());
      for (const AttemptRecord& attempt : log.attempts) {
        CAPTURE(attempt.node);
        CHECK(attempt.outcome == AttemptOutcome::finished);
        CHECK(attempt.started >= Time{} + plan.cluster.nodes[attempt.node].joins_at);
        if (const auto drained = plan.drained.find(attempt.node); drained != plan.drained.end())
          CHECK(attempt.started <= drained->second + grace);
      }
    }
  }

  TEST_CASE("a task that only a late node can run waits for it") {
    ClusterSpec spec = cluster({{1, {}}, {1, {{"late", 1}}}});
    spec.nodes[1].joins_at = ms(5'000);
    SimulationOptions with;
    with.functions = {function("work", ms(100))};
    with.functions[0].options.resources.set(spec.resource_names.id_of("late"), ResourceAmount::of(1));
    const TaskOptions wanted = with.functions[0].options;
    with.driver = [wanted](TaskContext& context) -> Body {
      Body got = context.get({context.submit(call(0, wanted))}, std::nullopt);
      co_await got;
    };
    Log log;
    const SimulationResult result = run(spec, profile(), std::move(with), log);
    CHECK(result.error == ErrorType::none);
    CHECK(result.end == Time{} + ms(5'100));
  }

  TEST_CASE("a cluster whose only node is drained fails what is queued there, and ends what runs") {
    const ClusterSpec spec = cluster({{1, {}}});
    SimulationOptions with;
    with.warm_workers = true;
    with.functions = {function("work", ms(1'000))};
    with.driver = [](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 2; ++i) refs.push_back(context.submit(call(0, options(1))));
      context.drain({0}, Time{} + ms(100));
      Body first = context.get({refs[0]}, std::nullopt);
      co_await first;
      Body second = context.get({refs[1]}, std::nullopt);
      co_await second;
    };
    Log log;
    const SimulationResult result = run(spec, profile(), std::move(with), log);
    CHECK(result.error == ErrorType::task_unschedulable);
    CHECK(result.end == Time{} + ms(1'000));
    CHECK(log.attempts.size() == 1);
  }
}
