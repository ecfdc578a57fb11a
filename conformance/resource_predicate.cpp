// What one node is to one request: feasible, available; and how used it is.
#include <fmt/format.h>

#include <cmath>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"

namespace raysim {

namespace {

constexpr double single_precision = 1e-6;

}  // namespace

void run_resource_predicate(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  if (cluster.view.nodes.size() != 1) the_case["nodes"].fail_expected("one node");
  const NodeView& node = cluster.view.nodes.front();
  const ResourceSet demand = cluster.resources(the_case["request"]["resources"]);
  const NodeRequest request = read_request(the_case["request"], the_case["options"], demand, cluster);
  const bool ignore_pull_queue = the_case["ignore_pull_queue"].boolean_or(false);
  const CaseValue predicate = the_case.at("predicate");
  const CaseValue expected = the_case.at("expect").at("value");
  const std::string name = predicate.text();
  if (name == "feasible") return checks.equal("value", expected.boolean(), is_feasible(node, request));
  if (name == "available")
    return checks.equal("value", expected.boolean(), is_available(node, request, ignore_pull_queue));
  if (name != "critical_utilization") throw SkipCase(fmt::format("no predicate is called '{}'", name));
  const double got = node.critical_utilisation;
  if (std::abs(got - expected.number()) > single_precision)
    checks.equal("value", fmt::format("{}", expected.number()), fmt::format("{}", got));
}

}  // namespace raysim
