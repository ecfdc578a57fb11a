// A node by name, and what to do when it has no room. Mirrors node_affinity_scheduling_policy.cc (2.60).
#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

class NodeAffinityPolicy final : public NodePolicy {
 public:
  explicit NodeAffinityPolicy(const PolicySettings& settings) : hybrid_(make_hybrid_policy(settings)) {}

  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    if (request.affinity == no_node) return hybrid_->choose(view, request, random);
    const NodeView* target = view.find(request.affinity);
    const bool ok = target != nullptr && is_feasible(*target, request);
    const bool waits = !request.spill_on_unavailable && !request.fail_on_unavailable;
    if (ok && (waits || is_available(*target, request))) return {request.affinity, NodeChoice::Reason::chosen};
    if (!request.affinity_soft) return {no_node, ok ? NodeChoice::Reason::unavailable : NodeChoice::Reason::infeasible};
    NodeRequest anywhere = request;
    anywhere.preferred = no_node;
    return hybrid_->choose(view, anywhere, random);
  }

 private:
  std::unique_ptr<NodePolicy> hybrid_;
};

}  // namespace

std::unique_ptr<NodePolicy> make_node_affinity_policy(const PolicySettings& settings) {
  return std::make_unique<NodeAffinityPolicy>(settings);
}

}  // namespace raysim
