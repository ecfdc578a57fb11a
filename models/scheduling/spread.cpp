// Round robin over the nodes that can take the lease. Mirrors spread_scheduling_policy.cc (2.60).
#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

class SpreadPolicy final : public NodePolicy {
 public:
  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream&) override {
    const NodeId roomy = walk(view, request, [&](const NodeView& n) { return is_available(n, request); });
    if (roomy != no_node) return {roomy, NodeChoice::Reason::chosen};
    const std::size_t before = cursor_;
    const NodeId busy = walk(view, request, [](const NodeView&) { return true; });
    if (busy == no_node) return {no_node, NodeChoice::Reason::infeasible};
    if (!request.require_available) return {busy, NodeChoice::Reason::chosen};
    cursor_ = before;
    return {no_node, NodeChoice::Reason::unavailable};
  }

 private:
  template <class Accept>
  NodeId walk(const ClusterView& view, const NodeRequest& request, const Accept& accept) {
    const std::size_t n = view.order.size();
    for (std::size_t step = 0; step < n; ++step) {
      const std::size_t at = (cursor_ + step) % n;
      const NodeId id = view.order[at];
      const NodeView& node = view.nodes[id.index];
      if (request.avoid_local && id == view.local) continue;
      if (!is_feasible(node, request) || !accept(node)) continue;
      cursor_ = (at + 1) % n;
      return id;
    }
    return no_node;
  }

  std::size_t cursor_ = 0;  // of this raylet; it does not move when nothing is found
};

}  // namespace

std::unique_ptr<NodePolicy> make_spread_policy() { return std::make_unique<SpreadPolicy>(); }

}  // namespace raysim
