#include "conformance/suite.hpp"

#include <fmt/format.h>

#include "conformance/runners.hpp"
#include "platforms/input_error.hpp"

namespace raysim {

namespace {

// What says where a case comes from, and not what it is.
void read_description(const CaseValue& the_case) {
  for (const char* key : {"source", "note", "version_scope"})
    if (the_case[key].is_mapping()) static_cast<void>(the_case[key].entries());
  for (const char* key : {"verified_from_source"}) static_cast<void>(the_case[key].boolean_or(true));
}

CaseVerdict run_case(const CaseValue& the_case) {
  using Outcome = CaseVerdict::Outcome;
  CaseVerdict verdict;
  verdict.place = the_case.place();
  verdict.id = the_case.at("id").text();
  verdict.group = the_case["group"].text_or("");
  verdict.kind = the_case.at("kind").text();
  read_description(the_case);
  Checks checks;
  try {
    const CaseRunner run = runner_of(verdict.kind);
    if (run == nullptr) throw SkipCase(fmt::format("nothing runs kind {}", in_quotes(verdict.kind)));
    static_cast<void>(the_case.at("expect"));
    run(the_case, checks);
    if (const std::string unread = the_case.first_unread(); !unread.empty())
      throw SkipCase(fmt::format("nothing reads the key {} of kind {}", in_quotes(unread), verdict.kind));
    verdict.mismatches = checks.mismatches();
    verdict.outcome = verdict.mismatches.empty() ? Outcome::passed : Outcome::failed;
  } catch (const SkipCase& skip) {
    verdict.outcome = Outcome::skipped;
    verdict.reason = skip.what();
  } catch (const InputError& error) {
    verdict.outcome = Outcome::malformed;
    verdict.reason = error.what();
  }
  return verdict;
}

}  // namespace

std::vector<CaseVerdict> run_conformance_file(const std::string& path) {
  const YamlDocument document = parse_yaml(read_text_file(path, "a file of conformance cases"), path);
  CaseKeys read;
  const CaseValue root(document, document.root, read);
  if (const CaseValue version = root["schema_version"]; version.exists() && version.whole() != 1)
    version.fail_expected("schema_version 1");
  const CaseValue cases = root.at("cases");
  if (!cases.is_list()) cases.fail_expected("a list of cases");
  std::vector<CaseVerdict> verdicts;
  for (const CaseValue& the_case : cases.items()) verdicts.push_back(run_case(the_case));
  return verdicts;
}

}  // namespace raysim
