#include "models/raylet/cluster_resource_scheduler.hpp"

#include <algorithm>

namespace raysim {

ClusterResourceScheduler::ClusterResourceScheduler(Runtime& runtime, NodeId local)
    : runtime_(runtime), random_(runtime.engine.stream("ties/" + runtime.cluster.nodes[local.index].name)) {
  const SystemConfig& config = runtime.profile.system;
  const PolicySettings settings{config.scheduler_spread_threshold, config.scheduler_top_k_fraction,
                                config.scheduler_top_k_absolute, config.scheduler_avoid_gpu_nodes};
  standard_ = make_policy(runtime.policy, settings);
  spread_ = make_spread_policy();
  affinity_ = make_node_affinity_policy(settings);
  view_.local = local;
  local_.total = runtime.cluster.nodes[local.index].total;
  local_.set_available(local_.total);
}

void ClusterResourceScheduler::build_view() {
  view_.order = runtime_.node_order;
  view_.nodes.resize(runtime_.cluster.nodes.size());
  remotes_.resize(view_.nodes.size());
  for (std::size_t i = 0; i < view_.nodes.size(); ++i) {
    view_.nodes[i].total = runtime_.cluster.nodes[i].total;
    view_.nodes[i].set_available(view_.nodes[i].total);
    remotes_[i].reported = view_.nodes[i].total;
  }
  view_.nodes[view_.local.index] = local_;
  view_.build_short_list();
}

void ClusterResourceScheduler::catch_up(Time now) {
  if (view_.nodes.empty()) build_view();
  const MachineId gcs = runtime_.engine.place_of(runtime_.gcs.station);
  const MachineId here = runtime_.cluster.nodes[view_.local.index].machine;
  const Duration way = runtime_.engine.delay(gcs, here, {});
  runtime_.streams.catch_up(view_.local, now, way, [this](const ResourceSnapshot& snapshot) { report(snapshot); });
}

NodePolicy& ClusterResourceScheduler::policy_for(const SchedulingStrategy& strategy) {
  switch (strategy.kind) {
    case SchedulingStrategy::Kind::spread: return *spread_;
    case SchedulingStrategy::Kind::node_affinity: return *affinity_;
    case SchedulingStrategy::Kind::standard: break;
  }
  return *standard_;
}

ClusterResourceScheduler::Decision ClusterResourceScheduler::decide(SchedulingClassId id, NodeId preferred,
                                                                    bool exclude_local, Time now) {
  const SchedulingClass& wanted = runtime_.classes[id];
  const bool here = preferred == view_.local;
  if (here && !exclude_local && is_available(local(), wanted.resources)) return {view_.local, false};

  if (!runtime_.contended || view_.nodes.empty()) catch_up(now);
  NodeRequest request;
  request.demand = &wanted.resources;
  request.preferred = preferred;
  request.avoid_local = request.require_available = exclude_local;
  if (wanted.strategy.kind == SchedulingStrategy::Kind::node_affinity) {
    request.affinity = wanted.strategy.node;
    request.affinity_soft = wanted.strategy.soft;
  }
  const NodeChoice choice = policy_for(wanted.strategy).choose(view_, request, random_);
  if (choice.node == no_node) return {no_node, choice.reason == NodeChoice::Reason::infeasible};
  if (is_available(view(choice.node), wanted.resources)) return {choice.node, false};
  // Nobody has room. Who prefers the local node waits here when it can ever run here.
  if (here && is_feasible(local(), wanted.resources)) return {view_.local, false};
  return {choice.node, false};
}

void ClusterResourceScheduler::changed(const ResourceSet& now_available) {
  local_.set_available(now_available);
  if (!view_.nodes.empty()) view_.set_available(view_.local, now_available);
  ++version_;
}

bool ClusterResourceScheduler::allocate(const ResourceSet& demand) {
  if (!available().covers(demand)) return false;
  ResourceSet left = available();
  for (const auto& [id, amount] : demand.entries()) left.set(id, left.get(id) - amount);
  changed(left);
  return true;
}

void ClusterResourceScheduler::release(const ResourceSet& demand) {
  ResourceSet left = available();
  for (const auto& [id, amount] : demand.entries()) left.set(id, std::min(left.get(id) + amount, total().get(id)));
  changed(left);
}

void ClusterResourceScheduler::release_cpu(ResourceAmount cpu) {
  ResourceSet left = available();
  left.set(cpu_resource, std::min(left.get(cpu_resource) + cpu, total().get(cpu_resource)));
  changed(left);
}

void ClusterResourceScheduler::retake_cpu(ResourceAmount cpu) {
  ResourceSet left = available();
  left.set(cpu_resource, left.get(cpu_resource) - cpu);
  changed(left);
}

void ClusterResourceScheduler::report(const ResourceSnapshot& snapshot) {
  if (view_.nodes.empty()) build_view();
  Remote& remote = remotes_[snapshot.node.index];
  remote.reported = snapshot.available;
  if (remote.deducted_at.ns >= 0) --modified_count_;
  remote.deducted_at = Time{-1};
  view_.set_available(snapshot.node, snapshot.available);
}

void ClusterResourceScheduler::deduct(NodeId node, const ResourceSet& demand, Time now) {
  const NodeView& seen = view_.nodes[node.index];
  if (!is_available(seen, demand)) return;
  ResourceSet left = seen.available;
  for (const auto& [id, amount] : demand.entries()) left.set(id, left.get(id) - amount);
  view_.set_available(node, left);
  if (remotes_[node.index].deducted_at.ns < 0) ++modified_count_;
  remotes_[node.index].deducted_at = now;
}

void ClusterResourceScheduler::reset_stale(Time now) {
  const Duration patience = runtime_.profile.system.syncer_refresh_interval;
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    Remote& remote = remotes_[i];
    if (remote.deducted_at.ns < 0 || now - remote.deducted_at <= patience) continue;
    view_.set_available({static_cast<std::uint32_t>(i)}, remote.reported);
    remote.deducted_at = Time{-1};
    --modified_count_;
  }
}

}  // namespace raysim
