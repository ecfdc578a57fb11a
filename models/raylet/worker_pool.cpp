#include "models/raylet/worker_pool.hpp"

#include <algorithm>

namespace raysim {

WorkerPool::WorkerPool(const SystemConfig& config, std::int64_t node_cpus, int machine_cores)
    : killing_threshold_(config.idle_worker_killing_time_threshold),
      max_starting_(config.worker_maximum_startup_concurrency > 0
                        ? config.worker_maximum_startup_concurrency
                        : std::max<std::int64_t>(1, std::min<std::int64_t>(node_cpus, machine_cores))) {}

WorkerPool::Setup& WorkerPool::setup_of(EnvironmentId environment) {
  if (setups_.size() <= environment.index) setups_.resize(environment.index + 1, Setup::unknown);
  setups_.front() = Setup::done;  // to have none is no work
  return setups_[environment.index];
}

std::optional<ProcessId> WorkerPool::pop(LeaseId lease, bool for_actor, WorkerKind kind) {
  const auto fits = [&](const Idle& idle) { return idle.kind.serves(kind) && (!for_actor || idle.never_used); };
  const auto last = std::find_if(idle_.rbegin(), idle_.rend(), fits);
  if (last != idle_.rend()) {
    const ProcessId worker = last->worker;
    idle_.erase(std::next(last).base());
    return worker;
  }
  (setup_of(kind.environment) == Setup::done ? unstarted_ : unequipped_).push_back({lease, for_actor, kind});
  return std::nullopt;
}

void WorkerPool::forget(LeaseId lease) {
  const auto is_it = [&](const Waiting& waiting) { return waiting.lease == lease; };
  for (auto* queue : {&waiting_, &unstarted_, &unequipped_}) std::erase_if(*queue, is_it);
}

std::optional<LeaseId> WorkerPool::push(ProcessId worker, Time now, bool never_used, WorkerKind kind) {
  const auto fits = [&](const Waiting& waiting) {
    return kind.serves(waiting.kind) && (never_used || !waiting.for_actor);
  };
  for (auto* queue : {&waiting_, &unstarted_}) {
    const auto first = std::find_if(queue->begin(), queue->end(), fits);
    if (first == queue->end()) continue;
    const LeaseId lease = first->lease;
    queue->erase(first);
    return lease;
  }
  idle_.insert(never_used ? idle_.begin() : idle_.end(), {worker, now, never_used, kind});
  return std::nullopt;
}

std::optional<WorkerKind> WorkerPool::next_start() {
  if (unstarted_.empty() || static_cast<std::int64_t>(starting_.size()) >= max_starting_) return std::nullopt;
  waiting_.push_back(unstarted_.front());
  unstarted_.pop_front();
  return waiting_.back().kind;
}

std::optional<EnvironmentId> WorkerPool::next_setup() {
  for (const Waiting& waiting : unequipped_) {
    Setup& setup = setup_of(waiting.kind.environment);
    if (setup != Setup::unknown) continue;
    setup = Setup::going_on;
    return waiting.kind.environment;
  }
  return std::nullopt;
}

void WorkerPool::set_up(EnvironmentId environment, bool failed) {
  setup_of(environment) = failed ? Setup::failed : Setup::done;
  if (failed) return;
  std::erase_if(unequipped_, [&](const Waiting& waiting) {
    if (waiting.kind.environment == environment) unstarted_.push_back(waiting);
    return waiting.kind.environment == environment;
  });
}

std::vector<LeaseId> WorkerPool::take_hopeless() {
  std::vector<LeaseId> hopeless;
  std::erase_if(unequipped_, [&](const Waiting& waiting) {
    const bool failed = setup_of(waiting.kind.environment) == Setup::failed;
    if (failed) hopeless.push_back(waiting.lease);
    return failed;
  });
  return hopeless;
}

void WorkerPool::registered(ProcessId worker) {
  std::erase_if(starting_, [&](const Starting& starting) { return starting.worker == worker; });
}

std::int64_t WorkerPool::spares(std::int64_t desired) const {
  const auto starting = static_cast<std::int64_t>(starting_.size());
  return std::max<std::int64_t>(
      0, std::min(desired - idle() - static_cast<std::int64_t>(exiting_.size()) - starting, max_starting_ - starting));
}

void WorkerPool::died(ProcessId worker) {
  const auto starting =
      std::find_if(starting_.begin(), starting_.end(), [&](const Starting& s) { return s.worker == worker; });
  if (starting != starting_.end()) {
    const auto its = [&](const Waiting& waiting) { return starting->kind.serves(waiting.kind); };
    const auto first = std::find_if(waiting_.begin(), waiting_.end(), its);
    if (first != waiting_.end()) {
      unstarted_.push_front(*first);  // its process will not come
      waiting_.erase(first);
    }
    starting_.erase(starting);
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
