// What policies may ask of a raylet beyond Ray: an order among leases, preemption, early binding, stealing (plugin::Traits).
#include <algorithm>

#include "models/raylet/lease_manager.hpp"

namespace raysim {

// Early binding: where a lease was sent, there it waits, if it can ever run there.
bool LeaseManager::must_stay(const Lease& lease) const {
  const SchedulingClass& wanted = classes_[lease.scheduling_class];
  return settings_.traits.stays && wanted.strategy.kind == SchedulingStrategy::Kind::standard &&
         is_feasible(scheduler_.view(node_), wanted.resources);
}

// The first of a class that waits for resources; null: none does.
const Lease* LeaseManager::first_waiting(SchedulingClassId id) const {
  if (!grant_queue_.has(id)) return nullptr;
  const auto& queue = grant_queue_.at(id);
  const auto it =
      std::find_if(queue.begin(), queue.end(), [](const Lease& l) { return l.state == Lease::State::queued; });
  return it == queue.end() ? nullptr : &*it;
}

// Lease by lease, always the best rank of all classes. A class whose first one finds no room does not hold up the others: they
// may ask for less.
void LeaseManager::grant_by_rank() {
  std::vector<SchedulingClassId> open = grant_queue_.classes();
  while (!open.empty()) {
    std::erase_if(open, [&](SchedulingClassId id) { return first_waiting(id) == nullptr; });
    const auto best = std::min_element(open.begin(), open.end(), [&](SchedulingClassId a, SchedulingClassId b) {
      return first_waiting(a)->rank < first_waiting(b)->rank;
    });
    if (best == open.end()) return;
    const LeaseId tried = first_waiting(*best)->id;
    grant_class(*best, 1);
    const Lease* next = first_waiting(*best);
    if (next != nullptr && next->id == tried) open.erase(best);
  }
}

// For each lease that waits, the best first, one worker less; those that are being ended already count for the first ones.
void LeaseManager::preempt() {
  std::vector<const Lease*> waiting;
  for (const SchedulingClassId id : grant_queue_.classes())
    for (const Lease& lease : grant_queue_.at(id))
      if (lease.state == Lease::State::queued) waiting.push_back(&lease);
  std::stable_sort(waiting.begin(), waiting.end(), [](const Lease* a, const Lease* b) { return a->rank < b->rank; });
  for (std::size_t i = preempting_; i < waiting.size(); ++i) {
    if (!port_.preempt(*waiting[i])) return;
    ++preempting_;
  }
}

std::size_t LeaseManager::give_away(NodeId thief, ResourceSet room) {
  std::size_t waiting = 0;
  const auto may_go = [&](const Lease& lease) {
    return lease.state == Lease::State::queued && !lease.arguments &&
           classes_[lease.scheduling_class].strategy.kind == SchedulingStrategy::Kind::standard;
  };
  for (const SchedulingClassId id : grant_queue_.classes())
    for (const Lease& lease : grant_queue_.at(id)) waiting += may_go(lease) ? 1 : 0;
  const std::size_t most = (waiting + 1) / 2;
  std::size_t given = 0;
  for (const SchedulingClassId id : grant_queue_.classes()) {
    auto& queue = grant_queue_.of(id);
    for (std::size_t i = queue.size(); i-- > 0 && given < most;) {
      const ResourceSet& demand = demand_of(queue[i]);
      if (!may_go(queue[i]) || !room.covers(demand)) continue;
      for (const auto& [resource, amount] : demand.entries()) room.set(resource, room.get(resource) - amount);
      const Lease lease = take(queue, i);
      scheduler_.deduct(thief, demand, port_.now());
      port_.answer(lease, LeaseReply::Status::redirected, thief);
      ++given;
    }
  }
  grant_queue_.tidy();
  return given;
}

}  // namespace raysim
