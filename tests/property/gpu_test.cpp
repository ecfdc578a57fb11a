// Random bags of tasks with GPUs on random clusters: no device is ever given out beyond its one unit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/scheduling/policy.hpp"
#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

ClusterSpec random_cluster(RandomStream& random) {
  std::vector<Node> nodes(1 + random.below(4));
  for (Node& node : nodes) node.cpus = static_cast<double>(1 + random.below(6));
  ClusterSpec spec = zero_cost::cluster(nodes);
  spec.platform.network = {};
  for (NodeSpec& node : spec.nodes)
    for (std::uint64_t kinds = random.below(3); kinds > 0; --kinds) {
      const DeviceSpec device{.speed = static_cast<double>(1 + random.below(4)) / 2, .shared = random.below(2) == 0};
      spec.add_gpus(node, {}, device, static_cast<std::int64_t>(random.below(4)));
    }
  spec.add_gpus(spec.nodes[0], {}, {}, 2);  // every demand below has room somewhere
  return spec;
}

SimulationOptions random_bag(RandomStream& random) {
  SimulationOptions bag;
  const std::vector<double> demands{0, 0.1, 0.25, 0.3, 0.5, 0.7, 1, 2};
  std::vector<TaskCall> calls;
  for (std::uint32_t f = 0; f < 4; ++f) {
    RemoteFunction made = function("f" + std::to_string(f), Duration::milliseconds(1 + 100 * random.below(20)),
                                   random.below(2) == 0 ? 0 : 0.5);
    const double gpus = demands[random.below(demands.size())];
    made.options.resources.set(gpu_resource, ResourceAmount::of(gpus));
    made.on_gpu = gpus > 0;
    made.crash_attempts = random.below(4) == 0 ? 1 : 0;
    bag.functions.push_back(made);
    for (std::uint64_t n = 5 + random.below(20); n > 0; --n) calls.push_back(call(f, made.options));
  }
  bag.driver = [calls](TaskContext& context) -> Body {
    std::vector<ObjectRef> refs;
    for (const TaskCall& one : calls) refs.push_back(context.submit(one));
    Body all = context.get(refs, std::nullopt);
    co_await all;
  };
  return bag;
}

// The largest sum of shares of one device at one moment, in units of 1/10000.
std::int64_t most_given(const Log& log) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::pair<Time, std::int64_t>>> changes;
  for (const AttemptRecord& a : log.attempts) {
    if (a.outcome != AttemptOutcome::finished) continue;  // of a crash the owner knows only when it heard of it
    for (const std::uint32_t device : a.devices) {
      const std::int64_t share = ResourceAmount::of(a.gpus).ticks / static_cast<std::int64_t>(a.devices.size());
      changes[{a.node, device}].emplace_back(a.started, share);
      changes[{a.node, device}].emplace_back(a.ended, -share);
    }
  }
  std::int64_t most = 0;
  for (auto& [device, list] : changes) {
    std::sort(list.begin(), list.end());  // what ends at a moment goes before what starts at it
    std::int64_t given = 0;
    for (const auto& [at, change] : list) most = std::max(most, given += change);
  }
  return most;
}

}  // namespace

TEST_SUITE("GPUs") {
  TEST_CASE("no device is given out beyond its one unit, and every task with GPUs knows its devices") {
    Profile quick = profile();
    quick.costs.loopback_wakeup = quick.costs.network_wakeup = Duration::microseconds(20);
    std::int64_t most = 0;
    for (std::uint64_t seed = 0; seed < 80; ++seed) {
      CAPTURE(seed);
      RandomStream random(seed, "gpus");
      const ClusterSpec cluster = random_cluster(random);
      SimulationOptions options = random_bag(random);
      options.seed = seed;
      options.warm_workers = random.below(2) == 0;
      Log log;
      const SimulationResult result = run(cluster, quick, std::move(options), log);
      REQUIRE(result.error == ErrorType::none);
      REQUIRE_FALSE(result.starved);
      for (const AttemptRecord& a : log.attempts) {
        REQUIRE(a.devices.size() == static_cast<std::size_t>(std::ceil(a.gpus)));
        for (const std::uint32_t device : a.devices) REQUIRE(device < cluster.nodes[a.node].gpus.size());
      }
      const std::int64_t given = most_given(log);
      REQUIRE(given <= ResourceAmount::unit);
      most = std::max(most, given);
    }
    CHECK(most == ResourceAmount::unit);
  }
}
