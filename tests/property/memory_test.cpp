// Random programs on nodes with little memory and little disk: nothing hangs, nothing is over-full, nothing is left.
#include <doctest/doctest.h>

#include <set>

#include "models/object_store/plasma_store.hpp"
#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t mb = 1'000'000;
constexpr std::int64_t store = 100 * mb;
constexpr std::size_t node_count = 3;

constexpr std::uint32_t make{0};
constexpr std::uint32_t use{1};
constexpr std::uint32_t hog{2};

ClusterSpec little_nodes(RandomStream& random) {
  ClusterSpec spec = cluster(std::vector<Node>(node_count, Node{4, {}}));
  spec.platform.network.bandwidth = {1e9};
  for (std::size_t i = 0; i < node_count; ++i) {
    spec.nodes[i].total.set(object_store_memory_resource, {store * ResourceAmount::unit});
    spec.nodes[i].total.set(memory_resource,
                            {(100 + static_cast<std::int64_t>(random.below(400))) * mb * ResourceAmount::unit});
    auto& disks = spec.platform.machines[i].disks;
    for (std::uint64_t n = 1 + random.below(2); n > 0; --n) {
      DiskSpec& disk = disks.emplace_back();
      disk.capacity = {(20 + static_cast<std::int64_t>(random.below(600))) * mb};
      disk.read = {300e6};
      disk.write = {200e6};
    }
  }
  return spec;
}

Profile little_profile(RandomStream& random) {
  Profile with = profile();
  with.system.memory_usage_threshold = 0.8;
  with.system.memory_monitor_refresh = ms(250);
  with.system.min_memory_free = -1;
  with.system.max_kill_memory_buffer = {100 * mb};
  with.system.idle_worker_killing_memory_threshold = {1'000 * mb};
  with.system.task_oom_retries = static_cast<std::int64_t>(random.below(3));
  with.system.task_oom_retry_delay_base = ms(100);
  with.system.worker_killing_policy_by_group = random.below(2) == 0;
  with.system.min_spilling_size = {static_cast<std::int64_t>(random.below(100)) * mb};
  with.system.max_io_workers = 1 + static_cast<std::int64_t>(random.below(4));
  return with;
}

// What a body may catch when memory or disk runs out.
bool is_lack_of_room(ErrorType type) {
  return type == ErrorType::out_of_disk || type == ErrorType::out_of_memory || type == ErrorType::task_error ||
         type == ErrorType::owner_died;
}

struct Counts {
  int steps = 0;
  std::set<ErrorType> errors;
};

Body get_some(TaskContext& context, std::vector<ObjectRef> refs, Counts& counts) {
  try {
    Body getting = context.get(std::move(refs), std::nullopt);
    co_await getting;
  } catch (const RayError& error) {
    counts.errors.insert(error.type());
    CHECK(is_lack_of_room(error.type()));
  }
}

Body put_one(TaskContext& context, Bytes size, std::vector<HeldRef>& lives, Counts& counts) {
  try {
    HeldRef life = context.hold(context.put(size));
    const auto pause = context.pause();
    co_await pause;
    lives.push_back(std::move(life));
  } catch (const RayError& error) {
    counts.errors.insert(error.type());
    CHECK(is_lack_of_room(error.type()));
  }
}

TaskCall random_call(RandomStream& random, const std::vector<HeldRef>& lives) {
  TaskCall made = call(static_cast<std::uint32_t>(random.below(3)), options(1, static_cast<int>(random.below(3))));
  if (random.below(2) == 0) {
    made.options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
    made.options.strategy.node = {static_cast<std::uint32_t>(random.below(node_count))};
    made.options.strategy_given = true;
  }
  for (std::uint64_t n = random.below(4); n > 0 && !lives.empty(); --n)
    made.args.emplace_back(lives[random.below(lives.size())].ref());
  return made;
}

Body random_driver(TaskContext& context, std::uint64_t seed, Counts& counts) {
  RandomStream random(seed, "driver");
  {
    std::vector<HeldRef> lives;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t what = random.below(10);
      if (what < 3) {
        Body putting = put_one(context, {static_cast<std::int64_t>(random.below(60)) * mb}, lives, counts);
        co_await putting;
      } else if (what < 7) {
        lives.push_back(context.hold(context.submit(random_call(random, lives))));
        const auto pause = context.pause();
        co_await pause;
      } else if (what < 9 && !lives.empty()) {
        std::vector<ObjectRef> refs;
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) refs.push_back(lives[random.below(lives.size())].ref());
        Body getting = get_some(context, std::move(refs), counts);
        co_await getting;
      } else if (!lives.empty()) {
        lives.erase(lives.begin() + static_cast<std::ptrdiff_t>(random.below(lives.size())));
      }
      ++counts.steps;
    }
    for (const HeldRef& life : lives) {
      Body getting = get_some(context, {life.ref()}, counts);
      co_await getting;
    }
  }
  const auto rest = context.sleep(ms(30'000));
  co_await rest;
}

}  // namespace

TEST_CASE("with little memory and little disk every program ends, and nothing is left of it") {
  std::set<ErrorType> errors;
  std::uint64_t kills = 0;
  Bytes spilled;
  Bytes fell_back;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    RandomStream random(seed, "little memory");
    const ClusterSpec spec = little_nodes(random);
    const Profile with = little_profile(random);
    Log log;
    Counts counts;
    SimulationOptions options;
    options.seed = seed;
    options.functions = {function("make", ms(50)), function("use", ms(100)), function("hog", ms(2'000))};
    options.functions[make].return_size = Distribution::constant(static_cast<double>(random.below(60)) * mb);
    options.functions[hog].memory_use = {Distribution::Kind::uniform, 20.0 * mb, 300.0 * mb, 0, {}};
    options.driver = [&](TaskContext& context) { return random_driver(context, seed, counts); };
    Simulation simulation(spec, with, std::move(options), log);
    const SimulationResult result = simulation.run();
    CHECK_FALSE(result.starved);
    CHECK(result.error == ErrorType::none);
    CHECK(counts.steps == 60);
    for (std::uint32_t i = 0; i < node_count; ++i) {
      const PlasmaStore& plasma = simulation.objects({i}).store();
      const PlasmaStatistics& statistics = plasma.statistics();
      CAPTURE(i);
      CHECK(plasma.objects() == 0);
      CHECK(plasma.waiting_creates() == 0);
      CHECK(statistics.allocated == Bytes{});
      CHECK(statistics.in_use == Bytes{});
      CHECK(statistics.peak.count - statistics.fell_back_bytes.count <= store);
      CHECK(simulation.runtime().heap.of(NodeId{i}) == Bytes{});
      spilled += simulation.objects({i}).spills().spilled_bytes;
      fell_back += statistics.fell_back_bytes;
    }
    kills += log.oom_kills;
    errors.insert(counts.errors.begin(), counts.errors.end());
  }
  // All that can go wrong has gone wrong somewhere.
  CHECK(errors.contains(ErrorType::out_of_disk));
  CHECK(errors.contains(ErrorType::out_of_memory));
  CHECK(kills > 0);
  CHECK(spilled > Bytes{});
  CHECK(fell_back > Bytes{});
}
