// Which workers are killed when a node runs out of memory.
//
// Models: the look at the memory every interval, the threshold, Ray's two policies and their wait until the last victims are dead. Leaves
// out: how much each process uses (the caller says), control groups, the killing itself.
// Mirrors src/ray/common/memory_monitor_utils.cc and src/ray/raylet/worker_killing_policy_{by_time,group_by_owner}.cc (2.60).
// Invariants: nothing is chosen below the threshold, nor while a chosen worker lives; equal workers go in the order in which they are given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/profile.hpp"
#include "sim/station.hpp"

namespace raysim {

struct WorkerMemory {
  ProcessId worker;
  Bytes used;
  bool leased = false;      // it runs a lease's task or actor; what follows counts only then
  bool retriable = false;   // which may run again
  std::uint64_t owner = 0;  // the task that submitted it: a group of the group policy
  Time granted;
};

struct KilledWorker {
  ProcessId worker;
  bool retry = false;  // its task may run again, as far as its budget goes
  bool operator==(const KilledWorker&) const = default;
};

// The default: large idle workers, then those that can be retried, then those with the newest lease, until so much is freed.
std::vector<KilledWorker> choose_by_time(std::span<const WorkerMemory> workers, Bytes to_free, Bytes idle_threshold);

// The older policy, one worker at a time: the largest idle one; else the newest of the group of one owner that can be retried, or is
// the largest, or the newest. What cannot be retried is one group. The last of a group is not run again.
std::vector<KilledWorker> choose_by_group(std::span<const WorkerMemory> workers, Bytes idle_threshold);

class MemoryMonitor {
 public:
  MemoryMonitor(Bytes total, const SystemConfig& config);

  // Every memory_monitor_refresh (zero: never): `used` of the whole node, with its object store. Returns whom to kill.
  std::vector<KilledWorker> check(Bytes used, std::span<const WorkerMemory> workers);
  void worker_died(ProcessId worker);

  [[nodiscard]] Bytes threshold() const { return threshold_; }

 private:
  Bytes threshold_;
  Bytes buffer_;  // freed beyond the threshold, by the time policy
  Bytes idle_threshold_;
  bool by_group_;
  std::vector<ProcessId> dying_;
};

}  // namespace raysim
