#include "models/raylet/worker_pool.hpp"

#include <algorithm>

namespace raysim {

WorkerPool::WorkerPool(Runtime& runtime, NodeId, std::int64_t node_cpus, int machine_cores) : runtime_(runtime) {
  const SystemConfig& config = runtime.profile.system;
  soft_limit_ = config.num_workers_soft_limit >= 0 ? config.num_workers_soft_limit : node_cpus;
  max_starting_ = config.worker_maximum_startup_concurrency > 0
                      ? config.worker_maximum_startup_concurrency
                      : std::max<std::int64_t>(1, std::min<std::int64_t>(node_cpus, machine_cores));
}

std::optional<ProcessId> WorkerPool::pop(LeaseId lease) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i].exiting) continue;
    const ProcessId worker = idle_[i].worker;
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    return worker;
  }
  waiting_.push_back(lease);
  return std::nullopt;
}

void WorkerPool::forget(LeaseId lease) { std::erase(waiting_, lease); }

std::optional<LeaseId> WorkerPool::push(ProcessId worker, Time now) {
  if (!waiting_.empty()) {
    const LeaseId lease = waiting_.front();
    waiting_.pop_front();
    return lease;
  }
  idle_.push_back({worker, now});
  return std::nullopt;
}

void WorkerPool::registered(ProcessId worker) { std::erase(starting_, worker); }

void WorkerPool::died(ProcessId worker) {
  std::erase(starting_, worker);
  std::erase_if(idle_, [&](const Idle& i) { return i.worker == worker; });
}

void WorkerPool::prestart(std::int64_t count) { prestarts_ += count; }

void WorkerPool::add_warm(ProcessId worker) { idle_.push_back({worker, Time{}}); }

std::int64_t WorkerPool::startable() const {
  const std::int64_t wanted = std::max<std::int64_t>(static_cast<std::int64_t>(waiting_.size()), prestarts_) - starting();
  return std::max<std::int64_t>(0, std::min(wanted, max_starting_ - starting()));
}

std::vector<ProcessId> WorkerPool::sweep(Time now) {
  // Workers that were asked to exit still count until they are gone: so a sweep may ask for more than needed.
  std::vector<ProcessId> chosen;
  std::int64_t surplus = static_cast<std::int64_t>(idle_.size()) - soft_limit_;
  for (Idle& idle : idle_) {
    if (surplus <= 0) break;
    if (idle.exiting || now - idle.since < runtime_.profile.system.idle_worker_killing_time_threshold) continue;
    idle.exiting = true;
    chosen.push_back(idle.worker);
    --surplus;
  }
  return chosen;
}

}  // namespace raysim
