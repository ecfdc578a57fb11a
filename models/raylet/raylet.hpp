// The raylet: one node's scheduler and keeper of its workers.
//
// Models: leases from request to return: the cluster queue (which node?), the local queue (when here?), spilling, the worker
// pool, workers that block or die, and the resource view that others see only by periodic reports.
// Leaves out: objects, placement groups, draining, several jobs.
// Mirrors src/ray/raylet/{node_manager.cc,scheduling/cluster_lease_manager.cc,scheduling/local_lease_manager.cc} (2.60).
// Invariants: every lease request is answered exactly once unless its owner dies; resources of a lease are released once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "models/raylet/cluster_resource_scheduler.hpp"
#include "models/raylet/lease.hpp"
#include "models/raylet/worker_pool.hpp"
#include "models/runtime.hpp"

namespace raysim {

class Raylet {
 public:
  Raylet(Runtime& runtime, NodeId node);

  [[nodiscard]] Address<Raylet> address() const { return address_; }
  [[nodiscard]] ProcessId process() const { return station_.process(); }
  // A worker that has been idle for long, before the run.
  void add_warm_worker(ProcessId worker, Address<CoreWorker> address);
  // Starts the periodic work of a process that shares its machine.
  void start_idle_work();
  // The agents of a node that has just come up take the machine's time.
  void start_agents();

  void on(RequestWorkerLease request);
  void on(CancelWorkerLease cancel);
  void on(ReturnWorkerLease returned);
  void on(RegisterWorker registered);
  void on(RegisterDriver registered);
  void on(ExitAnswered answered);
  void on(TaskBlocked blocked);
  void on(TaskUnblocked unblocked);
  void on(GetWorkerFailureCause question);
  void on(ResourceBroadcast broadcast);
  void on(ProcessDied died);
  void on(TimerTick tick);

  // Who a worker process is; told by the maker of workers, as the fork returns the pid.
  void introduce(ProcessId worker, Address<CoreWorker> address);

 private:
  struct Worker {
    ProcessId process;
    Address<CoreWorker> address;
    bool alive = true;
    bool leased = false;
    bool blocked = false;  // the lease's CPU is lent to others
    Lease lease;
  };
  // What the local queue knows of a scheduling class that runs here.
  struct ClassState {
    std::int64_t running = 0;
    Time next_grant = Time::max();  // above the cap: not before
  };

  static std::array<Duration, 8> unknown_phases() {
    std::array<Duration, 8> phases{};
    phases.fill(Duration{-1});
    return phases;
  }

  // cluster_queue.cpp: which node?
  void schedule_leases();
  void schedule_class(SchedulingClassId id);
  void hand_over(const Lease& lease, NodeId node);
  void retry_infeasible();

  // local_queue.cpp: when here?
  void grant_leases();
  void grant_class(SchedulingClassId id);
  [[nodiscard]] bool skipped_for_fairness(SchedulingClassId id) const;
  [[nodiscard]] bool capped(SchedulingClassId id);
  bool spill(const Lease& lease);
  void grant(const Lease& lease, ProcessId worker);
  void release(Worker& holder);
  void worker_is_free(ProcessId worker, bool never_used);
  void start_workers();
  void start_worker();
  void start_spares(std::int64_t desired);

  // raylet.cpp
  void answer(const Lease& lease, LeaseReply::Status status, NodeId node = no_node);
  void resources_changed();
  void owner_died(ProcessId owner);
  void sweep_idle_workers();
  void arm_sweep();
  [[nodiscard]] std::int64_t whole_cpus_free() const {
    return std::max<std::int64_t>(0, scheduler_.available().get(cpu_resource).ticks) / ResourceAmount::unit;
  }
  void arm(Tick tick, Duration period, bool& armed);
  [[nodiscard]] Worker& worker(ProcessId process) { return workers_[runtime_.worker_slots[process.index]]; }
  Worker* leased(ProcessId process);
  [[nodiscard]] bool is_own(ProcessId process) const;

  Runtime& runtime_;
  NodeId node_;
  Station& station_;
  Address<Raylet> address_;
  ClusterResourceScheduler scheduler_;
  WorkerPool pool_;
  LeaseQueues schedule_queue_;
  LeaseQueues infeasible_queue_;
  LeaseQueues grant_queue_;
  std::vector<ClassState> class_states_;      // by SchedulingClassId
  std::vector<Worker> workers_;               // by Runtime::worker_slots of their process; the dead keep theirs
  std::unordered_set<std::uint32_t> owners_;  // processes that asked for leases here
  std::uint64_t reported_version_ = 0;
  std::array<Duration, 8> phases_ = unknown_phases();  // by Tick; drawn when first needed
  bool report_armed_ = false;
  bool reset_armed_ = false;
  bool sweep_armed_ = false;
  bool again_armed_ = false;
};

}  // namespace raysim
