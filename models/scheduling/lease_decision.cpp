#include "models/scheduling/lease_decision.hpp"

#include <utility>

namespace raysim {

using Kind = SchedulingStrategy::Kind;

LeaseDecider::LeaseDecider(const PolicySettings& settings, std::unique_ptr<NodePolicy> standard, Role role)
    : settings_(settings),
      role_(role),
      standard_(std::move(standard)),
      spread_(make_spread_policy()),
      random_(make_random_policy()),
      affinity_(make_node_affinity_policy(settings)),
      labels_(make_node_label_policy()) {}

NodeChoice LeaseDecider::choose(const ClusterView& view, const LeaseDemand& lease, NodeRequest request,
                                RandomStream& random) {
  const SchedulingStrategy& strategy = *lease.strategy;
  request.demand = lease.placement;
  request.function = lease.function;
  request.priority = lease.priority;
  request.arguments = lease.arguments;
  if (lease.creates_actor && lease.placement->empty() && !strategy.hard_affinity()) {
    request.require_available = true;
    request.avoid_local = false;
    return random_->choose(view, request, random);
  }
  switch (strategy.kind) {
    case Kind::node_affinity:
      request.affinity = strategy.node;
      request.affinity_soft = strategy.soft;
      request.spill_on_unavailable = strategy.spill_on_unavailable;
      request.fail_on_unavailable = strategy.fail_on_unavailable;
      return affinity_->choose(view, request, random);
    case Kind::node_labels:
      request.hard_labels = &strategy.hard_labels;
      request.soft_labels = &strategy.soft_labels;
      return labels_->choose(view, request, random);
    case Kind::placement_group:
      if (role_ == Role::gcs && strategy.group != no_placement_group) return choose_by_bundle(view, request, strategy);
      break;
    case Kind::standard:
    case Kind::spread: break;
  }
  // Who will keep its resources does not queue up at a busy node.
  request.require_available = request.require_available || lease.keeps_resources;
  return (strategy.kind == Kind::spread ? spread_ : standard_)->choose(view, request, random);
}

// The recorded node of the bundle; of any bundle of the group, rather one that is no GPU's.
NodeChoice LeaseDecider::choose_by_bundle(const ClusterView& view, const NodeRequest& request,
                                          const SchedulingStrategy& strategy) const {
  NodeChoice choice;  // infeasible, until a node could hold it some day
  if (bundles_ == nullptr || !bundles_->contains(strategy.group)) return choice;
  const GroupLocations& group = bundles_->at(strategy.group);
  for (const bool avoid_gpus : {true, false}) {
    if (avoid_gpus && (!settings_.avoid_gpu_nodes || strategy.bundle >= 0)) continue;
    for (std::size_t i = 0; i < group.bundles.size(); ++i) {
      if (strategy.bundle >= 0 && i != static_cast<std::size_t>(strategy.bundle)) continue;
      const NodeView* node = view.find(group.bundles[i]);
      if (node == nullptr || !is_feasible(*node, request)) continue;
      choice.reason = NodeChoice::Reason::unavailable;
      if (avoid_gpus && node->total.get(group.gpu_wildcard).ticks > 0) continue;
      if (is_available(*node, request)) return {group.bundles[i], NodeChoice::Reason::chosen};
    }
  }
  return choice;
}

namespace {

const LabelSelector* selector_of(const LeaseDemand& lease, std::size_t index) {
  const LabelSelector& selector = index == 0 ? *lease.selector : lease.fallbacks[index - 1];
  return selector.empty() ? nullptr : &selector;
}

// The queue of pulls of the local node never counts: who waits for its arguments here is sent away later.
bool has_room(const ClusterView& view, NodeId node, const NodeRequest& request) {
  return is_available(view.nodes[node.index], request, node == view.local);
}

}  // namespace

bool stays_here(const NodeView& local, const LeaseDemand& lease) {
  NodeRequest request;
  request.demand = lease.placement;
  request.selector = selector_of(lease, 0);
  return is_available(local, request, true);
}

LeaseDecision LeaseDecider::decide(const ClusterView& view, const LeaseDemand& lease, NodeId preferred,
                                   bool exclude_local, bool needs_object_store, RandomStream& random) {
  NodeRequest request;
  request.demand = lease.placement;
  request.preferred = preferred;
  request.needs_object_store = needs_object_store;
  request.avoid_local = request.require_available = exclude_local;
  const bool prefers_local = preferred != no_node && preferred == view.local;
  bool feasible = false;
  NodeId busy = no_node;
  const LabelSelector* busy_selector = nullptr;
  for (std::size_t i = 0; i <= lease.fallbacks.size(); ++i) {
    request.selector = selector_of(lease, i);
    if (prefers_local && !exclude_local && has_room(view, view.local, request)) return {view.local, false};
    const NodeChoice choice = choose(view, lease, request, random);
    feasible = feasible || choice.reason != NodeChoice::Reason::infeasible;
    if (choice.node == no_node) continue;
    if (has_room(view, choice.node, request)) return {choice.node, false};
    if (busy != no_node) continue;
    busy = choice.node;
    busy_selector = request.selector;
  }
  if (!feasible) return {no_node, true};
  request.selector = busy_selector;
  if (busy != no_node && prefers_local && is_feasible(view.nodes[view.local.index], request))
    return {view.local, false};
  return {role_ == Role::gcs ? no_node : busy, false};
}

}  // namespace raysim
