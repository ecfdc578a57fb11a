// Options of a C++ program as the models take them.
//
// Models: Ray's defaults for what is not given, and its checks. Leaves out: whether any node can take such a task: as in Ray it
// waits for one.
// Mirrors python/ray/_common/ray_option_utils.py and python/ray/actor.py (2.60).
// Invariants: what cannot be is a RayError (ValueError) that names the option.
#pragma once

#include "include/raysim/ray/options.hpp"
#include "models/core_worker/task_context.hpp"

namespace raysim {

// Resources get their ids from the context; `default_retries` is Ray's task_max_retries.
TaskOptions task_options(const ray::TaskOptions& options, TaskContext& context, int default_retries);
ActorOptions actor_options(const ray::ActorOptions& options, TaskContext& context);
TensorTransport transport_of(ray::TensorTransport transport);
// A RayError (ValueError) when no node has that name.
NodeId node_named(std::string_view name, const ClusterSpec& cluster);
// Of a call of an actor that was made with `actor`.
std::uint32_t concurrency_group(std::string_view name, const ActorSpec& actor);
PlacementGroupSpec group_spec(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options,
                              TaskContext& context);

// A span of time that is no less than nothing; `what` names it in the error.
Duration checked_duration(ray::Duration duration, std::string_view what);

}  // namespace raysim
