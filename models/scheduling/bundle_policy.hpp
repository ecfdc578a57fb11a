// Where the bundles of a placement group should go.
//
// Models: the four strategies, and groups whose bundles must share a domain (nodes with the same value of a label); one plan over
// the GCS's view. Leaves out: when plans are made and how they are carried out (models/gcs/).
// Mirrors src/ray/raylet/scheduling/policy/{bundle_scheduling_policy,topology_bundle_scheduling_policy,scorer}.cc (2.60).
// Invariants: the view is not changed; a plan places all bundles or none, each where room, totals and labels allow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/labels.hpp"
#include "models/scheduling/policy.hpp"

namespace raysim {

enum class PlacementStrategy : std::uint8_t { pack, spread, strict_pack, strict_spread };
// Ray's names, in the order of the enumeration.
std::span<const std::string_view> placement_strategy_names();

// What is reserved together on one node.
struct Bundle {
  ResourceSet resources;
  LabelSelector selector;
};

struct BundleRequest {
  PlacementStrategy strategy = PlacementStrategy::pack;
  std::vector<const Bundle*> bundles;  // at least one
  NodeId soft_target = no_node;        // strict_pack: here if it has room
  std::vector<NodeId> occupied;        // strict_spread: nodes that hold a bundle of the group already
  std::string domain_label;            // not empty: all in nodes with the same value of this label
  std::optional<std::string> domain;   // the value, where it is given
};

struct BundlePlan {
  // failed: not now; infeasible: not with these nodes.
  enum class Status : std::uint8_t { success, failed, infeasible };
  Status status = Status::failed;
  std::vector<NodeId> nodes;  // of each bundle of the request; empty without success
  std::string domain;         // the value of the label, where a label was asked for
};

// `view` by NodeId; `order` lists the nodes to choose from: of equals the first is taken.
BundlePlan plan_bundles(const BundleRequest& request, std::span<const NodeView> view, std::span<const NodeId> order);

}  // namespace raysim
