// Which node? Mirrors cluster_lease_manager.cc (2.60).
#include "models/raylet/raylet.hpp"

namespace raysim {

void Raylet::on(RequestWorkerLease request) {
  const Lease lease{request.lease, request.owner,           request.scheduling_class,
                    request.tag,   request.grant_or_reject, request.selected_by_locality};
  const ProcessId owner = runtime_.engine.process_of(request.owner.station);
  if (owners_.insert(owner.index).second) runtime_.engine.watch(owner, address_);
  if (class_states_.size() < runtime_.classes.size()) class_states_.resize(runtime_.classes.size());
  start_spares(std::min<std::int64_t>(whole_cpus_free(), request.backlog));
  auto& queues = infeasible_queue_.has(lease.scheduling_class) ? infeasible_queue_ : schedule_queue_;
  queues.of(lease.scheduling_class).push_back(lease);
  schedule_leases();
}

void Raylet::schedule_leases() {
  retry_infeasible();
  // By number: nothing joins or leaves the list of classes meanwhile but at its end.
  for (std::size_t i = 0; i < schedule_queue_.classes().size(); ++i) schedule_class(schedule_queue_.classes()[i]);
  schedule_queue_.tidy();
  grant_leases();
  // News of other nodes matter to who has leases that wait; on a shared machine reading them costs the others time as well.
  runtime_.streams.listen(
      node_, station_.contended() || !grant_queue_.empty() || !schedule_queue_.empty() || !infeasible_queue_.empty());
}

void Raylet::retry_infeasible() {
  for (std::size_t i = 0; i < infeasible_queue_.classes().size(); ++i) {
    const SchedulingClassId id = infeasible_queue_.classes()[i];
    if (!infeasible_queue_.has(id) || scheduler_.decide(id, no_node, false, station_.now()).infeasible) continue;
    auto& from = infeasible_queue_.of(id);
    auto& to = schedule_queue_.of(id);
    to.insert(to.end(), from.begin(), from.end());
    from.clear();
  }
  infeasible_queue_.tidy();
}

void Raylet::schedule_class(SchedulingClassId id) {
  auto& queue = schedule_queue_.of(id);
  const SchedulingStrategy& strategy = runtime_.classes[id].strategy;
  while (!queue.empty()) {
    const Lease lease = queue.front();
    const NodeId preferred = lease.grant_or_reject || lease.selected_by_locality ? node_ : no_node;
    const auto decision = scheduler_.decide(id, preferred, false, station_.now());
    if (decision.node == no_node) {
      if (strategy.hard_affinity() || !runtime_.classes[id].label_selector.pinned_nodes().empty()) {
        queue.pop_front();
        answer(lease, LeaseReply::Status::unschedulable);
        continue;
      }
      if (decision.infeasible) {
        auto& aside = infeasible_queue_.of(id);
        aside.insert(aside.end(), queue.begin(), queue.end());
        queue.clear();
      }
      return;
    }
    queue.pop_front();
    hand_over(lease, decision.node);
  }
}

void Raylet::hand_over(const Lease& lease, NodeId node) {
  if (node == node_) {
    grant_queue_.of(lease.scheduling_class).push_back(lease);
    return;
  }
  if (lease.grant_or_reject) return answer(lease, LeaseReply::Status::rejected);
  scheduler_.deduct(node, runtime_.classes[lease.scheduling_class].resources, station_.now());
  if (scheduler_.modified()) arm(Tick::reset_view, runtime_.profile.system.syncer_refresh_interval, reset_armed_);
  answer(lease, LeaseReply::Status::redirected, node);
}

}  // namespace raysim
