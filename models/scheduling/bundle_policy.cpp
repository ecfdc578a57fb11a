#include "models/scheduling/bundle_policy.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

namespace raysim {

namespace {

using Status = BundlePlan::Status;
using Candidates = std::vector<NodeId>;
constexpr double no_room = -1;

bool suits(const NodeView& node, const Bundle& bundle) {
  static const Labels none;
  return bundle.selector.matches(node.labels ? *node.labels : none);
}

bool can_ever_hold(const NodeView& node, const Bundle& bundle) {
  return node.total.covers(bundle.resources) && suits(node, bundle);
}

// The view less what the plan has put where so far.
class Room {
 public:
  explicit Room(std::span<const NodeView> view) : view_(view) {}

  [[nodiscard]] const NodeView& node(NodeId id) const { return view_[id.index]; }
  [[nodiscard]] bool has(NodeId id, const Bundle& bundle) const {
    return suits(node(id), bundle) && available(id).covers(bundle.resources);
  }
  void take(NodeId id, const Bundle& bundle) {
    ResourceSet& left = taken_.try_emplace(id, node(id).available).first->second;
    for (const auto& [resource, amount] : bundle.resources.entries()) left.set(resource, left.get(resource) - amount);
  }
  // The share that would be left of each resource asked for, summed; no_room where it does not fit.
  [[nodiscard]] double score(NodeId id, const Bundle& bundle) const {
    if (!has(id, bundle)) return no_room;
    const ResourceSet& free = available(id);
    double sum = 0;
    for (const auto& [resource, amount] : bundle.resources.entries()) {
      const ResourceAmount here = free.get(resource);
      if (here.ticks != 0) sum += (here - amount).value() / here.value();
    }
    return sum;
  }
  // Of equals the first.
  [[nodiscard]] NodeId best(const Candidates& candidates, const Bundle& bundle) const {
    NodeId chosen = no_node;
    double highest = no_room;
    for (const NodeId id : candidates) {
      const double here = score(id, bundle);
      if (here <= highest) continue;
      chosen = id;
      highest = here;
    }
    return chosen;
  }

 private:
  [[nodiscard]] const ResourceSet& available(NodeId id) const {
    const auto it = taken_.find(id);
    return it != taken_.end() ? it->second : node(id).available;
  }
  std::span<const NodeView> view_;
  std::map<NodeId, ResourceSet> taken_;
};

// Whether a is to be placed before b: scarce resources first, then the larger demand.
bool goes_first(const Bundle& a, const Bundle& b) {
  const auto differ = [&](ResourceId id) { return a.resources.get(id) != b.resources.get(id); };
  const auto larger = [&](ResourceId id) { return a.resources.get(id) > b.resources.get(id); };
  if (differ(gpu_resource)) return larger(gpu_resource);
  // Custom ones in the order of their ids. Entries are sorted, so the first that differs decides.
  ResourceId first{~std::uint32_t{0}};
  for (const ResourceSet* set : {&a.resources, &b.resources})
    for (const auto& [id, amount] : set->entries())
      if (id > object_store_memory_resource && id < first && differ(id)) first = id;
  if (first.index != ~std::uint32_t{0}) return larger(first);
  for (const ResourceId id : {object_store_memory_resource, memory_resource, cpu_resource})
    if (differ(id)) return larger(id);
  return false;
}

// Positions in the order in which the bundles are placed; equal ones keep theirs.
std::vector<std::size_t> placing_order(const std::vector<const Bundle*>& bundles) {
  std::vector<std::size_t> order(bundles.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return goes_first(*bundles[a], *bundles[b]); });
  return order;
}

bool each_fits_somewhere(const BundleRequest& request, const Room& room, const Candidates& candidates) {
  return std::all_of(request.bundles.begin(), request.bundles.end(), [&](const Bundle* bundle) {
    return std::any_of(candidates.begin(), candidates.end(),
                       [&](NodeId id) { return can_ever_hold(room.node(id), *bundle); });
  });
}

BundlePlan pack(const BundleRequest& request, Room room, Candidates candidates) {
  std::vector<NodeId> nodes(request.bundles.size(), no_node);
  std::vector<std::size_t> waiting = placing_order(request.bundles);
  while (!waiting.empty()) {
    const NodeId node = room.best(candidates, *request.bundles[waiting.front()]);
    if (node == no_node) return {};
    // The first one fits, and whatever else does.
    std::erase_if(waiting, [&](std::size_t i) {
      if (!room.has(node, *request.bundles[i])) return false;
      room.take(node, *request.bundles[i]);
      nodes[i] = node;
      return true;
    });
    std::erase(candidates, node);
  }
  return {Status::success, std::move(nodes), {}};
}

BundlePlan spread(const BundleRequest& request, Room room, Candidates unused) {
  std::vector<NodeId> nodes(request.bundles.size(), no_node);
  Candidates used;
  for (const std::size_t i : placing_order(request.bundles)) {
    NodeId node = room.best(unused, *request.bundles[i]);
    if (node != no_node) {
      std::erase(unused, node);
      used.push_back(node);
    } else {
      node = room.best(used, *request.bundles[i]);
    }
    if (node == no_node) return {};
    room.take(node, *request.bundles[i]);
    nodes[i] = node;
  }
  return {Status::success, std::move(nodes), {}};
}

BundlePlan strict_pack(const BundleRequest& request, const Room& room, Candidates candidates) {
  Bundle all;
  for (const Bundle* bundle : request.bundles) {
    for (const auto& [id, amount] : bundle->resources.entries()) all.resources.set(id, all.resources.get(id) + amount);
    for (const LabelConstraint& constraint : bundle->selector.constraints()) all.selector.add(constraint);
  }
  std::erase_if(candidates, [&](NodeId id) { return !can_ever_hold(room.node(id), all); });
  if (candidates.empty()) return {Status::infeasible, {}, {}};
  const bool target_listed = std::find(candidates.begin(), candidates.end(), request.soft_target) != candidates.end();
  NodeId node = target_listed ? room.best({request.soft_target}, all) : no_node;
  if (node == no_node) node = room.best(candidates, all);
  if (node == no_node) return {};
  return {Status::success, std::vector<NodeId>(request.bundles.size(), node), {}};
}

BundlePlan strict_spread(const BundleRequest& request, const Room& room, Candidates candidates) {
  std::vector<NodeId> nodes(request.bundles.size(), no_node);
  for (const std::size_t i : placing_order(request.bundles)) {
    nodes[i] = room.best(candidates, *request.bundles[i]);
    if (nodes[i] == no_node) return {};
    std::erase(candidates, nodes[i]);
  }
  return {Status::success, std::move(nodes), {}};
}

// Among the candidates, whatever their labels.
BundlePlan plan_on(const BundleRequest& request, const Room& room, Candidates candidates) {
  if (request.strategy == PlacementStrategy::strict_spread) {
    std::erase_if(candidates, [&](NodeId id) {
      return std::find(request.occupied.begin(), request.occupied.end(), id) != request.occupied.end();
    });
    if (candidates.size() < request.bundles.size()) return {Status::infeasible, {}, {}};
  }
  if (candidates.empty()) return {Status::infeasible, {}, {}};
  if (request.strategy == PlacementStrategy::strict_pack) return strict_pack(request, room, std::move(candidates));
  if (!each_fits_somewhere(request, room, candidates)) return {Status::infeasible, {}, {}};
  switch (request.strategy) {
    case PlacementStrategy::pack: return pack(request, room, std::move(candidates));
    case PlacementStrategy::spread: return spread(request, room, std::move(candidates));
    default: return strict_spread(request, room, std::move(candidates));
  }
}

// Whether the totals of a domain hold each bundle and all together.
bool domain_can_ever_hold(const BundleRequest& request, const Room& room, const Candidates& domain) {
  if (!each_fits_somewhere(request, room, domain)) return false;
  std::map<ResourceId, ResourceAmount> wanted;
  for (const Bundle* bundle : request.bundles)
    for (const auto& [id, amount] : bundle->resources.entries()) wanted[id] = wanted[id] + amount;
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& demand) {
    ResourceAmount there;
    for (const NodeId id : domain) there = there + room.node(id).total.get(demand.first);
    return there >= demand.second;
  });
}

// Domain by domain, in the order in which their first nodes are listed; the first success counts.
BundlePlan plan_in_one_domain(const BundleRequest& request, const Room& room, const Candidates& candidates) {
  std::vector<std::pair<std::string, Candidates>> domains;
  for (const NodeId id : candidates) {
    const Labels* labels = room.node(id).labels;
    const auto label = labels ? labels->find(request.domain_label) : Labels::const_iterator{};
    if (!labels || label == labels->end() || label->second.empty()) continue;
    if (request.domain && *request.domain != label->second) continue;
    auto known = std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.first == label->second; });
    if (known == domains.end()) known = domains.insert(domains.end(), {label->second, {}});
    known->second.push_back(id);
  }
  BundlePlan best{Status::infeasible, {}, {}};
  for (auto& [value, nodes] : domains) {
    if (!domain_can_ever_hold(request, room, nodes)) continue;
    BundlePlan plan = plan_on(request, room, std::move(nodes));
    if (plan.status == Status::success) {
      plan.domain = value;
      return plan;
    }
    if (plan.status == Status::failed) best.status = Status::failed;
  }
  return best;
}

}  // namespace

std::span<const std::string_view> placement_strategy_names() {
  static constexpr std::array<std::string_view, 4> names{"PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"};
  return names;
}

BundlePlan plan_bundles(const BundleRequest& request, std::span<const NodeView> view, std::span<const NodeId> order) {
  const Room room(view);
  Candidates candidates;
  std::copy_if(order.begin(), order.end(), std::back_inserter(candidates),
               [&](NodeId id) { return view[id.index].usable; });
  return request.domain_label.empty() ? plan_on(request, room, std::move(candidates))
                                      : plan_in_one_domain(request, room, candidates);
}

}  // namespace raysim
