// What runs out of memory or disk ends with Ray's own error and never hangs. With zero costs but for the wires and disks.
#include <doctest/doctest.h>

#include "models/object_store/plasma_store.hpp"
#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t mb = 1'000'000;

constexpr std::uint32_t make{0};
constexpr std::uint32_t use{1};
constexpr std::uint32_t hog{2};

// A store of 100 MB on each node, and a disk that the head's is of this size.
ClusterSpec nodes(std::size_t count, std::int64_t disk) {
  ClusterSpec spec = cluster(std::vector<Node>(count, Node{4, {}}));
  spec.platform.network.bandwidth = {1e9};
  for (NodeSpec& node : spec.nodes) node.total.set(object_store_memory_resource, {100 * mb * ResourceAmount::unit});
  spec.platform.machines[0].disks.emplace_back().capacity = {disk};
  return spec;
}

ClusterSpec with_memory(std::int64_t memory) {
  ClusterSpec spec = nodes(1, 1'000'000 * mb);
  spec.nodes[0].total.set(memory_resource, {memory * ResourceAmount::unit});
  return spec;
}

TaskCall there(std::uint32_t function, std::uint32_t node, int max_retries = 3) {
  TaskCall made = call(function, options(1, max_retries));
  made.options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
  made.options.strategy.node = {node};
  made.options.strategy_given = true;
  return made;
}

Profile with_memory_monitor(std::int64_t oom_retries) {
  Profile with = profile();
  with.system.memory_usage_threshold = 0.5;
  with.system.memory_monitor_refresh = ms(100);
  with.system.min_memory_free = -1;
  with.system.max_kill_memory_buffer = {3'000 * mb};
  with.system.idle_worker_killing_memory_threshold = {1'000 * mb};
  with.system.task_oom_retries = oom_retries;
  with.system.task_oom_retry_delay_base = ms(1'000);
  return with;
}

struct Outcome {
  SimulationResult result;
  Log log;
  std::vector<std::size_t> left;  // objects in each store
  std::vector<PlasmaStatistics> stores;
  // Of the head, the first at the end:
  Bytes heap;
  Bytes spilled;
};

using Program = std::function<Body(TaskContext&)>;

Outcome run_on(const ClusterSpec& spec, const Program& program, std::int64_t bytes, const Profile& with = profile()) {
  Outcome outcome;
  SimulationOptions options;
  options.functions = {function("make", ms(10)), function("use", ms(10)), function("hog", ms(3'000))};
  options.functions[make].return_size = Distribution::constant(static_cast<double>(bytes));
  options.functions[hog].memory_use = Distribution::constant(600.0 * mb);
  options.functions[hog].computes = false;
  options.driver = program;
  Simulation simulation(spec, with, std::move(options), outcome.log);
  outcome.result = simulation.run();
  CHECK_FALSE(outcome.result.starved);
  for (std::uint32_t i = 0; i < spec.nodes.size(); ++i) {
    outcome.left.push_back(simulation.objects({i}).store().objects());
    outcome.stores.push_back(simulation.objects({i}).store().statistics());
  }
  outcome.spilled = simulation.objects({0}).spills().spilled_bytes;
  outcome.heap = simulation.runtime().heap.of(NodeId{0});
  return outcome;
}

Body get_one(TaskContext& context, ObjectRef ref) {
  Body getting = context.get({ref}, std::nullopt);
  co_await getting;
}

// Fills the head's store and its disk with what stays.
Body fill(TaskContext& context, std::vector<HeldRef>& lives, int objects) {
  for (int i = 0; i < objects; ++i) {
    lives.push_back(context.hold(context.put(Bytes{20 * mb})));
    const auto pause = context.pause();
    co_await pause;
  }
}

}  // namespace

TEST_CASE("a put that finds room neither in the store nor on disk raises OutOfDiskError, and later ones may succeed") {
  int failed = 0;
  const auto body = [&](TaskContext& context) -> Body {
    {
      std::vector<HeldRef> lives;
      Body filling = fill(context, lives, 4);
      co_await filling;
      try {
        Body more = fill(context, lives, 20);
        co_await more;
      } catch (const RayError& error) {
        CHECK(error.type() == ErrorType::out_of_disk);
        ++failed;
      }
    }
    const auto rest = context.sleep(ms(5'000));
    co_await rest;
    std::vector<HeldRef> lives;
    Body filling = fill(context, lives, 4);
    co_await filling;
  };
  for (const std::int64_t disk : {10 * mb, 60 * mb, 150 * mb}) {
    CAPTURE(disk);
    failed = 0;
    const Outcome outcome = run_on(nodes(1, disk), body, 0);
    CHECK(outcome.result.error == ErrorType::none);
    CHECK(failed == 1);
    CHECK(outcome.stores[0].peak.count - outcome.stores[0].fell_back_bytes.count <= 100 * mb);
  }
}

TEST_CASE("an object larger than the store lies in a file after the grace period, if the disk has room") {
  const auto body = [](TaskContext& context) -> Body {
    const HeldRef life = context.hold(context.put(Bytes{150 * mb}));
    const auto pause = context.pause();
    co_await pause;
    Body getting = get_one(context, life.ref());
    co_await getting;
  };
  const Outcome fits = run_on(nodes(1, 1'000 * mb), body, 0);
  CHECK(fits.result.error == ErrorType::none);
  CHECK(fits.stores[0].fell_back_bytes == Bytes{150 * mb});
  CHECK(fits.result.end.in_seconds() == doctest::Approx(2.0).epsilon(0.02));
  const Outcome too_large = run_on(nodes(1, 120 * mb), body, 0);
  CHECK(too_large.result.error == ErrorType::out_of_disk);
  CHECK(too_large.stores[0].fell_back_bytes == Bytes{});
}

TEST_CASE(
    "a task whose return finds no room fails with OutOfDiskError, and so does who gets what comes from elsewhere") {
  for (const std::uint32_t where : {0U, 1U}) {
    CAPTURE(where);
    const auto body = [&](TaskContext& context) -> Body {
      const HeldRef life = context.hold(context.submit(there(make, where)));
      Body getting = get_one(context, life.ref());
      co_await getting;
    };
    const Outcome outcome = run_on(nodes(2, 10 * mb), body, 150 * mb);
    CHECK(outcome.result.error == ErrorType::out_of_disk);
    CHECK(outcome.result.message.find("OutOfDiskError") != std::string::npos);
    CHECK(outcome.left[0] == 0);
  }
}

TEST_CASE("a task whose arguments find no room on its node fails with OutOfDiskError") {
  const auto body = [](TaskContext& context) -> Body {
    const HeldRef life = context.hold(context.submit(there(make, 1)));
    TaskCall reads = there(use, 0);
    reads.args.emplace_back(life.ref());
    const HeldRef read = context.hold(context.submit(reads));
    Body getting = get_one(context, read.ref());
    co_await getting;
  };
  const Outcome outcome = run_on(nodes(2, 10 * mb), body, 150 * mb);
  CHECK(outcome.result.error == ErrorType::out_of_disk);
}

TEST_CASE("what failed to be stored leaves nothing behind") {
  const auto body = [](TaskContext& context) -> Body {
    {
      const HeldRef life = context.hold(context.submit(there(make, 0)));
      try {
        Body getting = get_one(context, life.ref());
        co_await getting;
      } catch (const RayError&) {
      }
    }
    const auto rest = context.sleep(ms(5'000));
    co_await rest;
  };
  const Outcome outcome = run_on(nodes(1, 10 * mb), body, 150 * mb);
  CHECK(outcome.left[0] == 0);
  CHECK(outcome.stores[0].allocated == Bytes{});
}

TEST_CASE("a spill that is too large for the disk fills it, and creates fail then") {
  const auto body = [](TaskContext& context) -> Body {
    std::vector<HeldRef> lives;
    Body filling = fill(context, lives, 10);
    co_await filling;
  };
  const Outcome outcome = run_on(nodes(1, 50 * mb), body, 0);
  CHECK(outcome.result.error == ErrorType::out_of_disk);
  CHECK(outcome.spilled == Bytes{});
}

TEST_CASE(
    "a worker that takes too much memory is killed at the next look, and its task is tried as often as its budget "
    "says") {
  const auto body = [](TaskContext& context) -> Body {
    const HeldRef life = context.hold(context.submit(call(hog, options(1))));
    Body getting = get_one(context, life.ref());
    co_await getting;
  };
  for (const std::int64_t retries : {0, 1, 2}) {
    CAPTURE(retries);
    const Outcome outcome = run_on(with_memory(1'000 * mb), body, 0, with_memory_monitor(retries));
    CHECK(outcome.result.error == ErrorType::out_of_memory);
    CHECK(outcome.result.message.find("low on memory") != std::string::npos);
    CHECK(outcome.log.oom_kills == static_cast<std::uint64_t>(retries) + 1);
    REQUIRE(outcome.log.attempts.size() == static_cast<std::size_t>(retries) + 1);
    for (const AttemptRecord& attempt : outcome.log.attempts) CHECK(attempt.ended - attempt.pushed <= ms(110));
    // 1 s, then 2 s, and up to a second each to the owner's tick.
    if (retries == 2) {
      const Duration first = outcome.log.attempts[1].pushed - outcome.log.attempts[0].ended;
      const Duration second = outcome.log.attempts[2].pushed - outcome.log.attempts[1].ended;
      CHECK(first >= ms(1'000));
      CHECK(first <= ms(2'010));
      CHECK(second >= ms(2'000));
      CHECK(second <= ms(3'010));
    }
    CHECK(outcome.heap == Bytes{});
  }
  // Memory enough: it runs to its end, and what it used is free again.
  const Outcome fits = run_on(with_memory(1'500 * mb), body, 0, with_memory_monitor(0));
  CHECK(fits.result.error == ErrorType::none);
  CHECK(fits.log.oom_kills == 0);
  CHECK(fits.heap == Bytes{});
}

TEST_CASE("a task that may not be tried again is killed once, and one that may dies before it though it is older") {
  const auto body = [](TaskContext& context) -> Body {
    const HeldRef older = context.hold(context.submit(call(hog, options(1))));
    const auto rest = context.sleep(ms(500));
    co_await rest;
    const HeldRef newer = context.hold(context.submit(call(hog, options(1, 0))));
    Body getting = get_one(context, newer.ref());
    co_await getting;
    Body other = get_one(context, older.ref());
    co_await other;
  };
  // Room for one of them: the older one is tried again until the newer one is through.
  const Outcome outcome = run_on(with_memory(1'900 * mb), body, 0, with_memory_monitor(-1));
  CHECK(outcome.result.error == ErrorType::none);
  CHECK(outcome.log.oom_kills >= 1);
  const auto alone = [](TaskContext& context) -> Body {
    const HeldRef life = context.hold(context.submit(call(hog, options(1, 0))));
    Body getting = get_one(context, life.ref());
    co_await getting;
  };
  const Outcome once = run_on(with_memory(1'000 * mb), alone, 0, with_memory_monitor(-1));
  CHECK(once.result.error == ErrorType::out_of_memory);
  CHECK(once.log.oom_kills == 1);
}

TEST_CASE("the group policy does not try the last of a group again") {
  const auto body = [](TaskContext& context) -> Body {
    const HeldRef life = context.hold(context.submit(call(hog, options(1, -1))));
    Body getting = get_one(context, life.ref());
    co_await getting;
  };
  Profile with = with_memory_monitor(-1);
  with.system.worker_killing_policy_by_group = true;
  const Outcome outcome = run_on(with_memory(1'000 * mb), body, 0, with);
  CHECK(outcome.result.error == ErrorType::out_of_memory);
  CHECK(outcome.log.oom_kills == 1);
}
