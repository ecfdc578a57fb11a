#include "models/gcs/placement_groups.hpp"

#include <utility>

#include "models/gcs/gcs.hpp"

namespace raysim {

namespace {
PlacementGroupManager::Settings settings_of(const SystemConfig& config) {
  return {config.gcs_create_placement_group_retry_min_interval, config.gcs_create_placement_group_retry_max_interval,
          config.gcs_create_placement_group_retry_multiplier};
}
}  // namespace

PlacementGroups::PlacementGroups(Runtime& runtime, Station& station,
                                 std::span<const std::shared_ptr<const ResourceSnapshot>> latest)
    : runtime_(runtime),
      station_(station),
      view_(runtime.cluster.nodes.size()),
      known_(view_.size()),
      order_(runtime.node_order),
      ties_(runtime.engine.stream("ties of placement groups")),
      scheduler_(view_, *this),
      manager_(scheduler_, *this, settings_of(runtime.profile.system)),
      tick_phase_(phase(runtime.engine, "gcs placement groups", 0, runtime.profile.costs.placement_group_tick)) {
  for (std::size_t i = 0; i < view_.size(); ++i) {
    view_[i] = view_of(runtime.cluster.nodes[i]);
    known_[i] = view_[i].usable;
    if (latest[i]) on(*latest[i]);
  }
}

void PlacementGroups::on(const CreatePlacementGroup& create) {
  news_ = true;
  const Job& job = runtime_.jobs[create.job.index];
  const bool ok = manager_.create(create.group, create.spec, job.driver, job.name_space);
  reply(create.caller, {create.wait, ok, nullptr});
  arm_tick();
}

void PlacementGroups::on(const WaitPlacementGroup& wait) {
  waits_.emplace_back(wait.caller, wait.wait);
  manager_.wait(wait.group, waits_.size() - 1);
}

void PlacementGroups::answer_wait(std::uint64_t waiter, bool created) {
  const auto& [caller, wait] = waits_[waiter];
  reply(caller, {wait, created, nullptr});
}

void PlacementGroups::on(const GetPlacementGroup& get) {
  const PlacementGroup* group = manager_.find(get.group);
  auto nodes = group ? std::make_shared<const std::vector<NodeId>>(group->nodes) : nullptr;
  reply(get.caller, {get.wait, group != nullptr, std::move(nodes)});
}

void PlacementGroups::on(const RemovePlacementGroup& remove) {
  manager_.remove(remove.group);
  news_ = true;  // its reservation in the view is gone
  reply(remove.caller, {remove.wait, true, nullptr});
  arm_tick();
}

void PlacementGroups::creator_died(ProcessId driver) {
  manager_.creator_died(driver);
  news_ = true;
  arm_tick();
}

void PlacementGroups::on(const BundleResourcesReply& answer) {
  if (answer.committed)
    scheduler_.committed(answer.group, answer.node, answer.ok);
  else
    scheduler_.prepared(answer.group, answer.node, answer.ok);
  arm_tick();
}

void PlacementGroups::on_unreachable(NodeId node, PlacementGroupId group, bool committing) {
  on(BundleResourcesReply{group, node, committing, false});
}

void PlacementGroups::on(const ResourceSnapshot& report) {
  NodeView& node = view_[report.node.index];
  node.total = report.total ? *report.total : runtime_.cluster.nodes[report.node.index].total;
  node.set_available(report.available);
  node.usable = !report.draining;
  news_ = true;
  if (!known_[report.node.index]) {
    known_[report.node.index] = true;
    manager_.node_added();
  }
  arm_tick();
}

// Groups that are due are looked after at ticks. A tick is worth waiting for when something has happened since the last attempt;
// the others go on beside whatever else happens.
void PlacementGroups::arm_tick() {
  if (!manager_.has_pending()) return;
  if (tick_armed_ && (tick_keeps_run_ || !news_)) return;
  tick_armed_ = true;
  tick_keeps_run_ |= news_;
  const Duration period = runtime_.profile.costs.placement_group_tick;
  station_.after<Gcs>(until_tick(station_.now(), period, tick_phase_), TimerTick{Tick::placement_groups}, !news_);
}

void PlacementGroups::on_tick() {
  tick_armed_ = tick_keeps_run_ = false;
  schedule_pending();
  arm_tick();
}

void PlacementGroups::schedule_pending() {
  const std::uint64_t before = manager_.attempts();
  manager_.schedule_pending();
  if (manager_.attempts() == before) return;
  news_ = false;
}

// What has failed fails again unless something else happens, so that alone is nothing to wait for.
void PlacementGroups::post_schedule_pending(PlacementGroupManager::Outcome last) {
  station_.after<Gcs>({}, TimerTick{Tick::schedule_placement_groups}, last != PlacementGroupManager::Outcome::success);
}

void PlacementGroups::prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) {
  station_.send(
      runtime_.raylets[node.index],
      PrepareBundleResources{group.id, node, std::make_shared<const std::vector<std::uint32_t>>(bundles), group.spec});
}

void PlacementGroups::commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) {
  station_.send(runtime_.raylets[node.index],
                CommitBundleResources{group.id, node, std::make_shared<const std::vector<std::uint32_t>>(bundles)});
}

void PlacementGroups::cancel(NodeId node, PlacementGroupId group, std::uint32_t bundle) {
  station_.send(runtime_.raylets[node.index], CancelResourceReserve{group, bundle});
}

// Each attempt asks for it once. Ray goes over hash tables whose order differs from one to the next.
std::span<const NodeId> PlacementGroups::tie_order() {
  station_.charge(runtime_.profile.costs.schedule_placement_group);
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[ties_.below(i)]);
  return order_;
}

void PlacementGroups::state_changed(const PlacementGroup& group) {
  GroupRecord record;
  record.group = group.id.index;
  record.name = group.spec->name;
  record.strategy = placement_strategy_names()[static_cast<std::size_t>(group.spec->strategy)];
  record.state = name_of(group.state);
  record.at = station_.now();
  for (const NodeId node : group.nodes) record.nodes.push_back(node == no_node ? GroupRecord::nowhere : node.index);
  runtime_.record.on_group(record);
}

}  // namespace raysim
