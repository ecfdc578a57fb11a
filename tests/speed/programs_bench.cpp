// Programs whose cost is not in their tasks: rounds of ray.wait on a window of references, and calls of actors.
//
// Names are KIND/CLUSTER/TASKS. wait_window_W: W tasks of 10 ms under way; each round takes the first that is ready and submits
// another. get_window_W: the same with ray.get of the oldest. actor_calls: eight actors, empty methods without a body, in batches
// of 1,000 calls that are fetched together. actor_loop_calls: the same, but the actors are event loops whose methods sleep for
// 1 to 20 ms, so that they end in another order.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "platforms/load.hpp"
#include "scenarios/data_root.hpp"
#include "scenarios/load_profile.hpp"
#include "scenarios/simulation.hpp"
#include "tests/speed/bag.hpp"

namespace raysim {
namespace {

struct NoRecord final : RecordSink {
  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_attempt(const AttemptRecord&) override { ++attempts; }
  void on_worker_started(std::uint32_t, Time) override {}
  std::uint64_t attempts = 0;
};

RemoteFunction work(const char* name, Duration duration) {
  RemoteFunction made;
  made.name = name;
  made.options.resources.set(cpu_resource, ResourceAmount::of(1));
  made.duration = Distribution::constant(duration.in_seconds());
  return made;
}

constexpr std::int64_t rounds = 200'000;

Body run_window(TaskContext& context, std::int64_t window, bool waits) {
  TaskCall call;
  call.options.resources.set(cpu_resource, ResourceAmount::of(1));
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < window; ++i) {
    refs.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
  std::size_t oldest = 0;
  for (std::int64_t i = 0; i < rounds; ++i) {
    if (waits) {
      WaitResult result;
      Body waiting = context.wait(std::move(refs), 1, std::nullopt, result);
      co_await waiting;
      refs = std::move(result.pending);
    } else {
      Body getting = context.get({refs[oldest++]}, std::nullopt);
      co_await getting;
    }
    refs.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
}

Body run_calls(TaskContext& context, std::int64_t calls, bool loops) {
  constexpr std::int64_t batch = 1'000;
  std::vector<ActorHandle> actors(8);
  for (ActorHandle& actor : actors) {
    ActorOptions options;
    options.placement.emplace().set(cpu_resource, ResourceAmount::of(1));
    options.async_actor = loops;
    options.max_concurrency = loops ? 1'000 : 1;
    Body creating = context.create_actor({1}, options, {}, actor);
    co_await creating;
  }
  for (std::int64_t done = 0; done < calls; done += batch) {
    std::vector<ObjectRef> refs;
    for (std::int64_t i = 0; i < batch; ++i) {
      ActorCall call;
      call.actor = actors[static_cast<std::size_t>(i) % actors.size()];
      call.method = {loops ? 3U : 2U};
      refs.push_back(context.call(call));
      const auto pause = context.pause();
      co_await pause;
    }
    Body getting = context.get(std::move(refs), std::nullopt);
    co_await getting;
  }
}

void run_program(benchmark::State& state, const speed::Cluster& on, const BodyMaker& driver, std::int64_t tasks) {
  const ClusterSpec cluster = load_cluster(data_file(on.file));
  const Profile profile = load_profile("ray-2.60");
  for (auto _ : state) {
    NoRecord record;
    SimulationOptions options;
    options.warm_workers = true;
    options.functions = {work("work", Duration::milliseconds(10)), work("Actor", {}), work("Actor.method", {}),
                         work("Actor.sleep", Duration::milliseconds(1))};
    options.functions.back().computes = false;
    options.functions.back().duration = {Distribution::Kind::uniform, 0.001, 0.02, 0, {}};
    options.driver = driver;
    Simulation simulation(cluster, profile, std::move(options), record);
    const double start = speed::cpu_seconds();
    const SimulationResult result = simulation.run();
    const double took = speed::cpu_seconds() - start;
    state.SetIterationTime(took);
    if (result.error != ErrorType::none || result.starved) return state.SkipWithError("the program did not end");
    state.counters["tasks_per_second"] = static_cast<double>(tasks) / took;
    state.counters["events_per_task"] = static_cast<double>(result.events) / static_cast<double>(tasks);
    state.counters["sim_seconds"] = result.end.in_seconds();
  }
}

void add(const std::string& kind, std::int64_t tasks, const BodyMaker& driver) {
  const speed::Cluster& cluster = speed::clusters[0];
  const std::string name = kind + "/" + cluster.name + "/" + std::to_string(tasks);
  benchmark::RegisterBenchmark(
      name.c_str(), [&cluster, driver, tasks](benchmark::State& state) { run_program(state, cluster, driver, tasks); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void add_programs() {
  for (const bool waits : {true, false})
    for (const std::int64_t window : {100, 1'000, 10'000})
      add((waits ? "wait_window_" : "get_window_") + std::to_string(window), rounds,
          [=](TaskContext& context) { return run_window(context, window, waits); });
  for (const std::int64_t calls : {10'000, 1'000'000})
    for (const bool loops : {false, true})
      add(loops ? "actor_loop_calls" : "actor_calls", calls,
          [=](TaskContext& context) { return run_calls(context, calls, loops); });
}

}  // namespace raysim
