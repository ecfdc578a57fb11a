// The worker processes of one node: idle, starting, and who waits for one.
//
// Models: idle workers reused last-in first-out, but for actors, which take workers that have run nothing; a process started for each lease that finds none, with limited concurrency; spares
// started ahead of demand; too many idle workers asked to exit. Leaves out: runtime environments, languages, several
// jobs. Mirrors src/ray/raylet/worker_pool.cc (2.60).
// Invariants: a worker is in at most one place (starting, idle, leased); no more than the limit start at once.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/profile.hpp"
#include "sim/time.hpp"

namespace raysim {

class WorkerPool {
 public:
  WorkerPool(const SystemConfig& config, std::int64_t node_cpus, int machine_cores);

  // An idle worker for a lease; none: the lease waits, and a process is to be started for it (next_start).
  std::optional<ProcessId> pop(LeaseId lease, bool for_actor = false);
  // The lease no longer waits.
  void forget(LeaseId lease);
  // A worker is free (registered or returned). The lease that gets it, if one waits.
  std::optional<LeaseId> push(ProcessId worker, Time now, bool never_used);
  // Whether a process is to be started now for a lease that waits; to be called until it says no.
  bool next_start();
  // How many spares to start now so that `desired` workers are idle or starting; what the limit forbids is dropped.
  [[nodiscard]] std::int64_t spares(std::int64_t desired) const;
  void started(ProcessId worker) { starting_.push_back(worker); }
  // A started process has registered.
  void registered(ProcessId worker) { std::erase(starting_, worker); }
  // A process has ended, in whatever state.
  void died(ProcessId worker);
  // Puts a worker in as if it had been idle for long.
  void add_warm(ProcessId worker) { idle_.push_back({worker, Time{std::int64_t{-1'000'000'000'000}}}); }

  // The idle workers to be asked to exit now, when `keep` of the long idle may stay. They are out of reach at once, but
  // count as idle for spares() until they have answered.
  std::vector<ProcessId> sweep(Time now, std::int64_t keep);
  void exit_answered(ProcessId worker) { std::erase(exiting_, worker); }
  [[nodiscard]] std::int64_t idle() const { return static_cast<std::int64_t>(idle_.size()); }

 private:
  struct Idle {
    ProcessId worker;
    Time since;
    bool never_used = false;
  };
  struct Waiting {
    LeaseId lease;
    bool for_actor = false;
  };

  Duration killing_threshold_;
  std::int64_t max_starting_;
  std::vector<Idle> idle_;  // never used ones first, then least recently used
  std::vector<ProcessId> starting_;
  std::vector<ProcessId> exiting_;  // told to exit, no answer yet
  std::deque<Waiting> waiting_;     // a process has been started for each
  std::deque<Waiting> unstarted_;   // the limit was reached
};

}  // namespace raysim
