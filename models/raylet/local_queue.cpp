// When here? Mirrors local_lease_manager.cc (2.60).
#include <algorithm>
#include <cmath>

#include "models/raylet/lease_manager.hpp"

namespace raysim {

void LeaseManager::queue_here(Lease&& lease) {
  if (class_states_.size() < classes_.size()) class_states_.resize(classes_.size());
  handed_over_ = true;
  if (lease.arguments && !port_.pull_arguments(lease)) {
    waiting_.push_back(std::move(lease));
    return;
  }
  grant_queue_.add(std::move(lease));
}

void LeaseManager::grant() {
  handed_over_ = false;
  if (settings_.traits.ranked) {
    grant_by_rank();
    if (settings_.traits.preempts) preempt();
  } else {
    for (std::size_t i = 0; i < grant_queue_.classes().size(); ++i) {
      const SchedulingClassId id = grant_queue_.classes()[i];
      if (grant_queue_.has(id) && !skipped_for_fairness(id)) grant_class(id, ~std::size_t{0});
    }
  }
  grant_queue_.tidy();
  if (!waiting_.empty()) spill_waiting();
}

// When the queued leases ask for more CPU than the node has, no class may run more than its share.
bool LeaseManager::skipped_for_fairness(SchedulingClassId id) const {
  if (grant_queue_.classes().size() == 1) return false;  // the share of all who ask is its own
  if (classes_[id].resources.get(cpu_resource).ticks == 0) return false;
  std::int64_t asked = 0;
  std::int64_t running = 0;
  std::int64_t classes = 0;
  for (const SchedulingClassId other : grant_queue_.classes()) {
    const std::int64_t cpu = classes_[other].resources.get(cpu_resource).ticks;
    if (cpu == 0 || !grant_queue_.has(other)) continue;
    asked += cpu * static_cast<std::int64_t>(grant_queue_.size(other));
    ++classes;
  }
  if (asked <= scheduler_.total().get(cpu_resource).ticks || classes == 0) return false;
  for (std::uint32_t i = 0; i < class_states_.size(); ++i)
    if (classes_[{i}].resources.get(cpu_resource).ticks > 0) running += class_states_[i].running;
  return class_states_[id.index].running > running / classes;
}

// More of a class than the node has CPUs for: only blocked workers make that possible; then new ones come with a back-off.
bool LeaseManager::capped(SchedulingClassId id) {
  const std::int64_t cpu = classes_[id].resources.get(cpu_resource).ticks;
  const std::int64_t node_cpus = scheduler_.total().get(cpu_resource).ticks / ResourceAmount::unit;
  if (!settings_.worker_cap_enabled || cpu == 0 || node_cpus == 0) return false;
  const auto capacity = std::llround(static_cast<double>(node_cpus * ResourceAmount::unit) / static_cast<double>(cpu));
  ClassState& state = class_states_[id.index];
  const Time now = port_.now();
  if (state.running < capacity || now >= state.next_grant) return false;
  const auto doublings = std::min<std::int64_t>(state.running - capacity, 20);
  const Duration wait =
      std::min(settings_.worker_cap_initial_backoff * (std::int64_t{1} << doublings), settings_.worker_cap_max_backoff);
  state.next_grant = std::min(state.next_grant, now + wait);
  port_.schedule_again_at(state.next_grant);
  return true;
}

void LeaseManager::grant_class(SchedulingClassId id, std::size_t most) {
  auto& queue = grant_queue_.of(id);
  ClassState& state = class_states_[id.index];
  for (std::size_t i = 0; i < queue.size() && most > 0;) {
    if (queue[i].state == Lease::State::waits_for_worker) {
      ++i;
      continue;
    }
    bool room = !capped(id);
    if (room && queue[i].arguments) {
      const Pin pin = pin_arguments(queue[i]);
      if (pin == Pin::missing) {
        waiting_.push_front(take(queue, i));
        continue;
      }
      if (pin == Pin::no_memory) {
        queue[i++].cause = Lease::Cause::memory;
        continue;
      }
      room = take_resources(queue[i]);
      if (!room) unpin_arguments(queue[i]);
    } else if (room) {
      room = take_resources(queue[i]);
    }
    if (!room) {
      const Spill spilled = spill(queue, i);
      if (spilled == Spill::done) continue;
      if (spilled == Spill::infeasible) fail_class(id);
      return;
    }
    port_.resources_changed();
    ++state.running;
    --most;
    queue[i].state = Lease::State::waits_for_worker;
    if (const auto worker = port_.request_worker(queue[i]))
      give(take(queue, i), *worker);
    else
      ++i;
  }
}

bool LeaseManager::take_resources(Lease& lease) {
  auto held = draining_ ? std::nullopt : scheduler_.allocate(demand_of(lease));
  if (held) lease.held = std::move(*held);
  return held.has_value();
}

// A lease that finds no room here goes where there is some.
LeaseManager::Spill LeaseManager::spill(std::deque<Lease>& queue, std::size_t i) {
  const auto decision = decide(queue[i], node_);
  if (decision.infeasible) return Spill::infeasible;
  if (must_stay(queue[i])) return Spill::stays;
  if (decision.node == no_node || decision.node == node_) return Spill::stays;
  Lease lease = take(queue, i);
  if (lease.arguments) port_.stop_pull(lease);
  hand_over(std::move(lease), decision.node);
  return Spill::done;
}

// The last that came leave first. One whose pull has no room in the store leaves even when there are resources here.
void LeaseManager::spill_waiting() {
  while (!waiting_.empty()) {
    const Lease& last = waiting_.back();
    if (classes_[last.scheduling_class].strategy.kind == SchedulingStrategy::Kind::spread) return;
    const auto decision = decide(last, node_, port_.pull_blocked(last), true);
    if (decision.node == no_node || decision.node == node_) return;
    Lease lease = take(waiting_, waiting_.size() - 1);
    port_.stop_pull(lease);
    hand_over(std::move(lease), decision.node);
  }
}

void LeaseManager::give(Lease&& lease, ProcessId worker) {
  state_of(lease).next_grant = Time::max();
  lease.state = Lease::State::granted;
  ++granted_;
  if (lease.arguments) port_.stop_pull(lease);  // they are pinned
  port_.granted(std::move(lease), worker);
}

// No node can run what waits here: the node has lost resources, or drains and was the only one.
void LeaseManager::fail_class(SchedulingClassId id) {
  auto& queue = grant_queue_.of(id);
  while (!queue.empty()) {
    Lease lease = take(queue, 0);
    drop(lease);
    port_.answer(lease, LeaseReply::Status::unschedulable, no_node);
  }
}

bool LeaseManager::worker_arrived(LeaseId id, ProcessId worker) {
  const auto [queue, i] = grant_queue_.find(id);
  if (queue == nullptr || (*queue)[i].state != Lease::State::waits_for_worker) return false;
  give(take(*queue, i), worker);
  return true;
}

void LeaseManager::worker_failed(LeaseId id, WorkerFailure why) {
  const auto [queue, i] = grant_queue_.find(id);
  if (queue == nullptr || (*queue)[i].state != Lease::State::waits_for_worker) return;
  Lease& lease = (*queue)[i];
  lease.state = Lease::State::queued;
  lease.cause = Lease::Cause::worker;
  release(lease);
  if (why == WorkerFailure::registration_timeout) return;  // its turn comes again
  const Lease gone = take(*queue, i);
  if (gone.arguments) port_.stop_pull(gone);
  if (why == WorkerFailure::runtime_env_failed) port_.answer(gone, LeaseReply::Status::runtime_env_failed, no_node);
}

void LeaseManager::arguments_ready(LeaseId id) {
  const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&](const Lease& l) { return l.id == id; });
  if (it == waiting_.end()) return;
  grant_queue_.add(std::move(*it));
  waiting_.erase(it);
}

}  // namespace raysim
