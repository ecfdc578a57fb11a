#include "models/gcs/actor_forwarding.hpp"

#include <vector>

namespace raysim {

NodeId forwarding_node(const ActorForwarding& actor, std::span<const ForwardingNode> nodes, RandomStream& random) {
  const auto is_alive = [&](NodeId wanted) {
    for (const ForwardingNode& node : nodes)
      if (node.node == wanted) return node.alive;
    return false;
  };
  for (const std::string& pinned : actor.selector->pinned_nodes())
    for (const ForwardingNode& node : nodes)
      if (node.alive && node.id == pinned) return node.node;
  if (actor.strategy->kind == SchedulingStrategy::Kind::node_affinity && is_alive(actor.strategy->node))
    return actor.strategy->node;
  if (actor.has_resources && is_alive(actor.owner)) return actor.owner;
  std::vector<NodeId> alive;
  for (const ForwardingNode& node : nodes)
    if (node.alive) alive.push_back(node.node);
  return alive.empty() ? no_node : alive[random.below(alive.size())];
}

}  // namespace raysim
