// The key figures of a run, gathered while it goes on.
//
// Models: counts, CPU seconds by node, delays, bounds; memory does not grow with the number of tasks. Leaves out: single tasks.
// Definitions (docs/model.md): makespan = end of the last driver; utilisation = CPU seconds of running tasks over CPUs x
// makespan, and of a GPU by the share of it that they hold; scheduling delay = from the moment a task's arguments exist to
// its push to a worker; ideal = CPU seconds over CPUs; critical path = longest chain of work through arguments and nested calls; fairness = Jain's index of the
// finished tasks' slowdowns.
// Invariants: submitted = finished + failed + unfinished.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "analysis/histogram.hpp"
#include "sim/record.hpp"

namespace raysim {

struct DeviceSummary {
  std::uint64_t tasks = 0;
  double busy_seconds = 0;  // of its share that running tasks hold
  Bytes memory_peak;
  Bytes memory_used;          // now,
  Time since;                 // from when on
  double memory_seconds = 0;  // bytes by time before that
};

// Bytes that were copied to, from and between devices, by CopyRecord::Cause.
struct CopySummary {
  std::uint64_t count = 0;
  std::array<Bytes, static_cast<std::size_t>(CopyRecord::Cause::count)> bytes{};

  [[nodiscard]] Bytes of(CopyRecord::Cause cause) const { return bytes[static_cast<std::size_t>(cause)]; }
  [[nodiscard]] Bytes all() const { return std::accumulate(bytes.begin(), bytes.end(), Bytes{}); }
};

// The object store of a node.
struct StoreSummary {
  Bytes peak;
  Bytes fallback_peak;
  Bytes received;
  Bytes sent;
  Bytes spilled;
  Bytes restored;
  Bytes evicted;
  std::uint64_t reads = 0;        // objects that were asked for,
  std::uint64_t local_reads = 0;  // and those of them that were there
  Bytes used;                     // now,
  Time since;                     // from when on
  double byte_seconds = 0;        // before that
};

// Bytes that went from a node to another one.
struct LinkSummary {
  std::uint64_t objects = 0;
  Bytes bytes;
};

struct NodeSummary {
  std::uint64_t tasks = 0;
  std::uint64_t workers_started = 0;
  std::uint64_t oom_kills = 0;  // of these
  double busy_cpu_seconds = 0;
  std::vector<DeviceSummary> devices;  // GPUs
  StoreSummary store;

  [[nodiscard]] double busy_gpu_seconds() const;
};

// Resources reserved together; the nodes are those of its last placement.
struct GroupSummary {
  GroupRecord last;
  Time asked;
  Time ready{-1};  // for the first time; -1: not yet
};

// Commands of one kind to a distributed store.
struct StoreCommandSummary {
  std::uint64_t count = 0;
  std::uint64_t failed = 0;
  Duration time;
  Duration longest;
  Bytes moved;
  std::size_t connections = 0;
  std::int64_t pieces = 0;
  std::int64_t rebuilt = 0;

  void add(const StoreCommandRecord& command);
};

// A program, and the tasks that it and its tasks have submitted.
struct JobSummary {
  std::string name;
  std::string state;  // as JobRecord::state
  Time started;
  Time ended{-1};  // -1: not yet
  std::uint64_t submitted = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t retried = 0;
  double busy_cpu_seconds = 0;
};

class Summary final : public RecordSink {
 public:
  explicit Summary(RunHeader header);

  void on_function(const std::string& name) override {
    header_.functions.push_back(name);
    finished_by_function_.push_back(0);
  }
  void on_submitted(std::uint64_t count, std::uint32_t job) override {
    submitted_ += count;
    this->job(job).submitted += count;
  }
  void on_attempt(const AttemptRecord& attempt) override;
  void on_failed_unstarted(std::uint32_t, std::uint32_t job) override {
    ++failed_;
    ++this->job(job).failed;
  }
  void on_worker_started(std::uint32_t node, Time) override { ++nodes_[node].workers_started; }
  void on_oom_kill(std::uint32_t node, Time) override { ++nodes_[node].oom_kills; }

  void on_group(const GroupRecord& group) override;
  void on_actor(const ActorRecord& actor) override { actors_[actor.actor] = actor; }
  void on_store(const StoreRecord& store) override;
  void on_object(const ObjectRecord& object) override;
  void on_device_memory(const DeviceMemoryRecord& memory) override;
  void on_copy(const CopyRecord& copy) override {
    ++copies_.count;
    copies_.bytes[static_cast<std::size_t>(copy.cause)] += copy.bytes;
  }
  void on_arguments_waited(std::uint32_t, Duration waited) override { argument_waits_.add(waited); }

  void on_job(const JobRecord& job) override;
  void on_store_command(const StoreCommandRecord& command) override;

  [[nodiscard]] const RunHeader& header() const { return header_; }
  [[nodiscard]] const std::vector<NodeSummary>& nodes() const { return nodes_; }
  // By number, which is the order in which they were asked for.
  [[nodiscard]] const std::map<std::uint32_t, GroupSummary>& groups() const { return groups_; }
  // By number: each as it was last heard of.
  [[nodiscard]] const std::map<std::uint32_t, ActorRecord>& actors() const { return actors_; }
  // By the nodes' indices, sender first.
  [[nodiscard]] const std::map<std::pair<std::uint32_t, std::uint32_t>, LinkSummary>& links() const { return links_; }
  // What was received, by ObjectRecord::Purpose.
  [[nodiscard]] const std::array<Bytes, static_cast<std::size_t>(ObjectRecord::Purpose::count)>& received() const {
    return received_;
  }
  [[nodiscard]] const DurationHistogram& argument_waits() const { return argument_waits_; }
  // By verb; and the first ones, each.
  [[nodiscard]] const std::map<std::string, StoreCommandSummary>& store_commands() const { return store_commands_; }
  [[nodiscard]] const std::vector<StoreCommandRecord>& first_store_commands() const { return first_store_commands_; }
  // What a node's store held on average.
  [[nodiscard]] Bytes mean_used(std::uint32_t node, Duration makespan) const;
  // What a device's memory held on average.
  [[nodiscard]] static Bytes mean_used(const DeviceSummary& device, Duration makespan);
  [[nodiscard]] const CopySummary& copies() const { return copies_; }
  // By number.
  [[nodiscard]] const std::vector<JobSummary>& jobs() const { return jobs_; }
  [[nodiscard]] std::uint64_t submitted() const { return submitted_; }
  [[nodiscard]] std::uint64_t finished() const { return finished_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::uint64_t retried() const { return retried_; }
  // Finished tasks by index into RunHeader::functions.
  [[nodiscard]] const std::vector<std::uint64_t>& finished_by_function() const { return finished_by_function_; }
  [[nodiscard]] const DurationHistogram& scheduling_delay() const { return scheduling_delay_; }
  [[nodiscard]] double total_cpus() const;
  [[nodiscard]] double utilisation(std::uint32_t node, Duration makespan) const;
  [[nodiscard]] double utilisation(Duration makespan) const;
  [[nodiscard]] std::size_t total_gpus() const;
  [[nodiscard]] double gpu_utilisation(std::uint32_t node, Duration makespan) const;
  [[nodiscard]] double gpu_utilisation(Duration makespan) const;
  [[nodiscard]] double ideal_seconds() const;
  [[nodiscard]] Duration critical_path() const { return critical_path_; }
  // 1 when every task was slowed down alike, or none finished; 1/n when one of n was and the others hardly.
  [[nodiscard]] double fairness() const;

 private:
  JobSummary& job(std::uint32_t number) {
    if (jobs_.size() <= number) jobs_.resize(number + 1);
    return jobs_[number];
  }
  void add_slowdown(double slowdown);
  [[nodiscard]] double busy() const;

  RunHeader header_;
  std::vector<NodeSummary> nodes_;
  std::map<std::uint32_t, GroupSummary> groups_;
  std::map<std::uint32_t, ActorRecord> actors_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, LinkSummary> links_;
  std::array<Bytes, static_cast<std::size_t>(ObjectRecord::Purpose::count)> received_{};
  CopySummary copies_;
  DurationHistogram argument_waits_;
  std::map<std::string, StoreCommandSummary> store_commands_;
  std::vector<StoreCommandRecord> first_store_commands_;
  std::vector<JobSummary> jobs_;
  std::uint64_t submitted_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t retried_ = 0;
  std::vector<std::uint64_t> finished_by_function_;
  DurationHistogram scheduling_delay_;
  Duration critical_path_;
  double slowdowns_ = 0;
  double squared_slowdowns_ = 0;
};

}  // namespace raysim
