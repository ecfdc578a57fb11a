#include "cli/conformance_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "conformance/suite.hpp"

namespace raysim {

namespace {

using Outcome = CaseVerdict::Outcome;

struct ConformanceOptions {
  std::vector<std::string> files;
  std::vector<std::string> only;
  bool json = false;
};

struct Totals {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  int malformed = 0;

  void count(const CaseVerdict& verdict) {
    passed += verdict.outcome == Outcome::passed ? 1 : 0;
    failed += verdict.outcome == Outcome::failed ? 1 : 0;
    skipped += verdict.outcome == Outcome::skipped || verdict.outcome == Outcome::malformed ? 1 : 0;
    malformed += verdict.outcome == Outcome::malformed ? 1 : 0;
  }
};

const char* word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return "passed";
    case Outcome::failed: return "failed";
    case Outcome::skipped: return "skipped";
    case Outcome::malformed: return "malformed";
  }
  return "?";
}

void print_verdict(const CaseVerdict& verdict) {
  if (verdict.outcome == Outcome::passed) return;
  if (verdict.outcome != Outcome::failed) {
    fmt::print("{} {} ({}): {}\n", word_of(verdict.outcome), verdict.id, verdict.place, verdict.reason);
    return;
  }
  std::string differences;
  for (const Mismatch& mismatch : verdict.mismatches)
    differences += fmt::format("{}{}: expected {}, got {}", differences.empty() ? "" : "; ", mismatch.what,
                               mismatch.expected, mismatch.got);
  fmt::print("failed {} ({}): {}\n", verdict.id, verdict.place, differences);
}

nlohmann::ordered_json verdict_json(const CaseVerdict& verdict) {
  nlohmann::ordered_json out{{"id", verdict.id},
                             {"group", verdict.group},
                             {"kind", verdict.kind},
                             {"place", verdict.place},
                             {"outcome", word_of(verdict.outcome)}};
  if (!verdict.reason.empty()) out["reason"] = verdict.reason;
  for (const Mismatch& mismatch : verdict.mismatches)
    out["differences"].push_back({{"what", mismatch.what}, {"expected", mismatch.expected}, {"got", mismatch.got}});
  return out;
}

bool is_wanted(const CaseVerdict& verdict, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& name) {
           return name == verdict.id || name == verdict.group || name == verdict.kind;
         });
}

ExitCode run_conformance(const ConformanceOptions& options) {
  Totals totals;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& file : options.files)
    for (const CaseVerdict& verdict : run_conformance_file(file)) {
      if (!is_wanted(verdict, options.only)) continue;
      totals.count(verdict);
      if (options.json)
        all.push_back(verdict_json(verdict));
      else
        print_verdict(verdict);
    }
  if (options.json)
    fmt::print("{}\n",
               nlohmann::ordered_json{
                   {"passed", totals.passed}, {"failed", totals.failed}, {"skipped", totals.skipped}, {"cases", all}}
                   .dump(2));
  else
    fmt::print("{} passed, {} failed, {} skipped\n", totals.passed, totals.failed, totals.skipped);
  if (totals.failed > 0) return ExitCode::failed;
  return totals.malformed > 0 ? ExitCode::bad_input : ExitCode::ok;
}

}  // namespace

void add_conformance_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("conformance", "Compare decisions with those of Ray's own tests");
  const auto options = std::make_shared<ConformanceOptions>();
  command.add_option("FILE", options->files, "Decision cases in YAML")->required()->type_name("");
  command.add_option("--only", options->only, "Run only these cases: an id, a group or a kind")->type_name("NAME");
  command.add_flag("--json", options->json, "For machines");
  command.footer(
      "Examples:\n"
      "  raysim conformance tests/conformance/ray.yaml\n"
      "  raysim conformance tests/conformance/ray.yaml --only hybrid\n"
      "\n"
      "Prints a line for each case that fails or is skipped. Exits 1 when one fails, 2 when one is malformed.");
  command.callback([options, &chosen] { chosen = [options] { return run_conformance(*options); }; });
}

}  // namespace raysim
