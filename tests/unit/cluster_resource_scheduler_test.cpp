// What a raylet knows of the cluster, and where it sends a lease.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "models/raylet/cluster_resource_scheduler.hpp"
#include "tests/analytic/zero_cost.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)
using zero_cost::ms;

namespace {

ResourceSet cpus(double amount) {
  ResourceSet set;
  set.set(cpu_resource, ResourceAmount::of(amount));
  return set;
}

using Nodes = std::vector<zero_cost::Node>;

// The scheduler of node 0 of a cluster; ids in the order of the nodes.
struct Fixture {
  explicit Fixture(const Nodes& nodes, const std::string& policy = "hybrid") : spec(zero_cost::cluster(nodes)) {
    for (std::uint32_t i = 0; i < nodes.size(); ++i) order.push_back({i});
    ClusterResourceScheduler::Setup setup{spec, classes, order, {}, {}};
    setup.make_policy = [policy](const PolicySettings& settings) { return make_policy(policy, settings); };
    scheduler = std::make_unique<ClusterResourceScheduler>(setup, RandomStream(0, "ties"), NodeId{0});
  }
  SchedulingClassId demand(double amount, SchedulingStrategy strategy = {}) {
    SchedulingClass wanted;
    wanted.resources = cpus(amount);
    wanted.strategy = strategy;
    return classes.id_of(wanted);
  }
  NodeId decide(double amount, NodeId preferred = no_node, bool exclude_local = false) {
    return scheduler->decide(demand(amount), preferred, exclude_local, now).node;
  }
  void report(std::uint32_t node, double amount) { scheduler->report({NodeId{node}, cpus(amount)}); }
  [[nodiscard]] double free_of(std::uint32_t node) const {
    return scheduler->view({node}).available.get(cpu_resource).value();
  }

  ClusterSpec spec;
  std::vector<NodeId> order;
  SchedulingClasses classes;
  std::unique_ptr<ClusterResourceScheduler> scheduler;
  Time now;
};

constexpr NodeId local{0};

}  // namespace

TEST_SUITE("cluster_resource_scheduler") {
  TEST_CASE("resources are taken all or nothing and given back up to the total") {
    Fixture f(Nodes{{4, {{"bob", 1}}}});
    ResourceSet both = cpus(3);
    both.set(f.spec.resource_names.id_of("bob"), ResourceAmount::of(1));
    const auto held = f.scheduler->allocate(both);
    REQUIRE(held);
    CHECK_FALSE(f.scheduler->allocate(both));
    CHECK(f.free_of(0) == 1);
    const auto more = f.scheduler->allocate(cpus(0.75));
    REQUIRE(more);
    CHECK(f.free_of(0) == 0.25);
    CHECK_FALSE(f.scheduler->allocate(cpus(0.2501)));
    f.scheduler->release(*held);
    f.scheduler->release(*more);
    CHECK(f.scheduler->available() == f.scheduler->total());
    f.scheduler->release(*more);
    CHECK(f.scheduler->available() == f.scheduler->total());
  }

  TEST_CASE("a CPU lent by a blocked worker is free meanwhile, and taken back below zero when others use it") {
    Fixture f(Nodes{{2, {}}});
    const auto blocked = f.scheduler->allocate(cpus(2));
    REQUIRE(blocked);
    f.scheduler->lend_cpu(*blocked);
    const auto other = f.scheduler->allocate(cpus(2));
    REQUIRE(other);
    f.scheduler->retake_cpu(*blocked);
    CHECK(f.free_of(0) == -2);
    CHECK_FALSE(f.scheduler->allocate(cpus(0.0001)));
    f.scheduler->release(*other);
    CHECK(f.free_of(0) == 0);
    f.scheduler->release(*blocked);
    CHECK(f.free_of(0) == 2);
  }

  TEST_CASE("every change of the own resources counts, and changes of others do not") {
    Fixture f(Nodes{{2, {}}, {2, {}}});
    const auto before = f.scheduler->version();
    CHECK_FALSE(f.scheduler->allocate(cpus(3)));
    f.report(1, 1);
    CHECK(f.scheduler->version() == before);
    const auto held = f.scheduler->allocate(cpus(1));
    REQUIRE(held);
    f.scheduler->release(*held);
    CHECK(f.scheduler->version() == before + 2);
  }

  TEST_CASE("who prefers this node stays while it has room, whatever the policy would say") {
    Fixture f(Nodes{{10, {}}, {10, {}}});
    CHECK(f.scheduler->allocate(cpus(9)));
    CHECK(f.decide(1) == NodeId{1});
    CHECK(f.decide(1, local) == local);
    CHECK(f.decide(2, local) == NodeId{1});
    CHECK(f.decide(1, local, true) == NodeId{1});
  }

  TEST_CASE("when nobody has room, who prefers this node waits here, others at the node of the policy") {
    Fixture f(Nodes{{4, {}}, {4, {}}});
    CHECK(f.scheduler->allocate(cpus(4)));
    f.report(1, 1);
    CHECK(f.decide(2) == NodeId{1});  // less used
    CHECK(f.decide(2, local) == local);
    CHECK(f.decide(2, local, true) == no_node);  // forced away, it asks for room
  }

  TEST_CASE(
      "a demand that no node can ever hold is infeasible, one that only others can goes there though they are busy") {
    Fixture f(Nodes{{2, {}}, {8, {}}});
    CHECK(f.decide(4) == NodeId{1});
    f.report(1, 0);
    CHECK(f.decide(4) == NodeId{1});
    CHECK(f.decide(4, local) == NodeId{1});
    const auto never = f.scheduler->decide(f.demand(9), no_node, false, f.now);
    CHECK(never.node == no_node);
    CHECK(never.infeasible);
    const auto later = f.scheduler->decide(f.demand(4), no_node, true, f.now);
    CHECK(later.node == no_node);
    CHECK_FALSE(later.infeasible);
  }

  TEST_CASE("what is sent to a node is deducted from its picture until it reports again") {
    Fixture f(Nodes{{0, {}}, {4, {}}, {4, {}}});
    CHECK(f.decide(1) == NodeId{1});
    f.scheduler->deduct({1}, cpus(3), f.now);
    CHECK(f.free_of(1) == 1);
    CHECK(f.scheduler->modified());
    CHECK(f.decide(1) == NodeId{2});           // node 1 is used to 75 %
    f.scheduler->deduct({1}, cpus(2), f.now);  // it looks full: nothing to deduct
    CHECK(f.free_of(1) == 1);
    f.report(1, 4);
    CHECK(f.free_of(1) == 4);
    CHECK_FALSE(f.scheduler->modified());
    CHECK(f.decide(1) == NodeId{1});
  }

  TEST_CASE("a deduction that no report confirms is undone after the refresh interval") {
    Fixture f(Nodes{{0, {}}, {4, {}}, {4, {}}});
    f.decide(1);
    f.report(1, 3);
    f.report(2, 4);
    const Time sent = Time{} + ms(1'000);
    f.scheduler->deduct({1}, cpus(2), sent);
    f.scheduler->deduct({2}, cpus(2), sent + ms(500));
    f.scheduler->reset_stale(sent + ms(3'000), ms(3'000));
    CHECK(f.free_of(1) == 1);
    f.scheduler->reset_stale(sent + ms(3'001), ms(3'000));
    CHECK(f.free_of(1) == 3);
    CHECK(f.free_of(2) == 2);
    CHECK(f.scheduler->modified());
    f.scheduler->reset_stale(sent + ms(3'501), ms(3'000));
    CHECK(f.free_of(2) == 4);
    CHECK_FALSE(f.scheduler->modified());
  }

  TEST_CASE("the strategy of the task chooses the policy") {
    Fixture f(Nodes{{10, {}}, {10, {}}, {10, {}}});
    SchedulingStrategy spread;
    spread.kind = SchedulingStrategy::Kind::spread;
    const auto decide = [&](const SchedulingStrategy& strategy) {
      return f.scheduler->decide(f.demand(1, strategy), no_node, false, f.now).node.index;
    };
    std::vector<std::uint32_t> chosen;
    for (int i = 0; i < 4; ++i) chosen.push_back(decide(spread));
    CHECK(chosen == std::vector<std::uint32_t>{0, 1, 2, 0});
    SchedulingStrategy affinity;
    affinity.kind = SchedulingStrategy::Kind::node_affinity;
    affinity.node = {2};
    CHECK(decide(affinity) == 2);
    CHECK(decide({}) == 0);
    f.report(2, 0);
    CHECK(decide(affinity) == 2);  // busy: it waits there
    affinity.node = {77};
    CHECK(f.scheduler->decide(f.demand(1, affinity), no_node, false, f.now).infeasible);
    affinity.soft = true;
    CHECK(decide(affinity) == 0);
  }

  TEST_CASE("the policy of the run replaces the default strategy only") {
    Fixture f(Nodes{{10, {}}, {10, {}}}, "spread");
    CHECK(f.decide(1) == NodeId{0});
    CHECK(f.decide(1) == NodeId{1});
    CHECK(f.decide(1) == NodeId{0});
  }
}

TEST_SUITE("resource_streams") {
  // What a reader believes of each node's free CPUs at a moment.
  struct Reader {
    std::vector<double> believed = std::vector<double>(3, -1);
    void catch_up(ResourceStreams& streams, Time now) {
      streams.catch_up({0}, now, ms(10), [&](const ResourceSnapshot& s) {
        believed[s.node.index] = s.available.get(cpu_resource).value();
      });
    }
  };
  std::shared_ptr<const ResourceSnapshot> snapshot(std::uint32_t node, double free) {
    return std::make_shared<const ResourceSnapshot>(ResourceSnapshot{NodeId{node}, cpus(free)});
  }
  Time after(std::int64_t n) { return Time{} + ms(n); }

  TEST_CASE("a report is read when its way is over, in order, and never by the node it is about") {
    ResourceStreams streams(3);
    Reader reader;
    streams.publish(snapshot(1, 5), after(0));
    streams.publish(snapshot(0, 7), after(1));
    streams.publish(snapshot(1, 4), after(5));
    reader.catch_up(streams, after(9));
    CHECK(reader.believed == std::vector<double>{-1, -1, -1});
    reader.catch_up(streams, after(10));
    CHECK(reader.believed == std::vector<double>{-1, 5, -1});
    reader.catch_up(streams, after(15));
    CHECK(reader.believed == std::vector<double>{-1, 4, -1});
  }

  TEST_CASE(
      "a reader that has fallen far behind knows the last word of each node, and nothing that is still on its way") {
    ResourceStreams streams(3);
    Reader reader;
    streams.publish(snapshot(2, 9), after(0));
    for (int i = 0; i < 500; ++i) streams.publish(snapshot(1, i), after(i));
    streams.publish(snapshot(2, 1), after(500));
    reader.catch_up(streams, after(505));
    CHECK(reader.believed == std::vector<double>{-1, 495, 9});
    reader.catch_up(streams, after(510));
    CHECK(reader.believed == std::vector<double>{-1, 499, 1});
  }

  TEST_CASE("a node that is set later is known from then on, and one that drains is nobody's choice") {
    Fixture f(Nodes{{1, {}}, {8, {}}});
    f.spec.nodes[1].joins_at = ms(1);
    CHECK(f.scheduler->decide(f.demand(4), no_node, false, f.now).infeasible);
    f.report(1, 8);
    CHECK(f.decide(4) == NodeId{1});
    f.scheduler->report({NodeId{1}, cpus(8), {}, true});
    CHECK(f.scheduler->decide(f.demand(4), no_node, false, f.now).infeasible);
    f.report(1, 8);
    f.scheduler->drain();
    CHECK(f.decide(1, local) == NodeId{1});
  }

  TEST_CASE("resources that are added are there at once, and those removed are gone with what is held of them") {
    Fixture f(Nodes{{2, {}}});
    const auto held = f.scheduler->allocate(cpus(1));
    f.scheduler->grow(cpu_resource, std::vector{ResourceAmount::of(3)});
    CHECK(f.free_of(0) == 4);
    f.scheduler->remove(cpu_resource);
    CHECK(f.free_of(0) == 0);
    CHECK(f.scheduler->decide(f.demand(1), local, false, f.now).infeasible);
    f.scheduler->release(*held);
    CHECK(f.free_of(0) == 0);
  }
}
