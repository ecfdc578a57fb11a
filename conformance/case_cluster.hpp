// The cluster of a case, and what is asked of it.
//
// Models: `nodes`, `filler_nodes`, `options` and `request` of a case as the view, settings and request of the policies; names back and
// forth. Leaves out: what a kind does with them.
// Invariants: nodes in the order of the case, which is the order of ids; a name that no node has is a node nobody knows.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "conformance/case_value.hpp"
#include "conformance/checks.hpp"
#include "models/scheduling/lease_decision.hpp"

namespace raysim {

struct CaseCluster {
  explicit CaseCluster(const CaseValue& the_case);
  CaseCluster(const CaseCluster&) = delete;
  CaseCluster& operator=(const CaseCluster&) = delete;

  [[nodiscard]] NodeId id_of(std::string_view node) const;
  [[nodiscard]] std::string name_of(NodeId node) const;  // "nil" for no node
  ResourceSet resources(const CaseValue& amounts);       // of what does not exist: none
  // Selectors are kept here, for requests point to them.
  const LabelSelector* selector(const CaseValue& constraints);

  ResourceNames names;
  std::vector<std::string> node_names;
  std::deque<Labels> labels;
  std::vector<NodeId> order;
  ClusterView view;

 private:
  void add(const CaseValue& node);
  void add(const std::string& name, NodeView node);
  std::deque<LabelSelector> selectors_;
};

// The resource of a name as cases write it: `implicit:a` is an implicit one.
ResourceId resource_of_case(std::string_view name, ResourceNames& names);
ResourceSet resources_of_case(const CaseValue& amounts, ResourceNames& names);
LabelSelector read_selector(const CaseValue& constraints);
// A strategy of a request, `{type: node_affinity, node: A, soft: false}`; `type` where there is none: `otherwise`.
using NodeByName = std::function<NodeId(std::string_view name)>;
SchedulingStrategy read_strategy(const CaseValue& strategy, std::string_view otherwise, const NodeByName& id_of);
inline SchedulingStrategy read_strategy(const CaseValue& strategy, std::string_view otherwise,
                                        const CaseCluster& cluster) {
  return read_strategy(strategy, otherwise, [&](std::string_view name) { return cluster.id_of(name); });
}
PolicySettings read_settings(const CaseValue& options);
// The keys of `request` and `options` that every policy knows. `demand` must outlive the request.
NodeRequest read_request(const CaseValue& request, const CaseValue& options, const ResourceSet& demand,
                         CaseCluster& cluster);

std::string to_string(NodeChoice::Reason reason);
// `node`, `nodes_any_of`, and `nil` with `reason` or `infeasible`: what a decision may be expected to be. With `repeat` it is
// made so often, and every allowed node must turn up, often enough, and no other. Returns the last choice.
NodeChoice check_decisions(const CaseValue& expect, const CaseCluster& cluster,
                           const std::function<NodeChoice()>& decide, Checks& checks);

}  // namespace raysim
