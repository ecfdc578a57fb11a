// Policies side by side over the same seeds.
//
// Models: what is compared of each run, its summary for each policy, and the paired difference to the first policy. Leaves
// out: who runs them (cli/), layout (comparison_text.hpp, distribution_picture.hpp).
// Invariants: a run that failed counts in no figure, and the same seed of another policy then counts in no difference;
// runs[p][i] belongs to policies[p] and seeds[i].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/statistics.hpp"

namespace raysim {

enum class FigureUnit : std::uint8_t { seconds, share, index };

struct FigureSpec {
  std::string_view key;      // in JSON, CSV and tables of results
  std::string_view pointer;  // where `raysim run --json` has it
  std::string_view label;
  std::string_view short_label;
  FigureUnit unit;
};

inline constexpr std::size_t figure_count = 5;
// Makespan, CPU utilisation, median and 95th percentile of the scheduling delay, fairness (docs/model.md).
std::span<const FigureSpec, figure_count> compared_figures();

struct ComparedRun {
  enum class End : std::uint8_t { good, unexpected, failed };
  End end = End::failed;
  std::array<double, figure_count> figures{};  // in the order of compared_figures(); of a failed one they say nothing
  std::string outcome;                         // as in `driver.outcome`; "" when the run left no report
  std::string message;                         // why it is not good
  std::string fingerprint;

  [[nodiscard]] bool counts() const { return end != End::failed; }
};

// "good", "expectation failed" or "failed", and back; anything else is failed.
std::string_view name_of(ComparedRun::End end);
ComparedRun::End end_named(std::string_view name);

// A run from its exit code, what it printed as JSON and its errors. Good is exit code 0; unexpected: it ended well and
// an expectation of the scenario failed; failed: anything else.
ComparedRun read_run(int exit_code, const std::string& json, const std::string& errors);

struct FigureComparison {
  SampleSummary summary;
  std::optional<SampleSummary> difference;  // to the first policy, paired; none for the first
  // Whether the interval of the difference excludes zero.
  [[nodiscard]] bool differs() const;
};

struct PolicyComparison {
  std::string policy;
  std::vector<double> samples(std::size_t figure) const;  // of the runs that count
  std::array<FigureComparison, figure_count> figures;
  std::vector<ComparedRun> runs;
  std::size_t failed = 0;
  std::size_t unexpected = 0;
};

struct Comparison {
  std::string scenario;
  std::string title;
  std::vector<std::uint64_t> seeds;
  double confidence = usual_confidence;  // of each interval
  std::vector<PolicyComparison> policies;

  [[nodiscard]] bool all_good() const;
  // Every interval, of means and of differences, is within `share` of the mean (a difference: of the first policy's mean).
  [[nodiscard]] bool is_within(double share) const;
  // Intervals of differences, and how many of them exclude zero.
  [[nodiscard]] std::size_t differences() const;
  [[nodiscard]] std::size_t marked() const;
};

// A comparison at each point of a grid.
struct SweepPoint {
  std::vector<std::string> values;  // of SweepResults::keys
  Comparison comparison;
};
struct SweepResults {
  std::string scenario;
  std::string title;
  std::vector<std::string> keys;
  std::vector<SweepPoint> points;
};

// Fills in the figures of every policy from its runs.
void compare(Comparison& comparison);

}  // namespace raysim
