#include "cli/check_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "analysis/text_format.hpp"
#include "cli/scenario_options.hpp"
#include "cli/sweep_plan.hpp"
#include "cli/terminal.hpp"
#include "platforms/load.hpp"

namespace raysim {

namespace {

std::string plural(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count_text(count), what, count == 1 ? "" : "s");
}

std::string describe(const ClusterSpec& cluster) {
  double cpus = 0;
  for (const NodeSpec& node : cluster.nodes) cpus += node.total.get(cpu_resource).value();
  std::string text = fmt::format("{} with {} CPUs", plural(cluster.nodes.size(), "node"), number_text(cpus));
  if (cluster.platform.machines.size() < cluster.nodes.size())
    text += " on " + plural(cluster.platform.machines.size(), "machine");
  return text;
}

std::string describe(const ScenarioProgram& program) {
  if (program.in_cpp) return "a program in C++";
  std::string text = plural(program.tasks.size(), "task function");
  if (!program.actors.empty()) text += fmt::format(", {} of actors", plural(program.actors.size(), "class"));
  if (program.drivers.size() > 1) return fmt::format("{}, {} drivers", text, program.drivers.size());
  return fmt::format("{}, {} of the driver", text, plural(program.drivers.front().body.steps.size(), "step"));
}

// SimGrid's own form, or YAML with the key that only a platform has.
bool is_platform(const std::string& file) {
  if (file.ends_with(".xml")) return true;
  const YamlDocument document = parse_yaml(read_text_file(file, "a scenario, platform or sweep file"), file);
  const auto& entries = document.root.entries;
  return std::any_of(entries.begin(), entries.end(),
                     [](const YamlEntry& entry) { return entry.key == "raysim_platform"; });
}

void check_sweep(const std::string& file, const ScenarioOptions& given) {
  SweepSpec spec = load_sweep(file, known_policies(given.plugin));
  spec.overrides.insert(spec.overrides.end(), given.overrides.begin(), given.overrides.end());
  const SweepPlan plan = make_sweep_plan(std::move(spec), given.plugin);
  fmt::print("{}: ok, a sweep of {} at {}\n", file, plural(plan.runs(), "run"), plural(plan.points, "point"));
}

void check_file(const std::string& file, const ScenarioOptions& given) {
  if (is_platform(file)) {
    const ClusterSpec cluster = load_cluster(file, given.overrides);
    fmt::print("{}: ok, a platform of {}\n", file, describe(cluster));
    return;
  }
  if (is_sweep_file(file)) return check_sweep(file, given);
  ScenarioOptions options = given;
  options.file = file;
  const Scenario scenario = load_checked(options).scenario;
  fmt::print("{}: ok, a scenario of {} on {}\n", file, describe(scenario.program), describe(scenario.cluster));
}

ExitCode check(const std::vector<std::string>& files, const ScenarioOptions& options) {
  ExitCode code = ExitCode::ok;
  for (const std::string& file : files) {
    try {
      check_file(file, options);
    } catch (const InputError& error) {
      std::fflush(stdout);
      print_error(error.what());
      code = ExitCode::bad_input;
    }
  }
  return code;
}

}  // namespace

void add_check_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("check", "Check scenarios, platforms and sweeps without running them");
  const auto files = std::make_shared<std::vector<std::string>>();
  const auto options = std::make_shared<ScenarioOptions>();
  command.add_option("FILE", *files, "Scenarios, platforms or sweeps")->required()->type_name("");
  options->add_set_to(command);
  command.footer(
      "Examples:\n"
      "  raysim check scenarios/pi_60core.yaml\n"
      "  raysim check scenarios/*.yaml platforms/*.yaml\n"
      "  raysim check scenarios/pi_60core.yaml --set ray.policy=spread\n"
      "\n"
      "A mistake is reported as FILE:LINE:COLUMN with what was expected; the exit code is then 2.");
  command.callback([files, options, &chosen] { chosen = [=] { return check(*files, *options); }; });
}

}  // namespace raysim
