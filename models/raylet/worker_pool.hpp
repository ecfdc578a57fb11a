// The worker processes of one node: idle, starting, and who waits for one.
//
// Models: idle workers reused last-in first-out, but for actors, which take workers that have run nothing; a process started for
// each lease that finds none, with limited concurrency; spares started ahead of demand; too many idle workers asked to exit.
// Workers have one runtime environment each, which is set up on the node before the first of them starts, and serve one job: the
// first that takes them, or the one that they were started for. Leaves out: languages, the end of environments that nobody uses.
// Mirrors src/ray/raylet/worker_pool.cc (2.60).
// Invariants: a worker is in at most one place (starting, idle, leased); no more than the limit start at once; a lease gets a
// worker of its environment and of its job.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/profile.hpp"
#include "sim/time.hpp"

namespace raysim {

// What a worker is bound to for life, and what a lease needs.
struct WorkerKind {
  EnvironmentId environment;
  JobId job = no_job;  // none, of a worker: not bound yet
  constexpr auto operator<=>(const WorkerKind&) const = default;

  [[nodiscard]] bool serves(const WorkerKind& wanted) const {
    return environment == wanted.environment && (job == no_job || job == wanted.job);
  }
};

class WorkerPool {
 public:
  WorkerPool(const SystemConfig& config, std::int64_t node_cpus, int machine_cores);

  // An idle worker for a lease; none: the lease waits, and a process is to be started for it (next_start).
  std::optional<ProcessId> pop(LeaseId lease, bool for_actor = false, WorkerKind kind = {});
  // The lease no longer waits.
  void forget(LeaseId lease);
  // A worker is free (registered or returned). The lease that gets it, if one waits.
  std::optional<LeaseId> push(ProcessId worker, Time now, bool never_used, WorkerKind kind = {});
  // Leases wait for an environment that is not set up.
  [[nodiscard]] bool any_unequipped() const { return !unequipped_.empty(); }
  // Of which kind a process is to be started now for a lease that waits; to be called until there is none.
  std::optional<WorkerKind> next_start();
  // An environment whose set-up begins now, for a lease that waits; likewise.
  std::optional<EnvironmentId> next_setup();
  // The end of a set-up.
  void set_up(EnvironmentId environment, bool failed);
  // Leases that wait for an environment whose set-up has failed, now or before; they wait no longer.
  std::vector<LeaseId> take_hopeless();
  // How many spares to start now so that `desired` workers are idle or starting; what the limit forbids is dropped.
  [[nodiscard]] std::int64_t spares(std::int64_t desired) const;
  void started(ProcessId worker, WorkerKind kind = {}) { starting_.push_back({worker, kind}); }
  // A started process has registered.
  void registered(ProcessId worker);
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
    WorkerKind kind = {};
  };
  struct Starting {
    ProcessId worker;
    WorkerKind kind = {};
  };
  struct Waiting {
    LeaseId lease;
    bool for_actor = false;
    WorkerKind kind = {};
  };
  enum class Setup : std::uint8_t { unknown, going_on, done, failed };
  Setup& setup_of(EnvironmentId environment);

  Duration killing_threshold_;
  std::int64_t max_starting_;
  std::vector<Idle> idle_;  // never used ones first, then least recently used
  std::vector<Starting> starting_;
  std::vector<ProcessId> exiting_;  // told to exit, no answer yet
  std::deque<Waiting> waiting_;     // a process has been started for each
  std::deque<Waiting> unstarted_;   // the limit was reached
  std::deque<Waiting> unequipped_;  // their environment is not set up
  std::vector<Setup> setups_;       // by EnvironmentId
};

}  // namespace raysim
