// What Ray's processes say to each other.
//
// Models: the RPCs and their replies that scheduling of tasks needs, one struct each, and the timers that processes set for
// themselves. Leaves out: the contents that decide nothing (names, call sites), object transfers.
// Mirrors src/ray/protobuf/{node_manager,core_worker,gcs_service,ray_syncer}.proto.
// Invariants: every message has one receiver type; `Sender` stands where the sender must know that its receiver is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/errors.hpp"
#include "models/ids.hpp"
#include "models/lease_arguments.hpp"
#include "models/payload.hpp"
#include "models/resources.hpp"
#include "sim/station.hpp"

namespace raysim {

class CoreWorker;
class Raylet;
class Gcs;
class CentralScheduler;
class BodyThread;

// Processes know each other by messages only; each defines these for itself.
template <class Message>
void deliver(CoreWorker& to, Message message);
template <class Message>
void deliver(Raylet& to, Message message);
template <class Message>
void deliver(Gcs& to, Message message);
template <class Message>
void deliver(CentralScheduler& to, Message message);
template <class Message>
void deliver(BodyThread& to, Message message);
template <class Message>
void give_back(CoreWorker& to, Message message);
template <class Message>
void give_back(Gcs& to, Message message);
template <class Message>
void give_back(Raylet& to, Message message);

// Index into MessageCosts; the names are those of `messages:` in a profile.
enum class MessageKind : std::uint8_t {
  none,
  submit_task,
  request_worker_lease,
  lease_reply,
  cancel_worker_lease,
  return_worker_lease,
  push_task,
  task_reply,
  register_worker,
  register_driver,
  exit_worker,
  exit_answered,
  task_blocked,
  task_unblocked,
  resource_report,
  resource_broadcast,
  task_events,
  export_function,
  fetch_function,
  function_code,
  get_failure_cause,
  failure_cause,
  cancel_reply,
  cancel_task,
  drain_node,
  drain_raylet,
  create_placement_group,
  wait_placement_group,
  get_placement_group,
  remove_placement_group,
  placement_group_reply,
  prepare_bundle_resources,
  commit_bundle_resources,
  bundle_resources_reply,
  cancel_resource_reserve,
  steal_leases,
  leases_stolen,
  lease_news,
  get_object_status,
  object_status,
  register_actor,
  create_actor,
  get_named_actor,
  actor_reply,
  subscribe_actor,
  actor_news,
  kill_actor,
  actor_out_of_scope,
  push_actor_creation,
  actor_created,
  kill_local_actor,
  exit_actor,
  worker_death,
  push_actor_task,
  submit_actor_task,
  actor_task_reply,
  request_owner_to_cancel,
  cancel_task_reply,
  report_generator_item,
  generator_item_reply,
  create_object,
  object_created,
  seal_object,
  fetch_objects,
  cancel_fetch,
  objects_local,
  pull_objects,
  push_chunk,
  chunk_answered,
  subscribe_locations,
  locations_subscribed,
  location_news,
  poll_locations,
  report_locations,
  locations_reported,
  free_objects,
  objects_freed,
  job_finished,
  report_worker_backlog,
  move_pieces,
  tensors_wanted,
  tensors_arrived,
  tensors_taken,
  wait_for_ref_removed,
  ref_removed,
  count
};
std::span<const std::string_view> message_kind_names();

// A node's own resources at a moment; its first makes the node known to others. Shared by all copies of the message, never changed.
struct ResourceSnapshot {
  NodeId node;
  ResourceSet available;
  std::vector<FreeUnits> units = {};
  bool draining = false;
  std::shared_ptr<const ResourceSet> total = nullptr;  // null: what the node began with
};

// --- owner and raylet -------------------------------------------------------------------------------------------

struct RequestWorkerLease {
  static constexpr auto kind = MessageKind::request_worker_lease;
  using Sender = CoreWorker;
  LeaseId lease;
  Address<CoreWorker> owner;
  NodeId owner_node = no_node;
  SchedulingClassId scheduling_class;
  std::uint32_t tag = 0;           // the owner's, comes back with the reply
  std::uint32_t backlog : 29 = 0;  // tasks queued under the owner's key
  std::uint32_t grant_or_reject : 1 = 0;
  std::uint32_t selected_by_locality : 1 = 0;
  std::uint32_t retriable : 1 = 1;  // the first task that it is for may be tried again, or the actor restarted
  float rank = 0;                   // of the first task that it is for; smaller goes first, always 0 in Ray
  LeaseArgumentsRef arguments;      // none: nothing to pull, no environment
};

// For a central scheduler, no part of Ray: what became of a lease that it has placed. From its raylet, or from an owner that had
// no use for it.
struct LeaseNews {
  static constexpr auto kind = MessageKind::lease_news;
  enum class What : std::uint8_t { over, blocked, unblocked };
  LeaseId lease;
  What what = What::over;
};

struct LeaseReply {
  static constexpr auto kind = MessageKind::lease_reply;
  enum class Status : std::uint8_t {
    granted,
    redirected,
    rejected,
    canceled,
    unschedulable,
    runtime_env_failed,
    group_removed
  };
  // No task of the request's key can ever run.
  [[nodiscard]] bool fails_key() const { return status >= Status::unschedulable; }
  LeaseId lease;
  NodeId node;  // granted: where the worker is; redirected: whom to ask
  Address<CoreWorker> worker;
  ProcessId worker_process;
  std::uint32_t tag = 0;
  DeviceListId devices;  // granted: those of the lease
  Status status = Status::granted;
};

struct CancelWorkerLease {
  static constexpr auto kind = MessageKind::cancel_worker_lease;
  LeaseId lease;
  Address<CoreWorker> owner;
  std::uint32_t key = 0;  // the owner's, comes back with the reply
};
// The raylet does not know the lease: it has answered the request, or has not seen it yet. That it has canceled it, the reply to
// the request says.
struct CancelReply {
  static constexpr auto kind = MessageKind::cancel_reply;
  std::uint32_t key = 0;
};

struct ReturnWorkerLease {
  static constexpr auto kind = MessageKind::return_worker_lease;
  LeaseId lease;
  ProcessId worker;
  bool disconnect = false;  // the worker must not be used again
  bool exiting = false;     // it leaves by itself
};

// --- raylets among each other: no part of Ray, for policies that steal

struct StealLeases {
  static constexpr auto kind = MessageKind::steal_leases;
  Address<Raylet> thief;
  std::shared_ptr<const ResourceSnapshot> room;  // whose node, and what is free there
};
struct LeasesStolen {
  static constexpr auto kind = MessageKind::leases_stolen;
  std::uint32_t count = 0;  // on their way, by their owners
};

struct GetWorkerFailureCause {
  static constexpr auto kind = MessageKind::get_failure_cause;
  using Sender = CoreWorker;
  LeaseId lease;
  Address<CoreWorker> owner;
};
struct WorkerFailureCause {
  static constexpr auto kind = MessageKind::failure_cause;
  LeaseId lease;
  enum class Why : std::uint8_t { unknown, preempted, out_of_memory } why = Why::unknown;
  bool retry = true;  // out of memory: as far as the task's own budget goes; else never
  Bytes used;         // of the node's memory at that time,
  Bytes limit;        // and all of it
};

// --- owner and worker -------------------------------------------------------------------------------------------

struct PushTask {
  static constexpr auto kind = MessageKind::push_task;
  Address<CoreWorker> owner;
  std::uint32_t task = 0;              // in the owner's table
  DeviceListId devices;                // of the lease
  SchedulingClassId scheduling_class;  // names the function, its depth and its placement group
  std::int32_t attempt = 0;
  std::uint32_t first_return = 0;  // index of its first object in the owner's table
  Duration duration;               // of a function without a body
  TaskInputRef input;              // none: no arguments, no body
};

struct TaskReply {
  static constexpr auto kind = MessageKind::task_reply;
  using Sender = CoreWorker;
  std::uint32_t task = 0;
  ErrorType error = ErrorType::none;
  bool unstarted = false;       // cancelled before it ran
  bool worker_exiting = false;  // it has run the function as often as it may
  Time started;
  Time ended;
  Duration path;  // what the task adds to the longest chain of work before it
  std::unique_ptr<TaskOutput> output;
};

// --- worker, raylet, GCS ----------------------------------------------------------------------------------------

struct RegisterWorker {
  static constexpr auto kind = MessageKind::register_worker;
  ProcessId process;
};
struct RegisterDriver {
  static constexpr auto kind = MessageKind::register_driver;
  ProcessId process;
};
// The driver has gone: from its raylet to the GCS, and from there to all raylets.
struct JobFinished {
  static constexpr auto kind = MessageKind::job_finished;
  JobId job;
  NodeId node;  // the driver's
  ProcessId driver;
};
struct ExitWorker {
  static constexpr auto kind = MessageKind::exit_worker;
};
struct ExitAnswered {
  static constexpr auto kind = MessageKind::exit_answered;
  ProcessId worker;
  bool refused = false;  // it runs a task, or owns some that have not ended; else it leaves
};
struct TaskBlocked {
  static constexpr auto kind = MessageKind::task_blocked;
  ProcessId worker;
};
struct TaskUnblocked {
  static constexpr auto kind = MessageKind::task_unblocked;
  ProcessId worker;
};
struct TaskEvents {
  static constexpr auto kind = MessageKind::task_events;
};

// The pickled code of remote functions: stored by the first process that calls one, fetched by each worker that runs it.
struct ExportFunction {
  static constexpr auto kind = MessageKind::export_function;
};
struct FetchFunction {
  static constexpr auto kind = MessageKind::fetch_function;
  Address<CoreWorker> worker;
  std::uint32_t slot = 0;  // the worker's, comes back with the code
};
struct FunctionCode {
  static constexpr auto kind = MessageKind::function_code;
  std::uint32_t slot = 0;
};

struct ResourceReport {
  static constexpr auto kind = MessageKind::resource_report;
  std::shared_ptr<const ResourceSnapshot> snapshot;
};
// At the GCS: a report that was held back (`ray.view_delay`).
struct DelayedReport {
  static constexpr auto kind = MessageKind::none;
  std::shared_ptr<const ResourceSnapshot> snapshot;
};
struct ResourceBroadcast {
  static constexpr auto kind = MessageKind::resource_broadcast;
  std::shared_ptr<const ResourceSnapshot> snapshot;
};

// A node is to be emptied: the GCS tells its raylet.
struct DrainNode {
  static constexpr auto kind = MessageKind::drain_node;
  NodeId node;
};
struct DrainRaylet {
  static constexpr auto kind = MessageKind::drain_raylet;
};

// --- timers and the threads of one process ----------------------------------------------------------------------

// From the caller's thread to its io loop: a task to submit.
struct SubmitTask {
  static constexpr auto kind = MessageKind::submit_task;
  std::uint32_t task = 0;
};
// `context`: the body's number in its process.
struct StartBody {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t context = 0;
};
struct ResumeBody {
  static constexpr auto kind = MessageKind::none;
  enum class Why : std::uint8_t { go_on, slept, timeout };
  std::uint64_t wait = 0;  // number of the wait that is over
  std::uint32_t context = 0;
  Why why = Why::go_on;
};
struct BodyEnded {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t context = 0;
};
enum class Tick : std::uint8_t {
  report,
  reset_view,
  kill_idle,
  owner,
  idle_work,
  idle_work_done,
  grant_again,
  placement_groups,
  schedule_placement_groups,
  join,
  driver_exit,
  memory,
  backlog
};
struct TimerTick {
  static constexpr auto kind = MessageKind::none;
  Tick tick = Tick::report;
};

}  // namespace raysim
