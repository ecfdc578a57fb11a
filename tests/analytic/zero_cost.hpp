// Clusters, profiles and runs in code: what the tests of whole simulations share.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/simulation.hpp"

namespace zero_cost {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

inline constexpr Duration ms(std::int64_t n) { return Duration::milliseconds(n); }

// The object store as Ray has it, whose copies take no time.
inline void set_object_store(Profile& p) {
  SystemConfig& s = p.system;
  constexpr std::int64_t mib = std::int64_t{1} << 20;
  s.object_store_full_delay = ms(10);
  s.oom_grace_period = ms(2'000);
  s.object_spilling_threshold = 0.8;
  s.min_spilling_size = {100 * mib};
  s.max_fused_object_count = 2'000;
  s.max_spilling_file_size = -1;
  s.max_io_workers = 4;
  s.free_objects_period = ms(1'000);
  s.free_objects_batch_size = 100;
  s.max_free_local_objects_batch_size = 256;
  s.local_fs_capacity_threshold = 0.95;
  s.local_fs_monitor_interval = ms(100);
  s.object_manager_default_chunk_size = {5 * mib};
  s.object_manager_max_bytes_in_flight = {2'048 * mib};
  s.object_manager_pull_timeout = s.object_manager_push_timeout = ms(10'000);
  s.object_manager_timer_freq = ms(100);
  s.fetch_fail_timeout = ms(600'000);
  s.max_object_report_batch_size = 2'000;
  s.max_command_batch_size = 2'000;
  s.publish_batch_size = 5'000;
  s.max_direct_call_object_size = {102'400};
  s.task_rpc_inlined_bytes_limit = {10 * mib};
  s.max_task_args_memory_fraction = 0.7;
  s.locality_aware_leasing_enabled = true;
  constexpr Bytes at_once{1'000'000'000'000'000'000};
  p.costs.copy_new_pages = p.costs.chunk_new_pages = at_once;
  p.costs.copy_bandwidth = p.costs.chunk_bandwidth = at_once;
  p.costs.disk_write_bandwidth = p.costs.disk_read_bandwidth = at_once;
}

// Everything is for nothing: no CPU time, no bytes, so that the time of a run is that of its tasks alone. Periods are
// Ray's own.
inline Profile profile() {
  Profile p;
  p.name = "zero";
  p.system.worker_lease_timeout = ms(500);
  p.system.max_pending_lease_requests = -1;
  p.system.max_pending_lease_requests_minimum = 10;
  p.system.report_resources_period = ms(100);
  p.system.syncer_refresh_interval = ms(3'000);
  p.system.scheduler_spread_threshold = 0.5;
  p.system.scheduler_top_k_fraction = 0.2;
  p.system.scheduler_top_k_absolute = 1;
  p.system.scheduler_avoid_gpu_nodes = true;
  p.system.worker_cap_enabled = true;
  p.system.worker_cap_initial_backoff = ms(1'000);
  p.system.worker_cap_max_backoff = ms(10'000);
  p.system.kill_idle_workers_interval = ms(200);
  p.system.idle_worker_killing_time_threshold = ms(1'000);
  p.system.num_workers_soft_limit = -1;
  p.system.core_worker_heartbeat = p.system.report_worker_backlog_interval = ms(1'000);
  p.system.gcs_lease_worker_retry_interval = p.system.gcs_create_actor_retry_interval = ms(200);
  p.system.timeout_task_wait_for_death_info = ms(1'000);
  p.system.task_actor_unavailable_retry_delay_base = ms(100);
  p.system.task_actor_unavailable_retry_delay_max = ms(5'000);
  p.system.task_max_retries = 3;
  p.system.cancellation_retry = ms(2'000);
  p.system.rdt_fetch_fail_timeout = ms(60'000);
  p.system.get_check_signal_interval = ms(1'000);
  p.costs.tick = ms(4);
  p.costs.time_slice = Duration::microseconds(1'400);
  p.costs.low_weight = 36;
  for (Costs::Idle* idle : {&p.costs.idle_worker, &p.costs.idle_driver, &p.costs.idle_raylet, &p.costs.idle_gcs})
    idle->period = ms(100);
  p.costs.flow_threshold = Bytes{65'536};
  p.system.predefined_unit_instance_resources = "GPU";
  set_object_store(p);
  return p;
}

struct Node {
  double cpus = 1;
  std::map<std::string, double> custom;
};

// One machine a node, wires without latency; the first node is the head.
inline ClusterSpec cluster(const std::vector<Node>& nodes) {
  ClusterSpec spec;
  spec.platform.network.latency = spec.platform.network.loopback_latency = Duration{};
  for (const Node& node : nodes) {
    NodeSpec made;
    made.name = "n" + std::to_string(spec.nodes.size());
    made.head = spec.nodes.empty();
    made.total.set(cpu_resource, ResourceAmount::of(node.cpus));
    for (const auto& [name, amount] : node.custom)
      made.total.set(spec.resource_names.id_of(name), ResourceAmount::of(amount));
    made.machine = {static_cast<std::uint32_t>(spec.platform.machines.size())};
    spec.platform.machines.push_back({"m" + std::to_string(spec.nodes.size()), static_cast<int>(node.cpus) + 1, false});
    spec.nodes.push_back(made);
  }
  return spec;
}

// All nodes of a cluster on one machine whose cores they share.
inline ClusterSpec on_one_machine(ClusterSpec spec, int cores) {
  spec.platform.machines = {{"host", cores, true}};
  for (NodeSpec& node : spec.nodes) node.machine = {0};
  return spec;
}

struct Log : RecordSink {
  void on_function(const std::string& name) override { functions.push_back(name); }
  void on_submitted(std::uint64_t count, std::uint32_t) override { submitted += count; }
  void on_attempt(const AttemptRecord& attempt) override { attempts.push_back(attempt); }
  void on_worker_started(std::uint32_t, Time) override { ++workers; }
  void on_oom_kill(std::uint32_t, Time) override { ++oom_kills; }
  std::vector<std::string> functions;  // those that the program has made
  std::uint64_t submitted = 0;
  std::uint64_t workers = 0;
  std::uint64_t oom_kills = 0;
  std::vector<AttemptRecord> attempts;
};

inline TaskOptions options(double cpus, int max_retries = 3) {
  TaskOptions result;
  result.resources.set(cpu_resource, ResourceAmount::of(cpus));
  result.max_retries = max_retries;
  return result;
}

// A remote function that keeps a CPU for `duration` and returns nothing.
inline RemoteFunction function(std::string name, Duration duration, double cpus = 1) {
  RemoteFunction made;
  made.name = std::move(name);
  made.options = options(cpus);
  made.return_size = Distribution::constant(0);
  made.duration = Distribution::constant(duration.in_seconds());
  return made;
}

inline TaskCall call(std::uint32_t function, const TaskOptions& with, std::vector<ObjectRef> args = {}) {
  TaskCall made;
  made.function = {function};
  made.options = with;
  made.args.assign(args.begin(), args.end());
  return made;
}

inline SimulationResult run(const ClusterSpec& spec, const Profile& profile, SimulationOptions options, Log& log) {
  Simulation simulation(spec, profile, std::move(options), log);
  return simulation.run();
}

}  // namespace zero_cost
