// To which raylet the GCS sends the lease request of an actor.
#include <fmt/format.h>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "models/gcs/actor_forwarding.hpp"

namespace raysim {

void run_actor_forwarding(const CaseValue& the_case, Checks& checks) {
  if (const std::string policy = the_case["policy"].text_or("gcs_actor_forwarding"); policy != "gcs_actor_forwarding")
    throw SkipCase(fmt::format("no way of forwarding is called '{}'", policy));
  CaseCluster cluster(the_case);
  const CaseValue asked = the_case["request"];
  const SchedulingStrategy strategy = read_strategy(asked["strategy"], "default", cluster);
  const LabelSelector selector = read_selector(asked["label_selector"]);
  ActorForwarding forwarding;
  forwarding.selector = &selector;
  forwarding.strategy = &strategy;
  forwarding.has_resources = !cluster.resources(asked["resources"]).empty();
  if (asked["owner_node"].exists()) forwarding.owner = cluster.id_of(asked["owner_node"].text());
  std::vector<ForwardingNode> nodes;
  for (const NodeId id : cluster.order)
    nodes.push_back({id, cluster.node_names[id.index], cluster.view.nodes[id.index].usable});

  RandomStream random(0, "conformance");
  const auto forward = [&] {
    const NodeId node = forwarding_node(forwarding, nodes, random);
    return NodeChoice{node, node == no_node ? NodeChoice::Reason::unavailable : NodeChoice::Reason::chosen};
  };
  check_decisions(the_case.at("expect"), cluster, forward, checks);
}

}  // namespace raysim
