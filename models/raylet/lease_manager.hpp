// The leases of one raylet, from request to end: which node, and when here.
//
// Models: the cluster queue (which node?), the infeasible queue, leases that wait for their arguments, the grant queue (when here?) with
// fairness between classes, the cap on a class and the cap on pinned arguments, spilling, cancellation, blocked workers, draining,
// and the demand that is reported. A state machine: the caller says what happened, the port takes what follows.
// Leaves out: messages and their costs (raylet.hpp), workers as processes (worker_pool.hpp), objects.
// Mirrors src/ray/raylet/scheduling/{cluster_lease_manager,local_lease_manager}.cc (2.60). Ray grants after each lease that stays and
// once more at the end of a pass; here before the next decision and at the end, which differs only in how often ties are drawn.
// Invariants: a lease is answered once, unless its job or owner is gone; what it holds here (resources, class count, pinned
// arguments, pull) is given back once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "models/raylet/cluster_resource_scheduler.hpp"
#include "models/raylet/lease.hpp"
#include "models/raylet/lease_port.hpp"

namespace raysim {

struct LeaseManagerSettings {
  bool worker_cap_enabled = true;
  Duration worker_cap_initial_backoff;
  Duration worker_cap_max_backoff;
  Bytes max_pinned_arguments;  // of all running leases together; zero: no cap
  plugin::Traits traits{};     // of the policy: ranked, stays, preempts; none in Ray
};

// Why a worker that was asked for does not come.
enum class WorkerFailure : std::uint8_t { registration_timeout, runtime_env_failed, job_finished };

class LeaseManager {
 public:
  LeaseManager(NodeId node, const SchedulingClasses& classes, const LeaseManagerSettings& settings,
               ClusterResourceScheduler& scheduler, LeasePort& port);

  // --- passes
  // A new request joins its queue; schedule() decides about it.
  void queue(Lease&& lease);
  // The same for a lease that is to stay on this node.
  void queue_here(Lease&& lease);
  // Decides about whatever waits; after each change of resources, of the view or of the queues.
  void schedule();
  // The local part alone: grants, and spills what waits for arguments.
  void grant();

  // --- what happens to leases
  // False: the lease is gone, the worker is free for others.
  bool worker_arrived(LeaseId lease, ProcessId worker);
  void worker_failed(LeaseId lease, WorkerFailure why);
  // Its arguments are all local now.
  void arguments_ready(LeaseId lease);
  // A granted lease ends, blocks, goes on. Each may be said twice.
  void finished(Lease& lease);
  void block(Lease& lease);
  void unblock(Lease& lease);
  // Nothing new runs here any more; what waits for a worker or has one goes on.
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }

  // --- cancellation: of leases that are not granted
  using Wanted = std::function<bool(const Lease& lease)>;
  // How many there were. `status` is what their owners are told; none: they are told nothing.
  std::size_t cancel_if(const Wanted& wanted, std::optional<LeaseReply::Status> status);
  // Of those only that have come to stay on this node.
  std::size_t cancel_here_if(const Wanted& wanted, LeaseReply::Status status);
  // Redirects to `thief` up to half of the leases that wait here for resources and that fit into `room` together, the last
  // ones; returns how many.
  std::size_t give_away(NodeId thief, ResourceSet room);
  // The worker of a lease that was preempted has gone.
  void preempted_worker_gone() { --preempting_; }
  // False: not here, or granted.
  bool cancel(LeaseId lease);
  std::size_t cancel_shapes(std::span<const ResourceSet> shapes);
  // Of an owner that has died; detached actors' stay.
  std::size_t cancel_owned_by(ProcessId worker);
  std::size_t cancel_owned_by(NodeId node);

  // --- what others may know
  // What a worker of this node has queued beyond its requests; forgotten with the worker.
  void set_backlog(ProcessId worker, std::shared_ptr<const WorkerBacklogs> backlogs);
  // Leases of one shape: `ready` for their turn, or asking for more than any node has; and the tasks behind them.
  struct Demand {
    ResourceSet shape;
    std::int64_t ready = 0;
    std::int64_t infeasible = 0;
    std::int64_t backlog = 0;
  };
  // By shape, in the order in which classes came.
  [[nodiscard]] std::vector<Demand> demand() const;
  struct Counts {
    std::int64_t waiting = 0;             // in the grant queue, not yet waiting for a worker
    std::int64_t waiting_for_worker = 0;  // in the grant queue
    std::int64_t waiting_for_arguments = 0;
    std::int64_t to_schedule = 0;
    std::int64_t infeasible = 0;
    std::int64_t running = 0;               // by the classes' counts: granted, or waiting for a worker
    std::int64_t blocked_on_resources = 0;  // neither infeasible, nor waiting for arguments or a worker
    std::int64_t grant_queue_classes = 0;
    std::int64_t infeasible_classes = 0;
    std::int64_t pinned_objects = 0;
  };
  [[nodiscard]] Counts counts() const;
  // Leases that wait for news of other nodes or of this one's resources.
  [[nodiscard]] bool any_queued() const {
    return !grant_queue_.empty() || !schedule_queue_.empty() || !infeasible_queue_.empty() || !waiting_.empty();
  }
  // Nothing is allocated, no worker is leased, no arguments are being pulled.
  [[nodiscard]] bool node_idle() const;

 private:
  // What is known of a scheduling class that runs here.
  struct ClassState {
    std::int64_t running = 0;
    Time next_grant = Time::max();  // above the cap: not before
  };
  struct Pinned {
    Bytes size;
    int leases = 0;
  };
  enum class Pin : std::uint8_t { done, missing, no_memory };

  // cluster_queue.cpp: which node?
  void schedule_class(SchedulingClassId id);
  void hand_over(Lease&& lease, NodeId node);
  void retry_infeasible();
  [[nodiscard]] NodeId preferred(const Lease& lease) const {
    return lease.grant_or_reject || lease.selected_by_locality ? node_ : no_node;
  }
  LeaseDecision decide(const Lease& lease, NodeId to, bool exclude_local = false, bool needs_object_store = false) {
    return scheduler_.decide(lease.scheduling_class, to, exclude_local, port_.now(), needs_object_store,
                             lease.arguments);
  }
  [[nodiscard]] const ResourceSet& demand_of(const Lease& lease) const {
    return classes_[lease.scheduling_class].resources;
  }

  // local_queue.cpp: when here?
  void grant_class(SchedulingClassId id, std::size_t most);
  [[nodiscard]] bool skipped_for_fairness(SchedulingClassId id) const;
  [[nodiscard]] bool capped(SchedulingClassId id);
  [[nodiscard]] bool take_resources(Lease& lease);
  enum class Spill : std::uint8_t { done, stays, infeasible };
  Spill spill(std::deque<Lease>& queue, std::size_t i);
  void spill_waiting();
  void give(Lease&& lease, ProcessId worker);
  void fail_class(SchedulingClassId id);

  // ranked_queue.cpp: what Ray does not do
  [[nodiscard]] bool must_stay(const Lease& lease) const;
  [[nodiscard]] const Lease* first_waiting(SchedulingClassId id) const;
  void grant_by_rank();
  void preempt();

  // lease_manager.cpp
  Pin pin_arguments(const Lease& lease);
  void unpin_arguments(const Lease& lease);
  void release(Lease& lease);
  // Takes a lease that has left its queue back to where it holds nothing.
  void drop(Lease& lease);
  std::size_t cancel_taken(const Wanted& wanted, std::vector<Lease> taken, std::optional<LeaseReply::Status> status);
  [[nodiscard]] ClassState& state_of(const Lease& lease) { return class_states_[lease.scheduling_class.index]; }

  NodeId node_;
  const SchedulingClasses& classes_;
  LeaseManagerSettings settings_;
  ClusterResourceScheduler& scheduler_;
  LeasePort& port_;
  LeaseQueues schedule_queue_;
  LeaseQueues infeasible_queue_;
  LeaseQueues grant_queue_;
  std::deque<Lease> waiting_;  // for arguments
  std::map<ProcessId, std::shared_ptr<const WorkerBacklogs>> backlogs_;
  std::vector<ClassState> class_states_;  // by SchedulingClassId
  std::map<ObjectRef, Pinned> pinned_;    // arguments of running leases, by object
  Bytes pinned_bytes_;
  std::int64_t granted_ = 0;  // leases that have a worker
  bool handed_over_ = false;  // a lease has come to stay since the last grants
  bool draining_ = false;
  std::size_t preempting_ = 0;  // workers that have been ended for leases here
};

}  // namespace raysim
