// Nodes by their labels: those that must hold, and those that would be liked. Mirrors node_label_scheduling_policy.cc (2.60).
#include <array>

#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

const Labels no_labels;

bool matches(const LabelSelector* wanted, const NodeView& node) {
  return wanted == nullptr || wanted->matches(node.labels != nullptr ? *node.labels : no_labels);
}

class NodeLabelPolicy final : public NodePolicy {
 public:
  // Neither load nor the local node counts, nor whether it is to be avoided.
  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    for (auto& list : lists_) list.clear();
    for (const NodeId id : view.order) {
      const NodeView& node = view.nodes[id.index];
      if (!is_feasible(node, request) || !matches(request.hard_labels, node)) continue;
      const bool room = is_available(node, request);
      const bool liked =
          request.soft_labels != nullptr && !request.soft_labels->empty() && matches(request.soft_labels, node);
      lists_[list_of(room, liked)].push_back(id);
      if (liked) lists_[list_of(room, false)].push_back(id);
      if (room) lists_[list_of(false, liked)].push_back(id);
      if (room && liked) lists_[list_of(false, false)].push_back(id);
    }
    for (const auto& list : lists_)
      if (!list.empty()) return {list[random.below(list.size())], NodeChoice::Reason::chosen};
    return {no_node, NodeChoice::Reason::infeasible};
  }

 private:
  // Room goes before liking.
  static std::size_t list_of(bool room, bool liked) { return (room ? 0 : 2) + (liked ? 0 : 1); }

  std::array<std::vector<NodeId>, 4> lists_;  // liked with room, with room, liked, all
};

}  // namespace

std::unique_ptr<NodePolicy> make_node_label_policy() { return std::make_unique<NodeLabelPolicy>(); }

}  // namespace raysim
