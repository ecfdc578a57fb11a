// What a program's verbs throw: Ray's exceptions by Ray's names.
//
// Models: the exceptions that ray.get and the other verbs raise; a subclass where Ray has one. Leaves out: stack traces.
// Mirrors python/ray/exceptions.py (2.60).
// Invariants: an error that this header has no class for comes as RayError with its name.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ray {

class RayError : public std::runtime_error {
 public:
  RayError(std::string_view name, const std::string& message) : std::runtime_error(message), name_(name) {}
  // As in Ray: "RayTaskError".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

namespace host {

template <std::size_t size>
struct ErrorName {
  char text[size];
  constexpr ErrorName(const char (&name)[size]) { std::copy_n(name, size, text); }
};

}  // namespace host

// An exception with a name of its own.
template <host::ErrorName ray_name, class Base = RayError>
class Error : public Base {
 public:
  static constexpr std::string_view class_name = ray_name.text;
  explicit Error(const std::string& message) : Base(class_name, message) {}

 protected:
  using Base::Base;
};

// A task or method ended with an exception of its own; what() is that one's text.
using RayTaskError = Error<"RayTaskError">;
using GetTimeoutError = Error<"GetTimeoutError">;
using WorkerCrashedError = Error<"WorkerCrashedError">;
using TaskCancelledError = Error<"TaskCancelledError">;
using TaskUnschedulableError = Error<"TaskUnschedulableError">;
using TaskPlacementGroupRemoved = Error<"TaskPlacementGroupRemoved">;
using RuntimeEnvSetupError = Error<"RuntimeEnvSetupError">;
using LocalRayletDiedError = Error<"LocalRayletDiedError">;
using PendingCallsLimitExceeded = Error<"PendingCallsLimitExceeded">;
using RaySystemError = Error<"RaySystemError">;
// An actor cannot be called any more, or not now.
using RayActorError = Error<"RayActorError">;
using ActorDiedError = Error<"ActorDiedError", RayActorError>;
using ActorUnavailableError = Error<"ActorUnavailableError", RayActorError>;
using ActorUnschedulableError = Error<"ActorUnschedulableError">;
// An object is gone for good.
using ObjectLostError = Error<"ObjectLostError">;
using OwnerDiedError = Error<"OwnerDiedError", ObjectLostError>;
using ObjectFetchTimedOutError = Error<"ObjectFetchTimedOutError", ObjectLostError>;
// The object store and the disk behind it are full.
using OutOfDiskError = Error<"OutOfDiskError">;
// Python's: an argument that cannot be.
using ValueError = Error<"ValueError">;
// Python's, in a body whose task was cancelled, from the verb that it is in or comes to next. As in Python, it is none of those that a
// body catches by the way: no std::exception. Let it pass.
struct KeyboardInterrupt {};

namespace host {

template <class... Errors>
[[noreturn]] void throw_one_of(std::string_view name, const std::string& message) {
  const auto throw_if_named = [&]<class E>(const E*) {
    if (name == E::class_name) throw E(message);
  };
  (throw_if_named(static_cast<const Errors*>(nullptr)), ...);
  throw RayError(name, message);
}

// The exception of this name; without one, a mistake of the program.
[[noreturn]] inline void throw_named(std::string_view name, const std::string& message) {
  if (name.empty()) throw std::logic_error(message);
  if (name == "KeyboardInterrupt") throw KeyboardInterrupt();
  throw_one_of<RayTaskError, GetTimeoutError, WorkerCrashedError, TaskCancelledError, TaskUnschedulableError,
               TaskPlacementGroupRemoved, RuntimeEnvSetupError, LocalRayletDiedError, PendingCallsLimitExceeded,
               RaySystemError, RayActorError, ActorDiedError, ActorUnavailableError, ActorUnschedulableError,
               ObjectLostError, OwnerDiedError, ObjectFetchTimedOutError, OutOfDiskError, ValueError>(name, message);
}

}  // namespace host

}  // namespace ray
