// One run: a cluster of Ray's processes on an engine, its drivers, and what came of it. The place where everything is put together.
//
// Models: the cluster as it stands when the first driver connects; each driver is a job. Leaves out: reading files, looking at
// results.
// Invariants: same arguments, same run. A Simulation runs once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/core_worker/core_worker.hpp"
#include "models/gcs/central_scheduler.hpp"
#include "models/gcs/gcs.hpp"
#include "models/raylet/raylet.hpp"
#include "models/runtime.hpp"
#include "models/sharded_store/store_service.hpp"

namespace raysim {

struct JobOptions {
  BodyMaker driver;
  std::string name = "driver";
  Duration at;                 // when it connects
  std::optional<NodeId> node;  // else the head
  std::string name_space;      // empty: one of its own
};

struct SimulationOptions {
  std::uint64_t seed = 0;
  std::string policy = "hybrid";
  PolicyMaker own_policy;  // set: instead of the named one
  Duration view_delay;     // see Runtime
  Duration decision_time;
  bool warm_workers = false;  // as many idle workers as CPUs on every node
  std::vector<RemoteFunction> functions;
  BodyMaker driver;                           // of the only job; or
  std::vector<JobOptions> jobs;               // several
  std::optional<ShardedStoreSettings> store;  // a distributed store, with which bodies may have one
};

struct JobResult {
  bool ended = false;
  Time end;
  ErrorType error = ErrorType::none;
  std::string message;
};

struct SimulationResult {
  Time end;  // of the last driver
  std::vector<JobResult> jobs;
  ErrorType error = ErrorType::none;  // of the first of them that failed
  std::string message;
  bool starved = false;      // nobody could ever act again
  std::string deadlock;      // starved: who waits for whom in a circle, where somebody does
  bool interrupted = false;  // by `progress`
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t flows = 0;
  Bytes flow_bytes;
  std::uint64_t fingerprint = 0;
  std::array<std::uint64_t, max_message_kinds> messages_by_kind{};
  // By what they ask for: the most tasks that raylets knew to be waiting at a time.
  std::vector<std::pair<std::string, std::int64_t>> demand;
};

class Simulation {
 public:
  Simulation(const ClusterSpec& cluster, const Profile& profile, SimulationOptions options, RecordSink& record);
  ~Simulation();

  // `progress` is called now and then with the simulated time and the events so far; false ends the run.
  using Progress = std::function<bool(Time now, std::uint64_t events)>;
  SimulationResult run(const Progress& progress = {});
  // The run up to a moment, to look at it. False: it ended before.
  bool run_until(Time moment);

  // Processes that own or use objects at this moment: the driver, then workers as they were started.
  struct ProcessObjects {
    NodeId node;
    ProcessId process;
    bool driver = false;
    std::vector<ListedObject> objects;
  };
  [[nodiscard]] std::vector<ProcessObjects> list_objects() const;
  // What a node's raylet does with objects.
  [[nodiscard]] const ObjectManager& objects(NodeId node) const { return raylets_[node.index]->objects(); }
  // For who takes a hand in the run, before it begins.
  [[nodiscard]] Runtime& runtime() { return runtime_; }

 private:
  ProcessId make_worker(NodeId node);
  void set_policy();
  void draw_node_ids();
  void set_callbacks();
  void build();
  void start_drivers();
  void driver_ended(JobId job, const std::string& why, ErrorType error);
  void record_job(JobId job, const char* state, Time at);

  Engine engine_;
  Runtime runtime_;
  SimulationOptions options_;
  std::unique_ptr<Gcs> gcs_;
  std::unique_ptr<CentralScheduler> central_;  // where the policy wants one
  std::unique_ptr<StoreService> store_;        // where the options say so
  std::vector<std::unique_ptr<Raylet>> raylets_;
  std::vector<std::unique_ptr<CoreWorker>> workers_;
  std::vector<std::uint32_t> worker_of_process_;      // by ProcessId
  std::vector<std::unique_ptr<CoreWorker>> drivers_;  // by JobId
  SimulationResult result_;
  std::size_t drivers_left_ = 0;
};

}  // namespace raysim
