#include "cli/run_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "analysis/chrome_trace.hpp"
#include "analysis/record_tee.hpp"
#include "analysis/report_json.hpp"
#include "analysis/table.hpp"
#include "analysis/text_format.hpp"
#include "cli/expectations.hpp"
#include "cli/expected_tasks.hpp"
#include "cli/interrupt.hpp"
#include "cli/output_file.hpp"
#include "cli/progress_line.hpp"
#include "cli/scenario_options.hpp"
#include "cli/terminal.hpp"
#include "models/scheduling/plugin_policy.hpp"
#include "scenarios/simulation.hpp"

namespace raysim {

namespace {

struct RunOptions {
  ScenarioOptions scenario;
  bool json = false;
  bool no_progress = false;
  bool heft = false;
  std::string trace;
};

RunHeader header_of(const Scenario& scenario) {
  RunHeader header;
  for (const NodeSpec& node : scenario.cluster.nodes) {
    NodeHeader& entry = header.nodes.emplace_back();
    entry.name = node.name;
    entry.cpus = node.total.get(cpu_resource).value();
    for (const GpuSpec& gpu : node.gpus) {
      entry.devices.push_back(gpu.model);
      entry.device_memory.push_back(gpu.memory);
    }
  }
  header.functions = function_names(scenario.program);
  return header;
}

// Of all tasks that the program will submit, as far as known.
void tell_progress(ProgressLine& line, const Summary& summary, double expected_tasks, Time now, std::uint64_t events) {
  const std::uint64_t done = summary.finished() + summary.failed();
  const std::uint64_t all = std::max(summary.submitted(), static_cast<std::uint64_t>(expected_tasks));
  line.show(all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 0,
            fmt::format("{} simulated, {} of {} tasks, {} events/s", duration_text(now - Time{}), count_text(done),
                        count_text(all), large_text(static_cast<double>(events) / line.seconds())));
}

// Each driver is expected to end well, unless something else is said of it or of the run.
bool outcome_expected(const ExpectSpec& expect, const RunReport& report) {
  if (expect.outcome) return *expect.outcome == report.outcome;
  if (report.unfinished) return false;
  for (std::size_t i = 0; i < report.jobs.size(); ++i) {
    const auto is_it = [&](const ExpectedDriver& expected) { return expected.driver == i && expected.outcome; };
    const bool told = std::any_of(expect.drivers.begin(), expect.drivers.end(), is_it);
    if (!told && report.jobs[i].outcome != "ok") return false;
  }
  return true;
}

// What came of a run beside its record.
struct RunResult {
  SimulationResult simulation;
  std::vector<Value> values;  // of ExpectSpec::values
  std::vector<PrintedLine> printed;
  double wall_seconds = 0;
};

RunResult simulate(CheckedScenario& checked, const Summary& summary, RecordSink& record, const RunOptions& run) {
  SimulationOptions options = simulation_options(checked);
  ProgressLine line(!run.no_progress);
  const double expected = expected_tasks(checked.scenario.program);
  RunResult result;
  // As it happens, or in the one object that readers of JSON get.
  const auto print = [&](Time now, const std::string& body, const std::string& text) {
    if (run.json) return result.printed.push_back({now, body, text});
    line.wipe();
    fmt::print("[{}] {}: {}\n", duration_text(now - Time{}), body, text);
  };
  ProgramBodies bodies = program_bodies(checked, print);
  options.functions = std::move(bodies.functions);
  options.jobs = std::move(bodies.jobs);

  const InterruptGuard interrupt;
  const auto start = std::chrono::steady_clock::now();
  Simulation simulation(checked.scenario.cluster, checked.profile, std::move(options), record);
  result.simulation = simulation.run([&](Time now, std::uint64_t events) {
    if (line.due()) tell_progress(line, summary, expected, now, events);
    return !InterruptGuard::requested();
  });
  result.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (bodies.last_values) result.values = *bodies.last_values;
  return result;
}

// "map 3, reduce 0": how far a program that waits for ever came.
std::string finished_by_function(const Summary& summary) {
  constexpr std::size_t most = 8;
  const auto& names = summary.header().functions;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", names[i], count_text(summary.finished_by_function()[i]));
  return names.size() > most ? text + ", ..." : text;
}

RunReport make_report(const CheckedScenario& checked, const Summary& summary, const RunResult& run) {
  const SimulationResult& result = run.simulation;
  const ScenarioProgram& program = checked.scenario.program;
  RunReport report = report_on(summary, result.end - Time{});
  report.scenario = program.file;
  report.title = program.title;
  report.architecture = program.ray.architecture;
  report.profile = checked.profile.name;
  report.policy = program.ray.policy;
  report.seed = program.seed;
  report.fingerprint = result.fingerprint;
  report.messages = result.messages;
  const auto names = message_kind_names();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (result.messages_by_kind[i] > 0) report.messages_by_kind.emplace_back(names[i], result.messages_by_kind[i]);
  report.demand = result.demand;
  report.events = result.events;
  report.outcome = name_of(result.error);
  report.message = result.message;
  if (!result.deadlock.empty()) {
    report.outcome = "deadlock";
    report.message = result.deadlock;
  } else if (result.starved) {
    report.outcome = "starved";
    report.message = fmt::format(
        "the program waits for ever: after {} nothing can act any more, and {} of {} tasks are not finished (finished: "
        "{})",
        duration_text(report.makespan), count_text(report.open_tasks()), count_text(report.submitted),
        finished_by_function(summary));
    if (checked.plugin && checked.plugin->waits() > 0)
      report.message += fmt::format("; policy '{}' of {} said 'nowhere' {} times", program.ray.policy,
                                    checked.plugin->file(), count_text(checked.plugin->waits()));
  } else if (result.interrupted) {
    report.outcome = "interrupted";
    report.message =
        fmt::format("{} of {} tasks are not finished", count_text(report.open_tasks()), count_text(report.submitted));
  }
  report.unfinished = result.starved || result.interrupted;
  for (std::size_t i = 0; i < result.jobs.size(); ++i)
    report.jobs[i].outcome = result.jobs[i].ended ? name_of(result.jobs[i].error) : report.outcome;
  report.outcome_expected = outcome_expected(program.expect, report);
  if (!report.unfinished) report.failed_expectations = failed_expectations(program, report, run.values);
  report.printed = run.printed;
  report.wall_seconds = run.wall_seconds;
  return report;
}

// The model of the network that nobody asked for.
void note_network(const PlatformSpec& platform, const SimulationResult& result) {
  if (result.flows == 0 || platform.network.model != NetworkModel::automatic) return;
  if (network_model(platform) == NetworkModel::flow) return;
  print_error(
      fmt::format("raysim: note: on {} machines, more than {}, transfers queue at links (network.model: chunk); "
                  "network.model: flow can take long with many at once",
                  platform.machines.size(), most_machines_of_flow));
}

ExitCode conclude(const RunReport& report, const SimulationResult& result) {
  if (result.interrupted) {
    print_error("raysim: interrupted; the figures are those of the moment");
    return ExitCode::interrupted;
  }
  if (result.starved) {
    if (report.outcome_expected && report.failed_expectations.empty()) return ExitCode::ok;
    print_error((result.deadlock.empty() ? "raysim: " : "raysim: deadlock: ") + report.message);
    return ExitCode::failed;
  }
  for (const std::string& line : report.failed_expectations) print_error(line);
  if (!report.failed_expectations.empty()) return ExitCode::failed;
  if (report.outcome_expected) return ExitCode::ok;
  print_error(fmt::format("raysim: the program failed with {}: {}", report.outcome, report.message));
  return ExitCode::failed;
}

ExitCode run(const RunOptions& options) {
  CheckedScenario checked = load_checked(options.scenario);
  Summary summary(header_of(checked.scenario));
  OutputFile trace_file("--trace", options.trace);
  std::optional<ChromeTrace> trace;
  std::optional<HeftSchedule> heft;
  std::optional<RecordTee> with_trace;
  std::optional<RecordTee> with_heft;
  RecordSink* record = &summary;
  if (trace_file.wanted()) record = &with_trace.emplace(*record, trace.emplace(trace_file.stream(), summary.header()));
  if (options.heft) record = &with_heft.emplace(*record, heft.emplace(summary.header()));
  const RunResult result = simulate(checked, summary, *record, options);
  RunReport report = make_report(checked, summary, result);
  if (heft) report.heft = heft->schedule();
  fmt::print("{}", options.json ? run_json(report) : run_table(report, wants_colours(Stream::standard_output)));
  std::fflush(stdout);
  note_network(checked.scenario.cluster.platform, result.simulation);
  trace_file.finish([&](std::ostream&) { trace->finish(); });
  return conclude(report, result.simulation);
}

// A policy that went wrong in the middle leaves no figures, only its name.
ExitCode run_or_name_policy(const RunOptions& options) {
  try {
    return run(options);
  } catch (const PolicyError& error) {
    print_error(std::string("raysim: ") + error.what());
    return ExitCode::failed;
  }
}

}  // namespace

void add_run_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("run", "Run a scenario and show what Ray would do");
  const auto options = std::make_shared<RunOptions>();
  command.add_option("SCENARIO", options->scenario.file, "The scenario, a YAML file")->required()->type_name("");
  options->scenario.add_set_to(command);
  options->scenario.add_choices_to(command);
  command.add_flag("--json", options->json, "Print one JSON object instead of a table");
  command.add_flag("--heft", options->heft, "Add what an offline scheduler (HEFT) would make of the same tasks");
  command.add_option("--trace", options->trace, "Write a trace for https://ui.perfetto.dev")->type_name("FILE");
  command.add_flag("--no-progress", options->no_progress, "No progress line, also on a terminal");
  command.footer(
      "Examples:\n"
      "  raysim run scenarios/pi_60core.yaml\n"
      "  raysim run scenarios/pi_60core.yaml --set driver.0.submit.count=6000 --policy spread --seed 7\n"
      "  raysim run scenarios/pi_60core.yaml --json --trace trace.json\n"
      "\n"
      "Exit codes: 0 the program ended as it should, 1 it failed with one of Ray's errors, waits for ever, an\n"
      "expectation of the scenario failed, or a policy of your own went wrong, 2 bad input, 130 interrupted.");
  command.callback([options, &chosen] { chosen = [options] { return run_or_name_policy(*options); }; });
}

}  // namespace raysim
