// The runs of a comparison or a sweep: `raysim run` in a process each, on all cores.
//
// Models: planned runs become finished ones, in whatever order they end; a line tells how far it all is. Leaves out: what
// is made of them. Invariants: a run sees the scenario, overrides, plugin, policy and seed that the plan says and nothing else;
// every planned run is handed over once, or the batch was interrupted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/comparison.hpp"
#include "cli/command.hpp"
#include "cli/progress_line.hpp"

namespace raysim {

struct PlannedRun {
  std::vector<std::string> overrides;  // `KEY=VALUE`
  std::optional<std::string> plugin;   // its file
  std::string policy;
  std::uint64_t seed = 0;
};

struct FinishedRun {
  ComparedRun run;
  int exit_code = 0;  // of `raysim run`; 128 + its number when a signal ended it
  bool killed = false;
  std::string report;  // what `raysim run --json` printed
};

// "12 of 40 runs, 3.1 runs/s, 9 s left", on a terminal, for batches of more than a second.
class BatchProgress {
 public:
  BatchProgress(bool enabled, std::size_t all) : line_(enabled), all_(all) {}

  void one_more() { ++done_; }
  void update();
  void wipe() { line_.wipe(); }

 private:
  ProgressLine line_;
  std::size_t done_ = 0;
  std::size_t all_;
};

struct BatchOptions {
  std::string scenario;
  std::size_t jobs = 0;
  bool no_progress = false;

  void add_to(CLI::App& command);  // -j, --no-progress
};

// Runs what `planned(i)` says, for i from 0 to count - 1. False: interrupted. An InterruptGuard must live.
bool run_batch(const BatchOptions& options, std::size_t count, const std::function<PlannedRun(std::size_t)>& planned,
               BatchProgress& progress, const std::function<void(std::size_t, const FinishedRun&)>& on_end);

}  // namespace raysim
