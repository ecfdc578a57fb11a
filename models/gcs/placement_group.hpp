// A placement group as the GCS knows it.
//
// Models: what was asked for, where each bundle is, and the state. Leaves out: statistics but the number of attempts.
// Mirrors src/ray/gcs/gcs_placement_group.cc (2.60).
// Invariants: `nodes` has an entry for each bundle; in state `created` none of them is no_node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/scheduling/bundle_policy.hpp"
#include "models/scheduling/strategy.hpp"

namespace raysim {

// What ray.util.placement_group() is given.
struct PlacementGroupSpec {
  std::string name;  // empty: none
  PlacementStrategy strategy = PlacementStrategy::pack;
  std::vector<Bundle> bundles;
  NodeId soft_target = no_node;
  std::string domain_label;  // bundles share the value of this label; empty: they need not
  bool detached = false;     // outlives its creator
};

struct PlacementGroup {
  enum class State : std::uint8_t { pending, prepared, created, removed, rescheduling };

  PlacementGroup(PlacementGroupId group, std::shared_ptr<const PlacementGroupSpec> wanted)
      : id(group), spec(std::move(wanted)), nodes(spec->bundles.size(), no_node) {}

  PlacementGroupId id;
  std::shared_ptr<const PlacementGroupSpec> spec;
  std::vector<NodeId> nodes;  // of each bundle; no_node: not placed
  std::optional<std::string> domain;
  State state = State::pending;
  std::uint64_t attempts = 0;

  [[nodiscard]] std::vector<std::uint32_t> unplaced() const {
    std::vector<std::uint32_t> bundles;
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
      if (nodes[i] == no_node) bundles.push_back(i);
    return bundles;
  }
};

constexpr std::string_view name_of(PlacementGroup::State state) {
  switch (state) {
    case PlacementGroup::State::pending: return "PENDING";
    case PlacementGroup::State::prepared: return "PREPARED";
    case PlacementGroup::State::created: return "CREATED";
    case PlacementGroup::State::removed: return "REMOVED";
    case PlacementGroup::State::rescheduling: return "RESCHEDULING";
  }
  return "?";
}

}  // namespace raysim
