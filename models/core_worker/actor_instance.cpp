#include "models/core_worker/actor_instance.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

ActorInstance::ActorInstance(const PushActorCreation& the_creation, const ActorOptions& options)
    : creation(the_creation), ordered_(!options.out_of_order()) {
  groups_.resize(options.concurrency_groups.size() + (options.tensor_transport ? 2 : 1));
  groups_.front().limit = options.max_concurrency;
  for (std::size_t i = 0; i < options.concurrency_groups.size(); ++i)
    groups_[i + 1].limit = options.concurrency_groups[i].max_concurrency;
}

void ActorInstance::add(PushActorTask call) {
  if (!ordered_) return admit(std::move(call));
  Caller& caller = callers_[call.caller.station.index];
  if (call.sequence != caller.next) {
    caller.early.emplace(call.sequence, std::move(call));
    return;
  }
  admit(std::move(call));
  ++caller.next;
  while (!caller.early.empty() && caller.early.begin()->first == caller.next) {
    admit(std::move(caller.early.begin()->second));
    caller.early.erase(caller.early.begin());
    ++caller.next;
  }
}

std::uint32_t ActorInstance::add_later(PushActorTask call) {
  fetching_.emplace(fetches_, std::move(call));
  return fetches_++;
}

void ActorInstance::fetched(std::uint32_t number) {
  auto call = fetching_.extract(number);
  if (!call.empty()) add(std::move(call.mapped()));
}

void ActorInstance::admit(PushActorTask call) {
  ++waiting_;
  groups_[call.group].waiting.push_back(std::move(call));
}

std::optional<ActorInstance::Start> ActorInstance::next_start() {
  if (waiting_ == 0) return std::nullopt;
  const auto can_start = [](const Group& group) { return !group.waiting.empty() && group.running < group.limit; };
  const auto group = std::find_if(groups_.begin(), groups_.end(), can_start);
  if (group == groups_.end()) return std::nullopt;
  if (free_slots_.empty()) {
    free_slots_.push_back(most_slots_++);
    group_of_slot_.push_back(0);
  }
  Start start{std::move(group->waiting.front()), free_slots_.back(), false};
  start.cancelled = std::erase(cancelled_, std::pair{start.call.caller, start.call.task}) > 0;
  free_slots_.pop_back();
  group->waiting.pop_front();
  ++group->running;
  group_of_slot_[start.slot] = static_cast<std::uint32_t>(group - groups_.begin());
  --waiting_;
  ++running_;
  return start;
}

std::vector<const PushActorTask*> ActorInstance::waiting() const {
  std::vector<const PushActorTask*> calls;
  for (const Group& group : groups_)
    for (const PushActorTask& call : group.waiting) calls.push_back(&call);
  return calls;
}

bool ActorInstance::cancel(Address<CoreWorker> caller, std::uint32_t task) {
  const auto is_it = [&](const PushActorTask& call) { return call.caller == caller && call.task == task; };
  const auto waits_in = [&](const Group& group) {
    return std::any_of(group.waiting.begin(), group.waiting.end(), is_it);
  };
  const auto comes_later = [&](const auto& entry) { return is_it(entry.second); };
  const auto& early = callers_[caller.station.index].early;
  const bool here = std::any_of(groups_.begin(), groups_.end(), waits_in) ||
                    std::any_of(early.begin(), early.end(), comes_later) ||
                    std::any_of(fetching_.begin(), fetching_.end(), comes_later);
  if (here) cancelled_.emplace_back(caller, task);
  return here;
}

void ActorInstance::ended(std::uint32_t slot) {
  --groups_[group_of_slot_[slot]].running;
  --running_;
  free_slots_.push_back(slot);
}

}  // namespace raysim
