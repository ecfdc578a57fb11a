// What an owner's task submitter asks of the process around it.
//
// Models: the clients and callbacks that Ray's submitter is constructed with. The core worker implements them with messages; tests with a
// notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/core_worker/task_submission/normal_task_submitter.h (2.60).
// Invariants: only fail_task() may lead to further calls of the submitter before it returns.
#pragma once

#include <vector>

#include "models/core_worker/lease_policy.hpp"
#include "models/errors.hpp"
#include "models/messages.hpp"
#include "models/task.hpp"

namespace raysim {

// A worker that an owner has leased.
struct LeasedWorker {
  LeaseId lease;
  NodeId node;  // whose raylet granted it
  ProcessId process;
  Address<CoreWorker> address;
  DeviceListId devices;  // that came with the lease
};

class SubmitterPort {
 public:
  virtual ~SubmitterPort() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual NodeId local_node() const = 0;
  // Consults the lease policy: whom to ask first.
  virtual FirstNode first_node(const SchedulingKey& key) = 0;
  // The arguments in the object store that a lease of this key needs; none: there are none.
  virtual LeaseArgumentsRef lease_arguments(const SchedulingKey& /*key*/) { return nullptr; }
  // Not Ray's. Nodes to ask for one task at a time, the first worker wins; none: first_node() alone.
  virtual std::vector<NodeId> nodes_to_probe(const SchedulingKey& /*key*/) { return {}; }
  // Of a task among those that wait here: smaller goes first, equal ones as they came.
  virtual float rank(std::uint32_t /*task*/) { return 0; }
  // The task may be tried again when its worker ends.
  [[nodiscard]] virtual bool retriable(std::uint32_t /*task*/) const { return true; }
  // Nobody needs the worker at the node that a redirect named.
  virtual void redirect_unused(LeaseId /*lease*/) {}

  // Sends it, in the name of this owner.
  virtual void request_lease(NodeId node, RequestWorkerLease request) = 0;
  // cancel_answered() with `key` follows.
  virtual void cancel_lease(NodeId node, LeaseId lease, std::uint32_t key) = 0;
  // Pushes a task over lease `slot`; task_done() or worker_died() follow.
  virtual void push_task(const LeasedWorker& worker, std::uint32_t slot, std::uint32_t task) = 0;
  // Why a lease ends.
  enum class Return : std::uint8_t { idle, exiting, disconnect };
  virtual void return_worker(const LeasedWorker& worker, Return why) = 0;
  // What is queued beyond the open requests has changed, of some class.
  virtual void report_backlog() = 0;
  // A worker that runs the task is told to end it.
  virtual void cancel_running(const LeasedWorker& worker, std::uint32_t task, bool force, bool recursive) = 0;
  // A task that was queued ends with an error.
  virtual void fail_task(std::uint32_t task, ErrorType error) = 0;
  // The local raylet is gone, and with it this worker.
  virtual void exit_process() = 0;
};

}  // namespace raysim
