// How a task or an actor asks to be placed.
//
// Models: Ray's scheduling strategies with all their flags. Leaves out: what they decide (the policies).
// Mirrors the SchedulingStrategy message of src/ray/protobuf/common.proto and python/ray/util/scheduling_strategies.py.
// Invariants: spill_on_unavailable only with soft, fail_on_unavailable only without.
#pragma once

#include <compare>
#include <cstdint>

#include "models/cluster.hpp"
#include "models/labels.hpp"

namespace raysim {

// Number of a placement group in its run.
struct PlacementGroupId {
  std::uint32_t index = ~std::uint32_t{0};
  constexpr auto operator<=>(const PlacementGroupId&) const = default;
};
inline constexpr PlacementGroupId no_placement_group{};

struct SchedulingStrategy {
  enum class Kind : std::uint8_t { standard, spread, node_affinity, node_labels, placement_group };

  Kind kind = Kind::standard;
  // node_affinity
  bool soft = false;
  bool spill_on_unavailable = false;  // where the target has no room, anywhere that has
  bool fail_on_unavailable = false;
  NodeId node{};
  // node_labels
  LabelSelector hard_labels;
  LabelSelector soft_labels;
  // placement_group
  PlacementGroupId group;
  std::int32_t bundle = -1;  // any of the group's
  bool capture_child_tasks = false;

  // Ends in an error instead of waiting when its target cannot take it.
  [[nodiscard]] bool hard_affinity() const { return kind == Kind::node_affinity && !soft; }
  auto operator<=>(const SchedulingStrategy&) const = default;
};

}  // namespace raysim
