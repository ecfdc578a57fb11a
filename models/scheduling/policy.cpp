#include "models/scheduling/policy.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "models/scheduling/baselines.hpp"
#include "models/scheduling/plugin_policy.hpp"

namespace raysim {

void NodeView::update() {
  float critical = 0;
  cpu_total = cpu_available = {};
  auto free = available.entries().begin();
  const auto end = available.entries().end();
  for (const auto& [id, whole] : total.entries()) {
    while (free != end && free->first < id) ++free;
    const ResourceAmount left = free != end && free->first == id ? free->second : ResourceAmount{};
    if (id == cpu_resource) {
      cpu_total = whole;
      cpu_available = left;
    }
    if (id == cpu_resource || id == memory_resource || id == object_store_memory_resource)
      critical = std::max(critical, 1.0F - static_cast<float>(left.ticks) / static_cast<float>(whole.ticks));
  }
  critical_utilisation = critical;
}

void NodeView::deduct(const ResourceSet& demand) {
  for (FreeUnits& of_resource : units) of_resource.take(demand.get(of_resource.resource));
  for (const auto& [id, amount] : demand.entries()) {
    const ResourceAmount free = available.get(id);
    available.set(id, std::max(free - amount, std::min(free, ResourceAmount{})));
  }
  update();
}

void NodeView::give_back(const ResourceSet& demand) {
  for (const auto& [id, amount] : demand.entries())
    available.set(id, std::min(available.get(id) + amount, total.get(id)));
  update();
}

NodeView view_of(const NodeSpec& node) {
  NodeView view;
  view.total = node.total;
  view.labels = &node.labels;
  view.usable = node.joins_at == Duration{};
  view.set_available(node.total);
  return view;
}

// Nodes are put in their places when a demand is asked for first.
void ClusterView::build_index() {
  rank_of.resize(nodes.size());
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) rank_of[order[rank].index] = rank;
  index = std::make_unique<ViewIndex>(order.size());
}

void ClusterView::changed(NodeId node) {
  if (index) index->changed(rank_of[node.index]);
}

void ClusterView::set_available(NodeId node, const ResourceSet& now) {
  nodes[node.index].set_available(now);
  changed(node);
}

void ClusterView::set_available(NodeId node, const ResourceSet& now, std::vector<FreeUnits> units) {
  nodes[node.index].units = std::move(units);
  set_available(node, now);
}

void ClusterView::deduct(NodeId node, const ResourceSet& demand) {
  nodes[node.index].deduct(demand);
  changed(node);
}

void ClusterView::give_back(NodeId node, const ResourceSet& demand) {
  nodes[node.index].give_back(demand);
  changed(node);
}

void ClusterView::set_total(NodeId node, const ResourceSet& now) {
  ResourceSet left;
  for (const auto& [id, amount] : nodes[node.index].available.entries()) left.set(id, std::min(amount, now.get(id)));
  nodes[node.index].total = now;
  set_available(node, left);
}

void ClusterView::set_usable(NodeId node, bool usable) {
  nodes[node.index].usable = usable;
  changed(node);
}

bool is_feasible(const NodeView& node, const ResourceSet& demand) {
  if (only_cpu(demand)) return node.usable && node.cpu_total >= demand.entries().front().second;
  return node.usable && node.total.covers(demand);
}

namespace {

const Labels no_labels;

bool selected(const NodeView& node, const NodeRequest& request) {
  return request.selector == nullptr || request.selector->matches(node.labels != nullptr ? *node.labels : no_labels);
}

}  // namespace

bool is_available(const NodeView& node, const ResourceSet& demand) {
  if (only_cpu(demand)) return node.usable && node.cpu_available >= demand.entries().front().second;
  if (!node.usable || !node.available.covers(demand)) return false;
  return std::all_of(node.units.begin(), node.units.end(), [&](const FreeUnits& units) {
    const ResourceAmount wanted = demand.get(units.resource);
    return wanted.ticks == 0 || units.cover(wanted);
  });
}

bool is_feasible(const NodeView& node, const NodeRequest& request) {
  return is_feasible(node, *request.demand) && selected(node, request);
}

bool is_available(const NodeView& node, const NodeRequest& request, bool ignore_pull_queue) {
  if (request.needs_object_store && node.pulls_queued && !ignore_pull_queue) return false;
  return is_available(node, *request.demand) && selected(node, request);
}

namespace {

constexpr std::array<std::string_view, 5> by_settings{"hybrid", "spread", "random", "node_affinity",
                                                      "locality_unaware"};

struct Baseline {
  std::string_view name;
  plugin::Policy* (*make)();
};
constexpr std::array<Baseline, 11> baselines{{{"round_robin", make_round_robin},
                                              {"least_loaded", make_least_loaded},
                                              {"two_choices", make_two_choices},
                                              {"priority", make_priority},
                                              {"priority_preempt", make_preemptive_priority},
                                              {"shortest_first", make_shortest_first},
                                              {"shortest_first_estimated", make_estimated_shortest_first},
                                              {"central", make_central},
                                              {"work_stealing", make_work_stealing},
                                              {"locality_first", make_locality_first},
                                              {"oracle", make_oracle}}};

}  // namespace

std::span<const std::string_view> policy_names() {
  static constexpr auto names = [] {
    std::array<std::string_view, by_settings.size() + baselines.size()> all;
    std::copy(by_settings.begin(), by_settings.end(), all.begin());
    std::transform(baselines.begin(), baselines.end(), all.begin() + by_settings.size(),
                   [](const Baseline& b) { return b.name; });
    return all;
  }();
  return names;
}

std::unique_ptr<NodePolicy> make_policy(std::string_view name, const PolicySettings& settings) {
  if (name == "hybrid") return make_hybrid_policy(settings);
  if (name == "spread") return make_spread_policy();
  if (name == "random") return make_random_policy();
  if (name == "node_affinity") return make_node_affinity_policy(settings);
  if (name == "locality_unaware") return make_locality_unaware_policy(settings);
  for (const Baseline& baseline : baselines)
    if (name == baseline.name)
      return make_plugin_policy(std::unique_ptr<plugin::Policy>(baseline.make()), "policy " + std::string(name));
  return nullptr;
}

}  // namespace raysim
