// Do objects take the time that their bytes need, and is none left when nobody needs it? With zero costs but for the wires.
#include <doctest/doctest.h>

#include "analysis/summary.hpp"
#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t mb = 1'000'000;
constexpr double wire = 1e9;  // bytes a second

constexpr std::uint32_t make{0};
constexpr std::uint32_t use{1};

TaskCall there(std::uint32_t function, std::uint32_t node) {
  TaskCall made = call(function, options(1));
  made.options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
  made.options.strategy.node = {node};
  made.options.strategy_given = true;
  return made;
}

ClusterSpec nodes(std::size_t count, std::int64_t store = 100'000 * mb) {
  ClusterSpec spec = cluster(std::vector<Node>(count, Node{4, {}}));
  spec.platform.network.bandwidth = {wire};
  for (NodeSpec& node : spec.nodes) node.total.set(object_store_memory_resource, {store * ResourceAmount::unit});
  return spec;
}

SimulationOptions program(BodyMaker driver, std::int64_t bytes) {
  SimulationOptions options;
  options.functions = {function("make", {}), function("use", {})};
  options.functions[make].return_size = Distribution::constant(static_cast<double>(bytes));
  options.driver = std::move(driver);
  return options;
}

struct Outcome {
  SimulationResult result;
  double seconds = 0;
  std::vector<std::size_t> left;  // objects in each store
  std::vector<PlasmaStatistics> stores;
  std::vector<TransferStatistics> chunks;
  Summary summary;
};

Outcome run_on(const ClusterSpec& spec, const std::function<Body(TaskContext&, double&)>& body, std::int64_t bytes,
               const Profile& with = profile()) {
  RunHeader header;
  for (const NodeSpec& node : spec.nodes) header.nodes.push_back({node.name});
  header.functions = {"make", "use"};
  Outcome outcome{{}, 0, {}, {}, {}, Summary(header)};
  Simulation simulation(spec, with,
                        program([&](TaskContext& context) { return body(context, outcome.seconds); }, bytes),
                        outcome.summary);
  outcome.result = simulation.run();
  for (std::uint32_t i = 0; i < spec.nodes.size(); ++i) {
    const ObjectManager& objects = simulation.objects({i});
    outcome.left.push_back(objects.store().objects());
    outcome.stores.push_back(objects.store().statistics());
    outcome.chunks.push_back(objects.transfers());
  }
  CHECK(outcome.result.error == ErrorType::none);
  CHECK_FALSE(outcome.result.starved);
  return outcome;
}

Body wait_for(TaskContext& context, std::vector<ObjectRef> refs) {
  WaitResult result;
  const std::size_t all = refs.size();
  Body waiting = context.wait(std::move(refs), all, std::nullopt, result, false);
  co_await waiting;
}

// An object made on n1, which the driver on n0 gets.
Body get_remote(TaskContext& context, double& seconds) {
  const ObjectRef made = context.submit(there(make, 1));
  Body making = wait_for(context, {made});
  co_await making;
  const Time start = context.now();
  Body getting = context.get({made}, std::nullopt);
  co_await getting;
  seconds = (context.now() - start).in_seconds();
}

// An object of n0, used on all others at a time.
Body broadcast(TaskContext& context, double& seconds) {
  const ObjectRef object = context.put(Bytes{100 * mb});
  const auto putting = context.pause();
  co_await putting;
  const Time start = context.now();
  std::vector<ObjectRef> done;
  for (std::uint32_t node = 1; node < 4; ++node) {
    TaskCall call = there(use, node);
    call.args.emplace_back(object);
    done.push_back(context.submit(call));
  }
  Body getting = context.get(done, std::nullopt);
  co_await getting;
  seconds = (context.now() - start).in_seconds();
}

// Objects that come and go; nobody holds any at the end.
Body come_and_go(TaskContext& context, double& /*seconds*/) {
  RandomStream random = context.stream("come and go");
  {
    std::vector<ObjectRef> refs;
    std::vector<HeldRef> lives;
    for (int i = 0; i < 60; ++i) {
      TaskCall call = there(random.below(2) == 0 ? make : use, static_cast<std::uint32_t>(random.below(3)));
      for (std::uint64_t n = random.below(3); n > 0 && !refs.empty(); --n)
        call.args.emplace_back(refs[random.below(refs.size())]);
      refs.push_back(random.below(4) == 0 ? context.put(Bytes{static_cast<std::int64_t>(random.below(20)) * mb})
                                          : context.submit(call));
      lives.push_back(context.hold(refs.back()));
      const auto pause = context.pause();
      co_await pause;
    }
    Body getting = context.get(refs, std::nullopt);
    co_await getting;
  }
  const auto rest = context.sleep(ms(10'000));
  co_await rest;
}

}  // namespace

TEST_CASE("an object comes over an empty wire in the time of its bytes") {
  const Outcome outcome = run_on(nodes(2), get_remote, 100 * mb);
  CHECK(outcome.seconds == doctest::Approx(0.1).epsilon(0.01));
  CHECK(outcome.summary.links().size() == 1);
  CHECK(outcome.summary.links().at({1, 0}).objects == 1);
  CHECK(outcome.summary.links().at({1, 0}).bytes == Bytes{100 * mb});
  CHECK(outcome.chunks[1].sent == Bytes{100 * mb});
  CHECK(outcome.summary.nodes()[0].store.reads == 1);
  CHECK(outcome.summary.nodes()[0].store.local_reads == 0);
  // It lies there from when its room was made until the end, which comes with it.
  CHECK(outcome.summary.nodes()[0].store.peak == Bytes{100 * mb});
}

TEST_CASE("chunks go through the threads of both ends and the wire as through a pipeline") {
  Profile with = profile();
  with.costs.chunk_bandwidth = {static_cast<std::int64_t>(wire)};
  const Outcome outcome = run_on(nodes(2), get_remote, 100 * mb, with);
  const double chunk = static_cast<double>(with.system.object_manager_default_chunk_size.count) / wire;
  CHECK(outcome.seconds == doctest::Approx(0.1 + 2 * chunk).epsilon(0.01));
}

TEST_CASE("receivers of one object share the wire of who has it") {
  const Outcome outcome = run_on(nodes(4), broadcast, 0);
  CHECK(outcome.seconds == doctest::Approx(0.3).epsilon(0.01));
}

TEST_CASE("a task runs where most bytes of its arguments are") {
  const auto body = [](TaskContext& context, double&) -> Body {
    const ObjectRef made = context.submit(there(make, 1));
    Body making = wait_for(context, {made});
    co_await making;
    const TaskCall reads_it = call(use, options(1), {made});
    const ObjectRef done = context.submit(reads_it);
    Body getting = context.get({done}, std::nullopt);
    co_await getting;
  };
  const Outcome outcome = run_on(nodes(2), body, 100 * mb);
  CHECK(outcome.summary.links().empty());
  CHECK(outcome.summary.nodes()[1].store.local_reads == 1);
}

TEST_CASE("objects come and go: nothing is left, no byte is lost, no store is over-full") {
  for (const std::int64_t capacity : {100'000 * mb, 1'000 * mb, 200 * mb}) {
    CAPTURE(capacity);
    const Outcome outcome = run_on(nodes(3, capacity), come_and_go, 10 * mb);
    Bytes sent;
    Bytes received;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(outcome.left[i] == 0);
      CHECK(outcome.stores[i].allocated == Bytes{});
      CHECK(outcome.stores[i].in_use == Bytes{});
      CHECK(outcome.stores[i].peak.count - outcome.stores[i].fell_back_bytes.count <= capacity);
      sent += outcome.chunks[i].sent;
      received += outcome.chunks[i].received;
      const StoreSummary& recorded = outcome.summary.nodes()[i].store;
      CHECK(recorded.peak == outcome.stores[i].peak);
      CHECK(recorded.used == Bytes{});
      CHECK(recorded.received <= outcome.chunks[i].received);
    }
    CHECK(sent == received);
    CHECK(received > Bytes{});
  }
}

TEST_CASE("what a worker owned and held goes with its process") {
  SimulationOptions options = program({}, 10 * mb);
  RemoteFunction owner = function("owner", {});
  owner.body = [](TaskContext& context) -> Body {
    const HeldRef own = context.hold(context.put(Bytes{50 * mb}));
    const HeldRef remote = context.hold(context.submit(there(make, 1)));
    const auto rest = context.sleep(ms(60'000));
    co_await rest;
  };
  options.functions.push_back(owner);
  options.driver = [](TaskContext& context) -> Body {
    TaskCall runs = there(2, 0);
    runs.options.max_retries = 0;
    const ObjectRef ref = context.submit(runs);
    const auto start = context.sleep(ms(5'000));
    co_await start;
    context.cancel(ref, true, false);
    const auto rest = context.sleep(ms(20'000));
    co_await rest;
  };
  Log log;
  const ClusterSpec spec = nodes(2);
  Simulation simulation(spec, profile(), std::move(options), log);
  REQUIRE(simulation.run_until(Time{} + ms(4'000)));
  CHECK(simulation.objects({0}).store().objects() == 1);
  CHECK(simulation.objects({1}).store().objects() == 1);
  REQUIRE(simulation.run_until(Time{} + ms(15'000)));
  CHECK(simulation.objects({0}).store().objects() == 0);
  CHECK(simulation.objects({1}).store().objects() == 0);
}

TEST_CASE("a store that is too small spills, and what was spilled is read again") {
  const auto body = [](TaskContext& context, double&) -> Body {
    std::vector<ObjectRef> refs;
    for (int i = 0; i < 14; ++i) {
      refs.push_back(context.put(Bytes{50 * mb}));
      const auto pause = context.pause();
      co_await pause;
    }
    for (const ObjectRef ref : refs) {
      Body getting = context.get({ref}, std::nullopt);
      co_await getting;
    }
  };
  const Outcome outcome = run_on(nodes(1, 400 * mb), body, 0);
  CHECK(outcome.summary.nodes()[0].store.spilled >= Bytes{300 * mb});
  CHECK(outcome.summary.nodes()[0].store.restored >= Bytes{300 * mb});
}
