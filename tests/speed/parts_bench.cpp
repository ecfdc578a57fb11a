// The parts of the engine and of the model, one by one.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "models/scheduling/policy.hpp"
#include "sim/engine.hpp"
#include "sim/event_queue.hpp"

namespace raysim {
namespace {

// One pop and one push, with so many entries in the queue.
void event_queue(benchmark::State& state) {
  RandomStream random(1, "times");
  EventQueue queue;
  Cell cell;
  std::vector<std::int64_t> delays(4096);
  for (auto& delay : delays) delay = static_cast<std::int64_t>(random.below(10'000'000));
  std::size_t next = 0;
  for (std::int64_t i = 0; i < state.range(0); ++i) queue.push(Time{delays[next++ % delays.size()]}, &cell);
  for (auto _ : state) {
    const auto event = queue.pop();
    queue.push(Time{event.at_ns} + Duration{delays[next++ % delays.size()]}, event.what);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(event_queue)->Arg(100)->Arg(10'000)->Arg(1'000'000);

struct Ball {
  static constexpr std::uint8_t kind = 1;
  std::uint32_t from = 0;
};

// Returns each message to where it came from.
struct Player {
  Player(Engine& engine, MachineId place)
      : station(engine.add_station(engine.add_process(place), CpuPriority::normal)), address(station.bind(*this)) {}
  void on(Ball ball) { station.send(Address<Player>{{ball.from}}, Ball{station.id().index}); }
  Station& station;
  Address<Player> address;
};

// Messages between one station and many, from engine to engine: sent, queued, served, answered.
void messages(benchmark::State& state, bool contended) {
  PlatformSpec platform;
  platform.machines = {{"server", 4, contended}, {"clients", 64, contended}};
  EngineSettings settings;
  settings.costs[Ball::kind] = {Duration::microseconds(5), Duration::microseconds(2), {}, Bytes{500}};
  Engine engine(platform, make_simgrid_fabric(platform), settings);
  Player server(engine, {0});
  std::vector<std::unique_ptr<Player>> clients;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    clients.push_back(std::make_unique<Player>(engine, MachineId{1}));
    clients.back()->station.send(server.address, Ball{clients.back()->station.id().index});
  }
  for (auto _ : state) engine.run([] { return false; });  // 65,536 events
  state.SetItemsProcessed(static_cast<std::int64_t>(engine.messages()));
  state.counters["events"] = benchmark::Counter(static_cast<double>(engine.events()), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(messages, own_cores, false)->Arg(60)->Arg(10'000);
BENCHMARK_CAPTURE(messages, shared_cores, true)->Arg(60);

// A cluster in which the local node is full and the others have room; with `loaded`, all of them are more than half full, so
// that none is as good as another. Each has 64 CPUs, every eighth four GPUs as well.
struct HybridCase {
  HybridCase(std::size_t nodes, bool loaded, bool index) {
    ResourceSet total;
    total.set(cpu_resource, ResourceAmount::of(64));
    total.set(memory_resource, ResourceAmount::of(1e9));
    ResourceSet with_gpus = total;
    with_gpus.set(gpu_resource, ResourceAmount::of(4));
    view.local = {0};
    view.nodes.resize(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) {
      view.nodes[i].total = i % 8 == 7 ? with_gpus : total;
      view.nodes[i].set_available(used(i, i == 0 ? 64 : (loaded ? 33 : 0) + random.below(30)));
      order.push_back({i});
    }
    for (std::size_t i = nodes; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    view.order = order;
    if (index) view.build_index();
  }
  HybridCase(const HybridCase&) = delete;
  HybridCase& operator=(const HybridCase&) = delete;

  [[nodiscard]] ResourceSet used(std::uint32_t node, std::uint64_t cpus) const {
    ResourceSet available = view.nodes[node].total;
    available.set(cpu_resource, ResourceAmount::of(64.0 - static_cast<double>(cpus)));
    return available;
  }
  // One decision; then the chosen node and another one are a little more or less used than before.
  void decide(NodePolicy& policy, const NodeRequest& request) {
    const NodeId chosen = policy.choose(view, request, random).node;
    benchmark::DoNotOptimize(chosen);
    for (const NodeId node : {chosen, order[random.below(order.size())]}) {
      if (node.index == 0) continue;
      const double left = view.nodes[node.index].cpu_available.value();
      view.set_available(node, used(node.index, static_cast<std::uint64_t>(64.0 - left) ^ 1U));
    }
  }

  RandomStream random{1, "ties"};
  ClusterView view;
  std::vector<NodeId> order;
};

ResourceSet hybrid_demand(double gpus) {
  ResourceSet demand;
  demand.set(cpu_resource, ResourceAmount::of(1));
  demand.set(gpu_resource, ResourceAmount::of(gpus));
  return demand;
}

// CPU time, which other work on the machine does not count in.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds_of_scans(std::size_t nodes, bool loaded, const NodeRequest& request) {
  HybridCase scanned(nodes, loaded, false);
  const auto policy = make_hybrid_policy({});
  const int repeats = static_cast<int>(std::max<std::size_t>(200, 2'000'000 / nodes));
  const double start = cpu_seconds();
  for (int i = 0; i < repeats; ++i) scanned.decide(*policy, request);
  return (cpu_seconds() - start) / repeats;
}

// Decisions of the hybrid policy by the index of the view, with two changed nodes after each; `scan_over_index` says how many
// times as long a decision by scan took in the same run.
void hybrid(benchmark::State& state, bool loaded, double gpus) {
  const auto nodes = static_cast<std::size_t>(state.range(0));
  const ResourceSet demand = hybrid_demand(gpus);
  NodeRequest request;
  request.demand = &demand;
  const double scan = seconds_of_scans(nodes, loaded, request);
  HybridCase ranked(nodes, loaded, true);
  const auto policy = make_hybrid_policy({});
  for (int i = 0; i < 100; ++i) ranked.decide(*policy, request);
  const double start = cpu_seconds();
  for (auto _ : state) ranked.decide(*policy, request);
  const double taken = cpu_seconds() - start;
  state.SetItemsProcessed(state.iterations());
  state.counters["scan_over_index"] = scan * static_cast<double>(state.iterations()) / taken;
}
BENCHMARK_CAPTURE(hybrid, unloaded, false, 0)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK_CAPTURE(hybrid, loaded, true, 0)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK_CAPTURE(hybrid, unloaded_gpu, false, 1)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK_CAPTURE(hybrid, loaded_gpu, true, 1)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace raysim
