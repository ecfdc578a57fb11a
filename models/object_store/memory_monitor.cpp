#include "models/object_store/memory_monitor.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace raysim {

namespace {

constexpr double buffer_part = 0.05;  // of the total, worker_killing_policy_interface.h

Bytes part_of(Bytes total, double part) {
  return Bytes{static_cast<std::int64_t>(static_cast<double>(total.count) * part)};
}

bool large_idle(const WorkerMemory& worker, Bytes threshold) { return !worker.leased && worker.used > threshold; }

}  // namespace

std::vector<KilledWorker> choose_by_time(std::span<const WorkerMemory> workers, Bytes to_free, Bytes idle_threshold) {
  std::vector<std::size_t> order(workers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Small idle workers come last: nothing to retry, and no lease is older.
  const auto rank = [&](std::size_t i) {
    const WorkerMemory& worker = workers[i];
    return std::tuple(!large_idle(worker, idle_threshold), !(worker.leased && worker.retriable), !worker.leased,
                      worker.leased ? -worker.granted.ns : 0);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  std::vector<KilledWorker> chosen;
  for (const std::size_t i : order) {
    if (to_free <= Bytes{}) break;
    to_free.count -= workers[i].used.count;
    chosen.push_back({workers[i].worker, workers[i].leased && workers[i].retriable});
  }
  return chosen;
}

std::vector<KilledWorker> choose_by_group(std::span<const WorkerMemory> workers, Bytes idle_threshold) {
  const WorkerMemory* idle = nullptr;
  for (const WorkerMemory& worker : workers)
    if (large_idle(worker, idle_threshold) && (idle == nullptr || worker.used > idle->used)) idle = &worker;
  if (idle != nullptr) return {{idle->worker, false}};

  struct Group {
    std::size_t workers = 0;
    Time earliest = Time::max();
    const WorkerMemory* newest = nullptr;
  };
  std::map<std::pair<bool, std::uint64_t>, Group> groups;  // what can be retried by its owner, all else together
  for (const WorkerMemory& worker : workers) {
    if (!worker.leased) continue;
    Group& group = groups[{!worker.retriable, worker.retriable ? worker.owner : 0}];
    ++group.workers;
    group.earliest = std::min(group.earliest, worker.granted);
    if (group.newest == nullptr || worker.granted > group.newest->granted) group.newest = &worker;
  }
  if (groups.empty()) return {};
  const auto rank = [](const auto& entry) {
    const auto& [key, group] = entry;
    return std::tuple(key.first, -static_cast<std::int64_t>(group.workers), -group.earliest.ns);
  };
  const auto best =
      std::min_element(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  const bool retriable = !best->first.first;
  return {{best->second.newest->worker, retriable && best->second.workers > 1}};
}

MemoryMonitor::MemoryMonitor(Bytes total, const SystemConfig& config)
    : threshold_(part_of(total, config.memory_usage_threshold)),
      buffer_(std::min(part_of(total, buffer_part), config.max_kill_memory_buffer)),
      idle_threshold_(config.idle_worker_killing_memory_threshold),
      by_group_(config.worker_killing_policy_by_group) {
  if (config.min_memory_free >= 0) threshold_ = std::max(threshold_, Bytes{total.count - config.min_memory_free});
}

std::vector<KilledWorker> MemoryMonitor::check(Bytes used, std::span<const WorkerMemory> workers) {
  if (used <= threshold_ || !dying_.empty()) return {};
  const Bytes to_free{used.count - threshold_.count + buffer_.count};
  std::vector<KilledWorker> chosen =
      by_group_ ? choose_by_group(workers, idle_threshold_) : choose_by_time(workers, to_free, idle_threshold_);
  for (const KilledWorker& killed : chosen) dying_.push_back(killed.worker);
  return chosen;
}

void MemoryMonitor::worker_died(ProcessId worker) { std::erase(dying_, worker); }

}  // namespace raysim
