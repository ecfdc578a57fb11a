// Calls of one policy in order, with the state that it keeps.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/policy_cases.hpp"
#include "conformance/runners.hpp"

namespace raysim {

namespace {

// As a set when fewer results are expected than there are calls: who turns up; else every one counts.
void check_result_set(const CaseValue& expected, std::vector<std::string> got, Checks& checks) {
  std::vector<std::string> wanted;
  for (const CaseValue& result : expected.items()) wanted.push_back(result.text_or("nil"));
  std::sort(wanted.begin(), wanted.end());
  std::sort(got.begin(), got.end());
  if (wanted.size() != got.size()) got.erase(std::unique(got.begin(), got.end()), got.end());
  checks.equal("result_set", fmt::format("{}", fmt::join(wanted, ", ")), fmt::format("{}", fmt::join(got, ", ")));
}

}  // namespace

void run_policy_sequence(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  const std::string name = the_case.at("policy").text();
  const auto policy = policy_of_case(name, read_settings(the_case["options"]));
  RandomStream random(0, "conformance");
  std::vector<std::string> results;
  for (const CaseValue& call : the_case.at("calls").items()) {
    const ResourceSet demand = cluster.resources(call["resources"]);
    const NodeRequest request = request_of_call(call, call, name, demand, cluster);
    results.push_back(cluster.name_of(policy->choose(cluster.view, request, random).node));
  }
  const CaseValue expect = the_case.at("expect");
  if (expect["result_set"].exists()) check_result_set(expect["result_set"], results, checks);
  if (!expect["results"].exists()) return;
  const std::vector<CaseValue> expected = expect["results"].items();
  if (expected.size() != results.size()) expect["results"].fail_expected("as many results as calls");
  for (std::size_t i = 0; i < results.size(); ++i)
    checks.equal(fmt::format("results[{}]", i), expected[i].text_or("nil"), results[i]);
}

}  // namespace raysim
