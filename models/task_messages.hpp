// What owners and executors say about a task beyond its push and its reply.
//
// Models: cancellation, one struct an RPC, and what a process tells itself about it. Leaves out: as models/messages.hpp.
// Mirrors src/ray/protobuf/core_worker.proto (2.60).
// Invariants: as models/messages.hpp.
#pragma once

#include "models/messages.hpp"

namespace raysim {

// The user cancels the task that makes an object; from the caller's thread to its own io loop, or to the owner.
struct RequestOwnerToCancelTask {
  static constexpr auto kind = MessageKind::request_owner_to_cancel;
  ObjectRef object;
  bool force = false;
  bool recursive = true;  // with what the task has submitted
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
// The executor ends, whatever it does.
struct ForceExit {
  static constexpr auto kind = MessageKind::none;
};
// A body that waits looks whether it was interrupted.
struct CheckSignals {
  static constexpr auto kind = MessageKind::none;
  std::uint64_t wait = 0;
};

}  // namespace raysim
