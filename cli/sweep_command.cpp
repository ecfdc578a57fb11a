#include "cli/sweep_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "analysis/comparison_export.hpp"
#include "analysis/comparison_text.hpp"
#include "analysis/text_format.hpp"
#include "cli/interrupt.hpp"
#include "cli/result_store.hpp"
#include "cli/run_batch.hpp"
#include "cli/scenario_options.hpp"
#include "cli/sweep_plan.hpp"
#include "cli/terminal.hpp"

namespace raysim {

namespace {

struct SweepOptions {
  ScenarioOptions scenario;  // its policy is not used
  std::vector<std::string> grid;
  std::vector<std::string> policies;
  std::optional<std::int64_t> reps;
  std::string database;
  BatchOptions batch;
  bool json = false;
  bool csv = false;
};

// The file's sweep with the options over it; a scenario is a sweep without a grid.
SweepSpec read_spec(const SweepOptions& options) {
  const std::vector<std::string_view> known = known_policies(options.scenario.plugin);
  SweepSpec spec;
  if (is_sweep_file(options.scenario.file))
    spec = load_sweep(options.scenario.file, known);
  else
    spec.scenario = std::filesystem::path(options.scenario.file).lexically_normal().string();
  for (const std::string& text : options.grid) {
    SweepAxis axis = parse_axis(text);
    const auto same =
        std::find_if(spec.grid.begin(), spec.grid.end(), [&](const SweepAxis& other) { return other.key == axis.key; });
    if (same != spec.grid.end())
      *same = std::move(axis);
    else
      spec.grid.push_back(std::move(axis));
  }
  if (spec.grid.empty())
    throw InputError("--grid", 0, 0, "nothing to sweep over, expected --grid KEY=VALUE,VALUE or a sweep file");
  spec.overrides.insert(spec.overrides.end(), options.scenario.overrides.begin(), options.scenario.overrides.end());
  if (!options.policies.empty()) spec.policies = options.policies;
  check_policies(spec.policies, known);
  if (options.reps) spec.reps = options.reps;
  if (options.scenario.seed) spec.seed = parse_seed(*options.scenario.seed);
  return spec;
}

SweepResults empty_results(const SweepPlan& plan) {
  SweepResults results;
  results.scenario = plan.spec.scenario;
  results.title = plan.title;
  for (const SweepAxis& axis : plan.spec.grid) results.keys.push_back(axis.key);
  for (std::size_t i = 0; i < plan.points; ++i) {
    SweepPoint& point = results.points.emplace_back();
    point.values = point_values(plan.spec.grid, i);
    point.comparison.scenario = plan.spec.scenario;
    for (std::size_t rep = 0; rep < plan.reps; ++rep) point.comparison.seeds.push_back(plan.first_seed + rep);
    for (const std::string& name : plan.spec.policies) {
      PolicyComparison& policy = point.comparison.policies.emplace_back();
      policy.policy = name;
      policy.runs.resize(plan.reps);
    }
  }
  return results;
}

[[noreturn]] void fail_changed(const RunInputs& then, const RunInputs& now, const std::string& database) {
  const auto changed = [&](const std::string& what, const std::string& before, const std::string& after) {
    return InputError(what, 0, 0,
                      fmt::format("has changed since runs of this sweep were stored in {} ({} then, {} now), expected "
                                  "the same as then, or another file after --db",
                                  in_quotes(database), before, after));
  };
  if (then.scenario_hash != now.scenario_hash) throw changed(now.scenario_file, then.scenario_hash, now.scenario_hash);
  if (then.platform_file != now.platform_file) throw changed("the platform", then.platform_file, now.platform_file);
  if (then.platform_hash != now.platform_hash) throw changed(now.platform_file, then.platform_hash, now.platform_hash);
  if (then.profile != now.profile) throw changed("the cost profile", then.profile, now.profile);
  if (then.profile_hash != now.profile_hash)
    throw changed("profile " + now.profile, then.profile_hash, now.profile_hash);
  if (then.program_hash != now.program_hash) throw changed("the program", then.program_hash, now.program_hash);
  if (then.plugin_hash != now.plugin_hash) throw changed("the plugin", then.plugin_hash, now.plugin_hash);
  throw changed("raysim", then.raysim, now.raysim);
}

// Takes over what the store holds; the runs that are missing, in the order in which they are to be made.
std::vector<std::size_t> take_stored(const SweepPlan& plan, const ResultStore& store, const std::string& database,
                                     SweepResults& results) {
  std::map<std::string, std::size_t> point_by_settings;
  for (std::size_t i = 0; i < plan.points; ++i) point_by_settings[plan.settings[i]] = i;
  std::vector<bool> is_there(plan.runs());
  store.for_each(plan.spec.scenario, [&](StoredRun stored) {
    const auto point = point_by_settings.find(stored.settings);
    const auto& policies = plan.spec.policies;
    const auto policy = std::find(policies.begin(), policies.end(), stored.policy);
    const std::uint64_t rep = stored.seed - plan.first_seed;
    if (point == point_by_settings.end() || policy == policies.end() || rep >= plan.reps) return;
    const auto index = static_cast<std::size_t>(policy - policies.begin());
    const RunInputs now = plan.inputs_of(point->second, index);
    if (!(stored.inputs == now)) fail_changed(stored.inputs, now, database);
    is_there[(rep * plan.points + point->second) * policies.size() + index] = true;
    results.points[point->second].comparison.policies[index].runs[rep] = std::move(stored.run);
  });
  std::vector<std::size_t> missing;
  for (std::size_t run = 0; run < is_there.size(); ++run)
    if (!is_there[run]) missing.push_back(run);
  return missing;
}

// What is certain to come out again is stored; a run that was killed, or did not begin, is tried again next time.
bool is_final(const FinishedRun& finished) {
  return !finished.killed && finished.exit_code <= 1 && !finished.run.outcome.empty();
}

bool run_missing(const SweepPlan& plan, const std::vector<std::size_t>& missing, const SweepOptions& options,
                 ResultStore& store, SweepResults& results) {
  BatchOptions batch = options.batch;
  batch.scenario = plan.spec.scenario;
  BatchProgress progress(!batch.no_progress, missing.size());
  const auto planned = [&](std::size_t i) {
    const std::size_t run = missing[i];
    return PlannedRun{plan.overrides_of(plan.point_of(run)), plan.plugin, plan.spec.policies[plan.policy_of(run)],
                      plan.first_seed + plan.rep_of(run)};
  };
  return run_batch(batch, missing.size(), planned, progress, [&](std::size_t i, const FinishedRun& finished) {
    const std::size_t run = missing[i];
    const std::size_t point = plan.point_of(run);
    const std::string& policy = plan.spec.policies[plan.policy_of(run)];
    if (is_final(finished))
      store.add({plan.settings[point], policy, plan.first_seed + plan.rep_of(run),
                 plan.inputs_of(point, plan.policy_of(run)), finished.run},
                finished.exit_code, finished.report);
    results.points[point].comparison.policies[plan.policy_of(run)].runs[plan.rep_of(run)] = finished.run;
  });
}

std::string point_text(const SweepResults& results, const SweepPoint& point) {
  std::string text;
  for (std::size_t i = 0; i < results.keys.size(); ++i)
    text += fmt::format("{}{}={}", i == 0 ? "" : " ", results.keys[i], point.values[i]);
  return text;
}

ExitCode report(const SweepResults& results, const SweepPlan& plan, std::size_t made, const SweepOptions& options) {
  if (options.json) {
    fmt::print("{}", sweep_json(results));
  } else if (options.csv) {
    fmt::print("{}", sweep_csv(results));
  } else {
    if (!results.title.empty()) fmt::print("{}\n", results.title);
    const std::size_t policies = plan.spec.policies.size();
    fmt::print("{}, {} point{} x {} polic{} x {} seed{} from {}: {} run{} in {}, {} of them now\n\n", results.scenario,
               plan.points, plan.points == 1 ? "" : "s", policies, policies == 1 ? "y" : "ies", plan.reps,
               plan.reps == 1 ? "" : "s", plan.first_seed, count_text(plan.runs()), plan.runs() == 1 ? "" : "s",
               options.database, count_text(made));
    fmt::print("{}", sweep_table(results, wants_colours(Stream::standard_output)));
  }
  std::fflush(stdout);
  ExitCode code = ExitCode::ok;
  for (const SweepPoint& point : results.points) {
    for (const std::string& line : trouble_lines(point.comparison))
      print_error(fmt::format("raysim: {}: {}", point_text(results, point), line));
    if (!point.comparison.all_good()) code = ExitCode::failed;
  }
  return code;
}

ExitCode sweep(SweepOptions options) {
  const SweepPlan plan = make_sweep_plan(read_spec(options), options.scenario.plugin);
  if (options.database.empty())
    options.database = std::filesystem::path(options.scenario.file).stem().string() + ".sqlite";
  SweepResults results = empty_results(plan);
  ResultStore store(options.database);
  const std::vector<std::size_t> missing = take_stored(plan, store, options.database, results);
  const InterruptGuard interrupt;
  if (!run_missing(plan, missing, options, store, results)) {
    print_error(fmt::format("raysim: interrupted; what has ended is in {}, and the same command goes on from there",
                            options.database));
    return ExitCode::interrupted;
  }
  for (SweepPoint& point : results.points) compare(point.comparison);
  return report(results, plan, missing.size(), options);
}

}  // namespace

void add_sweep_command(CLI::App& app, Action& chosen) {
  CLI::App& command =
      *app.add_subcommand("sweep", "Run a scenario at every point of a grid, and go on where it was cut");
  const auto options = std::make_shared<SweepOptions>();
  command.add_option("FILE", options->scenario.file, "A sweep, or a scenario with --grid")->required()->type_name("");
  command
      .add_option("--grid", options->grid,
                  "An axis: a key as for --set and values, or a range of whole numbers, as in\n"
                  "cluster.nodes=3..100:10; may be given several times, goes over the file's")
      ->type_name("KEY=VALUE,VALUE")
      ->allow_extra_args(false);
  command.add_option("--policies", options->policies, "The policies at each point; the scenario's own when not given")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME,NAME");
  command.add_option("--reps", options->reps, "Seeds, each at every point with every policy; 10 when not given")
      ->check(CLI::Range(std::int64_t{1}, most_sweep_reps))
      ->type_name("N");
  command.add_option("--seed", options->scenario.seed, "The first seed; the others count up from it")->type_name("N");
  options->scenario.add_set_to(command);
  command.add_option("--db", options->database, "The file with the results; FILE's name with .sqlite when not given")
      ->type_name("FILE");
  options->batch.add_to(command);
  CLI::Option* json =
      command.add_flag("--json", options->json, "Print one JSON object with every run instead of a table");
  command.add_flag("--csv", options->csv, "Print CSV instead of a table, a row for each run")->excludes(json);
  command.footer(
      "Examples:\n"
      "  raysim sweep scenarios/sweeps/nodes.yaml\n"
      "  raysim sweep scenarios/pi_60core.yaml --grid driver.0.submit.count=100..1000:100 --set 'expect={}'\n"
      "  raysim sweep scenarios/tree.yaml --grid warm_workers=true,false --policies hybrid,spread --csv\n"
      "\n"
      "Runs are stored as they end. Interrupted or killed, the same command goes on where it was.\n"
      "Exit codes: 0 all runs ended as they should, 1 some failed, 2 bad input, 130 interrupted.");
  command.callback([options, &chosen] { chosen = [options] { return sweep(*options); }; });
}

}  // namespace raysim
