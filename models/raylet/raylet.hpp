// The raylet: one node's scheduler and keeper of its workers.
//
// Models: the messages around the lease manager: requests, replies, returns; the worker pool; workers that block or die; timers; and
// the resource view that others see only by periodic reports.
// Leaves out: its own death.
// Mirrors src/ray/raylet/node_manager.cc (2.60).
// Invariants: every lease request is answered exactly once unless its owner dies.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "models/actor_messages.hpp"
#include "models/gcs/placement_group_messages.hpp"
#include "models/object_store/memory_monitor.hpp"
#include "models/object_store/object_manager.hpp"
#include "models/raylet/cluster_resource_scheduler.hpp"
#include "models/raylet/lease_manager.hpp"
#include "models/raylet/placement_group_resources.hpp"
#include "models/raylet/worker_pool.hpp"
#include "models/runtime.hpp"
#include "models/task_messages.hpp"

namespace raysim {

class Raylet final : private LeasePort {
 public:
  Raylet(Runtime& runtime, NodeId node);

  [[nodiscard]] Address<Raylet> address() const { return address_; }
  [[nodiscard]] ProcessId process() const { return station_.process(); }
  // A worker that has been idle for long, before the run.
  void add_warm_worker(ProcessId worker, Address<CoreWorker> address);
  // The periodic work of a process, when it shares its machine.
  void start_idle_work();
  // The node is not there yet; it will join then.
  void join_later(Duration after);
  // The agents of a node that has just come up take the time of a shared machine.
  void start_agents();

  void on(RequestWorkerLease request);
  void on(CancelWorkerLease cancel);
  void on(ReturnWorkerLease returned);
  void on(RegisterWorker registered);
  void on(RegisterDriver registered);
  void on(const JobFinished& finished);
  void on(const ReportWorkerBacklog& report);
  void on(ExitAnswered answered);
  void on(TaskBlocked blocked);
  void on(TaskUnblocked unblocked);
  void on(GetWorkerFailureCause question);
  void on(ResourceBroadcast broadcast);
  void on(DrainRaylet drain);
  void on(ProcessDied died);
  void on(TimerTick tick);
  // bundles.cpp
  void on(PrepareBundleResources prepare);
  void on(CommitBundleResources commit);
  void on(CancelResourceReserve cancel);
  void on(StealLeases steal);
  void on(LeasesStolen stolen);
  void on(KillLocalActor kill);
  void on(EnvironmentSetUp done);
  void on(ArgumentsReady ready);
  // All else about objects.
  template <class Message>
  requires requires(ObjectManager& objects, Message message) { objects.on(std::move(message)); }
  void on(Message message) {
    objects_.on(std::move(message));
    watch_memory();
  }
  void on(MemoryTaken) { watch_memory(); }
  template <class Message>
  void on_unreachable(const Message& message) {
    objects_.on_unreachable(message);
  }
  [[nodiscard]] const ObjectManager& objects() const { return objects_; }

  void watch_owner(ProcessId owner);
  // Who a worker process is; told by the maker of workers, as the fork returns the pid.
  void introduce(ProcessId worker, Address<CoreWorker> address);

 private:
  struct Worker {
    ProcessId process;
    Address<CoreWorker> address;
    bool alive = true;
    bool preempted = false;  // its end is on its way
    bool left = false;       // by itself
    bool registered = false;
    bool out_of_memory = false;  // it was killed for that
    WorkerKind kind;
    Time granted;  // the lease
    Lease lease;   // that it serves, when granted; else its last
    [[nodiscard]] bool leased() const { return lease.state == Lease::State::granted; }
  };

  using Phases = std::array<Duration, static_cast<std::size_t>(Tick::memory) + 1>;
  static Phases unknown_phases() {
    Phases phases{};
    phases.fill(Duration{-1});
    return phases;
  }

  // What the lease manager asks for.
  [[nodiscard]] Time now() const override { return station_.now(); }
  void answer(const Lease& lease, LeaseReply::Status status, NodeId node) override;
  void granted(Lease&& lease, ProcessId worker) override;
  std::optional<ProcessId> request_worker(const Lease& lease) override {
    return pool_.pop(lease.id, creates_actor(lease), {lease.environment, lease.job});
  }
  void forget_worker(const Lease& lease) override { pool_.forget(lease.id); }
  bool pull_arguments(const Lease& lease) override { return objects_.pull_arguments(lease); }
  void stop_pull(const Lease& lease) override { objects_.stop_pull(lease.id); }
  bool arguments_local(const Lease& lease) override { return objects_.arguments_local(lease); }
  bool pull_blocked(const Lease& lease) override { return objects_.pull_blocked(lease.id); }
  bool preempt(const Lease& lease) override;
  void schedule_again_at(Time when) override;
  void announce_infeasible(const Lease&) override {}
  void resources_changed() override;

  [[nodiscard]] bool creates_actor(const Lease& lease) const;
  void send_reply(const Lease& lease, const LeaseReply& reply);
  void schedule_leases();
  void read_news(Time now);
  void report_resources();
  void join();
  void worker_is_free(ProcessId worker, bool never_used);
  void start_workers();
  void start_worker(WorkerKind kind);
  void set_up_environments();
  void start_spares(std::int64_t desired);
  void before_decision(Time now);
  void see_the_truth(Time now);
  void promise_kept(const ResourceSet& demand);
  void pay_for_decisions();
  void lease_over(Lease& lease);
  void tell_central(LeaseId lease, LeaseNews::What what);
  void look_for_work();
  void steal();
  void owner_died(ProcessId owner);
  void driver_died(ProcessId driver);
  // memory.cpp
  void watch_memory_of(const NodeSpec& node);
  [[nodiscard]] Bytes used_memory() const;
  void watch_memory();
  void check_memory();
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
  ObjectManager objects_;
  ClusterResourceScheduler scheduler_;
  WorkerPool pool_;
  PlacementGroupResources bundles_;
  LeaseManager leases_;
  std::vector<Worker> workers_;               // by Runtime::worker_slots of their process; the dead keep theirs
  ProcessId last_owner_;                      // that has asked
  std::unordered_set<std::uint32_t> owners_;  // processes that asked for leases here
  std::vector<ProcessId> drivers_;            // of this node, that are there
  bool had_driver_ = false;
  std::vector<JobId> finished_;
  std::uint64_t reported_version_ = 0;
  Phases phases_ = unknown_phases();  // by Tick; drawn when first needed
  bool caught_up_ = false;            // with the reports from before its first decision
  bool report_armed_ = false;
  bool reset_armed_ = false;
  bool sweep_armed_ = false;
  bool again_armed_ = false;
  bool memory_armed_ = false;
  std::int64_t unpaid_decisions_ = 0;
  std::optional<Time> load_seen_;           // when demand here was looked at last
  std::vector<WorkerFailureCause> causes_;  // whose owners have not asked yet what became of their worker
  std::optional<MemoryMonitor> memory_;     // of a node whose memory is known
  Bytes all_memory_;
  RandomStream victims_;
  bool stealing_ = false;  // has asked another raylet and no answer yet
  int tries_left_ = 0;     // of random victims, until something happens again
};

}  // namespace raysim
