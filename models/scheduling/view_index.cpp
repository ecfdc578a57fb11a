#include "models/scheduling/view_index.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "models/scheduling/policy.hpp"

namespace raysim {

float RankedNodes::score_of(std::uint64_t key) { return std::bit_cast<float>(static_cast<std::uint32_t>(key >> 32)); }

RankedNodes::RankedNodes(RankedDemand demand, const ClusterView& view) : demand_(std::move(demand)) { rebuild(view); }

// As HybridPolicy::collect() would list the node, if at all.
RankedNodes::Place RankedNodes::place_of(const ClusterView& view, std::uint32_t rank) const {
  const NodeView& node = view.nodes[view.order[rank].index];
  if (!is_feasible(node, demand_.demand)) return {};
  const bool is_loaded = node.critical_utilisation >= demand_.spread_threshold;
  const float score = is_loaded ? node.critical_utilisation : 0;
  const std::uint64_t key = (std::uint64_t{std::bit_cast<std::uint32_t>(score)} << 32) | rank;
  if (!is_available(node, demand_.demand)) return {key, 2};
  const bool apart = demand_.gpu_nodes_apart && node.total.get(gpu_resource).ticks > 0;
  return {key, static_cast<std::uint8_t>(apart ? 1 : 0)};
}

void RankedNodes::update(const ClusterView& view, std::uint32_t rank) {
  const Place now = place_of(view, rank);
  Place& before = nodes_[rank];
  if (now.place == before.place && now.key == before.key) return;
  if (before.place != nowhere) places_[before.place].erase(before.key);
  if (now.place != nowhere) places_[now.place].insert(now.key);
  before = now;
}

void RankedNodes::rebuild(const ClusterView& view) {
  std::vector<std::uint64_t> keys[3];
  nodes_.resize(view.order.size());
  for (std::uint32_t rank = 0; rank < nodes_.size(); ++rank) {
    nodes_[rank] = place_of(view, rank);
    if (nodes_[rank].place != nowhere) keys[nodes_[rank].place].push_back(nodes_[rank].key);
  }
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    std::sort(keys[i].begin(), keys[i].end());
    places_[i].assign(keys[i]);
  }
}

const RankedNodes& ViewIndex::nodes_for(const ClusterView& view, const ResourceSet& demand, float spread_threshold,
                                        bool gpu_nodes_apart) {
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const RankedDemand& asked = entry.nodes->demand();
    return asked.gpu_nodes_apart == gpu_nodes_apart && asked.spread_threshold == spread_threshold &&
           asked.demand == demand;
  });
  if (known == entries_.end()) {
    if (entries_.size() == most_demands) entries_.pop_back();
    RankedDemand asked{demand, spread_threshold, gpu_nodes_apart};
    entries_.insert(entries_.begin(), {std::make_unique<RankedNodes>(std::move(asked), view), written_});
    return *entries_.front().nodes;
  }
  std::rotate(entries_.begin(), known, known + 1);
  Entry& entry = entries_.front();
  if (written_ - entry.read > changes_.size())
    entry.nodes->rebuild(view);
  else
    for (; entry.read < written_; ++entry.read) entry.nodes->update(view, changes_[entry.read % changes_.size()]);
  entry.read = written_;
  return *entry.nodes;
}

}  // namespace raysim
