// The parts of the engine and of the model, one by one.
#include <benchmark/benchmark.h>

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
    queue.push(Time{event.at_ns} + Duration{delays[next++ % delays.size()]}, event.cell);
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

// One decision of the hybrid policy for a task of one CPU, when the local node is full and the others have room; with
// `loaded`, all of them are more than half full, so that none is as good as another.
void hybrid(benchmark::State& state, bool loaded) {
  const auto nodes = static_cast<std::size_t>(state.range(0));
  RandomStream random(1, "ties");
  ResourceSet total;
  total.set(cpu_resource, ResourceAmount::of(64));
  total.set(memory_resource, ResourceAmount::of(1e9));
  ClusterView view;
  view.local = {0};
  view.nodes.resize(nodes);
  std::vector<NodeId> order;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    view.nodes[i].total = total;
    ResourceSet available = total;
    const std::uint64_t least = loaded ? 33 : 0;
    available.set(cpu_resource, ResourceAmount::of(i == 0 ? 0 : 64.0 - static_cast<double>(least + random.below(30))));
    view.nodes[i].set_available(available);
    order.push_back({i});
  }
  for (std::size_t i = nodes; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  view.order = order;
  ResourceSet demand;
  demand.set(cpu_resource, ResourceAmount::of(1));
  NodeRequest request;
  request.demand = &demand;
  const auto policy = make_hybrid_policy({});
  for (auto _ : state) benchmark::DoNotOptimize(policy->choose(view, request, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(hybrid, unloaded, false)->Arg(3)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK_CAPTURE(hybrid, loaded, true)->Arg(3)->Arg(100)->Arg(1'000)->Arg(10'000);

// Flows of 1 MB between random pairs of 100 machines, so many under way at any moment.
void flows(benchmark::State& state) {
  constexpr std::uint64_t machines = 100;
  PlatformSpec platform;
  for (std::uint64_t i = 0; i < machines; ++i) platform.machines.push_back({std::to_string(i), 1, false});
  const auto fabric = make_simgrid_fabric(platform);
  RandomStream random(1, "pairs");
  std::vector<FlowId> ended;
  std::uint64_t next = 0;
  Time now;
  const auto start = [&] {
    const auto from = static_cast<std::uint32_t>(random.below(machines));
    const auto to = static_cast<std::uint32_t>((from + 1 + random.below(machines - 1)) % machines);
    fabric->start_flow(now, {from}, {to}, Bytes{500'000 + static_cast<std::int64_t>(random.below(1'000'000))},
                       {next++});
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) start();
  std::int64_t done = 0;
  for (auto _ : state) {
    ended.clear();
    now = fabric->advance(Time::max(), ended);
    done += static_cast<std::int64_t>(ended.size());
    for (std::size_t i = 0; i < ended.size(); ++i) start();
  }
  state.SetItemsProcessed(done);
  while (fabric->busy()) fabric->advance(Time::max(), ended);
}
BENCHMARK(flows)->Arg(1)->Arg(100)->Arg(1'000);

}  // namespace
}  // namespace raysim
