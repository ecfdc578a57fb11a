// The dispatch from a strategy to a policy on a view of the cluster, for one request.
#include <fmt/format.h>

#include "conformance/decision_cases.hpp"
#include "conformance/runners.hpp"

namespace raysim {

namespace {

// Placement groups of `bundle_locations`, {group: {index: node}}, numbered in the order of the case.
struct CaseGroups {
  CaseGroups(const CaseValue& locations, CaseCluster& cluster) {
    for (const auto& [name, bundles] : locations.entries()) {
      names.push_back(name);
      GroupLocations& group = placed[{static_cast<std::uint32_t>(names.size() - 1)}];
      group.gpu_wildcard = cluster.names.id_of("GPU_group_" + name);
      for (const auto& [index, node] : bundles.entries()) {
        const auto at = static_cast<std::size_t>(std::stoul(index));
        if (at >= group.bundles.size()) group.bundles.resize(at + 1, no_node);
        group.bundles[at] = node.is_null() ? no_node : cluster.id_of(node.text());
      }
    }
  }
  [[nodiscard]] PlacementGroupId id_of(const std::string& name) const {
    for (std::uint32_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return {i};
    return {static_cast<std::uint32_t>(names.size())};  // nobody knows it
  }

  std::vector<std::string> names;
  BundleLocations placed;
};

// What a task in a group asks for instead: its resources under the group's names, and a grain of the bundle itself.
ResourceSet in_group(const ResourceSet& demand, const std::string& group, std::int64_t bundle, ResourceNames& names) {
  ResourceSet out;
  for (const auto& [id, amount] : demand.entries()) {
    const std::string name = names.name_of(id);
    out.set(names.id_of(fmt::format("{}_group_{}", name, group)), amount);
    if (bundle >= 0) out.set(names.id_of(fmt::format("{}_group_{}_{}", name, bundle, group)), amount);
  }
  out.set(names.id_of("bundle_group_" + group), ResourceAmount{10});
  return out;
}

void check_allocation(const CaseValue& expected, CaseCluster& cluster, NodeId node, const ResourceSet& demand,
                      Checks& checks) {
  if (!expected.exists()) return;
  if (node == no_node) return checks.equal("available_after_allocation", "of a node", "no node");
  cluster.view.deduct(node, demand);
  for (const auto& [name, amount] : expected.entries())
    checks.equal("available_after_allocation." + name, fmt::format("{}", ResourceAmount::of(amount.number()).value()),
                 fmt::format("{}", cluster.view.nodes[node.index].available.get(cluster.names.id_of(name)).value()));
}

}  // namespace

CaseLease::CaseLease(const CaseValue& the_case, CaseCluster& cluster) {
  const CaseValue request = the_case["request"];
  const CaseValue options = the_case["options"];
  const CaseValue asked = request["strategy"];
  demand = cluster.resources(request["resources"]);
  strategy = read_strategy(asked, the_case["policy"].text_or("default"), cluster);
  if (strategy.kind == SchedulingStrategy::Kind::node_labels && request["hard"].exists())
    strategy.hard_labels = read_selector(request["hard"]);
  if (strategy.kind == SchedulingStrategy::Kind::node_labels && request["soft"].exists())
    strategy.soft_labels = read_selector(request["soft"]);
  selector = read_selector(request["label_selector"]);
  for (const CaseValue& fallback : request["fallback_selectors"].items()) fallbacks.push_back(read_selector(fallback));
  keeps_resources = request["actor_lifetime_resources"].boolean_or(false);
  creates_actor = options["actor_creation"].boolean_or(keeps_resources);
}

LeaseDemand CaseLease::get() const {
  LeaseDemand lease;
  lease.placement = &demand;
  lease.strategy = &strategy;
  lease.selector = &selector;
  lease.fallbacks = fallbacks;
  lease.creates_actor = creates_actor;
  lease.keeps_resources = keeps_resources;
  return lease;
}

LeaseDecider::Role role_of_case(const CaseValue& the_case) {
  const CaseValue role = the_case["scheduler_role"];
  const std::string name = role.text_or(the_case["bundle_locations"].exists() ? "gcs" : "raylet");
  if (name != "gcs" && name != "raylet") role.fail_expected("gcs or raylet");
  return name == "gcs" ? LeaseDecider::Role::gcs : LeaseDecider::Role::raylet;
}

std::unique_ptr<NodePolicy> standard_policy_of_case(const CaseValue& the_case, const PolicySettings& settings) {
  return the_case["policy"].text_or("default") == "random" ? make_random_policy() : make_hybrid_policy(settings);
}

void run_cluster_decision(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  CaseLease lease(the_case, cluster);
  const CaseValue asked = the_case["request"]["strategy"];
  const CaseGroups groups(the_case["bundle_locations"], cluster);
  if (lease.strategy.kind == SchedulingStrategy::Kind::placement_group) {
    const std::string group = asked.at("group").text();
    lease.strategy.group = groups.id_of(group);
    lease.strategy.bundle = static_cast<std::int32_t>(asked["bundle_index"].whole_or(-1));
    lease.demand = in_group(lease.demand, group, lease.strategy.bundle, cluster.names);
  }
  const PolicySettings settings = read_settings(the_case["options"]);
  LeaseDecider decider(settings, standard_policy_of_case(the_case, settings), role_of_case(the_case));
  decider.set_bundles(&groups.placed);
  const NodeRequest request = read_request(the_case["request"], the_case["options"], lease.demand, cluster);
  RandomStream random(0, "conformance");
  const CaseValue expect = the_case.at("expect");
  const NodeChoice choice = check_decisions(
      expect, cluster, [&] { return decider.choose(cluster.view, lease.get(), request, random); }, checks);
  check_allocation(expect["available_after_allocation"], cluster, choice.node, lease.demand, checks);
}

}  // namespace raysim
