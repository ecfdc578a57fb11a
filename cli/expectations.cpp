#include "cli/expectations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/text_format.hpp"

namespace raysim {

namespace {

class Checker {
 public:
  Checker(const ScenarioProgram& program, const RunReport& report, std::span<const Value> values)
      : program_(program), report_(report), values_(values) {}

  std::vector<std::string> check() {
    const ExpectSpec& expect = program_.expect;
    const RunReport& r = report_;
    if (expect.outcome && *expect.outcome != r.outcome)
      fail("outcome", *expect.outcome, r.message.empty() ? r.outcome : r.outcome + " (" + r.message + ")");
    if (expect.makespan_min && r.makespan < *expect.makespan_min)
      fail("makespan", "at least " + duration_text(*expect.makespan_min), duration_text(r.makespan));
    if (expect.makespan_max && r.makespan > *expect.makespan_max)
      fail("makespan", "at most " + duration_text(*expect.makespan_max), duration_text(r.makespan));
    for (const auto& [name, range] : expect.tasks_per_node) check_node(name, range);
    check_count("finished", expect.finished, r.finished);
    check_count("retried", expect.retried, r.retried);
    check_count("failed", expect.failed, r.failed);
    for (const auto& [name, state] : expect.placement_groups) check_group(name, state);
    for (std::size_t i = 0; i < expect.values.size(); ++i) check_value(expect.values[i], values_[i]);
    return std::move(lines_);
  }

 private:
  void check_node(const std::string& name, std::pair<std::int64_t, std::int64_t> range) {
    const auto node = std::find_if(report_.nodes.begin(), report_.nodes.end(),
                                   [&, &n = name](const NodeReport& candidate) { return candidate.name == n; });
    const auto tasks = node == report_.nodes.end() ? 0 : static_cast<std::int64_t>(node->tasks);
    if (tasks >= range.first && tasks <= range.second) return;
    const std::string wanted =
        range.first == range.second ? std::to_string(range.first) : fmt::format("{} to {}", range.first, range.second);
    fail("tasks_per_node." + name, wanted + " tasks", std::to_string(tasks));
  }

  void check_count(const std::string& key, const std::optional<std::int64_t>& wanted, std::uint64_t got) {
    if (wanted && static_cast<std::uint64_t>(*wanted) != got)
      fail(key, fmt::format("{} tasks", *wanted), std::to_string(got));
  }

  // Of groups that had the name one after the other the last.
  void check_group(const std::string& name, const std::string& state) {
    std::string got = "none of that name";
    for (const GroupReport& group : report_.placement_groups)
      if (group.name == name) got = group.state;
    if (got != state) fail("placement_groups." + name, state, got);
  }

  void check_value(const std::pair<Slot, Value>& wanted, const Value& got) {
    constexpr double tolerance = 1e-9;  // sums depend on their order
    const std::string& name = program_.drivers.front().body.names[wanted.first];
    if (!are_equal(wanted.second, got, tolerance)) fail("values." + name, to_text(wanted.second), to_text(got));
  }

  void fail(const std::string& key, const std::string& wanted, const std::string& got) {
    const SourcePlace place = program_.expect.place;
    // One that the command line added has no place in the file.
    const std::string where =
        place.line > 0 ? fmt::format("{}:{}:{}", program_.file, place.line, place.column) : program_.file;
    lines_.push_back(fmt::format("{}: expectation '{}' failed: expected {}, got {}", where, key, wanted, got));
  }

  const ScenarioProgram& program_;
  const RunReport& report_;
  std::span<const Value> values_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> failed_expectations(const ScenarioProgram& program, const RunReport& report,
                                             std::span<const Value> values) {
  return Checker(program, report, values).check();
}

}  // namespace raysim
