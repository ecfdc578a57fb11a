// The decision about a lease: local short cut, label selectors in order, where to wait.
#include "conformance/decision_cases.hpp"
#include "conformance/runners.hpp"

namespace raysim {

void run_lease_decision(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  const CaseLease lease(the_case, cluster);
  const PolicySettings settings = read_settings(the_case["options"]);
  LeaseDecider decider(settings, standard_policy_of_case(the_case, settings), role_of_case(the_case));
  const NodeRequest request = read_request(the_case["request"], the_case["options"], lease.demand, cluster);
  const bool excluded = the_case["options"]["exclude_local"].boolean_or(request.avoid_local);
  RandomStream random(0, "conformance");
  const auto decide = [&] {
    using Reason = NodeChoice::Reason;
    const LeaseDecision decision =
        decider.decide(cluster.view, lease.get(), request.preferred, excluded, request.needs_object_store, random);
    const Reason nowhere = decision.infeasible ? Reason::infeasible : Reason::unavailable;
    return NodeChoice{decision.node, decision.node == no_node ? nowhere : Reason::chosen};
  };
  check_decisions(the_case.at("expect"), cluster, decide, checks);
}

}  // namespace raysim
