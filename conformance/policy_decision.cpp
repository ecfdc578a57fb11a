// One call of one node policy on a view, or the same call many times.
#include <fmt/format.h>

#include <memory>

#include "conformance/case_cluster.hpp"
#include "conformance/policy_cases.hpp"
#include "conformance/runners.hpp"

namespace raysim {

std::unique_ptr<NodePolicy> policy_of_case(const std::string& name, const PolicySettings& settings) {
  if (name == "node_label" || name == "node_labels") return make_node_label_policy();
  if (name == "default") return make_hybrid_policy(settings);
  auto policy = make_policy(name, settings);
  if (policy == nullptr) throw SkipCase(fmt::format("no policy is called '{}'", name));
  return policy;
}

NodeRequest request_of_call(const CaseValue& request, const CaseValue& options, const std::string& policy,
                            const ResourceSet& demand, CaseCluster& cluster) {
  NodeRequest out = read_request(request, options, demand, cluster);
  if (policy == "random") out.require_available = true;  // as it serves in Ray: it never waits at a busy node
  if (policy.starts_with("node_label")) {
    out.hard_labels = cluster.selector(request["hard"]);
    out.soft_labels = cluster.selector(request["soft"]);
  }
  if (policy == "node_affinity") {
    out.affinity = cluster.id_of(options.at("node").text());
    out.affinity_soft = options["soft"].boolean_or(false);
    out.spill_on_unavailable = options["spill_on_unavailable"].boolean_or(false);
    out.fail_on_unavailable = options["fail_on_unavailable"].boolean_or(false);
  }
  return out;
}

namespace {

// Some nodes of a cluster of so many have room, and nobody else: shows and moves the cursor of a spread policy.
struct CursorView {
  explicit CursorView(std::size_t nodes) {
    demand.set(cpu_resource, ResourceAmount::of(1));
    view.nodes.resize(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) order.push_back({i});
    view.order = order;
    request.demand = &demand;
  }
  void give_room(std::size_t node) {
    view.nodes[node].total = demand;
    view.nodes[node].set_available(demand);
  }
  std::size_t choose(NodePolicy& policy) {
    RandomStream unused(0, "cursor");
    return policy.choose(view, request, unused).node.index;
  }

  ResourceSet demand;
  ClusterView view;
  std::vector<NodeId> order;
  NodeRequest request;
};

// A decision that only the node before it could be chosen by.
void set_cursor(NodePolicy& policy, std::size_t nodes, std::size_t cursor) {
  CursorView only(nodes);
  only.give_room((cursor + nodes - 1) % nodes);
  only.choose(policy);
}

// The node that it takes when all have room.
std::size_t cursor_of(NodePolicy& policy, std::size_t nodes) {
  CursorView all(nodes);
  for (std::size_t i = 0; i < nodes; ++i) all.give_room(i);
  return all.choose(policy);
}

}  // namespace

void run_policy_decision(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  const CaseValue options = the_case["options"];
  const std::string name = the_case.at("policy").text();
  const auto policy = policy_of_case(name, read_settings(options));
  const CaseValue asked = the_case["request"];
  const ResourceSet demand = cluster.resources(asked["resources"]);
  const NodeRequest request = request_of_call(asked, options, name, demand, cluster);
  const CaseValue expect = the_case.at("expect");

  const CaseValue before = the_case["state_before"]["next_index"];
  if (before.exists()) set_cursor(*policy, cluster.order.size(), static_cast<std::size_t>(before.whole()));
  RandomStream random(0, "conformance");
  check_decisions(
      expect, cluster, [&] { return policy->choose(cluster.view, request, random); }, checks);
  if (const CaseValue after = expect["state_after"]["next_index"]; after.exists())
    checks.equal("state_after.next_index", std::to_string(after.whole()),
                 std::to_string(cursor_of(*policy, cluster.order.size())));
}

}  // namespace raysim
