// Does anything get lost? Random placement groups on random nodes that fail, die and join, messages in any order.
#include <doctest/doctest.h>

#include <set>

#include "models/gcs/placement_group_manager.hpp"

using namespace raysim;

namespace {

constexpr ProcessId creator{1};
constexpr ResourceId custom{7};

struct Letter {
  enum class Kind : std::uint8_t { prepare, commit } kind;
  NodeId node;
  PlacementGroupId group;
  std::vector<std::uint32_t> bundles;
};

// Raylets that keep books, and a GCS whose messages arrive in any order.
class World final : public BundlePort, public PlacementGroupManager::Port {
 public:
  World(std::uint64_t seed, int nodes) : random_(seed, "world") {
    for (int i = 0; i < nodes; ++i) add_node();
  }

  void add_node() {
    NodeView node;
    node.total.set(cpu_resource, {static_cast<std::int64_t>(random_.below(9)) * ResourceAmount::unit});
    if (random_.below(3) == 0) node.total.set(gpu_resource, ResourceAmount::of(2));
    if (random_.below(3) == 0) node.total.set(custom, ResourceAmount::of(1.5));
    node.set_available(node.total);
    order.push_back({static_cast<std::uint32_t>(view.size())});
    view.push_back(node);
    free.push_back(node.total);
    kept.emplace_back();
    manager.node_added();
  }
  PlacementGroupSpec draw_group() {
    PlacementGroupSpec spec;
    spec.strategy = static_cast<PlacementStrategy>(random_.below(4));
    const std::uint64_t bundles = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < bundles; ++i) {
      Bundle bundle;
      bundle.resources.set(cpu_resource, {static_cast<std::int64_t>(1 + random_.below(8)) * ResourceAmount::unit / 2});
      if (random_.below(4) == 0) bundle.resources.set(gpu_resource, ResourceAmount::of(1));
      if (random_.below(4) == 0) bundle.resources.set(custom, ResourceAmount::of(0.5));
      spec.bundles.push_back(bundle);
    }
    return spec;
  }
  // One thing happens: a message arrives, time passes, a node dies or joins, a group is made or removed.
  void step() {
    const std::uint64_t what = random_.below(20);
    if (what < 12 && !letters_.empty()) return deliver_one();
    if (what < 14) {
      groups.push_back({next_group_++});
      manager.create(groups.back(), std::make_shared<const PlacementGroupSpec>(draw_group()), creator);
    } else if (what == 14 && !groups.empty()) {
      manager.remove(groups[random_.below(groups.size())]);
    } else if (what == 15) {
      kill(order[random_.below(order.size())]);
    } else if (what == 16) {
      add_node();
    } else if (what == 17) {
      report_all();
    } else {
      time_ = time_ + Duration::milliseconds(300);
    }
    settle();
  }
  void deliver_everything() {
    while (!letters_.empty()) deliver_one();
  }
  void kill(NodeId node) {
    if (!view[node.index].usable) return;
    view[node.index].usable = false;
    kept[node.index].clear();
    std::erase_if(letters_, [&](const Letter& letter) { return letter.node == node; });
    manager.node_died(node);
    settle();
  }
  void report_all() {
    for (std::size_t i = 0; i < view.size(); ++i) view[i].set_available(free[i]);
  }

  void prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override {
    send(Letter::Kind::prepare, node, group, bundles);
  }
  void commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override {
    send(Letter::Kind::commit, node, group, bundles);
  }
  void cancel(NodeId node, PlacementGroupId group, std::uint32_t bundle) override {
    REQUIRE(view[node.index].usable);
    const auto it = kept[node.index].find({group, bundle});
    if (it == kept[node.index].end()) return;
    for (const auto& [id, amount] : it->second.entries()) free[node.index].set(id, free[node.index].get(id) + amount);
    kept[node.index].erase(it);
  }
  [[nodiscard]] bool alive(NodeId node) const override { return view[node.index].usable; }
  std::span<const NodeId> tie_order() override {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
    return order;
  }
  [[nodiscard]] Time now() const override { return time_; }
  void post_schedule_pending(PlacementGroupManager::Outcome) override { posted_ = true; }
  void state_changed(const PlacementGroup& group) override {
    states[group.id] = group.state;
    if (group.state != PlacementGroup::State::created || !group.unplaced().empty()) return;
    ++created;
    const std::set<NodeId> used(group.nodes.begin(), group.nodes.end());
    if (group.spec->strategy == PlacementStrategy::strict_pack) CHECK(used.size() == 1);
    if (group.spec->strategy == PlacementStrategy::strict_spread) CHECK(used.size() == group.nodes.size());
    for (std::uint32_t i = 0; i < group.nodes.size(); ++i) {
      CHECK(view[group.nodes[i].index].usable);
      CHECK(kept[group.nodes[i].index].contains({group.id, i}));
    }
  }
  void answer_wait(std::uint64_t waiter, bool is_created) override { answers.emplace_back(waiter, is_created); }

  std::vector<NodeView> view;
  std::vector<NodeId> order;
  std::vector<ResourceSet> free;  // by node, what the raylet itself knows
  std::vector<std::map<std::pair<PlacementGroupId, std::uint32_t>, ResourceSet>> kept;
  std::vector<PlacementGroupId> groups;
  int created = 0;
  std::map<PlacementGroupId, PlacementGroup::State> states;
  std::vector<std::pair<std::uint64_t, bool>> answers;
  PlacementGroupScheduler scheduler{view, *this};
  PlacementGroupManager manager{scheduler, *this, {Duration::milliseconds(100), Duration::milliseconds(1000), 1.5}};

 private:
  void send(Letter::Kind kind, NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) {
    REQUIRE(view[node.index].usable);
    specs_[group.id] = *group.spec;
    letters_.push_back({kind, node, group.id, bundles});
  }
  void deliver_one() {
    const auto at = letters_.begin() + static_cast<std::ptrdiff_t>(random_.below(letters_.size()));
    const Letter letter = *at;
    letters_.erase(at);
    if (random_.below(30) == 0) return kill(letter.node);  // with the message on its way
    if (letter.kind == Letter::Kind::commit) {
      scheduler.committed(letter.group, letter.node, true);
    } else {
      scheduler.prepared(letter.group, letter.node, reserve(letter));
    }
    settle();
  }
  bool reserve(const Letter& letter) {
    ResourceSet left = free[letter.node.index];
    for (const std::uint32_t i : letter.bundles) {
      const ResourceSet& demand = specs_[letter.group].bundles[i].resources;
      if (!left.covers(demand)) return false;
      for (const auto& [id, amount] : demand.entries()) left.set(id, left.get(id) - amount);
    }
    free[letter.node.index] = left;
    for (const std::uint32_t i : letter.bundles)
      kept[letter.node.index][{letter.group, i}] = specs_[letter.group].bundles[i].resources;
    return true;
  }
  // Groups that are placed again are tried without a pause: a few times are enough here.
  void settle() {
    for (int i = 0; posted_ && i < 20; ++i) {
      posted_ = false;
      manager.schedule_pending();
    }
  }

  RandomStream random_;
  Time time_{1};
  bool posted_ = false;
  std::uint32_t next_group_ = 0;
  std::vector<Letter> letters_;
  std::map<PlacementGroupId, PlacementGroupSpec> specs_;
};

}  // namespace

TEST_CASE("random placement groups keep no resources after their removal") {
  int created = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    World world(seed, static_cast<int>(seed % 7));
    if (world.order.empty()) world.add_node();
    for (int i = 0; i < 400; ++i) {
      world.step();
      for (const ResourceSet& free : world.free)
        for (const auto& [id, amount] : free.entries()) REQUIRE(amount.ticks >= 0);
    }
    world.manager.creator_died(creator);
    world.deliver_everything();
    for (const auto& [group, state] : world.states) CHECK(state == PlacementGroup::State::removed);
    for (std::size_t i = 0; i < world.view.size(); ++i) {
      if (!world.view[i].usable) continue;
      CHECK(world.kept[i].empty());
      CHECK(world.free[i] == world.view[i].total);
      CHECK(world.scheduler.bundles_on({static_cast<std::uint32_t>(i)}) == 0);
    }
    created += world.created;
  }
  CHECK(created > 1000);
}
