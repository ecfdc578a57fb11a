#include "models/raylet/worker_pool.hpp"

#include <algorithm>

namespace raysim {

WorkerPool::WorkerPool(const SystemConfig& config, std::int64_t node_cpus, int machine_cores)
    : killing_threshold_(config.idle_worker_killing_time_threshold),
      max_starting_(config.worker_maximum_startup_concurrency > 0
                        ? config.worker_maximum_startup_concurrency
                        : std::max<std::int64_t>(1, std::min<std::int64_t>(node_cpus, machine_cores))) {}

std::optional<ProcessId> WorkerPool::pop(LeaseId lease) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i].exiting) continue;
    const ProcessId worker = idle_[i].worker;
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    return worker;
  }
  unstarted_.push_back(lease);
  return std::nullopt;
}

void WorkerPool::forget(LeaseId lease) {
  std::erase(waiting_, lease);
  std::erase(unstarted_, lease);
}

std::optional<LeaseId> WorkerPool::push(ProcessId worker, Time now) {
  for (auto* queue : {&waiting_, &unstarted_}) {
    if (queue->empty()) continue;
    const LeaseId lease = queue->front();
    queue->pop_front();
    return lease;
  }
  idle_.push_back({worker, now, false});
  return std::nullopt;
}

bool WorkerPool::next_start() {
  if (unstarted_.empty() || static_cast<std::int64_t>(starting_.size()) >= max_starting_) return false;
  waiting_.push_back(unstarted_.front());
  unstarted_.pop_front();
  return true;
}

std::int64_t WorkerPool::spares(std::int64_t desired) const {
  const auto starting = static_cast<std::int64_t>(starting_.size());
  return std::max<std::int64_t>(0, std::min(desired - idle() - starting, max_starting_ - starting));
}

void WorkerPool::died(ProcessId worker) {
  std::erase(starting_, worker);
  std::erase_if(idle_, [&](const Idle& i) { return i.worker == worker; });
}

std::vector<ProcessId> WorkerPool::sweep(Time now, std::int64_t keep) {
  std::vector<ProcessId> chosen;
  const auto old = [&](const Idle& i) { return now - i.since >= killing_threshold_; };
  std::int64_t surplus = static_cast<std::int64_t>(std::count_if(idle_.begin(), idle_.end(), old)) - keep;
  for (Idle& idle : idle_) {
    if (surplus <= 0) break;
    if (!old(idle)) continue;
    --surplus;
    if (idle.exiting) continue;
    idle.exiting = true;
    chosen.push_back(idle.worker);
  }
  return chosen;
}

}  // namespace raysim
