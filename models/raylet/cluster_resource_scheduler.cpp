#include "models/raylet/cluster_resource_scheduler.hpp"

#include <algorithm>
#include <utility>

#include "models/placement_group_names.hpp"

namespace raysim {

namespace {

constexpr std::size_t least_indexed = 64;  // a scan of fewer nodes is as fast

}  // namespace

ClusterResourceScheduler::ClusterResourceScheduler(Setup setup, RandomStream ties, NodeId local)
    : setup_(std::move(setup)),
      resources_(setup_.resource_names ? *setup_.resource_names : setup_.cluster.resource_names,
                 setup_.cluster.nodes[local.index].total, setup_.unit_resources),
      random_(ties) {
  view_.local = local;
  local_.labels = &setup_.cluster.nodes[local.index].labels;
  local_.total = total();
  local_.units = all_units_of(local_.total);
  local_.set_available(available());
}

std::vector<FreeUnits> ClusterResourceScheduler::all_units_of(const ResourceSet& total) const {
  std::vector<FreeUnits> units;
  for (const ResourceId id : setup_.unit_resources)
    if (const std::int64_t count = total.get(id).ticks / ResourceAmount::unit; count > 0)
      units.push_back({id, std::vector<ResourceAmount>(static_cast<std::size_t>(count), {ResourceAmount::unit})});
  return units;
}

void ClusterResourceScheduler::build_view() {
  decider_.emplace(setup_.settings, setup_.make_policy(setup_.settings), LeaseDecider::Role::raylet);
  view_.spec = &setup_.cluster;
  view_.resource_names = setup_.resource_names != nullptr ? setup_.resource_names : &setup_.cluster.resource_names;
  view_.nodes.reserve(setup_.cluster.nodes.size());
  remotes_.reserve(setup_.cluster.nodes.size());
  for (const NodeSpec& node : setup_.cluster.nodes) {
    NodeView& seen = view_.nodes.emplace_back(view_of(node));
    seen.units = all_units_of(node.total);
    Remote& remote = remotes_.emplace_back();
    remote.reported = seen.total;
    remote.reported_units = seen.units;
  }
  view_.nodes[view_.local.index] = local_;
  for (const NodeId id : setup_.node_order) remotes_[id.index].known = view_.nodes[id.index].usable;
  remotes_[view_.local.index].known = true;
  list_known();
}

LeaseDecision ClusterResourceScheduler::decide(SchedulingClassId id, NodeId preferred, bool exclude_local, Time now,
                                               bool needs_object_store, const LeaseArgumentsRef& arguments) {
  const SchedulingClass& wanted = setup_.classes[id];
  LeaseDemand lease;
  if (setup_.functions != nullptr) lease.function = (*setup_.functions)[wanted.function.index].name;
  lease.priority = wanted.priority;
  if (arguments) lease.arguments = arguments->list;
  lease.placement = &wanted.placement_resources();
  lease.strategy = &wanted.strategy;
  lease.selector = &wanted.label_selector;
  lease.fallbacks = wanted.fallback_selectors;
  lease.creates_actor = wanted.creates_actor;
  lease.keeps_resources = wanted.creates_actor && !wanted.resources.empty();
  // The decider would say so as well; most raylets of a large cluster never need to know about the others.
  if (preferred == view_.local && !exclude_local && stays_here(local(), lease)) return {view_.local, false};
  if (view_.nodes.empty()) build_view();
  if (setup_.read_news) setup_.read_news(now);
  return decider_->decide(view_, lease, preferred, exclude_local, needs_object_store, random_);
}

void ClusterResourceScheduler::changed() {
  for (FreeUnits& units : local_.units) units.free = resources_.instances().available_of(units.resource);
  local_.set_available(available());
  if (!view_.nodes.empty()) view_.set_available(view_.local, available(), local_.units);
}

std::optional<Allocation> ClusterResourceScheduler::allocate(const ResourceSet& demand) {
  auto held = resources_.allocate(demand);
  if (held) changed();
  return held;
}

void ClusterResourceScheduler::release(const Allocation& held) {
  resources_.release(held);
  changed();
}

void ClusterResourceScheduler::lend_cpu(const Allocation& held) {
  resources_.lend_cpu(held);
  changed();
}

void ClusterResourceScheduler::retake_cpu(const Allocation& held) {
  resources_.retake_cpu(held);
  changed();
}

void ClusterResourceScheduler::commit_bundle(const Allocation& held, PlacementGroupId group, std::int32_t bundle) {
  resources_.commit_bundle(held, name_in_resources(group), bundle, *setup_.resource_names);
  changed_totals();
}

void ClusterResourceScheduler::remove_bundle(const Allocation& held, PlacementGroupId group, std::int32_t bundle) {
  resources_.remove_bundle(held, name_in_resources(group), bundle, *setup_.resource_names);
  changed_totals();
}

void ClusterResourceScheduler::drain() {
  local_.usable = false;
  if (!view_.nodes.empty()) view_.nodes[view_.local.index].usable = false;
  resources_.drain();
  changed();
}

void ClusterResourceScheduler::grow(ResourceId id, std::span<const ResourceAmount> amounts) {
  resources_.grow(id, amounts);
  changed_totals();
}

void ClusterResourceScheduler::remove(ResourceId id) {
  resources_.remove(id);
  changed_totals();
}

void ClusterResourceScheduler::changed_totals() {
  local_.total = total();
  local_.units = all_units_of(total());
  if (!view_.nodes.empty()) view_.nodes[view_.local.index].total = total();
  changed();
}

// The view's order: who is known, by Ray's node ids.
void ClusterResourceScheduler::list_known() {
  known_.clear();
  for (const NodeId id : setup_.node_order)
    if (id.index < remotes_.size() && remotes_[id.index].known) known_.push_back(id);
  view_.order = known_;
  view_.index.reset();
  if (known_.size() >= least_indexed) view_.build_index();
}

void ClusterResourceScheduler::set_node(NodeId node, const NodeSpec& spec, const ResourceSet& available, bool usable) {
  if (view_.nodes.empty()) build_view();
  if (node.index >= view_.nodes.size()) {
    view_.nodes.resize(node.index + 1);
    remotes_.resize(node.index + 1);
  }
  NodeView& seen = view_.nodes[node.index];
  seen.total = spec.total;
  seen.labels = &spec.labels;
  report({node, available, all_units_of(available), !usable});
}

void ClusterResourceScheduler::report(const ResourceSnapshot& snapshot) {
  if (view_.nodes.empty()) build_view();
  Remote& remote = remotes_[snapshot.node.index];
  view_.nodes[snapshot.node.index].usable = !snapshot.draining;
  if (!std::exchange(remote.known, true)) list_known();
  remote.reported = snapshot.available;
  remote.reported_units = snapshot.units;
  if (remote.deducted_at.ns >= 0) --modified_count_;
  remote.deducted_at = Time{-1};
  view_.nodes[snapshot.node.index].total =
      snapshot.total ? *snapshot.total : setup_.cluster.nodes[snapshot.node.index].total;
  view_.set_available(snapshot.node, snapshot.available, snapshot.units);
}

void ClusterResourceScheduler::deduct(NodeId node, const ResourceSet& demand, Time now) {
  if (!is_available(view_.nodes[node.index], demand)) return;
  view_.deduct(node, demand);
  if (remotes_[node.index].deducted_at.ns < 0) ++modified_count_;
  remotes_[node.index].deducted_at = now;
}

void ClusterResourceScheduler::reset_stale(Time now, Duration patience) {
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    Remote& remote = remotes_[i];
    if (remote.deducted_at.ns < 0 || now - remote.deducted_at <= patience) continue;
    view_.set_available({static_cast<std::uint32_t>(i)}, remote.reported, remote.reported_units);
    remote.deducted_at = Time{-1};
    --modified_count_;
  }
}

}  // namespace raysim
