#include "cli/validate_command.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/validation.hpp"
#include "platforms/input_error.hpp"
#include "scenarios/load_profile.hpp"
#include "scenarios/recording.hpp"

namespace raysim {

namespace {

struct ValidateOptions {
  std::vector<std::string> files;
  std::string profile = "ray-2.60";
  int seeds = 5;
  int cores = 2;
  bool json = false;
};

CaseRun case_run(const RecordedRun& run) {
  CaseRun out;
  out.seconds = run.seconds;
  out.nodes.insert(run.nodes.begin(), run.nodes.end());
  out.median_gap = run.median_gap;
  out.error = run.error;
  out.attempts.insert(run.attempts.begin(), run.attempts.end());
  return out;
}

std::vector<ComparedCase> compare(const Recording& recording, const Profile& profile, int seeds) {
  std::vector<ComparedCase> cases;
  for (const RecordedCase& recorded : recording.cases) {
    ComparedCase& compared = cases.emplace_back();
    compared.name = recorded.name;
    compared.skipped = recorded.unsupported;
    compared.is_rate = recorded.is_rate;
    compared.tasks = recorded.program.n;
    for (const RecordedRun& run : recorded.runs) compared.recorded.push_back(case_run(run));
  }
  for (int seed = 0; seed < seeds; ++seed)
    for (const SimulatedRun& run : simulate_session(recording, profile, static_cast<std::uint64_t>(seed)))
      cases[run.case_index].simulated.push_back(case_run(run.run));
  for (ComparedCase& compared : cases)
    if (compared.skipped.empty() && compared.simulated.empty())
      compared.skipped = "the session never came to it: a case before it waits for ever";
  return cases;
}

nlohmann::ordered_json spread_json(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

// The same with each run's value, in the order of the runs: a median hides that there may be two kinds of outcome.
nlohmann::ordered_json runs_json(const Spread& spread, const std::vector<CaseRun>& runs) {
  nlohmann::ordered_json out = spread_json(spread);
  for (const CaseRun& run : runs) out["values"].push_back(run.seconds);
  return out;
}

nlohmann::ordered_json tasks_json(const Spread& spread, const std::vector<CaseRun>& runs, const std::string& node) {
  nlohmann::ordered_json out = spread_json(spread);
  for (const CaseRun& run : runs) {
    const auto it = run.nodes.find(node);
    out["values"].push_back(it == run.nodes.end() ? 0 : it->second);
  }
  return out;
}

nlohmann::ordered_json case_json(const ComparedCase& compared) {
  nlohmann::ordered_json out{{"case", compared.name}};
  if (!compared.skipped.empty()) {
    out["skipped"] = compared.skipped;
    return out;
  }
  const CaseFit verdict = judge(compared);
  out["unit"] = compared.is_rate ? "1/s" : "s";
  out["recorded"] = runs_json(verdict.recorded, compared.recorded);
  out["simulated"] = runs_json(verdict.simulated, compared.simulated);
  out["error"] = verdict.error;
  if (verdict.recorded_gap && verdict.simulated_gap)
    out["gap_s"] = {{"recorded", *verdict.recorded_gap}, {"simulated", *verdict.simulated_gap}};
  for (const auto& node : verdict.nodes)
    out["nodes"][node.name] = {{"recorded", tasks_json(node.recorded, compared.recorded, node.name)},
                               {"simulated", tasks_json(node.simulated, compared.simulated, node.name)},
                               {"inside", node.inside}};
  out["same_end"] = verdict.same_end;
  return out;
}

nlohmann::ordered_json file_json(const Recording& recording, const ValidateOptions& options,
                                 const std::vector<ComparedCase>& cases) {
  const ValidationTotals totals = total_up(cases);
  nlohmann::ordered_json out{
      {"file", recording.file}, {"ray", recording.ray}, {"profile", options.profile}, {"seeds", options.seeds}};
  out["cases"] = nlohmann::ordered_json::array();
  for (const ComparedCase& compared : cases) out["cases"].push_back(case_json(compared));
  out["compared"] = totals.compared;
  out["skipped"] = totals.skipped;
  out["median_error"] = totals.median_error;
  out["p90_error"] = totals.p90_error;
  return out;
}

ExitCode validate(const ValidateOptions& options) {
  const Profile profile = load_profile(options.profile);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& file : options.files) {
    const Recording recording = load_recording(file, options.cores);
    const std::vector<ComparedCase> cases = compare(recording, profile, options.seeds);
    if (options.json)
      all.push_back(file_json(recording, options, cases));
    else
      fmt::print("{}{} of Ray {}, profile {}, {} seeds\n\n{}", all.empty() && file == options.files.front() ? "" : "\n",
                 file, recording.ray, options.profile, options.seeds, validation_table(cases));
  }
  if (options.json) fmt::print("{}\n", options.files.size() == 1 ? all.front().dump(2) : all.dump(2));
  return ExitCode::ok;
}

}  // namespace

void add_validate_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("validate", "Compare simulated with recorded runs of real Ray");
  const auto options = std::make_shared<ValidateOptions>();
  command.add_option("FILE", options->files, "Recordings in JSON")->required()->type_name("");
  command.add_option("--seeds", options->seeds, "How often each session is simulated")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--profile", options->profile, "The cost profile, one for all cases")->capture_default_str();
  command.add_option("--cores", options->cores, "Cores of the machine that all nodes of a recording shared")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_flag("--json", options->json, "For machines");
  command.footer(
      "Examples:\n"
      "  raysim validate tests/validation/three_by_twenty.json\n"
      "  raysim validate tests/validation/bob_alice_ming.json --seeds 20 --json\n"
      "\n"
      "A case whose program raysim cannot simulate is skipped with the reason.");
  command.callback([options, &chosen] { chosen = [options] { return validate(*options); }; });
}

}  // namespace raysim
