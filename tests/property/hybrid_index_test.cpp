// Does the index of a view say what a scan of it would say?
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "models/scheduling/policy.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

constexpr ResourceId custom{4};

// The same cluster twice, with an index and without; every change happens to both.
class TwoViews {
 public:
  TwoViews(RandomStream& random, std::size_t nodes) : random_(random) {
    for (std::uint32_t i = 0; i < nodes; ++i) order_.push_back({i});
    for (std::size_t i = nodes; i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
    for (ClusterView* view : views()) {
      view->local = NodeId{static_cast<std::uint32_t>(nodes / 2)};
      view->nodes.resize(nodes);
      view->order = order_;
    }
    for (std::uint32_t i = 0; i < nodes; ++i) {
      const ResourceSet total = some_total();
      for (ClusterView* view : views()) {
        view->nodes[i].total = total;
        view->nodes[i].set_available(total);
      }
    }
    ranked.build_index();
    const std::uint64_t changes = random.below(3 * nodes);
    for (std::uint64_t i = 0; i < changes; ++i) change();
  }
  TwoViews(const TwoViews&) = delete;
  TwoViews& operator=(const TwoViews&) = delete;

  void change() {
    const NodeId node = some_node();
    const std::uint64_t kind = random_.below(20);
    if (kind == 0) return both([node, usable = random_.below(2) == 0](ClusterView& v) { v.set_usable(node, usable); });
    if (kind == 1) return both([node, total = some_total()](ClusterView& v) { v.set_total(node, total); });
    const ResourceSet available = some_part(scanned.nodes[node.index].total);
    if (kind == 2 && available.get(gpu_resource).ticks > 0) {
      const FreeUnits units{gpu_resource, {{random_.below(2) == 0 ? 5'000 : 10'000}, {2'500}}};
      return both([&](ClusterView& v) { v.set_available(node, available, {units}); });
    }
    both([&](ClusterView& v) { v.set_available(node, available); });
  }

  NodeId some_node() { return order_[random_.below(order_.size())]; }

  ClusterView scanned;
  ClusterView ranked;

 private:
  std::vector<ClusterView*> views() { return {&scanned, &ranked}; }
  template <class Change>
  void both(const Change& apply) {
    for (ClusterView* view : views()) apply(*view);
  }
  void set(ResourceSet& set, ResourceId id, std::uint64_t at_most) {
    set.set(id, ResourceAmount{static_cast<std::int64_t>(random_.below(at_most + 1)) * ResourceAmount::unit});
  }
  ResourceSet some_total() {
    ResourceSet total;
    set(total, cpu_resource, 8);
    set(total, memory_resource, 4);
    if (random_.below(3) == 0) set(total, gpu_resource, 4);
    if (random_.below(2) == 0) set(total, custom, 2);
    return total;
  }
  // Also below zero, as it happens when blocked workers come back.
  ResourceSet some_part(const ResourceSet& total) {
    ResourceSet part;
    for (const auto& [id, amount] : total.entries())
      part.set(id, {static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(amount.ticks) + 1))});
    if (random_.below(15) == 0) part.set(cpu_resource, ResourceAmount{-5'000});
    return part;
  }

  RandomStream& random_;
  std::vector<NodeId> order_;
};

ResourceSet some_demand(RandomStream& random) {
  ResourceSet demand;
  demand.set(cpu_resource, ResourceAmount{static_cast<std::int64_t>(random.below(5)) * 5'000});
  if (random.below(3) == 0)
    demand.set(gpu_resource, ResourceAmount{static_cast<std::int64_t>(random.below(3)) * 5'000});
  if (random.below(3) == 0) demand.set(custom, ResourceAmount::of(1));
  if (random.below(20) == 0) demand.set(custom, ResourceAmount::of(9));  // nobody has as much
  return demand;
}

PolicySettings some_settings(RandomStream& random) {
  PolicySettings settings;
  settings.spread_threshold = 0.25 * static_cast<double>(random.below(5));
  settings.top_k_fraction = 0.2 * static_cast<double>(random.below(3));
  settings.top_k_absolute = static_cast<std::int64_t>(random.below(4));
  settings.avoid_gpu_nodes = random.below(3) != 0;
  return settings;
}

}  // namespace

TEST_SUITE("hybrid_index") {
  TEST_CASE("on random views with random changes the index gives the node, the reason and the draws of a scan") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      RandomStream random(seed, "views");
      TwoViews views(random, 1 + random.below(400));
      const PolicySettings settings = some_settings(random);
      const auto scan = make_hybrid_policy(settings);
      const auto index = make_hybrid_policy(settings);
      std::vector<ResourceSet> demands;
      for (int i = 0; i < 20; ++i) demands.push_back(some_demand(random));  // more than an index remembers
      for (int decision = 0; decision < 300; ++decision) {
        NodeRequest request;
        request.demand = &demands[random.below(demands.size())];
        request.avoid_local = random.below(3) == 0;
        request.require_available = random.below(3) == 0;
        if (random.below(3) == 0) request.preferred = views.some_node();
        RandomStream one(seed, std::to_string(decision));
        RandomStream other = one;
        const NodeChoice expected = scan->choose(views.scanned, request, one);
        const NodeChoice got = index->choose(views.ranked, request, other);
        CAPTURE(seed);
        CAPTURE(decision);
        REQUIRE(got.node == expected.node);
        REQUIRE(got.reason == expected.reason);
        REQUIRE(one.next() == other.next());
        for (std::uint64_t i = random.below(4); i > 0; --i) views.change();
        if (random.below(50) == 0)
          for (int i = 0; i < 500; ++i) views.change();  // more than the index keeps a record of
      }
    }
  }
}
