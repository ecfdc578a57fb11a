#include "models/core_worker/lease_policy.hpp"

#include <map>

namespace raysim {

namespace {

// The node that holds most bytes of the arguments; of equal ones the first that had them.
NodeId node_with_most_bytes(const LeasePolicyInput& input) {
  std::map<NodeId, Bytes> held;
  NodeId best = no_node;
  Bytes most;
  for (std::size_t argument = 0; argument < input.arguments; ++argument) {
    const std::optional<ObjectPlaces> places = input.places_of(argument);
    if (!places) continue;
    for (const NodeId node : places->nodes) {
      Bytes& sum = held[node];
      sum += places->size;
      if (sum <= most) continue;
      most = sum;
      best = node;
    }
  }
  return best;
}

}  // namespace

FirstNode first_node_to_ask(const LeasePolicyInput& input) {
  const auto known = [&](NodeId node) { return !input.address_known || input.address_known(node); };
  const SchedulingStrategy& strategy = *input.strategy;
  if (strategy.kind == SchedulingStrategy::Kind::spread) return {input.local, false};
  if (strategy.kind == SchedulingStrategy::Kind::node_affinity)
    return {known(strategy.node) ? strategy.node : input.local, false};
  const NodeId best = input.locality_aware ? node_with_most_bytes(input) : no_node;
  if (best == no_node || !known(best)) return {input.local, false};
  return {best, true};
}

}  // namespace raysim
