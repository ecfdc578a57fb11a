#include "analysis/summary.hpp"

#include <algorithm>
#include <numeric>

namespace raysim {

Summary::Summary(RunHeader header)
    : header_(std::move(header)), nodes_(header_.nodes.size()), finished_by_function_(header_.functions.size()) {}

void Summary::on_attempt(const AttemptRecord& attempt) {
  NodeSummary& node = nodes_[attempt.node];
  node.busy_cpu_seconds += attempt.cpus * (attempt.ended - attempt.started).in_seconds();
  switch (attempt.outcome) {
    case AttemptOutcome::finished:
      ++finished_;
      if (attempt.function < finished_by_function_.size()) ++finished_by_function_[attempt.function];
      ++node.tasks;
      scheduling_delay_.add(attempt.pushed - attempt.resolved);
      critical_path_ = std::max(critical_path_, attempt.path);
      break;
    case AttemptOutcome::failed: ++failed_; break;
    case AttemptOutcome::retried: ++retried_; break;
  }
}

double Summary::total_cpus() const {
  return std::accumulate(header_.nodes.begin(), header_.nodes.end(), 0.0,
                         [](double sum, const NodeHeader& n) { return sum + n.cpus; });
}

double Summary::busy() const {
  return std::accumulate(nodes_.begin(), nodes_.end(), 0.0,
                         [](double sum, const NodeSummary& n) { return sum + n.busy_cpu_seconds; });
}

double Summary::utilisation(std::uint32_t node, Duration makespan) const {
  const double room = header_.nodes[node].cpus * makespan.in_seconds();
  return room > 0 ? nodes_[node].busy_cpu_seconds / room : 0;
}

double Summary::utilisation(Duration makespan) const {
  const double room = total_cpus() * makespan.in_seconds();
  return room > 0 ? busy() / room : 0;
}

double Summary::ideal_seconds() const { return total_cpus() > 0 ? busy() / total_cpus() : 0; }

}  // namespace raysim
