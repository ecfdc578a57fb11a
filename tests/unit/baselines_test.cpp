// The research baselines, decision by decision, on clusters that are written down; what they do to a run is in
// tests/analytic/baselines_test.cpp.
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <set>
#include <vector>

#include "include/raysim/policy_testing.hpp"
#include "models/scheduling/baselines.hpp"

using namespace raysim;          // NOLINT(google-build-using-namespace): the vocabulary of these tests
using namespace raysim::plugin;  // NOLINT(google-build-using-namespace)

namespace {

constexpr Demand one_cpu{"CPU", 1};
const Lease lease{"f", {&one_cpu, 1}};

using Owned = std::unique_ptr<Policy>;

Node choose(const Owned& policy, const TestCluster& cluster, std::uint64_t seed = 0) {
  Draws random(seed);
  return policy->choose(cluster, lease, random);
}

std::set<Node> all_choices(const Owned& policy, const TestCluster& cluster) {
  std::set<Node> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) seen.insert(choose(policy, cluster, seed));
  return seen;
}

Task task(int priority, double seconds, double expected) {
  Task made;
  made.function = "f";
  made.priority = priority;
  made.seconds = seconds;
  made.expected_seconds = expected;
  return made;
}

}  // namespace

TEST_SUITE("baselines") {
  TEST_CASE("round robin goes through the feasible nodes in turn, whatever is in use") {
    const Owned policy(make_round_robin());
    const auto cluster = TestCluster().node(2, 0).node(0.5, 0.5).node(2, 2).node(2, 1).local(2);
    std::vector<Node> chosen;
    for (int i = 0; i < 7; ++i) chosen.push_back(choose(policy, cluster));
    CHECK(chosen == std::vector<Node>{0, 2, 3, 0, 2, 3, 0});
    CHECK(policy->traits().stays);
  }

  TEST_CASE("least loaded takes the least used node with room, by draw among equals") {
    for (const auto make : {make_least_loaded, make_oracle, make_priority, make_shortest_first, make_two_choices}) {
      const Owned policy(make());
      CHECK(choose(policy, TestCluster().node(4, 1).node(8, 5).node(4, 2)) == 1);  // used: 75 %, 38 %, 50 %
      CHECK(all_choices(policy, TestCluster().node(4, 1).node(4, 3).node(8, 6)) == std::set<Node>{1, 2});
      // A node without room does not count, however little of it is used.
      CHECK(choose(policy, TestCluster().node(4, 1).node(0.5, 0.5)) == 0);
    }
  }

  TEST_CASE("while no node has room the lease goes to wait at one of the least used that can run it") {
    const Owned policy(make_least_loaded());
    CHECK(all_choices(policy, TestCluster().node(4, 0).node(2, 0).node(0.5, 0)) == std::set<Node>{0, 1});
    CHECK(choose(policy, TestCluster().node({{"CPU", 4}}, {{"CPU", 0.5}}).node(4, 0)) == 0);
  }

  TEST_CASE("the central scheduler keeps a lease that finds no room") {
    const Owned policy(make_central());
    CHECK(choose(policy, TestCluster().node(4, 0).node(2, 0)) == nowhere);
    CHECK(choose(policy, TestCluster().node(4, 0).node(2, 1)) == 1);
    CHECK(policy->traits().central);
  }

  TEST_CASE("with work stealing a lease stays where it was asked for, unless it can never run there") {
    const Owned policy(make_work_stealing());
    CHECK(choose(policy, TestCluster().node(4, 4).node(4, 0).local(1)) == 1);
    CHECK(choose(policy, TestCluster().node(4, 4).node(0.5, 0.5).local(1)) == 0);
    CHECK(policy->traits().steals);
  }

  TEST_CASE("two choices asks two raylets and looks at no view") {
    const Owned policy(make_two_choices());
    CHECK(policy->traits().probes == 2);
    CHECK(policy->traits().stays);
  }

  TEST_CASE("locality first takes the node with room that holds most bytes, the least used of equals") {
    const Owned policy(make_locality_first());
    constexpr std::array<Node, 2> first{0, 1};
    constexpr std::array<Node, 1> second{1};
    constexpr std::array<Node, 1> third{2};
    const std::array<Argument, 3> arguments{{{60e6, first}, {30e6, second}, {40e6, third}}};
    const Lease reads{"f", {&one_cpu, 1}, 0, arguments};
    CHECK(reads.bytes_at(0) == 60e6);
    CHECK(reads.bytes_at(1) == 90e6);
    CHECK(reads.bytes_at(3) == 0);
    Draws random(0);
    const auto chosen = [&](const TestCluster& cluster) { return policy->choose(cluster, reads, random); };
    CHECK(chosen(TestCluster().node(4, 4).node(4, 1).node(4, 4).node(4, 4)) == 1);
    CHECK(chosen(TestCluster().node(4, 4).node(4, 0).node(4, 4).node(4, 4)) == 0);
    CHECK(chosen(TestCluster().node(4, 0).node(4, 0).node(4, 0).node(4, 4)) == 3);
    CHECK(chosen(TestCluster().node(4, 0).node(4, 0).node(4, 0).node(4, 0)) == 1);  // it waits there
    // Without such arguments as least loaded.
    CHECK(all_choices(policy, TestCluster().node(4, 1).node(4, 3).node(8, 6)) == std::set<Node>{1, 2});
  }

  TEST_CASE("priority puts the more urgent first, shortest first the shorter") {
    const Owned priority(make_priority());
    CHECK(priority->rank(task(7, 9, 9)) < priority->rank(task(1, 1, 1)));
    CHECK(priority->rank(task(-2, 9, 9)) > priority->rank(task(0, 1, 1)));
    const Owned known(make_shortest_first());
    CHECK(known->rank(task(0, 1, 9)) < known->rank(task(7, 2, 3)));
    const Owned estimated(make_estimated_shortest_first());
    CHECK(estimated->rank(task(0, 9, 1)) < estimated->rank(task(7, 2, 3)));
    for (const Owned* policy : {&priority, &known, &estimated}) CHECK((*policy)->traits().ranked);
    CHECK_FALSE(priority->traits().preempts);
    CHECK(Owned(make_preemptive_priority())->traits().preempts);
  }

  TEST_CASE("only the oracle sees what is true") {
    CHECK(Owned(make_oracle())->traits().perfect_view);
    CHECK_FALSE(Owned(make_least_loaded())->traits().perfect_view);
  }
}
