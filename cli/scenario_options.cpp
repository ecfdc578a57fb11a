#include "cli/scenario_options.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "models/scheduling/policy.hpp"
#include "scenarios/load_profile.hpp"
#include "scenarios/program_host.hpp"

namespace raysim {

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seed);
  if (parsed.ec != std::errc{} || parsed.ptr != end)
    throw InputError("--seed", 0, 0, in_quotes(text) + ", expected a whole number from 0 to 18446744073709551615");
  return seed;
}

namespace {

std::vector<std::string_view> known_with(const LoadedPlugin* plugin) {
  std::vector<std::string_view> names(policy_names().begin(), policy_names().end());
  if (plugin != nullptr) names.insert(names.end(), plugin->names().begin(), plugin->names().end());
  return names;
}

void check_policy(const std::string& name, const std::string& option, std::span<const std::string_view> known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw InputError(
      option, 0, 0,
      "unknown policy " + in_quotes(name) + ", expected one of " + listed(known) + suggestion(name, known));
}

}  // namespace

std::vector<std::string_view> known_policies(const std::optional<std::string>& plugin) {
  if (!plugin) return known_with(nullptr);
  const LoadedPlugin loaded(*plugin);
  return known_with(&loaded);
}

void check_policies(const std::vector<std::string>& names, std::span<const std::string_view> known) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    check_policy(*name, "--policies", known);
    if (std::find(names.begin(), name, *name) != name)
      throw InputError("--policies", 0, 0, "policy " + in_quotes(*name) + " twice, expected names that differ");
  }
}

void ScenarioOptions::add_set_to(CLI::App& command) {
  command
      .add_option("--set", overrides,
                  "Change a value of the file: keys and list indices joined by dots, then YAML,\n"
                  "as in driver.0.submit.count=1000; may be given several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option_function<std::string>(
          "--program", [this](const std::string& path) { set_program(path); },
          "A shared object with a program in C++, see docs/cpp_programs.md, instead of\n"
          "`program` in the scenario")
      ->type_name("FILE");
  command.add_option("--plugin", plugin, "A shared object with policies of your own, see docs/own_policy.md")
      ->type_name("FILE");
}

// As `--set` would, but from where the command is given.
void ScenarioOptions::set_program(const std::string& path) {
  if (path.empty()) throw InputError("--program", 0, 0, "'', expected the path of a shared object");
  program = path;
  std::string quoted;
  for (const char c : std::filesystem::absolute(path).string()) quoted += c == '\'' ? "''" : std::string(1, c);
  overrides.push_back("program='" + quoted + "'");
}

void ScenarioOptions::add_choices_to(CLI::App& command) {
  command.add_option("--policy", policy, "How leases find a node, see docs/policies.md")->type_name("NAME");
  command.add_option("--seed", seed, "Seed of all random streams; another seed, other tie breaks")->type_name("N");
}

CheckedScenario load_checked(const ScenarioOptions& options) {
  CheckedScenario checked;
  if (options.plugin) checked.plugin = std::make_shared<const LoadedPlugin>(*options.plugin);
  const std::vector<std::string_view> policies = known_with(checked.plugin.get());
  if (options.policy) check_policy(*options.policy, "--policy", policies);
  const std::uint64_t seed = options.seed ? parse_seed(*options.seed) : 0;
  const std::vector<std::string> profiles = profile_names();
  const std::vector<std::string_view> profile_views(profiles.begin(), profiles.end());
  checked.scenario = load_scenario(options.file, options.overrides, {policies, profile_views, system_config_names()});
  ScenarioProgram& program = checked.scenario.program;
  if (options.policy) program.ray.policy = *options.policy;
  if (options.seed) program.seed = seed;
  if (program.in_cpp) {
    if (options.program) program.in_cpp->source = "--program";
    checked.program = load_program(*program.in_cpp);
  }
  checked.profile = load_profile(program.ray.profile);
  apply_system_config(program, checked.profile);
  return checked;
}

SimulationOptions simulation_options(const CheckedScenario& checked) {
  const ScenarioProgram& program = checked.scenario.program;
  SimulationOptions options;
  options.seed = program.seed;
  options.policy = program.ray.policy;
  options.view_delay = program.ray.view_delay;
  options.decision_time = program.ray.decision_time;
  if (checked.plugin) options.own_policy = checked.plugin->maker(program.ray.policy);
  options.warm_workers = program.warm_workers;
  options.store = program.store;
  return options;
}

ProgramBodies program_bodies(CheckedScenario& checked, PrintSink print) {
  const auto retries = static_cast<int>(checked.profile.system.task_max_retries);
  if (!checked.scenario.program.in_cpp)
    return make_bodies(checked.scenario.program, checked.scenario.cluster, retries, std::move(print));
  ProgramBodies bodies;
  bodies.jobs.emplace_back().driver = make_program_driver(checked.program, retries, std::move(print));
  return bodies;
}

}  // namespace raysim
