// Simulated against recorded: the same figures of both, side by side.
//
// Models: a case is a program that was run several times for real and is run several times simulated; compared are makespans, tasks
// a node, and the gap between two tasks on one worker. Leaves out: where either comes from.
// Invariants: a case that was not simulated says why; errors are relative to the recorded median.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

// One run of a case.
struct CaseRun {
  double seconds = 0;                         // makespan; of a rate: operations a second
  std::map<std::string, std::int64_t> nodes;  // tasks by node; empty: not known
  std::optional<double> median_gap;  // seconds between the end of a task and the start of the next on its worker
  std::string error;                 // Ray's error, when the program ended with one
  std::map<std::string, std::int64_t> attempts;  // tasks by number of attempts; empty: not known
};

struct ComparedCase {
  std::string name;
  std::string skipped;  // why it was not simulated; empty: it was
  bool is_rate = false;
  std::int64_t tasks = 0;
  std::vector<CaseRun> recorded;
  std::vector<CaseRun> simulated;
};

struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};
Spread spread_of(std::vector<double> values);

struct CaseFit {
  Spread recorded;
  Spread simulated;
  double error = 0;  // of the medians, signed, relative
  std::optional<double> recorded_gap;
  std::optional<double> simulated_gap;
  struct Node {
    std::string name;
    Spread recorded;
    Spread simulated;
    bool inside = false;  // simulated median within the recorded range, give or take one task in twenty
  };
  std::vector<Node> nodes;
  bool same_end = true;  // the same error (or none), and attempts, where recorded
};
CaseFit judge(const ComparedCase& compared);

struct ValidationTotals {
  std::size_t compared = 0;
  std::size_t skipped = 0;
  double median_error = 0;  // of the absolute errors
  double p90_error = 0;
};
ValidationTotals total_up(const std::vector<ComparedCase>& cases);

// A table for the terminal.
std::string validation_table(const std::vector<ComparedCase>& cases);

}  // namespace raysim
