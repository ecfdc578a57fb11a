// The options by which a command takes a scenario and changes it: --set, --program, --plugin, --policy, --seed.
//
// Models: file and overrides become a checked scenario with its cost profile, or an InputError. Leaves out: running it.
// Invariants: options win over the file, --policy and --seed over --set; every name that the simulator knows is checked.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "models/profile.hpp"
#include "scenarios/interpret.hpp"
#include "scenarios/load.hpp"
#include "scenarios/load_plugin.hpp"
#include "scenarios/load_program.hpp"
#include "scenarios/simulation.hpp"

namespace raysim {

struct ScenarioOptions {
  std::string file;
  std::vector<std::string> overrides;
  std::optional<std::string> program;  // also an override of `program`
  std::optional<std::string> plugin;
  std::optional<std::string> policy;
  std::optional<std::string> seed;

  // Adds `--set`, `--program` and `--plugin` and, where a command runs what it loads, `--policy` and `--seed`.
  void add_set_to(CLI::App& command);
  void add_choices_to(CLI::App& command);
  void set_program(const std::string& path);
};

struct CheckedScenario {
  Scenario scenario;
  Profile profile;
  LoadedProgram program;                       // where the scenario has one in C++
  std::shared_ptr<const LoadedPlugin> plugin;  // where --plugin was given
};

// The names of policies that raysim has, and those of the plugin in that file, which stays loaded.
std::vector<std::string_view> known_policies(const std::optional<std::string>& plugin);

// Fails when one of the names of `--policies` is not known, or comes twice.
void check_policies(const std::vector<std::string>& names, std::span<const std::string_view> known);

// The value of `--seed`.
std::uint64_t parse_seed(const std::string& text);

CheckedScenario load_checked(const ScenarioOptions& options);

// All but the functions and the jobs.
SimulationOptions simulation_options(const CheckedScenario& checked);
// These, of steps or in C++; `checked` must outlive them.
ProgramBodies program_bodies(CheckedScenario& checked, PrintSink print = {});

}  // namespace raysim
