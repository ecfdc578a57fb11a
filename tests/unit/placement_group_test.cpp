// Placement groups: what no case of tests/conformance/ can say.
#include <doctest/doctest.h>

#include "models/gcs/placement_group_manager.hpp"
#include "models/placement_group_names.hpp"

using namespace raysim;

namespace {

ResourceSet cpus(double amount) {
  ResourceSet set;
  set.set(cpu_resource, ResourceAmount::of(amount));
  return set;
}

NodeView node(double cpu, const Labels* labels = nullptr) {
  NodeView view;
  view.total = cpus(cpu);
  view.labels = labels;
  view.set_available(view.total);
  return view;
}

// A GCS whose raylets say yes at once, and whose clock the test sets.
class Gcs final : public BundlePort, public PlacementGroupManager::Port {
 public:
  explicit Gcs(std::vector<NodeView> nodes) : view(std::move(nodes)) {
    for (std::uint32_t i = 0; i < view.size(); ++i) order.push_back({i});
  }
  void prepare(NodeId where, const PlacementGroup& group, const std::vector<std::uint32_t>&) override {
    scheduler.prepared(group.id, where, true);
  }
  void commit(NodeId where, const PlacementGroup& group, const std::vector<std::uint32_t>&) override {
    scheduler.committed(group.id, where, true);
  }
  void cancel(NodeId, PlacementGroupId, std::uint32_t) override {}
  [[nodiscard]] bool alive(NodeId where) const override { return view[where.index].usable; }
  std::span<const NodeId> tie_order() override { return order; }
  [[nodiscard]] Time now() const override { return time; }
  void post_schedule_pending(PlacementGroupManager::Outcome) override {}
  void state_changed(const PlacementGroup&) override {}
  void answer_wait(std::uint64_t waiter, bool created) override { answers.emplace_back(waiter, created); }

  PlacementGroupId create(PlacementStrategy strategy, std::size_t bundles, double cpu, std::string name = "") {
    PlacementGroupSpec spec;
    spec.name = std::move(name);
    spec.strategy = strategy;
    spec.bundles.assign(bundles, Bundle{cpus(cpu), {}});
    const PlacementGroupId id{next++};
    accepted = manager.create(id, std::make_shared<const PlacementGroupSpec>(std::move(spec)), {});
    return id;
  }
  std::uint64_t attempts_at(std::int64_t ms) {
    time = Time{ms * 1'000'000};
    manager.schedule_pending();
    return manager.attempts();
  }

  std::vector<NodeView> view;
  std::vector<NodeId> order;
  Time time{1};
  std::uint32_t next = 0;
  bool accepted = false;
  std::vector<std::pair<std::uint64_t, bool>> answers;
  PlacementGroupScheduler scheduler{view, *this};
  PlacementGroupManager manager{scheduler, *this, {Duration::milliseconds(100), Duration::milliseconds(1000), 1.5}};
};

}  // namespace

TEST_CASE("a group that finds no room is due again after 100 ms, then half as long again, and at most a second") {
  Gcs gcs({node(4)});
  gcs.create(PlacementStrategy::pack, 1, 4);
  gcs.create(PlacementStrategy::pack, 1, 4);
  CHECK(gcs.manager.attempts() == 2);
  CHECK(gcs.attempts_at(99) == 2);
  CHECK(gcs.attempts_at(101) == 3);
  CHECK(gcs.attempts_at(250) == 3);
  CHECK(gcs.attempts_at(252) == 4);
  std::int64_t ms = 252;
  for (const std::int64_t pause : {225, 338, 507, 760, 1000, 1000}) {
    const std::uint64_t before = gcs.manager.attempts();
    CHECK(gcs.attempts_at(ms + pause - 2) == before);
    ms += pause + 1;
    CHECK(gcs.attempts_at(ms) == before + 1);
  }
}

TEST_CASE("an infeasible group waits for a node, whatever the time") {
  Gcs gcs({node(2)});
  const PlacementGroupId group = gcs.create(PlacementStrategy::strict_pack, 2, 2);
  gcs.manager.wait(group, 7);
  CHECK(gcs.attempts_at(100'000) == 1);
  CHECK(gcs.manager.infeasible() == 1);
  gcs.view.push_back(node(4));
  gcs.order.push_back({1});
  gcs.manager.node_added();
  CHECK(gcs.manager.find(group)->state == PlacementGroup::State::created);
  CHECK(gcs.manager.find(group)->nodes == std::vector<NodeId>{{1}, {1}});
  CHECK(gcs.answers == std::vector<std::pair<std::uint64_t, bool>>{{7, true}});
}

TEST_CASE("a lost bundle is placed again before groups that have waited longer, the others stay") {
  Gcs gcs({node(4), node(4), node(4)});
  const PlacementGroupId group = gcs.create(PlacementStrategy::strict_spread, 2, 4);
  const PlacementGroupId waiting = gcs.create(PlacementStrategy::pack, 2, 4);
  CHECK(gcs.manager.find(group)->nodes == std::vector<NodeId>{{0}, {1}});
  gcs.view[0].usable = false;
  gcs.manager.node_died({0});
  CHECK(gcs.manager.find(group)->nodes == std::vector<NodeId>{{2}, {1}});
  CHECK(gcs.manager.find(group)->state == PlacementGroup::State::created);
  CHECK(gcs.manager.find(waiting)->state == PlacementGroup::State::pending);
}

TEST_CASE("a removed group tells who waits for it, frees its name, and leaves the view as it was") {
  Gcs gcs({node(4)});
  const PlacementGroupId first = gcs.create(PlacementStrategy::pack, 1, 4, "name");
  CHECK(gcs.accepted);
  const PlacementGroupId second = gcs.create(PlacementStrategy::pack, 1, 4, "other");
  gcs.manager.wait(second, 1);
  gcs.create(PlacementStrategy::pack, 1, 1, "name");
  CHECK(!gcs.accepted);
  gcs.manager.remove(second);
  CHECK(gcs.answers == std::vector<std::pair<std::uint64_t, bool>>{{1, false}});
  gcs.manager.remove(first);
  CHECK(gcs.view[0].available == gcs.view[0].total);
  gcs.manager.wait(first, 2);
  CHECK(gcs.answers.back() == std::pair<std::uint64_t, bool>{2, false});
  gcs.create(PlacementStrategy::pack, 1, 1, "name");
  CHECK(gcs.accepted);
}

TEST_CASE("bundles of one domain go to nodes with one value of its label") {
  const Labels left{{"rack", "left"}};
  const Labels right{{"rack", "right"}};
  const Labels none{{"row", "1"}};
  const std::vector<NodeView> view{node(3, &left), node(2, &right), node(2, &right), node(9, &none)};
  const std::vector<NodeId> order{{0}, {1}, {2}, {3}};
  const Bundle two{cpus(2), {}};
  BundleRequest request;
  request.domain_label = "rack";
  request.bundles = {&two, &two};
  const BundlePlan plan = plan_bundles(request, view, order);
  CHECK(plan.status == BundlePlan::Status::success);
  CHECK(plan.nodes == std::vector<NodeId>{{1}, {2}});
  CHECK(plan.domain == "right");
  request.domain = "left";  // survivors are there
  CHECK(plan_bundles(request, view, order).status == BundlePlan::Status::infeasible);
  request.domain.reset();
  request.bundles.push_back(&two);
  CHECK(plan_bundles(request, view, order).status == BundlePlan::Status::infeasible);
}

TEST_CASE("a task in a group asks for the group's resources, by bundle if it names one, and a thousandth of its mark") {
  ResourceNames names;
  const ResourceSet any = demand_in_group(cpus(2), {5}, -1, names);
  CHECK(to_string(any, names) == "{CPU_group_00000005: 2, bundle_group_00000005: 0.001}");
  const ResourceSet third = demand_in_group(cpus(0), {5}, 3, names);
  CHECK(to_string(third, names) == "{bundle_group_00000005: 0.001, bundle_group_3_00000005: 0.001}");
  CHECK(amount_asked(cpu_resource, any, names) == ResourceAmount::of(2));
  CHECK(amount_asked(cpu_resource, third, names) == ResourceAmount{});
}
