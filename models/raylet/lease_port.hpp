// What a raylet's lease manager asks of the world around it.
//
// Models: the callbacks that the lease managers of Ray are constructed with. The raylet implements them with messages, its worker pool
// and timers; tests with a notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/raylet/scheduling/{cluster_lease_manager,local_lease_manager}.h (2.60).
// Invariants: none of these calls the manager back before it returns.
#pragma once

#include <optional>

#include "models/raylet/lease.hpp"

namespace raysim {

class LeasePort {
 public:
  virtual ~LeasePort() = default;

  // The time; it may go on during a pass.
  [[nodiscard]] virtual Time now() const = 0;

  // Ends a request without a worker: redirected to `node`, rejected, canceled, or failed with the reason that `status` gives.
  virtual void answer(const Lease& lease, LeaseReply::Status status, NodeId node) = 0;
  // The lease has a worker. Keep it: finished(), block() and unblock() want it back.
  virtual void granted(Lease&& lease, ProcessId worker) = 0;
  // An idle worker for the lease; none: one is asked for, and worker_arrived() or worker_failed() follow.
  virtual std::optional<ProcessId> request_worker(const Lease& lease) = 0;
  // The lease no longer waits for a worker.
  virtual void forget_worker(const Lease& lease) = 0;

  // True when all arguments are in the local store. Else their pull begins, and arguments_ready() follows.
  virtual bool pull_arguments(const Lease& lease) = 0;
  virtual void stop_pull(const Lease& lease) = 0;
  // All arguments of a lease that has had them are still in the local store.
  virtual bool arguments_local(const Lease& lease) = 0;
  // The pull cannot go on: the object store has no room.
  virtual bool pull_blocked(const Lease& lease) = 0;

  // Not Ray's: ends the worker of the lease with the worst rank, worse than that of `lease`, whose resources make room for it; false:
  // there is none. preempted_worker_gone() and finished() follow.
  virtual bool preempt(const Lease& /*lease*/) { return false; }

  // Call schedule() then.
  virtual void schedule_again_at(Time when) = 0;
  // No node can ever run leases like this one.
  virtual void announce_infeasible(const Lease& lease) = 0;
  // What is free on this node has changed.
  virtual void resources_changed() = 0;
};

}  // namespace raysim
