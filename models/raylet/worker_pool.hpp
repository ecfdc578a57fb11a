// The worker processes of one node: idle, starting, and who waits for one.
//
// Models: idle workers reused last-in first-out, started on demand with limited concurrency, killed when too many idle too long.
// Leaves out: runtime environments, languages, several jobs. Mirrors src/ray/raylet/worker_pool.cc (2.60).
// Invariants: a worker is in at most one place (starting, idle, leased); no more than the limit start at once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/runtime.hpp"

namespace raysim {

class WorkerPool {
 public:
  WorkerPool(Runtime& runtime, NodeId node, std::int64_t node_cpus, int machine_cores);

  // An idle worker for a lease; none: the lease waits its turn, a process is started within the limit.
  std::optional<ProcessId> pop(LeaseId lease);
  // The lease no longer waits.
  void forget(LeaseId lease);
  // A worker is free (registered or returned). The lease that gets it, if one waits.
  std::optional<LeaseId> push(ProcessId worker, Time now);
  // A started process has registered.
  void registered(ProcessId worker);
  // A process has ended, in whatever state.
  void died(ProcessId worker);
  // Starts up to `count` workers that nobody waits for.
  void prestart(std::int64_t count);
  // Puts a worker in as if it had been idle for long.
  void add_warm(ProcessId worker);

  // Whether a sweep could find too many idle workers.
  [[nodiscard]] bool needs_sweep() const { return static_cast<std::int64_t>(idle_.size()) > soft_limit_; }
  // The idle workers to be asked to exit now; they leave the pool when they have died.
  std::vector<ProcessId> sweep(Time now);
  [[nodiscard]] std::int64_t starting() const { return static_cast<std::int64_t>(starting_.size()); }
  // Processes to be started now, given what was asked for; the caller starts them.
  [[nodiscard]] std::int64_t startable() const;
  void started(ProcessId worker) { starting_.push_back(worker); }

 private:
  struct Idle {
    ProcessId worker;
    Time since;
    bool exiting = false;
  };

  Runtime& runtime_;
  std::int64_t soft_limit_;
  std::int64_t max_starting_;
  std::int64_t prestarts_ = 0;  // asked for and not started yet
  std::vector<Idle> idle_;      // least recently used first
  std::vector<ProcessId> starting_;
  std::deque<LeaseId> waiting_;
};

}  // namespace raysim
