// A random start, then the first node with room. Mirrors random_scheduling_policy.cc (2.60), where it serves actors without
// demands; as `ray.policy: random` it serves tasks, and then waits at a random feasible node when no node has room.
#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

class RandomPolicy final : public NodePolicy {
 public:
  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    const std::size_t n = view.order.size();
    const std::size_t start = random.below(n);
    NodeId busy = no_node;
    for (std::size_t step = 0; step < n; ++step) {
      const NodeId id = view.order[(start + step) % n];
      const NodeView& node = view.nodes[id.index];
      if ((request.avoid_local && id == view.local) || !is_feasible(node, request)) continue;
      if (is_available(node, request)) return {id, NodeChoice::Reason::chosen};
      if (busy == no_node) busy = id;
    }
    if (busy == no_node) return {no_node, NodeChoice::Reason::infeasible};
    if (request.require_available) return {no_node, NodeChoice::Reason::unavailable};
    return {busy, NodeChoice::Reason::chosen};
  }
};

}  // namespace

std::unique_ptr<NodePolicy> make_random_policy() { return std::make_unique<RandomPolicy>(); }

}  // namespace raysim
