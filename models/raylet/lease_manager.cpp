// What leases hold, their end and their cancellation, and what is said about them. Mirrors local_lease_manager.cc and
// scheduler_resource_reporter.cc (2.60).
#include "models/raylet/lease_manager.hpp"

#include <algorithm>

namespace raysim {

LeaseManager::LeaseManager(NodeId node, const SchedulingClasses& classes, const LeaseManagerSettings& settings,
                           ClusterResourceScheduler& scheduler, LeasePort& port)
    : node_(node), classes_(classes), settings_(settings), scheduler_(scheduler), port_(port) {}

// The distinct arguments of all running leases stay below the cap; a lease too large for it is let through.
LeaseManager::Pin LeaseManager::pin_arguments(const Lease& lease) {
  if (!port_.arguments_local(lease)) return Pin::missing;
  Bytes own;
  Bytes all = pinned_bytes_;
  for (const LeaseArgument& argument : lease.arguments->list) {
    own += argument.size;
    Pinned& pinned = pinned_[argument.object];
    if (pinned.leases++ > 0) continue;
    pinned.size = argument.size;
    all += argument.size;
  }
  pinned_bytes_ = all;
  const Bytes cap = settings_.max_pinned_arguments;
  if (cap == Bytes{} || own > cap || all <= cap) return Pin::done;
  unpin_arguments(lease);
  return Pin::no_memory;
}

void LeaseManager::unpin_arguments(const Lease& lease) {
  for (const LeaseArgument& argument : lease.arguments->list) {
    const auto it = pinned_.find(argument.object);
    if (--it->second.leases > 0) continue;
    pinned_bytes_.count -= it->second.size.count;
    pinned_.erase(it);
  }
}

// Gives back what a running lease holds.
void LeaseManager::release(Lease& lease) {
  if (lease.blocked) scheduler_.retake_cpu(lease.held);  // it was given back when the lease blocked
  scheduler_.release(lease.held);
  lease.held.clear();
  lease.blocked = false;
  ClassState& state = state_of(lease);
  if (--state.running == 0) state.next_grant = Time::max();
  if (lease.arguments) unpin_arguments(lease);
  port_.resources_changed();
}

void LeaseManager::drop(Lease& lease) {
  if (lease.state == Lease::State::waits_for_worker) {
    port_.forget_worker(lease);
    release(lease);
  }
  if (lease.arguments) port_.stop_pull(lease);
  lease.state = Lease::State::ended;
}

void LeaseManager::finished(Lease& lease) {
  if (lease.state != Lease::State::granted) return;
  lease.state = Lease::State::ended;
  --granted_;
  release(lease);
}

void LeaseManager::block(Lease& lease) {
  if (lease.state != Lease::State::granted || lease.blocked) return;
  lease.blocked = true;
  scheduler_.lend_cpu(lease.held);
  port_.resources_changed();
}

void LeaseManager::unblock(Lease& lease) {
  if (lease.state != Lease::State::granted || !lease.blocked) return;
  lease.blocked = false;
  scheduler_.retake_cpu(lease.held);
  port_.resources_changed();
}

void LeaseManager::drain() {
  draining_ = true;
  scheduler_.drain();
}

std::size_t LeaseManager::cancel_if(const Wanted& wanted, std::optional<LeaseReply::Status> status) {
  std::vector<Lease> taken;
  for (LeaseQueues* queues : {&schedule_queue_, &infeasible_queue_}) {
    queues->take_if(wanted, taken);
    queues->tidy();
  }
  return cancel_taken(wanted, std::move(taken), status);
}

std::size_t LeaseManager::cancel_here_if(const Wanted& wanted, LeaseReply::Status status) {
  return cancel_taken(wanted, {}, status);
}

// Those that are taken already, and the local ones.
std::size_t LeaseManager::cancel_taken(const Wanted& wanted, std::vector<Lease> taken,
                                       std::optional<LeaseReply::Status> status) {
  grant_queue_.take_if(wanted, taken);
  grant_queue_.tidy();
  std::erase_if(waiting_, [&](Lease& lease) {
    if (!wanted(lease)) return false;
    taken.push_back(std::move(lease));
    return true;
  });
  for (Lease& lease : taken) {
    drop(lease);
    if (status) port_.answer(lease, *status, no_node);
  }
  return taken.size();
}

bool LeaseManager::cancel(LeaseId id) {
  return cancel_if([&](const Lease& lease) { return lease.id == id; }, LeaseReply::Status::canceled) > 0;
}

std::size_t LeaseManager::cancel_shapes(std::span<const ResourceSet> shapes) {
  const auto listed = [&](const Lease& lease) {
    return std::find(shapes.begin(), shapes.end(), demand_of(lease)) != shapes.end();
  };
  return cancel_if(listed, LeaseReply::Status::unschedulable);
}

std::size_t LeaseManager::cancel_owned_by(ProcessId worker) {
  backlogs_.erase(worker);
  return cancel_if([&](const Lease& lease) { return !lease.detached && lease.owner_process == worker; }, std::nullopt);
}

std::size_t LeaseManager::cancel_owned_by(NodeId node) {
  return cancel_if([&](const Lease& lease) { return !lease.detached && lease.owner_node == node; }, std::nullopt);
}

// Leases that wait for a worker have their resources: their shape is listed, but asks for nothing more. With node affinity only
// those count that another node could take and none can.
std::vector<LeaseManager::Demand> LeaseManager::demand() const {
  std::vector<Demand> demands;
  const auto of_shape = [&](SchedulingClassId id) -> Demand& {
    const ResourceSet& shape = classes_[id].resources;
    const auto it = std::find_if(demands.begin(), demands.end(), [&](const Demand& d) { return d.shape == shape; });
    if (it != demands.end()) return *it;
    demands.push_back({shape});
    return demands.back();
  };
  const auto counts = [&](SchedulingClassId id, bool infeasible) {
    const SchedulingStrategy& strategy = classes_[id].strategy;
    return strategy.kind != SchedulingStrategy::Kind::node_affinity || (strategy.soft && infeasible);
  };
  for (const SchedulingClassId id : infeasible_queue_.classes())
    if (infeasible_queue_.has(id) && counts(id, true))
      of_shape(id).infeasible += static_cast<std::int64_t>(infeasible_queue_.size(id));
  for (const LeaseQueues* queues : {&schedule_queue_, &grant_queue_})
    for (const SchedulingClassId id : queues->classes()) {
      if (!queues->has(id) || !counts(id, false)) continue;
      Demand& demand = of_shape(id);
      for (const Lease& lease : queues->at(id)) demand.ready += lease.state == Lease::State::queued ? 1 : 0;
    }
  for (const auto& [worker, backlogs] : backlogs_)
    for (const auto& [id, backlog] : *backlogs)
      if (counts(id, false)) of_shape(id).backlog += backlog;
  return demands;
}

void LeaseManager::set_backlog(ProcessId worker, std::shared_ptr<const WorkerBacklogs> backlogs) {
  if (backlogs->empty())
    backlogs_.erase(worker);
  else
    backlogs_[worker] = std::move(backlogs);
}

LeaseManager::Counts LeaseManager::counts() const {
  Counts counts;
  for (const SchedulingClassId id : schedule_queue_.classes())
    for (const Lease& lease : schedule_queue_.at(id)) {
      ++counts.to_schedule;
      counts.blocked_on_resources += lease.cause != Lease::Cause::worker ? 1 : 0;
    }
  for (const SchedulingClassId id : grant_queue_.classes()) {
    counts.grant_queue_classes += grant_queue_.has(id) ? 1 : 0;
    for (const Lease& lease : grant_queue_.at(id)) {
      const bool queued = lease.state == Lease::State::queued;
      ++(queued ? counts.waiting : counts.waiting_for_worker);
      counts.blocked_on_resources += queued && lease.cause != Lease::Cause::worker ? 1 : 0;
    }
  }
  for (const SchedulingClassId id : infeasible_queue_.classes()) {
    counts.infeasible_classes += infeasible_queue_.has(id) ? 1 : 0;
    counts.infeasible += static_cast<std::int64_t>(infeasible_queue_.size(id));
  }
  for (const ClassState& state : class_states_) counts.running += state.running;
  counts.waiting_for_arguments = static_cast<std::int64_t>(waiting_.size());
  counts.pinned_objects = static_cast<std::int64_t>(pinned_.size());
  return counts;
}

bool LeaseManager::node_idle() const { return granted_ == 0 && waiting_.empty() && scheduler_.resources().idle(); }

}  // namespace raysim
