#include "cli/compare_command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <memory>

#include "analysis/comparison_export.hpp"
#include "analysis/comparison_text.hpp"
#include "analysis/distribution_picture.hpp"
#include "analysis/text_format.hpp"
#include "cli/interrupt.hpp"
#include "cli/output_file.hpp"
#include "cli/run_batch.hpp"
#include "cli/scenario_options.hpp"
#include "cli/terminal.hpp"

namespace raysim {

namespace {

constexpr std::size_t least_reps_to_stop = 10;  // intervals of fewer runs are too uncertain themselves
constexpr std::size_t most_reps = 100'000;

struct CompareOptions {
  ScenarioOptions scenario;
  BatchOptions batch;
  std::vector<std::string> policies;
  std::size_t reps = least_reps_to_stop;
  std::string precision;
  std::string picture;
  bool json = false;
  bool csv = false;
};

// "2%" or "0.5 %" as a share; none given: 0.
double parse_precision(const std::string& text) {
  if (text.empty()) return 0;
  double percent = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (error != std::errc{} || (unit != "%" && unit != " %") || !(percent > 0) || percent >= 100)
    throw InputError("--precision", 0, 0, in_quotes(text) + ", expected a share of the mean in per cent, such as 2%");
  return percent / 100;
}

void check_picture(const std::string& path) {
  if (!path.empty() && !path.ends_with(".svg") && !path.ends_with(".html"))
    throw InputError("--picture", 0, 0, in_quotes(path) + ", expected a name that ends in .svg or .html");
}

// Runs the seeds that are not there yet, up to `reps` of them, with every policy. False: interrupted.
bool extend(Comparison& comparison, std::uint64_t first_seed, std::size_t reps, const CompareOptions& options,
            BatchProgress& progress) {
  const std::size_t before = comparison.seeds.size();
  for (std::size_t rep = before; rep < reps; ++rep) comparison.seeds.push_back(first_seed + rep);
  for (PolicyComparison& policy : comparison.policies) policy.runs.resize(reps);
  const std::size_t policies = comparison.policies.size();
  const auto planned = [&](std::size_t i) {
    return PlannedRun{options.scenario.overrides, options.scenario.plugin, comparison.policies[i % policies].policy,
                      comparison.seeds[before + i / policies]};
  };
  return run_batch(options.batch, (reps - before) * policies, planned, progress,
                   [&](std::size_t i, const FinishedRun& finished) {
                     comparison.policies[i % policies].runs[before + i / policies] = finished.run;
                   });
}

ExitCode report(const Comparison& comparison, const CompareOptions& options, bool stopped_early) {
  if (options.json) {
    fmt::print("{}", comparison_json(comparison));
  } else if (options.csv) {
    fmt::print("{}", comparison_csv(comparison));
  } else {
    fmt::print("{}", comparison_table(comparison, wants_colours(Stream::standard_output)));
    if (stopped_early)
      fmt::print("  stopped after {} of at most {} seeds: all intervals are within {} of the mean\n",
                 comparison.seeds.size(), options.reps, options.precision);
    else if (!options.precision.empty())
      fmt::print("  not all intervals are within {} of the mean after {} seeds\n", options.precision, options.reps);
  }
  std::fflush(stdout);
  for (const std::string& line : trouble_lines(comparison)) print_error("raysim: " + line);
  return comparison.all_good() ? ExitCode::ok : ExitCode::failed;
}

ExitCode compare_policies(const CompareOptions& options) {
  check_policies(options.policies, known_policies(options.scenario.plugin));
  const double precision = parse_precision(options.precision);
  ScenarioOptions first = options.scenario;
  first.policy = options.policies.front();
  const ScenarioProgram program = load_checked(first).scenario.program;
  if (program.seed > std::numeric_limits<std::uint64_t>::max() - options.reps)
    throw InputError("--seed", 0, 0,
                     fmt::format("{}, expected room for {} seeds after it", program.seed, options.reps));
  check_picture(options.picture);
  OutputFile picture("--picture", options.picture);

  Comparison comparison;
  comparison.scenario = options.scenario.file;
  comparison.title = program.title;
  for (const std::string& name : options.policies) comparison.policies.emplace_back().policy = name;
  const std::vector<std::size_t> looks = planned_looks(precision > 0 ? least_reps_to_stop : options.reps, options.reps);
  comparison.confidence = confidence_of_each(looks.size());

  const InterruptGuard interrupt;
  BatchProgress progress(!options.batch.no_progress, options.reps * options.policies.size());
  for (const std::size_t look : looks) {
    if (!extend(comparison, program.seed, look, options, progress)) {
      progress.wipe();
      print_error("raysim: interrupted");
      return ExitCode::interrupted;
    }
    compare(comparison);
    if (precision > 0 && comparison.is_within(precision)) break;
  }
  progress.wipe();
  picture.finish([&](std::ostream& out) {
    const std::string svg = distribution_svg(comparison);
    out << (options.picture.ends_with(".html") ? page_with(svg, comparison) : svg);
  });
  return report(comparison, options, comparison.seeds.size() < options.reps);
}

}  // namespace

void add_compare_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("compare", "Compare policies on a scenario, over the same seeds");
  const auto options = std::make_shared<CompareOptions>();
  command.add_option("SCENARIO", options->scenario.file, "The scenario, a YAML file")->required()->type_name("");
  command
      .add_option("--policies", options->policies, "The policies, the first one is what the others are held against")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME,NAME");
  command.add_option("--reps", options->reps, "Seeds, each with every policy; the most when --precision is given")
      ->check(CLI::Range(std::size_t{1}, most_reps))
      ->capture_default_str()
      ->type_name("N");
  command.add_option("--seed", options->scenario.seed, "The first seed; the others count up from it")->type_name("N");
  command
      .add_option("--precision", options->precision,
                  "Stop earlier, at 10, 20, 40, ... seeds, when every interval is within\n"
                  "this share of the mean, such as 2%")
      ->type_name("SHARE");
  options->scenario.add_set_to(command);
  options->batch.add_to(command);
  CLI::Option* json =
      command.add_flag("--json", options->json, "Print one JSON object with every run instead of a table");
  command.add_flag("--csv", options->csv, "Print CSV instead of a table, a row for each run")->excludes(json);
  command.add_option("--picture", options->picture, "Draw how the figures are distributed (.svg or .html)")
      ->type_name("FILE");
  command.footer(
      "Examples:\n"
      "  raysim compare scenarios/pi_60core.yaml --policies hybrid,spread,random --reps 20\n"
      "  raysim compare scenarios/pi_60core.yaml --policies hybrid,spread --reps 200 --precision 2%\n"
      "  raysim compare scenarios/tree.yaml --policies hybrid,random --picture tree.svg --json\n"
      "\n"
      "Exit codes: 0 all runs ended as they should, 1 some failed, and the table says which, 2 bad input,\n"
      "130 interrupted. docs/researcher.md says how to read the intervals.");
  command.callback([options, &chosen] {
    options->batch.scenario = options->scenario.file;
    chosen = [options] { return compare_policies(*options); };
  });
}

}  // namespace raysim
