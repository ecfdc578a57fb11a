// What an offline scheduler would make of the same tasks: HEFT (Topcuoglu, Hariri, Wu, 2002).
//
// Models: the finished tasks of a run with the durations they had, their arguments as a graph, the CPUs of the nodes; tasks in the order
// of their longest way to the end, each on the node where it ends first. Knows everything beforehand; messages, workers and scheduling
// cost nothing. Leaves out: the driver's own waits between submissions, resources but CPU, sizes of arguments; gaps in a node's
// schedule are not filled later. A heuristic, so near the best schedule but no strict bound on it.
// Invariants: at least the critical path through arguments, and at least the work over all CPUs; no task starts before its
// arguments exist; no CPU is used twice at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/record.hpp"

namespace raysim {

class HeftSchedule final : public RecordSink {
 public:
  explicit HeftSchedule(RunHeader header) : header_(std::move(header)) {}

  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_worker_started(std::uint32_t, Time) override {}
  void on_attempt(const AttemptRecord& attempt) override;
  void on_argument(std::uint64_t task, std::uint64_t from) override { arguments_.emplace_back(from, task); }

  struct Result {
    std::optional<Duration> makespan;
    std::string why_not;  // where there is none
  };
  // Of the tasks so far. There is none when tasks submit tasks: how long a parent would have waited is not known.
  [[nodiscard]] Result schedule() const;

 private:
  struct Task {
    std::uint64_t id;
    Duration duration;
    std::int64_t cpu;  // in 1/10000
  };
  struct Graph;
  class Node;
  [[nodiscard]] Graph graph() const;

  RunHeader header_;
  std::vector<Task> tasks_;  // those that finished
  std::vector<std::pair<std::uint64_t, std::uint64_t>> arguments_;
};

}  // namespace raysim
