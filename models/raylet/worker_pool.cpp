#include "models/raylet/worker_pool.hpp"

#include <algorithm>

namespace raysim {

WorkerPool::WorkerPool(const SystemConfig& config, std::int64_t node_cpus, int machine_cores)
    : killing_threshold_(config.idle_worker_killing_time_threshold),
      max_starting_(config.worker_maximum_startup_concurrency > 0
                        ? config.worker_maximum_startup_concurrency
                        : std::max<std::int64_t>(1, std::min<std::int64_t>(node_cpus, machine_cores))) {}

std::optional<ProcessId> WorkerPool::pop(LeaseId lease, bool for_actor) {
  const auto fits = [&](const Idle& idle) { return !for_actor || idle.never_used; };
  const auto last = std::find_if(idle_.rbegin(), idle_.rend(), fits);
  if (last != idle_.rend()) {
    const ProcessId worker = last->worker;
    idle_.erase(std::next(last).base());
    return worker;
  }
  unstarted_.push_back({lease, for_actor});
  return std::nullopt;
}

void WorkerPool::forget(LeaseId lease) {
  const auto is_it = [&](const Waiting& waiting) { return waiting.lease == lease; };
  std::erase_if(waiting_, is_it);
  std::erase_if(unstarted_, is_it);
}

std::optional<LeaseId> WorkerPool::push(ProcessId worker, Time now, bool never_used) {
  for (auto* queue : {&waiting_, &unstarted_}) {
    const auto fits = [&](const Waiting& waiting) { return never_used || !waiting.for_actor; };
    const auto first = std::find_if(queue->begin(), queue->end(), fits);
    if (first == queue->end()) continue;
    const LeaseId lease = first->lease;
    queue->erase(first);
    return lease;
  }
  idle_.insert(never_used ? idle_.begin() : idle_.end(), {worker, now, never_used});
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
  return std::max<std::int64_t>(
      0, std::min(desired - idle() - static_cast<std::int64_t>(exiting_.size()) - starting, max_starting_ - starting));
}

void WorkerPool::died(ProcessId worker) {
  if (std::erase(starting_, worker) > 0 && !waiting_.empty()) {
    unstarted_.push_front(waiting_.front());  // its process will not come
    waiting_.pop_front();
  }
  std::erase(exiting_, worker);
  std::erase_if(idle_, [&](const Idle& i) { return i.worker == worker; });
}

std::vector<ProcessId> WorkerPool::sweep(Time now, std::int64_t keep) {
  if (idle() <= keep) return {};
  const auto old = [&](const Idle& i) { return now - i.since > killing_threshold_; };
  std::int64_t surplus = static_cast<std::int64_t>(std::count_if(idle_.begin(), idle_.end(), old)) - keep;
  std::vector<ProcessId> chosen;
  std::erase_if(idle_, [&](const Idle& idle) {
    if (surplus <= 0 || !old(idle)) return false;
    --surplus;
    chosen.push_back(idle.worker);
    return true;
  });
  exiting_.insert(exiting_.end(), chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace raysim
