// Comparisons: what counts, what is paired, how it is written and drawn.
#include "analysis/comparison.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "analysis/comparison_export.hpp"
#include "analysis/comparison_text.hpp"
#include "analysis/distribution_picture.hpp"

namespace raysim {

namespace {

std::string report(double makespan, const std::string& outcome = "ok") {
  nlohmann::json json{{"makespan_s", makespan}, {"cpu_utilisation", 0.5}, {"fairness", 0.9}, {"fingerprint", "ab"}};
  json["scheduling_delay_s"] = {{"p50", 0.25}, {"p95", 0.75}};
  json["driver"] = {{"outcome", outcome}};
  return json.dump();
}

ComparedRun good(double makespan) { return read_run(0, report(makespan), ""); }

// Two policies over three seeds; `other` is 1 s slower at each, and its second run failed.
Comparison with_failure() {
  Comparison comparison;
  comparison.scenario = "some.yaml";
  comparison.title = "A <title> & \"more\"";
  comparison.seeds = {4, 5, 6};
  comparison.policies.resize(2);
  comparison.policies[0].policy = "first";
  comparison.policies[0].runs = {good(10), good(50), good(20)};
  comparison.policies[1].policy = "other";
  comparison.policies[1].runs = {good(11), read_run(1, report(99, "WorkerCrashedError"), "raysim: boom\nmore\n"),
                                 good(21)};
  compare(comparison);
  return comparison;
}

}  // namespace

TEST_CASE("a run counts unless it failed") {
  CHECK(good(3).end == ComparedRun::End::good);
  CHECK(good(3).figures == std::array{3.0, 0.5, 0.25, 0.75, 0.9});
  CHECK(read_run(1, report(3), "x").end == ComparedRun::End::unexpected);
  CHECK(read_run(1, report(3), "x").counts());
  CHECK(read_run(1, report(3, "starved"), "x").end == ComparedRun::End::failed);
  CHECK(read_run(0, report(3, "WorkerCrashedError"), "").end == ComparedRun::End::good);  // as the scenario expects
  const ComparedRun nothing = read_run(137, "", "");
  CHECK_FALSE(nothing.counts());
  CHECK(nothing.message == "it left no report");
  CHECK(read_run(2, "", "bad: thing\nsecond line").message == "bad: thing");
}

TEST_CASE("a failed run counts in no figure, and its seed in no difference") {
  const Comparison comparison = with_failure();
  const FigureComparison& first = comparison.policies[0].figures[0];
  CHECK(first.summary.count == 3);
  CHECK(first.summary.mean == doctest::Approx(80.0 / 3));
  CHECK_FALSE(first.difference);
  const FigureComparison& other = comparison.policies[1].figures[0];
  CHECK(other.summary.count == 2);
  CHECK(other.difference->count == 2);
  CHECK(other.difference->mean == 1);
  CHECK(other.difference->interval->half_width() == 0);
  CHECK(other.differs());
  CHECK(comparison.policies[1].failed == 1);
  CHECK_FALSE(comparison.all_good());
  CHECK(comparison.differences() == 5);
  CHECK(comparison.marked() == 1);
  CHECK(trouble_lines(comparison) ==
        std::vector<std::string>{"policy other: failed in 1 of 3 runs, first at seed 5: raysim: boom"});
}

TEST_CASE("what went wrong at several seeds is one line, whatever figure or moment each has") {
  Comparison comparison = with_failure();
  auto& runs = comparison.policies[1].runs;
  runs[0] = read_run(1, report(3), "s.yaml:9:3: expectation 'makespan' failed: expected at most 1 s, got 3 s");
  runs[1] = read_run(1, report(4), "s.yaml:9:3: expectation 'makespan' failed: expected at most 1 s, got 4 s");
  runs[2] = read_run(1, report(4), "s.yaml:9:3: expectation 'finished' failed: expected 5 tasks, got 4");
  CHECK(trouble_lines(comparison) == std::vector<std::string>{"policy other: expectation failed in 1 of 3 runs, first "
                                                              "at seed 6: s.yaml:9:3: expectation 'finished' failed: "
                                                              "expected 5 tasks, got 4",
                                                              "policy other: expectation failed in 2 of 3 runs, first "
                                                              "at seed 4: s.yaml:9:3: expectation 'makespan' failed: "
                                                              "expected at most 1 s, got 3 s"});
  runs[0] = read_run(1, report(3, "Exception"), "s.yaml:3:1: only 2 left in the driver at simulated 3.1 s");
  runs[1] = read_run(1, report(3, "Exception"), "s.yaml:3:1: only 2 left in the driver at simulated 3.2 s");
  runs[2] = good(3);
  CHECK(trouble_lines(comparison).size() == 1);
}

TEST_CASE("a comparison is within a share of the mean only when every interval is") {
  Comparison comparison = with_failure();
  CHECK_FALSE(comparison.is_within(0.5));
  for (PolicyComparison& policy : comparison.policies) policy.runs.assign(3, good(10));
  compare(comparison);
  CHECK(comparison.is_within(0.001));
  comparison.policies[1].runs[2] = good(10.1);
  compare(comparison);
  CHECK_FALSE(comparison.is_within(0.001));
  CHECK(comparison.is_within(0.02));
}

TEST_CASE("every form of a comparison shows the failed run") {
  const Comparison comparison = with_failure();
  const auto json = nlohmann::json::parse(comparison_json(comparison));
  CHECK(json["runs"].size() == 6);
  CHECK(json["runs"][4]["end"] == "failed");
  CHECK(json["runs"][4]["makespan_s"].is_null());
  CHECK(json["figures"]["makespan_s"]["other"]["difference"]["mean"] == 1);
  CHECK(json["figures"]["makespan_s"]["other"]["difference"]["excludes_zero"] == true);
  CHECK(comparison_csv(comparison).find("\nother,5,failed,,,,,,ab,raysim: boom\n") != std::string::npos);
  CHECK(comparison_table(comparison, false).find("\x1b[") == std::string::npos);
  CHECK(distribution_svg(comparison).find("other (1 failed)") != std::string::npos);
}

TEST_CASE("a comparison of nothing but failures has no figures and no nonsense") {
  Comparison comparison = with_failure();
  for (PolicyComparison& policy : comparison.policies) policy.runs.assign(3, read_run(2, "", "no"));
  compare(comparison);
  const std::string table = comparison_table(comparison, false);
  CHECK(table.find("no run") != std::string::npos);
  CHECK(table.find("nan") == std::string::npos);
  CHECK(nlohmann::json::parse(comparison_json(comparison))["figures"]["fairness"]["first"]["interval"].is_null());
  CHECK(distribution_svg(comparison).find("nan") == std::string::npos);
}

TEST_CASE("a picture escapes what is not its own") {
  const std::string svg = distribution_svg(with_failure());
  CHECK(svg.find("A &lt;title&gt; &amp; &quot;more&quot;") != std::string::npos);
  CHECK(svg.find("<title>A <") == std::string::npos);
}

TEST_CASE("ticks are round and within the axis") {
  CHECK(round_ticks(0, 10, 8) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(round_ticks(5.23, 5.91, 8).size() == 7);
  CHECK(round_ticks(5.23, 5.91, 8).front() == doctest::Approx(5.3));
  CHECK(round_ticks(-1e-6, 1e-6, 4).size() >= 2);
  for (const double high : {1.001, 1.5, 7.0, 123.0}) {
    const std::vector<double> ticks = round_ticks(1, high, 8);
    CAPTURE(high);
    CHECK(ticks.size() >= 2);
    CHECK(ticks.size() <= 8);
    CHECK(ticks.front() >= 1 - 1e-12);
    CHECK(ticks.back() <= high + 1e-12);
  }
}

TEST_CASE("fields of CSV are quoted where they must be") {
  CHECK(csv_field("plain: text") == "plain: text");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"x\"\n") == "\"say \"\"x\"\"\n\"");
  CHECK(exact_text(0.1) == "0.1");
  CHECK(exact_text(5) == "5");
}

}  // namespace raysim
