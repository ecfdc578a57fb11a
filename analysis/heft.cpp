#include "analysis/heft.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace raysim {

namespace {
constexpr double ticks_of_cpu = 10'000;  // Ray's resolution of resources
constexpr std::int64_t most_slots = 1'000'000;
}  // namespace

// Tasks by index into tasks_.
struct HeftSchedule::Graph {
  std::vector<std::vector<std::uint32_t>> after;   // who takes its results
  std::vector<std::vector<std::uint32_t>> before;  // whose results it takes
  std::vector<std::uint32_t> order;                // each after all of its arguments
};

// The CPUs of a node in equal slots; each is known by when it is free.
class HeftSchedule::Node {
 public:
  explicit Node(std::int64_t slots) : free_(static_cast<std::size_t>(slots)) {}

  // When so many slots are free together, not before `ready`; none: the node has fewer.
  [[nodiscard]] std::optional<Time> start(std::size_t slots, Time ready) const {
    if (slots > free_.size()) return std::nullopt;
    return slots == 0 ? ready : std::max(ready, free_[slots - 1]);
  }
  // Takes those that became free last, so that the others stay for who can start earlier.
  void take(std::size_t slots, Time start, Time end) {
    if (slots == 0) return;
    const auto last = std::upper_bound(free_.begin(), free_.end(), start);
    free_.erase(last - static_cast<std::ptrdiff_t>(slots), last);
    free_.insert(std::upper_bound(free_.begin(), free_.end(), end), slots, end);
  }

 private:
  std::vector<Time> free_;  // sorted
};

void HeftSchedule::on_attempt(const AttemptRecord& attempt) {
  if (attempt.outcome != AttemptOutcome::finished) return;
  tasks_.push_back({attempt.task, attempt.ended - attempt.started, std::llround(attempt.cpus * ticks_of_cpu)});
}

HeftSchedule::Graph HeftSchedule::graph() const {
  std::unordered_map<std::uint64_t, std::uint32_t> index;
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) index.emplace(tasks_[i].id, i);
  Graph graph{std::vector<std::vector<std::uint32_t>>(tasks_.size()),
              std::vector<std::vector<std::uint32_t>>(tasks_.size()),
              {}};
  std::vector<std::size_t> missing(tasks_.size());
  for (const auto& [from, to] : arguments_) {
    const auto source = index.find(from);
    const auto target = index.find(to);
    if (source == index.end() || target == index.end()) continue;  // one of them failed
    graph.after[source->second].push_back(target->second);
    graph.before[target->second].push_back(source->second);
    ++missing[target->second];
  }
  for (std::uint32_t i = 0; i < tasks_.size(); ++i)
    if (missing[i] == 0) graph.order.push_back(i);
  for (std::size_t next = 0; next < graph.order.size(); ++next)
    for (const std::uint32_t task : graph.after[graph.order[next]])
      if (--missing[task] == 0) graph.order.push_back(task);
  return graph;
}

HeftSchedule::Result HeftSchedule::schedule() const {
  std::int64_t slot = 0;  // the largest that all amounts are multiples of
  std::int64_t all = 0;
  for (const NodeHeader& node : header_.nodes) {
    slot = std::gcd(slot, std::llround(node.cpus * ticks_of_cpu));
    all += std::llround(node.cpus * ticks_of_cpu);
  }
  for (const Task& task : tasks_) {
    slot = std::gcd(slot, task.cpu);
    if (task.id >> 32 != tasks_.front().id >> 32) return {{}, "tasks submit tasks of their own"};
  }
  if (slot == 0) return {{}, "no node has CPUs"};
  if (all / slot > most_slots) return {{}, "too many different fractions of CPUs"};
  std::vector<Node> nodes;
  for (const NodeHeader& node : header_.nodes) nodes.emplace_back(std::llround(node.cpus * ticks_of_cpu) / slot);

  Graph tasks = graph();
  std::vector<Duration> way(tasks_.size());  // to the end of the program, its own duration included
  for (auto it = tasks.order.rbegin(); it != tasks.order.rend(); ++it) {
    for (const std::uint32_t next : tasks.after[*it]) way[*it] = std::max(way[*it], way[next]);
    way[*it] += tasks_[*it].duration;
  }
  std::stable_sort(tasks.order.begin(), tasks.order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return way[a] > way[b]; });
  std::vector<Time> end(tasks_.size());
  Time last;
  for (const std::uint32_t task : tasks.order) {
    Time ready;
    for (const std::uint32_t argument : tasks.before[task]) ready = std::max(ready, end[argument]);
    const auto slots = static_cast<std::size_t>(tasks_[task].cpu / slot);
    Node* best = nullptr;
    Time start = Time::max();
    for (Node& node : nodes) {
      const auto possible = node.start(slots, ready);
      if (!possible || *possible >= start) continue;
      best = &node;
      start = *possible;
    }
    if (best == nullptr) return {{}, "a task asks for more CPUs than any node has"};
    end[task] = start + tasks_[task].duration;
    best->take(slots, start, end[task]);
    last = std::max(last, end[task]);
  }
  return {last - Time{}, {}};
}

}  // namespace raysim
