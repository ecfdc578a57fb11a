// Which node? Mirrors cluster_lease_manager.cc (2.60).
#include "models/raylet/lease_manager.hpp"

namespace raysim {

void LeaseManager::queue(Lease&& lease) {
  if (class_states_.size() < classes_.size()) class_states_.resize(classes_.size());
  const SchedulingClassId id = lease.scheduling_class;
  auto& queues = infeasible_queue_.has(id) ? infeasible_queue_ : schedule_queue_;
  queues.add(std::move(lease));
}

void LeaseManager::schedule() {
  // Most news find no lease that waits, nor an emptied class that is to leave its list.
  if (schedule_queue_.classes().empty() && infeasible_queue_.classes().empty() && grant_queue_.classes().empty() &&
      waiting_.empty())
    return;
  retry_infeasible();
  if (settings_.traits.ranked) schedule_queue_.order_by_rank();
  // By number: nothing joins or leaves the list of classes meanwhile but at its end.
  for (std::size_t i = 0; i < schedule_queue_.classes().size(); ++i) schedule_class(schedule_queue_.classes()[i]);
  schedule_queue_.tidy();
  grant();
}

void LeaseManager::retry_infeasible() {
  for (std::size_t i = 0; i < infeasible_queue_.classes().size(); ++i) {
    const SchedulingClassId id = infeasible_queue_.classes()[i];
    if (!infeasible_queue_.has(id)) continue;
    auto& from = infeasible_queue_.of(id);
    if (decide(from.front(), preferred(from.front())).infeasible) continue;
    auto& to = schedule_queue_.of(id);
    for (Lease& lease : from) to.push_back(std::move(lease));
    from.clear();
  }
  infeasible_queue_.tidy();
}

void LeaseManager::schedule_class(SchedulingClassId id) {
  auto& queue = schedule_queue_.of(id);
  // To nodes of its choice: what cannot run there never runs.
  const bool bound = classes_[id].strategy.hard_affinity() || !classes_[id].label_selector.pinned_nodes().empty();
  while (!queue.empty()) {
    if (handed_over_) grant();  // what it took counts in the next decision
    if (queue.front().grant_or_reject && must_stay(queue.front())) {
      queue_here(take(queue, 0));
      continue;
    }
    const auto decision = decide(queue.front(), preferred(queue.front()));
    if (decision.node != no_node) {
      hand_over(take(queue, 0), decision.node);
      continue;
    }
    if (bound) {
      port_.answer(take(queue, 0), LeaseReply::Status::unschedulable, no_node);
      continue;
    }
    if (decision.infeasible) {
      port_.announce_infeasible(queue.front());
      auto& aside = infeasible_queue_.of(id);
      for (Lease& lease : queue) aside.push_back(std::move(lease));
      queue.clear();
    }
    return;
  }
}

void LeaseManager::hand_over(Lease&& lease, NodeId node) {
  if (node == node_) return queue_here(std::move(lease));
  if (lease.grant_or_reject) return port_.answer(lease, LeaseReply::Status::rejected, no_node);
  scheduler_.deduct(node, demand_of(lease), port_.now());
  port_.answer(lease, LeaseReply::Status::redirected, node);
}

}  // namespace raysim
