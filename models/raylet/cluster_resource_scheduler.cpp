#include "models/raylet/cluster_resource_scheduler.hpp"

#include <algorithm>

namespace raysim {

namespace {

constexpr std::size_t least_indexed = 64;  // a scan of fewer nodes is as fast

}  // namespace

ClusterResourceScheduler::ClusterResourceScheduler(Runtime& runtime, NodeId local)
    : runtime_(runtime),
      resources_(runtime.cluster.resource_names, runtime.cluster.nodes[local.index].total, runtime.unit_resources),
      random_(runtime.engine.stream("ties/" + runtime.cluster.nodes[local.index].name)) {
  view_.local = local;
  local_.total = total();
  local_.labels = &runtime.cluster.nodes[local.index].labels;
  local_.units = all_units_of(local_.total);
  local_.set_available(available());
}

std::vector<FreeUnits> ClusterResourceScheduler::all_units_of(const ResourceSet& total) const {
  std::vector<FreeUnits> units;
  for (const ResourceId id : runtime_.unit_resources)
    if (const std::int64_t count = total.get(id).ticks / ResourceAmount::unit; count > 0)
      units.push_back({id, std::vector<ResourceAmount>(static_cast<std::size_t>(count), {ResourceAmount::unit})});
  return units;
}

void ClusterResourceScheduler::build_view() {
  const SystemConfig& config = runtime_.profile.system;
  const PolicySettings settings{config.scheduler_spread_threshold, config.scheduler_top_k_fraction,
                                config.scheduler_top_k_absolute, config.scheduler_avoid_gpu_nodes};
  decider_.emplace(settings, runtime_.make_policy(settings), LeaseDecider::Role::raylet);
  view_.spec = &runtime_.cluster;
  view_.order = runtime_.node_order;
  view_.nodes.resize(runtime_.cluster.nodes.size());
  remotes_.resize(view_.nodes.size());
  for (std::size_t i = 0; i < view_.nodes.size(); ++i) {
    view_.nodes[i].total = runtime_.cluster.nodes[i].total;
    view_.nodes[i].labels = &runtime_.cluster.nodes[i].labels;
    view_.nodes[i].units = all_units_of(view_.nodes[i].total);
    view_.nodes[i].set_available(view_.nodes[i].total);
    remotes_[i].reported = view_.nodes[i].total;
    remotes_[i].reported_units = view_.nodes[i].units;
  }
  view_.nodes[view_.local.index] = local_;
  if (view_.nodes.size() >= least_indexed) view_.build_index();
}

void ClusterResourceScheduler::catch_up(Time now) {
  if (view_.nodes.empty()) build_view();
  const MachineId gcs = runtime_.engine.place_of(runtime_.gcs.station);
  const MachineId here = runtime_.cluster.nodes[view_.local.index].machine;
  const Duration way = runtime_.engine.delay(gcs, here, {});
  runtime_.streams.catch_up(view_.local, now, way, [this](const ResourceSnapshot& snapshot) { report(snapshot); });
}

LeaseDecision ClusterResourceScheduler::decide(SchedulingClassId id, NodeId preferred, bool exclude_local, Time now,
                                               bool needs_object_store) {
  const SchedulingClass& wanted = runtime_.classes[id];
  LeaseDemand lease;
  lease.function = runtime_.functions[wanted.function.index].name;
  lease.placement = &wanted.placement_resources();
  lease.strategy = &wanted.strategy;
  lease.selector = &wanted.label_selector;
  lease.fallbacks = wanted.fallback_selectors;
  lease.creates_actor = wanted.creates_actor;
  lease.keeps_resources = wanted.creates_actor && !wanted.resources.empty();
  // The decider would say so as well; most raylets of a large cluster never need to know about the others.
  if (preferred == view_.local && !exclude_local && stays_here(local(), lease)) return {view_.local, false};
  if (!runtime_.contended || view_.nodes.empty()) catch_up(now);
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

void ClusterResourceScheduler::drain() {
  local_.usable = false;
  if (!view_.nodes.empty()) view_.nodes[view_.local.index].usable = false;
  resources_.drain();
  changed();
}

void ClusterResourceScheduler::report(const ResourceSnapshot& snapshot) {
  if (view_.nodes.empty()) build_view();
  Remote& remote = remotes_[snapshot.node.index];
  remote.reported = snapshot.available;
  remote.reported_units = snapshot.units;
  if (remote.deducted_at.ns >= 0) --modified_count_;
  remote.deducted_at = Time{-1};
  view_.set_available(snapshot.node, snapshot.available, snapshot.units);
}

void ClusterResourceScheduler::deduct(NodeId node, const ResourceSet& demand, Time now) {
  if (!is_available(view_.nodes[node.index], demand)) return;
  view_.deduct(node, demand);
  if (remotes_[node.index].deducted_at.ns < 0) ++modified_count_;
  remotes_[node.index].deducted_at = now;
}

void ClusterResourceScheduler::reset_stale(Time now) {
  const Duration patience = runtime_.profile.system.syncer_refresh_interval;
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    Remote& remote = remotes_[i];
    if (remote.deducted_at.ns < 0 || now - remote.deducted_at <= patience) continue;
    view_.set_available({static_cast<std::uint32_t>(i)}, remote.reported, remote.reported_units);
    remote.deducted_at = Time{-1};
    --modified_count_;
  }
}

}  // namespace raysim
