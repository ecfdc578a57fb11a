// All that is said about a run, as plain data: the terminal's table and the JSON object are two views of it.
//
// Models: the key figures of docs/model.md with what is needed to read them (scenario, policy, seed). Leaves out: single
// tasks. Shares are 0 to 1. Invariants: nodes keep the cluster's order; everything but `wall_seconds` is the same for
// the same program, settings and seed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/heft.hpp"
#include "analysis/summary.hpp"
#include "sim/time.hpp"

namespace raysim {

struct GpuReport {
  std::string model;  // empty: not said
  std::uint64_t tasks = 0;
  double utilisation = 0;
  Bytes memory = {};  // that it has; 0: not said
  Bytes memory_mean = {};
  Bytes memory_peak = {};
};

struct NodeReport {
  std::string name;
  double cpus = 0;
  std::uint64_t tasks = 0;
  double cpu_utilisation = 0;
  std::uint64_t workers_started = 0;
  double gpu_utilisation = 0;
  std::vector<GpuReport> gpus;  // by index
  StoreSummary store = {};
  Bytes store_mean = {};  // what it held on average
};

struct DelayReport {
  Duration p50;
  Duration p95;
  Duration p99;
  Duration max;
};

// Objects that went from a node to another one.
struct LinkReport {
  std::string from;
  std::string to;
  LinkSummary sum;
};

// All nodes' object stores together.
struct StoreReport {
  std::uint64_t transfers = 0;  // objects that moved from node to node, and their bytes
  Bytes transferred;
  std::array<Bytes, static_cast<std::size_t>(ObjectRecord::Purpose::count)> received{};  // these, by for whom
  Bytes spilled;
  Bytes restored;
  Bytes evicted;
  Bytes fallback_peak;  // the largest of any node
  std::uint64_t reads = 0;
  std::uint64_t local_reads = 0;
  std::uint64_t argument_waits = 0;  // what waited for its arguments to come to a node, and for how long
  DelayReport argument_wait;
  std::vector<LinkReport> links;  // most bytes first
};

// A distributed store: what its commands cost, by verb, and each of the first ones.
struct StoreCommandReport {
  std::string verb;
  StoreCommandSummary sum;
};
struct DistributedStoreReport {
  std::vector<StoreCommandReport> verbs;
  std::vector<StoreCommandRecord> first;
};

struct GroupReport {
  std::string name;
  std::string strategy;
  std::string state;
  std::vector<std::string> nodes;       // of each bundle; empty: it has none
  std::optional<Duration> ready_after;  // from the request to the first time that it was there
};

struct ActorsReport {
  std::uint64_t created = 0;
  std::uint64_t alive = 0;  // at the end
  std::uint64_t dead = 0;
  std::uint64_t restarts = 0;
};

struct JobReport {
  std::string name;
  std::string outcome = "ok";  // as RunReport::outcome
  Time started;
  std::optional<Time> ended;  // none: it has not
  std::uint64_t submitted = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t retried = 0;
  double cpu_seconds = 0;  // of its running tasks

  [[nodiscard]] std::uint64_t open_tasks() const { return submitted - finished - failed; }
};

// What a body of the program has printed.
struct PrintedLine {
  Time time;
  std::string body;
  std::string text;
};

struct RunReport {
  std::string scenario;  // the file
  std::string title;
  std::string architecture;
  std::string profile;
  std::string policy;
  std::uint64_t seed = 0;
  std::uint64_t fingerprint = 0;

  Duration makespan;
  Duration ideal;
  Duration critical_path;
  std::optional<HeftSchedule::Result> heft;  // where it was asked for
  std::uint64_t submitted = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t retried = 0;
  double cpus = 0;
  double cpu_utilisation = 0;
  std::size_t gpus = 0;
  double gpu_utilisation = 0;
  std::vector<NodeReport> nodes;
  std::vector<JobReport> jobs;
  std::vector<GroupReport> placement_groups;
  ActorsReport actors;
  DelayReport scheduling_delay;
  double fairness = 1;
  std::uint64_t workers_started = 0;
  std::uint64_t oom_kills = 0;  // workers that were killed, for their nodes were low on memory
  std::uint64_t messages = 0;
  std::vector<std::pair<std::string, std::int64_t>> demand;  // by resources asked for: most tasks pending at a time
  std::vector<std::pair<std::string, std::uint64_t>> messages_by_kind;  // those that were sent, by name
  StoreReport store;
  CopySummary copies;
  DistributedStoreReport distributed_store;
  std::uint64_t events = 0;
  double wall_seconds = 0;

  std::string outcome = "ok";  // or the type of the error that reached the driver
  std::string message;
  bool outcome_expected = true;  // false: nothing says that the program should end like this
  bool unfinished = false;       // starved or interrupted: the figures are those of the moment
  std::vector<std::string> failed_expectations;
  std::vector<PrintedLine> printed;  // where nobody saw it as it happened

  [[nodiscard]] std::uint64_t open_tasks() const { return submitted - finished - failed; }
};

// The part of a report that comes from the record.
RunReport report_on(const Summary& summary, Duration makespan);

}  // namespace raysim
