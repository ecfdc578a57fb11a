// What every process of a run is told at its start: constants, the remote functions, and where the others live.
//
// Models: the configuration and the address book of a cluster. Leaves out: any state that changes as the program runs; no process
// learns through it what another one thinks.
// Invariants: filled before the first event (functions and classes may be added); addresses stay valid.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/actor.hpp"
#include "models/cluster.hpp"
#include "models/device_memory.hpp"
#include "models/gcs/resource_streams.hpp"
#include "models/heap_use.hpp"
#include "models/messages.hpp"
#include "models/profile.hpp"
#include "models/resource_instances.hpp"
#include "models/resource_load.hpp"
#include "models/scheduling/policy.hpp"
#include "models/task.hpp"
#include "sim/engine.hpp"
#include "sim/record.hpp"

namespace raysim {

// Makes a worker process on a node and returns it; it registers itself at its raylet when it is up.
using WorkerMaker = std::function<ProcessId(NodeId node)>;

// What is free on every node at this moment, and what leases were promised that have not got there. Only a policy with a
// perfect view looks at it: no process of Ray could.
struct TrueView {
  struct Promise {
    NodeId node;
    ResourceSet demand;
    Time at;
  };
  std::vector<const NodeView*> nodes;  // by NodeId, each its raylet's own
  std::deque<Promise> promises;
};

class PlasmaStore;
class StoreService;

// An owner, as far as the names of its generators' items go. In Ray whoever knows the task can tell; here its owner's table says it.
class ItemNames {
 public:
  virtual ObjectRef item(std::uint32_t task, std::uint32_t number) = 0;

 protected:
  ~ItemNames() = default;
};

// A driver and all that it starts. What a detached actor is and starts is a job of its own, as it outlives the driver.
struct Job {
  std::string name;
  std::string name_space;  // where names of actors and placement groups are looked up
  JobId reported_as;       // in the record: the driver's
  ProcessId driver;        // none: a detached actor's
};

struct Runtime {
  Runtime(Engine& the_engine, const ClusterSpec& the_cluster, const Profile& the_profile, RecordSink& the_record)
      : engine(the_engine),
        cluster(the_cluster),
        profile(the_profile),
        record(the_record),
        unit_resources(resources_named(the_profile.system.predefined_unit_instance_resources + "," +
                                           the_profile.system.custom_unit_instance_resources,
                                       the_cluster.resource_names)),
        heap(the_cluster.nodes.size()),
        device_memory(the_cluster, the_record),
        streams(the_cluster.nodes.size()),
        resource_names(the_cluster.resource_names) {}

  Engine& engine;
  const ClusterSpec& cluster;
  const Profile& profile;
  RecordSink& record;
  DeviceLists device_lists;
  const std::vector<ResourceId> unit_resources;  // those that come in instances of 1
  PolicyMaker make_policy = make_hybrid_policy;  // of the default strategy
  plugin::Traits traits;                         // of that policy
  bool sees_priorities = false;                  // likewise
  Duration view_delay;                           // on top of each report's way to the raylets
  Duration decision_time;  // CPU time of a raylet or central scheduler, each time the policy is asked
  TrueView truth;          // for policies with a perfect view
  std::vector<RemoteFunction> functions;
  SchedulingClasses classes;
  Environments environments;
  std::vector<NodeId> node_order;          // by Ray's node ids: random names, drawn once a run
  std::vector<Address<Raylet>> raylets;    // by NodeId
  std::vector<const PlasmaStore*> stores;  // by NodeId: shared memory, which every process of the node sees
  ResourceLoad load;                       // for whoever looks at the run
  HeapUse heap;                            // of every process, for the system of its node to see
  DeviceMemory device_memory;              // likewise, for the driver of its GPUs
  std::optional<FunctionId>
      tensor_calls;  // the first of those that the background group of actors runs, once there are any
  Address<Gcs> gcs;
  Address<CentralScheduler> central;        // where the policy wants one
  Address<StoreService> distributed_store;  // where the run has one
  std::vector<std::uint32_t> worker_slots;  // by ProcessId: a worker's place in its raylet's table
  ResourceStreams streams;                  // GCS to raylets
  ResourceNames resource_names;             // those of the cluster, and of placement groups' resources
  std::uint32_t placement_groups = 0;       // ids given so far
  std::deque<ActorSpec> actors;             // by ActorId
  std::shared_ptr<HandleWatch> handles = std::make_shared<HandleWatch>();
  std::map<StationId, ItemNames*> item_names;  // by owner
  std::vector<Job> jobs;
  WorkerMaker make_worker;
  std::function<void(ProcessId)> worker_gone = [](ProcessId) {};  // its raylet has noticed that it has died
  std::function<void(JobId job, const std::string& why, ErrorType error)> driver_ended;
  bool contended = false;  // some machine is

  // The job of a driver's or worker's process; a worker has none before its first lease.
  [[nodiscard]] JobId job_of(ProcessId process) const {
    return process.index < process_jobs_.size() ? process_jobs_[process.index] : no_job;
  }
  // Once and for all.
  void bind(ProcessId process, JobId job) {
    if (process_jobs_.size() <= process.index) process_jobs_.resize(process.index + 1);
    process_jobs_[process.index] = job;
  }

  // The next duration of a function; by order of submission in its job, so that no policy changes another task's luck.
  Duration draw_duration(RemoteFunction& function, JobId job) {
    const Distribution& d = function.duration;
    if (d.kind == Distribution::Kind::constant) return Duration::seconds(d.a);
    const std::uint32_t counted = jobs[job.index].reported_as.index;
    if (function.submitted.size() <= counted) function.submitted.resize(counted + 1);
    const std::uint64_t ordinal = function.submitted[counted]++;
    const std::uint64_t seed = engine.seed() * 0x9e3779b97f4a7c15ULL + ordinal;
    RandomStream stream(counted == 0 ? seed : mix(seed, counted), "duration/" + function.name);
    return Duration::seconds(d.draw(stream, ordinal));
  }

 private:
  std::vector<JobId> process_jobs_;  // by ProcessId
};

// The event loop of a new process on a node.
inline Station& make_station(Runtime& runtime, NodeId node) {
  const MachineId place = runtime.cluster.nodes[node.index].machine;
  return runtime.engine.add_station(runtime.engine.add_process(place), CpuPriority::normal);
}

// A timer phase in [0, period), one for each purpose and process.
inline Duration phase(const Engine& engine, std::string_view purpose, std::uint32_t who, Duration period) {
  RandomStream stream = engine.stream(std::string(purpose) + "/" + std::to_string(who));
  return {static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(period.ns)))};
}

// The first moment after `now` at which a timer of this period and phase is due.
inline Duration until_tick(Time now, Duration period, Duration phase_of_timer) {
  const std::int64_t since = (now.ns - phase_of_timer.ns) % period.ns;
  return {period.ns - (since < 0 ? since + period.ns : since)};
}

}  // namespace raysim
