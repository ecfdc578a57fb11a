// What is said about a run: numbers as text, the table, the JSON object, the trace.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "analysis/chrome_trace.hpp"
#include "analysis/histogram.hpp"
#include "analysis/record_tee.hpp"
#include "analysis/report_json.hpp"
#include "analysis/table.hpp"
#include "analysis/text_format.hpp"

namespace raysim {

namespace {

// One attempt of a task of a second, pushed half a second after its submission.
AttemptRecord attempt(std::uint32_t node, AttemptOutcome outcome) {
  AttemptRecord record;
  record.node = node;
  record.worker = 7 + node;
  record.pushed = Time{500'000'000};
  record.started = Time{600'000'000};
  record.ended = Time{1'600'000'000};
  record.replied = Time{1'700'000'000};
  record.path = Duration::seconds(1);
  record.cpus = 2;
  record.outcome = outcome;
  return record;
}

RunHeader small_header() { return {{{"bob", 4}, {"al\"ice", 4}}, {"wörk\\", "rest"}}; }

}  // namespace

TEST_CASE("durations are written with four digits and a unit that fits") {
  CHECK(duration_text({0}) == "0 s");
  CHECK(duration_text({1}) == "0.001 us");
  CHECK(duration_text({999'949}) == "999.9 us");
  CHECK(duration_text({999'960}) == "1.000 ms");
  CHECK(duration_text({15'023'456}) == "15.02 ms");
  CHECK(duration_text(Duration::seconds(5.9121)) == "5.912 s");
  CHECK(duration_text(Duration::seconds(1234.5)) == "1,235 s");
  CHECK(duration_text({-15'023'456}) == "-15.02 ms");
}

TEST_CASE("counts, shares, sizes and ratios as text") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1'000) == "1,000");
  CHECK(count_text(1'234'567) == "1,234,567");
  CHECK(number_text(60) == "60");
  CHECK(number_text(0.5) == "0.5");
  CHECK(percent_text(0.8457) == "84.6 %");
  CHECK(large_text(999) == "999");
  CHECK(large_text(5.94e6) == "5.9 million");
  CHECK(ratio_text(1.182) == "1.18 x");
  CHECK(ratio_text(11.82) == "11.8 x");
  CHECK(ratio_text(1910.4) == "1,910 x");
  CHECK(bytes_text({999}) == "999 B");
  CHECK(bytes_text({1'500'000}) == "1.5 MB");
}

TEST_CASE("text is cut between characters, not inside of one") {
  CHECK(shortened("wörk", 4) == "wörk");
  CHECK(shortened("wörker", 4) == "wö..");
  CHECK(width_of("wö█") == 3);
}

TEST_CASE("a percentile is off by a thousandth at most, the maximum is exact") {
  DurationHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(Duration::microseconds(i));
  CHECK(histogram.percentile(0.5).in_seconds() == doctest::Approx(501e-6).epsilon(1.0 / 1024));
  CHECK(histogram.percentile(0.99).in_seconds() == doctest::Approx(991e-6).epsilon(1.0 / 1024));
  CHECK(histogram.max() == Duration::milliseconds(1));
  CHECK(DurationHistogram{}.percentile(0.5) == Duration{});
}

TEST_CASE("a summary counts each outcome and the CPU time of every attempt") {
  Summary summary(small_header());
  summary.on_submitted(3, 0);
  summary.on_attempt(attempt(0, AttemptOutcome::retried));
  summary.on_attempt(attempt(1, AttemptOutcome::finished));
  summary.on_attempt(attempt(1, AttemptOutcome::failed));
  const RunReport report = report_on(summary, Duration::seconds(2));
  CHECK(report.finished == 1);
  CHECK(report.failed == 1);
  CHECK(report.retried == 1);
  CHECK(report.open_tasks() == 1);
  CHECK(report.ideal == Duration::seconds(0.75));              // 3 attempts x 2 CPUs x 1 s over 8 CPUs
  CHECK(report.cpu_utilisation == doctest::Approx(6.0 / 16));  // of 8 CPUs x 2 s
  CHECK(report.nodes[0].cpu_utilisation == doctest::Approx(2.0 / 8));
  CHECK(report.nodes[1].tasks == 1);
  CHECK(report.critical_path == Duration::seconds(1));
  CHECK(report.scheduling_delay.max == Duration::seconds(0.5));
}

TEST_CASE("fairness is the index of Jain of slowdowns, and short tasks count as 10 ms") {
  Summary summary(small_header());
  CHECK(summary.fairness() == 1);
  AttemptRecord at_once = attempt(0, AttemptOutcome::finished);
  at_once.resolved = at_once.started;  // slowdown 1
  summary.on_attempt(at_once);
  CHECK(summary.fairness() == doctest::Approx(1));
  AttemptRecord late = attempt(0, AttemptOutcome::finished);
  late.started = Time{4'000'000'000};  // after 4 s for 1 s: slowdown 5
  late.ended = Time{5'000'000'000};
  summary.on_attempt(late);
  CHECK(summary.fairness() == doctest::Approx(36.0 / 52));  // (1 + 5)^2 / (2 (1 + 25))
  AttemptRecord empty = attempt(0, AttemptOutcome::finished);
  empty.resolved = empty.started;
  empty.ended = Time{empty.started.ns + 30'000'000};
  empty.started = empty.ended;  // 30 ms for nothing: slowdown 3
  summary.on_attempt(empty);
  CHECK(summary.fairness() == doctest::Approx(81.0 / (3 * 35)));
}

TEST_CASE("a trace is valid JSON whatever the names are, and two sinks see the same") {
  const RunHeader header = small_header();
  std::ostringstream text;
  ChromeTrace trace(text, header);
  Summary summary(header);
  RecordTee both(summary, trace);
  both.on_submitted(2, 0);
  both.on_worker_started(0, Time{});
  both.on_attempt(attempt(0, AttemptOutcome::retried));
  both.on_attempt(attempt(1, AttemptOutcome::finished));
  trace.finish();
  CHECK(summary.submitted() == 2);
  CHECK(summary.finished_by_function() == std::vector<std::uint64_t>{1, 0});
  const auto events = nlohmann::json::parse(text.str());
  const auto& last = events.back();
  CHECK(last["name"] == "task::wörk\\");
  CHECK(last["ts"] == 600'000.0);
  CHECK(last["dur"] == 1'000'000.0);
  CHECK(last["pid"] == 1);
  CHECK(last["args"]["scheduling_delay_us"] == 500'000.0);
  CHECK(events[2]["args"]["name"] == "Node al\"ice");
}

TEST_CASE("each GPU has its figures in the report, and rows in the trace on which no two spans overlap") {
  RunHeader header = small_header();
  header.nodes[1].devices = {"A100", ""};
  std::ostringstream text;
  ChromeTrace trace(text, header);
  Summary summary(header);
  RecordTee both(summary, trace);
  AttemptRecord half = attempt(1, AttemptOutcome::finished);
  half.gpus = 0.5;
  half.devices = {1};
  both.on_attempt(half);
  both.on_attempt(half);
  AttemptRecord two = attempt(1, AttemptOutcome::finished);
  two.gpus = 2;
  two.devices = {0, 1};
  two.started = half.ended;
  two.ended = two.started + Duration::seconds(2);
  both.on_attempt(two);
  trace.finish();

  const RunReport report = report_on(summary, Duration::seconds(4));
  CHECK(report.gpus == 2);
  CHECK(report.gpu_utilisation == doctest::Approx((0.5 + 0.5 + 2 * 2) / 8));
  CHECK(report.nodes[0].gpus.empty());
  CHECK(report.nodes[1].gpus[0].utilisation == doctest::Approx(0.5));
  CHECK(report.nodes[1].gpus[1].utilisation == doctest::Approx(0.75));
  CHECK(report.nodes[1].gpus[1].tasks == 3);
  const auto gpus = nlohmann::json::parse(run_json(report))["nodes"]["al\"ice"]["gpus"];
  CHECK(gpus[0]["model"] == "A100");
  CHECK(gpus[1]["utilisation"] == 0.75);
  CHECK(run_table(report, false).find("A100") != std::string::npos);

  std::map<std::uint64_t, std::vector<std::pair<double, double>>> rows;
  std::vector<std::string> visible;
  for (const auto& event : nlohmann::json::parse(text.str())) {
    if (event["ph"] == "X" && event["cat"] == "gpu")
      rows[event["tid"].get<std::uint64_t>()].emplace_back(event["ts"], event["dur"]);
    else if (event["ph"] == "X")
      visible.push_back(event["args"]["CUDA_VISIBLE_DEVICES"]);
  }
  CHECK(visible == std::vector<std::string>{"1", "1", "0,1"});
  CHECK(rows.size() == 3);  // one of the first GPU, two of the one that was shared
  for (const auto& [row, spans] : rows)
    for (std::size_t i = 1; i < spans.size(); ++i) CHECK(spans[i - 1].first + spans[i - 1].second <= spans[i].first);
}

TEST_CASE("a trace of nothing on no nodes is an empty list") {
  const RunHeader header;
  std::ostringstream text;
  ChromeTrace trace(text, header);
  trace.finish();
  CHECK(nlohmann::json::parse(text.str()).empty());
}

TEST_CASE("a table of a run without tasks or time divides by nothing") {
  const RunReport report = report_on(Summary(small_header()), {});
  const std::string table = run_table(report, false);
  CHECK(table.find("nan") == std::string::npos);
  CHECK(table.find("inf") == std::string::npos);
  CHECK(nlohmann::json::parse(run_json(report))["simulated_over_wall"] == 0);
}

TEST_CASE("long names and texts stay within a hundred columns") {
  RunHeader header = small_header();
  header.nodes[0].name = std::string(90, 'n');
  RunReport report = report_on(Summary(header), Duration::seconds(1));
  report.title = std::string(200, 't');
  report.scenario = std::string(200, 's');
  report.outcome = "RayTaskError";
  report.outcome_expected = false;
  report.message = std::string(150, 'm') + " and " + std::string(150, 'm');
  std::istringstream lines(run_table(report, false));
  for (std::string line; std::getline(lines, line);) CHECK(width_of(line) <= 100);
}

}  // namespace raysim
