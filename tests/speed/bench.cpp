// raysim_bench: whole runs of the model beside a bare event loop; the parts are in parts_bench.cpp, other programs in
// programs_bench.cpp.
//
// Names are KIND/CLUSTER/TASKS. `bag` is a driver that submits tasks of 10 ms and gets them; `lease_per_task` does so
// with tasks of 0.5 s, each of which outlives its lease; `memory` stops when all tasks are submitted and none is done;
// `raw_loop` is the floor under all of them. Timed is the simulation alone, without the building of the cluster, by CPU
// time. Flags are those of Google Benchmark, and --long adds the runs of 10^7 tasks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "analysis/summary.hpp"
#include "platforms/load.hpp"
#include "scenarios/data_root.hpp"
#include "scenarios/interpret.hpp"
#include "scenarios/load_profile.hpp"
#include "scenarios/simulation.hpp"
#include "tests/speed/bag.hpp"
#include "tests/speed/raw_loop.hpp"

namespace raysim {

void add_programs();  // programs_bench.cpp

namespace {

// Looks at the memory when the last task has been submitted.
class MemoryAtPeak final : public RecordSink {
 public:
  MemoryAtPeak(RecordSink& next, std::int64_t tasks) : next_(next), left_(tasks) {}
  void on_submitted(std::uint64_t count, std::uint32_t job) override {
    next_.on_submitted(count, job);
    left_ -= static_cast<std::int64_t>(count);
    if (left_ > 0 || heap > 0) return;
    heap = speed::heap_bytes();
    peak = speed::peak_bytes();
  }
  void on_attempt(const AttemptRecord& attempt) override { next_.on_attempt(attempt); }
  void on_failed_unstarted(std::uint32_t function, std::uint32_t job) override {
    next_.on_failed_unstarted(function, job);
  }
  void on_worker_started(std::uint32_t node, Time time) override { next_.on_worker_started(node, time); }
  double heap = 0;
  double peak = 0;

 private:
  RecordSink& next_;
  std::int64_t left_;
};

ScenarioProgram bag_of_tasks(std::int64_t tasks, double seconds) {
  ScenarioProgram program;
  TaskSpec task;
  task.name = "work";
  task.duration = Amount::constant(seconds);
  program.tasks.push_back(task);
  BodySpec& body = program.drivers.emplace_back().body;
  body.names = {"refs"};
  const Variable refs{false, 0};
  SubmitStep submit;
  submit.call.count = Expression(Value(tasks));
  submit.call.as.name = refs;
  body.steps.push_back({{}, "submit", submit});
  body.steps.push_back({{}, "get", GetStep{Expression(refs), {}, {}}});
  return program;
}

RunHeader header_of(const ClusterSpec& cluster) {
  RunHeader header;
  for (const NodeSpec& node : cluster.nodes) header.nodes.push_back({node.name, node.total.get(cpu_resource).value()});
  header.functions = {"work"};
  return header;
}

void set_rate(benchmark::State& state, std::int64_t tasks, double took, double events, double simulated) {
  state.counters["tasks_per_second"] = static_cast<double>(tasks) / took;
  state.counters["events_per_task"] = events / static_cast<double>(tasks);
  state.counters["sim_seconds"] = simulated;
}

struct Job {
  const speed::Cluster* cluster;
  std::int64_t tasks;
  double seconds;    // of a task
  bool only_submit;  // stop when all tasks are submitted
};

void run_model(benchmark::State& state, const Job& job) {
  ClusterSpec cluster = load_cluster(data_file(job.cluster->file));
  const Profile profile = load_profile("ray-2.60");
  const ScenarioProgram program = bag_of_tasks(job.tasks, job.seconds);
  for (auto _ : state) {
    Summary summary(header_of(cluster));
    MemoryAtPeak record(summary, job.tasks);
    SimulationOptions options;
    options.warm_workers = true;
    ProgramBodies bodies = make_bodies(program, cluster, 3);
    options.functions = std::move(bodies.functions);
    options.jobs = std::move(bodies.jobs);
    const double begin = speed::cpu_seconds();
    Simulation simulation(cluster, profile, std::move(options), record);
    const double build = speed::cpu_seconds() - begin;
    const double heap = speed::heap_bytes();
    const double peak = speed::peak_bytes();
    const double start = speed::cpu_seconds();
    const SimulationResult result =
        simulation.run([&](Time, std::uint64_t) { return !job.only_submit || record.heap == 0; });
    const double took = speed::cpu_seconds() - start;
    state.SetIterationTime(took);
    if (!job.only_submit && summary.finished() != static_cast<std::uint64_t>(job.tasks))
      return state.SkipWithError("not all tasks have finished");
    if (!job.only_submit) set_rate(state, job.tasks, took, static_cast<double>(result.events), result.end.in_seconds());
    state.counters["build_ms"] = build * 1e3;
    state.counters["heap_bytes_per_task"] = (record.heap - heap) / static_cast<double>(job.tasks);
    // Of this run only when it is the first of the process.
    state.counters["peak_bytes_per_task"] = (record.peak - peak) / static_cast<double>(job.tasks);
  }
}

void run_raw(benchmark::State& state, const Job& job) {
  for (auto _ : state) {
    const double start = speed::cpu_seconds();
    const auto result = speed::run_raw_loop(*job.cluster, job.tasks, job.seconds);
    const double took = speed::cpu_seconds() - start;
    benchmark::DoNotOptimize(result.checksum);
    state.SetIterationTime(took);
    set_rate(state, job.tasks, took, static_cast<double>(result.events), result.end);
  }
}

using Run = void (*)(benchmark::State&, const Job&);

void add(const std::string& kind, Run run, const Job& job) {
  const std::string name = kind + "/" + job.cluster->name + "/" + std::to_string(job.tasks);
  benchmark::RegisterBenchmark(name.c_str(), [run, job](benchmark::State& state) { run(state, job); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

void add_runs(std::int64_t most) {
  for (const speed::Cluster& cluster : speed::clusters) {
    for (std::int64_t tasks = 10'000; tasks <= most; tasks *= 10) {
      add("raw_loop", run_raw, {&cluster, tasks, 0.01, false});
      add("bag", run_model, {&cluster, tasks, 0.01, false});
      add("memory", run_model, {&cluster, tasks, 3600, true});
    }
    add("lease_per_task", run_model, {&cluster, 100'000, 0.5, false});
  }
}

}  // namespace
}  // namespace raysim

int main(int argc, char** argv) {
  const auto is_long = [](const char* word) { return std::strcmp(word, "--long") == 0; };
  char** end = std::remove_if(argv + 1, argv + argc, is_long);
  raysim::add_runs(end == argv + argc ? 1'000'000 : 10'000'000);
  raysim::add_programs();
  argc = static_cast<int>(end - argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
