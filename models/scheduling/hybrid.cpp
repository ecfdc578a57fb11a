// Ray's default policy, by a scan of the view or by its index. Mirrors hybrid_scheduling_policy.cc (2.60).
#include "models/scheduling/hybrid.hpp"

#include <algorithm>

#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

class HybridPolicy final : public NodePolicy {
 public:
  explicit HybridPolicy(const PolicySettings& settings) : settings_(settings) {}

  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    const bool wants_gpu = request.demand->get(gpu_resource).ticks > 0;
    if (settings_.avoid_gpu_nodes && !wants_gpu) {
      // Nodes without GPU first, and only where there is room now.
      const NodeChoice first = select(view, request, true, true, random);
      if (first.node != no_node) return first;
    }
    return select(view, request, false, request.require_available, random);
  }

 private:
  NodeChoice select(const ClusterView& view, const NodeRequest& request, bool skip_gpu_nodes, bool require_available,
                    RandomStream& random) {
    const NodeId preferred = view.find(request.preferred) != nullptr ? request.preferred : view.local;
    const NodeView* own = view.find(preferred);  // a GCS has none
    const bool own_counts =
        own != nullptr && !request.avoid_local && !(skip_gpu_nodes && has_gpu(*own)) && is_feasible(*own, request);
    const bool own_room = own_counts && is_available(*own, request, true);
    // Nothing is less loaded than a score of zero: no need to look further.
    if (own_room && score(*own) == 0) return {preferred, NodeChoice::Reason::chosen};

    const auto fraction = static_cast<std::int64_t>(static_cast<double>(view.order.size()) * settings_.top_k_fraction);
    const auto k = static_cast<std::size_t>(std::max<std::int64_t>({settings_.top_k_absolute, fraction, 1}));
    // One draw serves the decision, however long the list turns out; k = 1 needs none.
    const std::uint64_t bits = k > 1 ? random.next() : 0;
    const auto first = [&](bool has_priority) {
      return has_priority ? PreferredNode{preferred, score(*own)} : PreferredNode{};
    };
    if (view.index && request.selector == nullptr && !request.needs_object_store) {
      const bool gpu_nodes_apart = settings_.avoid_gpu_nodes && request.demand->get(gpu_resource).ticks == 0;
      const RankedNodes& ranked =
          view.index->nodes_for(view, *request.demand, static_cast<float>(settings_.spread_threshold), gpu_nodes_apart);
      const auto skipped = request.avoid_local && own != nullptr ? view.rank_of[preferred.index] : no_rank;
      // Once nodes with GPUs are looked at as well, none without has room.
      const OrderedKeys& roomy = gpu_nodes_apart && !skip_gpu_nodes ? ranked.roomy_with_gpu() : ranked.roomy();
      NodeId node = pick_ranked(view, ranked, roomy, skipped, first(own_room), k, bits);
      if (node != no_node) return {node, NodeChoice::Reason::chosen};
      node = pick_ranked(view, ranked, ranked.busy(), skipped, first(own_counts), k, bits);
      if (node == no_node) return {no_node, NodeChoice::Reason::infeasible};
      if (require_available) return {no_node, NodeChoice::Reason::unavailable};
      return {node, NodeChoice::Reason::chosen};
    }
    collect(view, request, skip_gpu_nodes, preferred);
    if (!roomy_.empty()) return {pick_hybrid(roomy_, first(own_room), k, bits), NodeChoice::Reason::chosen};
    if (busy_.empty()) return {no_node, NodeChoice::Reason::infeasible};
    if (require_available) return {no_node, NodeChoice::Reason::unavailable};
    return {pick_hybrid(busy_, first(own_counts), k, bits), NodeChoice::Reason::chosen};
  }

  static bool has_gpu(const NodeView& node) { return node.total.get(gpu_resource).ticks > 0; }

  [[nodiscard]] float score(const NodeView& node) const { return score(node.critical_utilisation); }
  [[nodiscard]] float score(float used) const {
    return used < static_cast<float>(settings_.spread_threshold) ? 0 : used;
  }

  // Fills the lists of nodes with and without room, by node id.
  void collect(const ClusterView& view, const NodeRequest& request, bool skip_gpu_nodes, NodeId preferred) {
    roomy_.clear();
    busy_.clear();
    for (const NodeId id : view.order) {
      const NodeView& node = view.nodes[id.index];
      if ((request.avoid_local && id == preferred) || (skip_gpu_nodes && has_gpu(node))) continue;
      if (!is_feasible(node, request)) continue;
      (is_available(node, request, id == preferred) ? roomy_ : busy_).push_back({id, score(node), 0});
    }
  }

  static constexpr std::uint32_t no_rank = ~std::uint32_t{0};

  // What pick_hybrid() would pick from the nodes of these keys without the skipped one; none: no node.
  static NodeId pick_ranked(const ClusterView& view, const RankedNodes& ranked, const OrderedKeys& keys,
                            std::uint32_t skipped, PreferredNode preferred, std::size_t k, std::uint64_t bits) {
    const bool has_skipped = skipped != no_rank && ranked.is_in(keys, skipped);
    const std::size_t hole = has_skipped ? keys.below(ranked.key_of(skipped)) : keys.size();
    const std::size_t count = keys.size() - (has_skipped ? 1 : 0);
    if (count == 0) return no_node;
    const auto key_at = [&](std::size_t i) { return keys[i < hole ? i : i + 1]; };
    if (preferred.node != no_node && preferred.score <= RankedNodes::score_of(key_at(0))) return preferred.node;
    const std::size_t length = std::min(k, count);
    return view.order[RankedNodes::rank_of(key_at(RandomStream::scaled(bits, length)))];
  }

  PolicySettings settings_;
  std::vector<ScoredNode> roomy_;  // kept to spare the allocations
  std::vector<ScoredNode> busy_;
};

}  // namespace

NodeId pick_hybrid(std::vector<ScoredNode>& nodes, PreferredNode preferred, std::size_t k, std::uint64_t bits) {
  const auto by_score = [](const ScoredNode& a, const ScoredNode& b) { return a.score < b.score; };
  const auto lowest = std::min_element(nodes.begin(), nodes.end(), by_score);
  if (preferred.node != no_node && preferred.score <= lowest->score) return preferred.node;
  const std::size_t length = std::min(k, nodes.size());
  if (length == 1) return lowest->node;  // the first of the lowest
  const std::size_t drawn = RandomStream::scaled(bits, length);
  // Mostly it falls on one of the unloaded, which come first in the order they stand.
  std::size_t unloaded = 0;
  for (const ScoredNode& s : nodes)
    if (s.score == 0 && unloaded++ == drawn) return s.node;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) nodes[i].rank = i;
  const auto wanted = nodes.begin() + static_cast<std::ptrdiff_t>(drawn);
  std::nth_element(nodes.begin(), wanted, nodes.end(), [](const ScoredNode& a, const ScoredNode& b) {
    return a.score != b.score ? a.score < b.score : a.rank < b.rank;
  });
  return wanted->node;
}

std::unique_ptr<NodePolicy> make_hybrid_policy(const PolicySettings& settings) {
  return std::make_unique<HybridPolicy>(settings);
}

}  // namespace raysim
