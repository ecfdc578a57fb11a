// Ray's errors as a program sees them.
//
// Models: the exceptions that ray.get raises for a failed task, by Ray's names. Leaves out: stack traces.
// Mirrors src/ray/protobuf/common.proto (ErrorType) and python/ray/exceptions.py.
// Invariants: `none` means no error; a RayError is never made of `none`.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace raysim {

enum class ErrorType : std::uint8_t {
  none,
  worker_crashed,
  task_error,
  task_unschedulable,
  get_timeout,
  task_cancelled,
  runtime_env_setup,
  placement_group_removed,
  local_raylet_died,
  owner_died,
  actor_died,
  actor_unavailable,
  actor_unschedulable,
  pending_calls_limit,
  object_lost,
  object_fetch_timed_out,
  out_of_disk,
  out_of_memory,
  value_error,  // Python's: an argument that cannot be
  system_error,
  keyboard_interrupt,  // in a body whose task was cancelled
  end_of_stream,       // where a generator has no item
  plain                // Python's Exception
};

constexpr std::string_view name_of(ErrorType type) {
  switch (type) {
    case ErrorType::none: return "ok";
    case ErrorType::worker_crashed: return "WorkerCrashedError";
    case ErrorType::task_error: return "RayTaskError";
    case ErrorType::task_unschedulable: return "TaskUnschedulableError";
    case ErrorType::get_timeout: return "GetTimeoutError";
    case ErrorType::task_cancelled: return "TaskCancelledError";
    case ErrorType::runtime_env_setup: return "RuntimeEnvSetupError";
    case ErrorType::placement_group_removed: return "TaskPlacementGroupRemoved";
    case ErrorType::local_raylet_died: return "LocalRayletDiedError";
    case ErrorType::owner_died: return "OwnerDiedError";
    case ErrorType::actor_died: return "ActorDiedError";
    case ErrorType::actor_unavailable: return "ActorUnavailableError";
    case ErrorType::actor_unschedulable: return "ActorUnschedulableError";
    case ErrorType::pending_calls_limit: return "PendingCallsLimitExceeded";
    case ErrorType::object_lost: return "ObjectLostError";
    case ErrorType::object_fetch_timed_out: return "ObjectFetchTimedOutError";
    case ErrorType::out_of_disk: return "OutOfDiskError";
    case ErrorType::out_of_memory: return "OutOfMemoryError";
    case ErrorType::value_error: return "ValueError";
    case ErrorType::system_error: return "RaySystemError";
    case ErrorType::keyboard_interrupt: return "KeyboardInterrupt";
    case ErrorType::end_of_stream: return "ObjectRefStreamEndOfStreamError";
    case ErrorType::plain: return "Exception";
  }
  return "?";
}

class RayError : public std::runtime_error {
 public:
  RayError(ErrorType type, const std::string& message) : std::runtime_error(message), type_(type) {}
  [[nodiscard]] ErrorType type() const { return type_; }

 private:
  ErrorType type_;
};

}  // namespace raysim
