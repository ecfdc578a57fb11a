// All runs of a sweep, checked.
//
// Models: each point of the grid is loaded as a run would load it, so that a mistake in the last one does not cost the
// night; what each is made from (RunInputs); the order of the runs. Leaves out: running.
// Invariants: whoever has a plan has a sweep in which every run can begin; run numbers go from 0 to runs() - 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/result_store.hpp"
#include "scenarios/sweep.hpp"

namespace raysim {

struct SweepPlan {
  SweepSpec spec;
  std::string title;
  std::size_t points = 0;
  std::size_t reps = 0;
  std::uint64_t first_seed = 0;
  std::vector<std::string> settings;       // of each point, as the store knows them
  std::vector<RunInputs> inputs;           // of each point, but for the plugin
  std::optional<std::string> plugin;       // its file
  std::vector<std::string> plugin_hashes;  // of each policy

  [[nodiscard]] std::size_t runs() const { return points * spec.policies.size() * reps; }
  // Seeds change last, so that a sweep that is cut short has all points.
  [[nodiscard]] std::size_t point_of(std::size_t run) const { return run / spec.policies.size() % points; }
  [[nodiscard]] std::size_t policy_of(std::size_t run) const { return run % spec.policies.size(); }
  [[nodiscard]] std::size_t rep_of(std::size_t run) const { return run / spec.policies.size() / points; }

  [[nodiscard]] RunInputs inputs_of(std::size_t point, std::size_t policy) const;
  // Of every run of a point, as after `--set`.
  [[nodiscard]] std::vector<std::string> overrides_of(std::size_t point) const;
};

// Every mistake is an InputError, where the grid has it. `plugin`: the file of --plugin.
SweepPlan make_sweep_plan(SweepSpec spec, const std::optional<std::string>& plugin);

}  // namespace raysim
