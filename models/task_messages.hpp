// What owners and executors say about a task beyond its push and its reply.
//
// Models: cancellation and items of streaming generators, one struct an RPC, and what the threads of an executor tell each other.
// Leaves out: as models/messages.hpp.
// Mirrors src/ray/protobuf/core_worker.proto (2.60).
// Invariants: as models/messages.hpp.
#pragma once

#include <memory>

#include "models/messages.hpp"
#include "models/task.hpp"

namespace raysim {

// A driver connects and begins.
struct StartDriver {
  static constexpr auto kind = MessageKind::none;
  BodyMaker body;
};

// The user cancels the task that makes an object; from the caller's thread to its own io loop, or to the owner.
struct RequestOwnerToCancelTask {
  static constexpr auto kind = MessageKind::request_owner_to_cancel;
  ObjectRef object;
  bool force = false;
  bool recursive = true;  // with what the task has submitted
};
// The user cancels a task that this worker runs.
struct CancelTask {
  static constexpr auto kind = MessageKind::cancel_task;
  Address<CoreWorker> owner;
  std::uint32_t task = 0;
  bool force = false;
  bool recursive = true;
};

// From an actor's worker, which does not have the call (yet, or any more): ask again.
struct CancelTaskReply {
  static constexpr auto kind = MessageKind::cancel_task_reply;
  std::uint32_t task = 0;
  bool recursive = true;
};

// The owner asks again, when a while has passed.
struct CancelAgain {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t task = 0;
  bool recursive = true;
};
// `slot`: which of the worker's executions; `run`: its number, for the slot may serve another one meanwhile.
struct RunTask {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
};
struct SendReply {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
};
struct ExecutionStarted {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
};
struct DeviceFilled {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
};
struct DeviceEmptied {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
  Time since;  // when the copy began
};
struct DeviceDone {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
};
struct ExecutionEnded {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
};
struct WorkerStarted {
  static constexpr auto kind = MessageKind::none;
};
struct WorkerExited {
  static constexpr auto kind = MessageKind::none;
  bool lingers = true;  // its process takes its time to end
};

// At a raylet: the agent of its node is done with an environment, or has given up.
struct EnvironmentSetUp {
  static constexpr auto kind = MessageKind::none;
  EnvironmentId environment;
};
// The executor ends, whatever it does.
struct ForceExit {
  static constexpr auto kind = MessageKind::none;
};
// A body that waits looks whether it was interrupted.
struct CheckSignals {
  static constexpr auto kind = MessageKind::none;
  std::uint64_t wait = 0;
};

// An item of a streaming generator, from the executor to the owner.
struct GeneratorItem {
  Payload value;
  std::string message;  // of an error
  ErrorType error = ErrorType::none;
  Duration path;
  NodeId node = no_node;  // whose store has it; none: it comes with this
  std::uint32_t index = 0;
  std::int32_t attempt = 0;
  std::uint32_t context = 0;  // the executor's, they come back with the answer
  std::uint32_t run = 0;
};
struct ReportGeneratorItem {
  static constexpr auto kind = MessageKind::report_generator_item;
  using Sender = CoreWorker;
  Address<CoreWorker> executor;
  std::uint32_t task = 0;  // in the owner's table
  std::unique_ptr<GeneratorItem> item;
};
// The consumer is near enough for another item.
struct GeneratorItemReply {
  static constexpr auto kind = MessageKind::generator_item_reply;
  static constexpr std::int64_t all = -1;
  std::uint32_t context = 0;
  std::uint32_t run = 0;
  std::int64_t consumed = 0;  // so far; all: nobody consumes, go on
};

// To the raylet of the owner's node: all that the owner has queued. A report replaces the one before.
struct ReportWorkerBacklog {
  static constexpr auto kind = MessageKind::report_worker_backlog;
  ProcessId worker;
  std::shared_ptr<const WorkerBacklogs> backlogs;
};

}  // namespace raysim
