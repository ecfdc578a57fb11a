#include "models/gcs/placement_group_manager.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

namespace {
using State = PlacementGroup::State;
constexpr Time before_all_others{};  // rank 0: due before any group that is queued at a time
}  // namespace

bool PlacementGroupManager::create(PlacementGroupId id, std::shared_ptr<const PlacementGroupSpec> spec,
                                   ProcessId creator, const std::string& name_space) {
  if (registered_.contains(id)) return true;
  if (!spec->name.empty() && find(spec->name, name_space)) return false;
  auto group = std::make_unique<PlacementGroup>(id, std::move(spec));
  port_.state_changed(*group);
  registered_[id] = {std::move(group), creator, name_space};
  add_pending(id, port_.now(), settings_.retry_min);
  schedule_pending();
  return true;
}

const PlacementGroup* PlacementGroupManager::find(PlacementGroupId id) const {
  const auto it = registered_.find(id);
  return it != registered_.end() ? it->second.group.get() : nullptr;
}

const PlacementGroup* PlacementGroupManager::find(std::string_view name, std::string_view name_space) const {
  for (const auto& [id, registered] : registered_)
    if (registered.group->spec->name == name && registered.name_space == name_space) return registered.group.get();
  return nullptr;
}

void PlacementGroupManager::add_pending(PlacementGroupId id, Time due, Duration next_delay) {
  pending_.insert({due, {id, next_delay}});
}

void PlacementGroupManager::schedule_pending() {
  if (busy_ || pending_.empty() || pending_.begin()->first > port_.now()) return;
  const Pending next = pending_.begin()->second;
  pending_.erase(pending_.begin());
  PlacementGroup& group = *registered_.at(next.group).group;
  ++group.attempts;
  ++attempts_;
  busy_ = true;
  scheduler_.schedule(
      group, [this, delay = next.next_delay](PlacementGroup& tried, Outcome outcome) { ended(tried, outcome, delay); });
}

void PlacementGroupManager::ended(PlacementGroup& group, Outcome outcome, Duration delay) {
  busy_ = false;
  port_.post_schedule_pending(outcome);
  if (group.state == State::removed) {
    removed_.reset();  // it was kept for the attempt only
    return;
  }
  if (outcome == Outcome::success) return created(group);
  if (outcome == Outcome::infeasible) {
    infeasible_.push_back(group.id);
  } else if (group.state == State::rescheduling) {
    port_.state_changed(group);
    add_pending(group.id, before_all_others, settings_.retry_min);
  } else {
    const auto longer = Duration::seconds(delay.in_seconds() * settings_.retry_multiplier);
    add_pending(group.id, port_.now() + delay, std::min(longer, settings_.retry_max));
  }
}

void PlacementGroupManager::created(PlacementGroup& group) {
  set_state(group, State::created);
  if (!group.unplaced().empty()) {  // a node died meanwhile
    set_state(group, State::rescheduling);
    add_pending(group.id, before_all_others, settings_.retry_min);
    return;
  }
  answer_waits(group.id, true);
}

void PlacementGroupManager::set_state(PlacementGroup& group, State state) {
  group.state = state;
  port_.state_changed(group);
}

void PlacementGroupManager::remove(PlacementGroupId id) {
  const auto it = registered_.find(id);
  if (it == registered_.end()) return;
  std::unique_ptr<PlacementGroup> group = std::move(it->second.group);
  registered_.erase(it);
  scheduler_.destroy(id);
  scheduler_.cancel(id);
  std::erase_if(pending_, [&](const auto& entry) { return entry.second.group == id; });
  std::erase(infeasible_, id);
  group->nodes.assign(group->nodes.size(), no_node);
  set_state(*group, State::removed);
  answer_waits(id, false);
  if (scheduler_.scheduling(id)) removed_ = std::move(group);
}

void PlacementGroupManager::wait(PlacementGroupId id, std::uint64_t waiter) {
  const PlacementGroup* group = find(id);
  if (!group || group->state == State::created) return port_.answer_wait(waiter, group != nullptr);
  waits_.emplace_back(id, waiter);
}

void PlacementGroupManager::answer_waits(PlacementGroupId id, bool created) {
  std::vector<std::uint64_t> over;
  std::erase_if(waits_, [&](const auto& wait) {
    if (wait.first == id) over.push_back(wait.second);
    return wait.first == id;
  });
  for (const std::uint64_t waiter : over) port_.answer_wait(waiter, created);
}

void PlacementGroupManager::creator_died(ProcessId creator) {
  std::vector<PlacementGroupId> orphans;
  for (const auto& [id, registered] : registered_)
    if (registered.creator == creator && !registered.group->spec->detached) orphans.push_back(id);
  for (const PlacementGroupId id : orphans) remove(id);
}

void PlacementGroupManager::node_added() {
  for (const PlacementGroupId id : std::exchange(infeasible_, {})) add_pending(id, port_.now(), settings_.retry_min);
  schedule_pending();
}

void PlacementGroupManager::node_died(NodeId node) {
  for (const auto& [id, bundles] : scheduler_.take_bundles_on(node)) {
    const auto it = registered_.find(id);
    if (it == registered_.end()) continue;
    PlacementGroup& group = *it->second.group;
    for (const std::uint32_t bundle : bundles) group.nodes[bundle] = no_node;
    if (group.state != State::created) continue;  // the attempt under way finds them at its end
    set_state(group, State::rescheduling);
    add_pending(id, before_all_others, settings_.retry_min);
  }
  scheduler_.node_died(node);
  schedule_pending();
}

}  // namespace raysim
