#include "cli/sweep_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "analysis/text_format.hpp"
#include "cli/scenario_options.hpp"
#include "models/scheduling/policy.hpp"
#include "scenarios/data_root.hpp"

namespace raysim {

namespace {

constexpr std::int64_t usual_reps = 10;
constexpr std::size_t most_runs = 10'000'000;

// Overrides of all runs in their order, as a later one may lie in an earlier; then the grid's by key, as no two of these
// touch each other: the same whatever the order of the options.
std::string settings_text(const SweepSpec& spec, std::size_t point) {
  std::vector<std::string> of_grid = point_overrides(spec.grid, point);
  std::sort(of_grid.begin(), of_grid.end());
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  const auto add = [&](const std::vector<std::string>& overrides) {
    for (const std::string& override : overrides) {
      const std::string key = override.substr(0, override.find('='));
      settings.erase(key);
      settings[key] = override.substr(std::min(key.size() + 1, override.size()));
    }
  };
  add(spec.overrides);
  add(of_grid);
  return settings.dump();
}

// A mistake in a value of the grid, reported where that value comes from.
[[noreturn]] void fail_at_axis(const SweepSpec& spec, std::size_t point, const InputError& error) {
  const std::vector<std::string> overrides = point_overrides(spec.grid, point);
  for (std::size_t i = 0; i < overrides.size(); ++i)
    if (override_name(overrides[i]) == error.file())
      throw InputError(spec.grid[i].source, spec.grid[i].place.line, spec.grid[i].place.column,
                       fmt::format("{}: {}", overrides[i], error.message()));
  throw error;
}

class Hashes {
 public:
  const std::string& of(const std::string& path) {
    const auto found = known_.find(path);
    return found != known_.end() ? found->second : known_.emplace(path, content_hash(path)).first->second;
  }

 private:
  std::map<std::string, std::string> known_;
};

std::string hash_of(const Profile& profile, Hashes& hashes) {
  const auto of_file = [&](const std::string& name) {
    return hashes.of(data_file("models/profiles/" + name + ".yaml"));
  };
  return of_file(profile.name) + (profile.base.empty() ? "" : of_file(profile.base));
}

void check_points(SweepPlan& plan) {
  Hashes hashes;
  const bool needs_policy = plan.spec.policies.empty();
  for (std::size_t point = 0; point < plan.points; ++point) {
    ScenarioOptions options;
    options.file = plan.spec.scenario;
    options.plugin = plan.plugin;
    options.overrides = plan.overrides_of(point);
    try {
      const CheckedScenario checked = load_checked(options);
      const ScenarioProgram& program = checked.scenario.program;
      const std::string& platform = checked.scenario.cluster.file;
      if (point == 0) {
        if (plan.spec.title.empty()) plan.title = program.title;
        plan.first_seed = plan.spec.seed.value_or(program.seed);
        if (needs_policy) plan.spec.policies = {program.ray.policy};
      }
      plan.inputs.push_back({RAYSIM_VERSION, plan.spec.scenario, hashes.of(plan.spec.scenario), platform,
                             hashes.of(platform), checked.profile.name, hash_of(checked.profile, hashes),
                             program.in_cpp ? hashes.of(program.in_cpp->path) : "", ""});
    } catch (const InputError& error) {
      fail_at_axis(plan.spec, point, error);
    }
    plan.settings.push_back(settings_text(plan.spec, point));
  }
}

}  // namespace

std::vector<std::string> SweepPlan::overrides_of(std::size_t point) const {
  std::vector<std::string> overrides = spec.overrides;
  for (std::string& override : point_overrides(spec.grid, point)) overrides.push_back(std::move(override));
  return overrides;
}

RunInputs SweepPlan::inputs_of(std::size_t point, std::size_t policy) const {
  RunInputs of_run = inputs[point];
  of_run.plugin_hash = plugin_hashes[policy];
  return of_run;
}

SweepPlan make_sweep_plan(SweepSpec spec, const std::optional<std::string>& plugin) {
  SweepPlan plan;
  plan.spec = std::move(spec);
  plan.plugin = plugin;
  plan.points = count_points(plan.spec.grid, plan.spec.overrides);
  plan.title = plan.spec.title;
  plan.reps = static_cast<std::size_t>(plan.spec.reps.value_or(usual_reps));
  check_points(plan);
  const auto own = policy_names();
  for (const std::string& policy : plan.spec.policies)
    plan.plugin_hashes.push_back(std::find(own.begin(), own.end(), policy) == own.end() ? content_hash(*plan.plugin)
                                                                                        : "");
  if (plan.runs() > most_runs)
    throw InputError(
        "--reps", 0, 0,
        fmt::format("{} runs in all, expected at most {}", count_text(plan.runs()), count_text(most_runs)));
  // The results file counts seeds as SQLite's whole numbers.
  if (plan.first_seed > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - plan.reps)
    throw InputError("--seed", 0, 0,
                     fmt::format("{}, expected room for {} seeds after it", plan.first_seed, plan.reps));
  return plan;
}

}  // namespace raysim
