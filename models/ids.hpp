// Names of things inside a run, as small numbers.
//
// Models: Ray's ids of leases and objects; an object is named by its owner and a number there, as an ObjectRef carries its
// owner's address. Leaves out: the 28-byte form.
// Invariants: ids are never reused within a run.
#pragma once

#include <compare>
#include <cstdint>

#include "models/cluster.hpp"
#include "sim/station.hpp"

namespace raysim {

// owner's station << 32 | a counter there.
struct LeaseId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const LeaseId&) const = default;
};

struct ObjectRef {
  StationId owner;          // the owner's io loop
  std::uint32_t index = 0;  // in the owner's table of objects
  constexpr auto operator<=>(const ObjectRef&) const = default;
};

// Index in Runtime::classes: what makes two tasks alike to the scheduler.
struct SchedulingClassId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const SchedulingClassId&) const = default;
};

// Index in Runtime::device_lists: indices of a node's GPUs, as CUDA_VISIBLE_DEVICES lists them. 0: none.
struct DeviceListId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const DeviceListId&) const = default;
};

// Number of an actor in its run: index in Runtime::actors.
struct ActorId {
  std::uint32_t index = ~std::uint32_t{0};
  constexpr auto operator<=>(const ActorId&) const = default;
};
inline constexpr ActorId no_actor{};

// Index in Runtime::jobs: a driver and what it starts.
struct JobId {
  std::uint32_t index = ~std::uint32_t{0};
  constexpr auto operator<=>(const JobId&) const = default;
};
inline constexpr JobId no_job{};

// Index in Runtime::environments: a runtime environment. 0: none.
struct EnvironmentId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const EnvironmentId&) const = default;
};

// Index in Runtime::functions: a remote function.
struct FunctionId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const FunctionId&) const = default;
};

}  // namespace raysim
