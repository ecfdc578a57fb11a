// Which policy decides about a lease, and what becomes of its word.
//
// Models: the dispatch from a strategy to a policy; the decision about a lease with the short cut for the local node, label
// selectors in order, and the choice of where to wait. Leaves out: when decisions are made, and what follows from them.
// Mirrors cluster_resource_scheduler.cc and policy/{composite,affinity_with_bundle}_scheduling_policy.cc (2.60).
// Invariants: a decision depends on the view, the lease, the policies' own state and the given stream, on nothing else.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "models/scheduling/policy.hpp"
#include "models/scheduling/strategy.hpp"

namespace raysim {

// Where the bundles of a placement group are.
struct GroupLocations {
  std::vector<NodeId> bundles;  // by index; no_node: not placed
  ResourceId gpu_wildcard;      // GPU_group_<id>
};
using BundleLocations = std::map<PlacementGroupId, GroupLocations>;

// What a decision needs to know of a lease. Pointers must not be null.
struct LeaseDemand {
  const ResourceSet* placement = nullptr;
  std::string_view function;  // name of the remote function
  int priority = 0;
  std::span<const LeaseArgument> arguments{};
  const SchedulingStrategy* strategy = nullptr;
  const LabelSelector* selector = nullptr;
  std::span<const LabelSelector> fallbacks;
  bool creates_actor = false;
  bool keeps_resources = false;  // an actor that holds resources while it lives
};

struct LeaseDecision {
  NodeId node = no_node;  // no_node: nowhere at present
  bool infeasible = false;
};

class LeaseDecider {
 public:
  enum class Role : std::uint8_t { raylet, gcs };
  // `standard` serves whoever asks for no strategy of its own.
  LeaseDecider(const PolicySettings& settings, std::unique_ptr<NodePolicy> standard, Role role);

  // For a GCS: where bundles are; must outlive the decider.
  void set_bundles(const BundleLocations* bundles) { bundles_ = bundles; }

  // One decision with one selector: the policy of the lease's strategy. `request` brings the selector, the preferred node, and
  // whether the local one is to be avoided.
  NodeChoice choose(const ClusterView& view, const LeaseDemand& lease, NodeRequest request, RandomStream& random);

  // The decision about a lease. `preferred` = the local node: stay where there is room here, else wait here if it can ever run
  // here.
  LeaseDecision decide(const ClusterView& view, const LeaseDemand& lease, NodeId preferred, bool exclude_local,
                       bool needs_object_store, RandomStream& random);

 private:
  [[nodiscard]] NodeChoice choose_by_bundle(const ClusterView& view, const NodeRequest& request,
                                            const SchedulingStrategy& strategy) const;

  PolicySettings settings_;
  Role role_;
  const BundleLocations* bundles_ = nullptr;
  std::unique_ptr<NodePolicy> standard_;
  std::unique_ptr<NodePolicy> spread_;
  std::unique_ptr<NodePolicy> random_;
  std::unique_ptr<NodePolicy> affinity_;
  std::unique_ptr<NodePolicy> labels_;
};

// Who prefers the local node and has room there with its first selector stays, whatever a policy would say.
[[nodiscard]] bool stays_here(const NodeView& local, const LeaseDemand& lease);

}  // namespace raysim
