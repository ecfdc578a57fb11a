// One plan for the bundles of a placement group.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "models/scheduling/bundle_policy.hpp"

namespace raysim {

namespace {

PlacementStrategy read_placement_strategy(const CaseValue& policy) {
  constexpr std::pair<std::string_view, PlacementStrategy> names[] = {
      {"bundle_pack", PlacementStrategy::pack},
      {"bundle_spread", PlacementStrategy::spread},
      {"bundle_strict_pack", PlacementStrategy::strict_pack},
      {"bundle_strict_spread", PlacementStrategy::strict_spread}};
  const std::string text = policy.text();
  for (const auto& [name, strategy] : names)
    if (name == text) return strategy;
  throw SkipCase(fmt::format("no placement strategy is called '{}'", text));
}

// Amounts by resource; or those under `resources`, next to a `label_selector`.
Bundle read_case_bundle(const CaseValue& value, CaseCluster& cluster) {
  if (!value["resources"].is_mapping()) return {cluster.resources(value), {}};
  return {cluster.resources(value["resources"]), read_selector(value["label_selector"])};
}

std::string status_text(BundlePlan::Status status) {
  switch (status) {
    case BundlePlan::Status::success: return "success";
    case BundlePlan::Status::failed: return "failed";
    case BundlePlan::Status::infeasible: return "infeasible";
  }
  return "?";
}

void check_plan(const CaseValue& expect, const BundlePlan& plan, CaseCluster& cluster, Checks& checks) {
  std::vector<std::string> nodes;
  for (const NodeId node : plan.nodes) nodes.push_back(cluster.name_of(node));
  if (expect["status"].exists()) checks.equal("status", expect["status"].text(), status_text(plan.status));
  for (const char* key : {"placement", "placement_derived"})
    if (expect[key].exists())
      checks.equal(key, fmt::format("[{}]", fmt::join(expect[key].texts(), ", ")),
                   fmt::format("[{}]", fmt::join(nodes, ", ")));
  if (expect["placement_count"].exists())
    checks.equal("placement_count", std::to_string(expect["placement_count"].whole()), std::to_string(nodes.size()));
  for (const auto& [name, amounts] : expect["available_after"].entries()) {
    const NodeView* node = cluster.view.find(cluster.id_of(name));
    if (node == nullptr) amounts.fail_expected("amounts of a node of the case");
    checks.equal("available_after." + name, to_string(cluster.resources(amounts), cluster.names),
                 to_string(node->available, cluster.names));
  }
}

}  // namespace

void run_bundle_decision(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  std::vector<Bundle> bundles;
  for (const CaseValue& bundle : the_case.at("bundles").items()) bundles.push_back(read_case_bundle(bundle, cluster));
  if (bundles.empty()) the_case.at("bundles").fail_expected("at least one bundle");
  BundleRequest request;
  request.strategy = read_placement_strategy(the_case.at("policy"));
  for (const Bundle& bundle : bundles) request.bundles.push_back(&bundle);
  const CaseValue options = the_case["options"];
  if (options["soft_target_node"].exists()) request.soft_target = cluster.id_of(options["soft_target_node"].text());
  for (const std::string& node : the_case["occupied_by_same_group"].texts())
    request.occupied.push_back(cluster.id_of(node));
  check_plan(the_case.at("expect"), plan_bundles(request, cluster.view.nodes, cluster.order), cluster, checks);
}

}  // namespace raysim
