// When here? Mirrors local_lease_manager.cc (2.60).
#include <algorithm>
#include <cmath>

#include "models/raylet/raylet.hpp"

namespace raysim {

void Raylet::grant_leases() {
  for (std::size_t i = 0; i < grant_queue_.classes().size(); ++i) {
    const SchedulingClassId id = grant_queue_.classes()[i];
    if (grant_queue_.has(id) && !skipped_for_fairness(id)) grant_class(id);
  }
  grant_queue_.tidy();
  start_workers();
}

// When the queued leases ask for more CPU than the node has, no class may run more than its share.
bool Raylet::skipped_for_fairness(SchedulingClassId id) const {
  if (runtime_.classes[id].resources.get(cpu_resource).ticks == 0) return false;
  std::int64_t asked = 0;
  std::int64_t running = 0;
  std::int64_t classes = 0;
  for (const SchedulingClassId other : grant_queue_.classes()) {
    const std::int64_t cpu = runtime_.classes[other].resources.get(cpu_resource).ticks;
    if (cpu == 0 || !grant_queue_.has(other)) continue;
    asked += cpu * static_cast<std::int64_t>(grant_queue_.size(other));
    ++classes;
  }
  if (asked <= scheduler_.total().get(cpu_resource).ticks || classes == 0) return false;
  for (std::uint32_t i = 0; i < class_states_.size(); ++i)
    if (runtime_.classes[{i}].resources.get(cpu_resource).ticks > 0) running += class_states_[i].running;
  return class_states_[id.index].running > running / classes;
}

// More of a class than the node has CPUs for: only blocked workers make that possible; then new ones come with a back-off.
bool Raylet::capped(SchedulingClassId id) {
  const SystemConfig& config = runtime_.profile.system;
  const std::int64_t cpu = runtime_.classes[id].resources.get(cpu_resource).ticks;
  const std::int64_t node_cpus = scheduler_.total().get(cpu_resource).ticks / ResourceAmount::unit;
  if (!config.worker_cap_enabled || cpu == 0 || node_cpus == 0) return false;
  const auto capacity = std::llround(static_cast<double>(node_cpus * ResourceAmount::unit) / static_cast<double>(cpu));
  ClassState& state = class_states_[id.index];
  if (state.running < capacity || station_.now() >= state.next_grant) return false;
  const auto doublings = std::min<std::int64_t>(state.running - capacity, 20);
  const Duration wait =
      std::min(config.worker_cap_initial_backoff * (std::int64_t{1} << doublings), config.worker_cap_max_backoff);
  state.next_grant = std::min(state.next_grant, station_.now() + wait);
  if (!again_armed_) {
    again_armed_ = true;
    station_.after<Raylet>(state.next_grant - station_.now(), TimerTick{Tick::grant_again});
  }
  return true;
}

void Raylet::grant_class(SchedulingClassId id) {
  const ResourceSet& demand = runtime_.classes[id].resources;
  auto& queue = grant_queue_.of(id);
  for (std::size_t i = 0; i < queue.size();) {
    if (queue[i].waits_for_worker) {
      ++i;
      continue;
    }
    if (capped(id) || !scheduler_.allocate(demand)) {
      const Lease lease = queue[i];
      if (!spill(lease)) return;
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    resources_changed();
    ++class_states_[id.index].running;
    const Lease lease = queue[i];
    if (const auto worker = pool_.pop(lease.id)) {
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
      grant(lease, *worker);
    } else {
      queue[i].waits_for_worker = true;
      ++i;
    }
  }
}

bool Raylet::spill(const Lease& lease) {
  const auto decision = scheduler_.decide(lease.scheduling_class, node_, false, station_.now());
  if (decision.node == no_node || decision.node == node_) return false;
  if (!is_available(scheduler_.view(decision.node), runtime_.classes[lease.scheduling_class].resources)) return false;
  hand_over(lease, decision.node);
  return true;
}

void Raylet::grant(const Lease& lease, ProcessId process) {
  class_states_[lease.scheduling_class.index].next_grant = Time::max();
  Worker& holder = worker(process);
  holder.leased = true;
  holder.blocked = false;
  holder.lease = lease;
  LeaseReply reply;
  reply.lease = lease.id;
  reply.tag = lease.tag;
  reply.node = node_;
  reply.worker = holder.address;
  reply.worker_process = process;
  station_.send(lease.owner, reply);
}

void Raylet::release(Worker& holder) {
  holder.leased = false;
  const SchedulingClassId id = holder.lease.scheduling_class;
  if (holder.blocked) {  // its CPU was given back when it blocked
    ResourceSet rest = runtime_.classes[id].resources;
    rest.set(cpu_resource, {});
    scheduler_.release(rest);
  } else {
    scheduler_.release(runtime_.classes[id].resources);
  }
  --class_states_[id.index].running;
  resources_changed();
}

// A worker is there for whoever waits first; else it is idle.
void Raylet::worker_is_free(ProcessId worker, bool never_used) {
  const auto next = pool_.push(worker, station_.now(), never_used);
  if (!next) return arm_sweep();
  Lease lease;
  if (!grant_queue_.remove(*next, lease)) return;
  grant(lease, worker);
}

void Raylet::start_workers() {
  while (pool_.next_start()) start_worker();
}

void Raylet::start_worker() {
  station_.charge(runtime_.profile.costs.worker_fork);
  const ProcessId worker = runtime_.make_worker(node_);
  runtime_.engine.watch(worker, address_);
  pool_.started(worker);
}

// Workers ahead of demand: as many as there is CPU for, but no more than the owner has tasks waiting.
void Raylet::start_spares(std::int64_t desired) {
  for (std::int64_t n = pool_.spares(desired); n > 0; --n) start_worker();
}

}  // namespace raysim
