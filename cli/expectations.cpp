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
    check_makespan("", expect.makespan, r.makespan);
    for (const ExpectedDriver& driver : expect.drivers) check_driver(driver);
    for (const auto& [name, range] : expect.tasks_per_node) check_node(name, range);
    check_count("finished", expect.finished, r.finished);
    check_count("retried", expect.retried, r.retried);
    check_count("failed", expect.failed, r.failed);
    check_count("oom_kills", expect.oom_kills, r.oom_kills, "workers");
    check_bytes("spilled", expect.spilled, r.store.spilled);
    check_bytes("restored", expect.restored, r.store.restored);
    check_bytes("fallback_peak", expect.fallback_peak, r.store.fallback_peak);
    for (const auto& [name, state] : expect.placement_groups) check_group(name, state);
    for (std::size_t i = 0; i < expect.values.size(); ++i) check_value(expect.values[i], values_[i]);
    return std::move(lines_);
  }

 private:
  void check_makespan(const std::string& path, const ExpectedMakespan& wanted, Duration got) {
    if (wanted.min && got < *wanted.min)
      fail(path + "makespan", "at least " + duration_text(*wanted.min), duration_text(got));
    if (wanted.max && got > *wanted.max)
      fail(path + "makespan", "at most " + duration_text(*wanted.max), duration_text(got));
  }

  void check_driver(const ExpectedDriver& wanted) {
    const JobReport& job = report_.jobs[wanted.driver];
    const std::string path = "drivers." + job.name + ".";
    if (wanted.outcome && *wanted.outcome != job.outcome) fail(path + "outcome", *wanted.outcome, job.outcome);
    if (job.ended) check_makespan(path, wanted.makespan, *job.ended - job.started);
  }

  void check_node(const std::string& name, std::pair<std::int64_t, std::int64_t> range) {
    const auto node = std::find_if(report_.nodes.begin(), report_.nodes.end(),
                                   [&, &n = name](const NodeReport& candidate) { return candidate.name == n; });
    const auto tasks = node == report_.nodes.end() ? 0 : static_cast<std::int64_t>(node->tasks);
    if (tasks >= range.first && tasks <= range.second) return;
    const std::string wanted =
        range.first == range.second ? std::to_string(range.first) : fmt::format("{} to {}", range.first, range.second);
    fail("tasks_per_node." + name, wanted + " tasks", std::to_string(tasks));
  }

  void check_count(const std::string& key, const std::optional<std::int64_t>& wanted, std::uint64_t got,
                   std::string_view what = "tasks") {
    if (wanted && static_cast<std::uint64_t>(*wanted) != got)
      fail(key, fmt::format("{} {}", *wanted, what), std::to_string(got));
  }

  void check_bytes(const std::string& key, const std::optional<Bytes>& wanted, Bytes got) {
    if (wanted && *wanted != got)
      fail(key, count_text(static_cast<std::uint64_t>(wanted->count)) + " B",
           count_text(static_cast<std::uint64_t>(got.count)) + " B");
  }

  // Of groups that had the name one after the other the last.
  void check_group(const std::string& name, const std::string& state) {
    std::string got = "none of that name";
    for (const GroupReport& group : report_.placement_groups)
      if (group.name == name) got = group.state;
    if (got != state) fail("placement_groups." + name, state, got);
  }

  void check_value(const ExpectedValue& wanted, const Value& got) {
    constexpr double tolerance = 1e-9;  // sums depend on their order
    const DriverSpec& driver = program_.drivers[wanted.driver];
    const std::string path = driver.name.empty() ? "values." : "drivers." + driver.name + ".values.";
    if (!are_equal(wanted.value, got, tolerance))
      fail(path + driver.body.names[wanted.slot], to_text(wanted.value), to_text(got));
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
