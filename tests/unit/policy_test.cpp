// The node policies, rule by rule; decisions of Ray's own tests are in tests/conformance/.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "tests/unit/policy_checks.hpp"

using namespace policy_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests
using Reason = NodeChoice::Reason;

namespace {

std::set<std::uint32_t> all_choices(NodePolicy& policy, const View& view, const ResourceSet& demand,
                                    const NodeRequest& request = {}) {
  std::set<std::uint32_t> seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) seen.insert(choose(policy, view, demand, request, seed).node.index);
  return seen;
}
using Nodes = std::set<std::uint32_t>;

PolicySettings settings(double threshold = 0.5, double fraction = 0.2, std::int64_t absolute = 1) {
  return {threshold, fraction, absolute, true};
}

}  // namespace

TEST_SUITE("node_view") {
  TEST_CASE("critical utilisation is the largest used share of CPU, memory and object store, whatever else is in use") {
    NodeView node;
    node.total = cpus(10, 4);
    node.total.set(memory_resource, ResourceAmount::of(100));
    node.total.set({7}, ResourceAmount::of(1));
    ResourceSet available = node.total;
    node.set_available(available);
    CHECK(node.critical_utilisation == 0);
    available.set(gpu_resource, {});
    available.set({7}, {});
    node.set_available(available);
    CHECK(node.critical_utilisation == 0);
    available.set(cpu_resource, ResourceAmount::of(7));
    available.set(memory_resource, ResourceAmount::of(40));
    node.set_available(available);
    CHECK(node.critical_utilisation == 1.0F - 0.4F);
    available.set(cpu_resource, ResourceAmount::of(-2));  // a blocked worker came back
    node.set_available(available);
    CHECK(node.critical_utilisation == doctest::Approx(1.2));
  }

  TEST_CASE("a node is feasible by its total and available by what is free, and neither when it is not usable") {
    NodeView node;
    node.total = cpus(4);
    node.set_available(cpus(1));
    CHECK(is_feasible(node, cpus(4)));
    CHECK_FALSE(is_available(node, cpus(4)));
    CHECK(is_available(node, cpus(1)));
    CHECK_FALSE(is_feasible(node, cpus(5)));
    node.usable = false;
    CHECK_FALSE(is_feasible(node, cpus(1)));
    CHECK_FALSE(is_available(node, ResourceSet{}));
  }

  TEST_CASE("halves of two GPUs are no GPU, where units are known") {
    NodeView node;
    node.total = cpus(4, 2);
    node.units = {{gpu_resource, {ResourceAmount::of(0.5), ResourceAmount::of(0.5)}}};
    node.set_available(cpus(4, 1));
    CHECK(is_feasible(node, cpus(1, 1)));
    CHECK_FALSE(is_available(node, cpus(1, 1)));
    CHECK(is_available(node, cpus(1, 0.5)));
    CHECK(is_available(node, cpus(1)));
    node.units.clear();
    CHECK(is_available(node, cpus(1, 1)));
  }

  TEST_CASE("a view takes at most what is there and gets back at most the total") {
    View view;
    view.node(4, 1).node(4, 4);
    ClusterView& seen = view.change();
    seen.deduct({0}, cpus(2));
    CHECK(seen.nodes[0].cpu_available == ResourceAmount{});
    seen.give_back({0}, cpus(9));
    CHECK(seen.nodes[0].cpu_available == ResourceAmount::of(4));
    seen.set_available({0}, cpus(-1));  // a blocked worker has come back
    seen.deduct({0}, cpus(1));
    CHECK(seen.nodes[0].cpu_available == ResourceAmount::of(-1));
    seen.set_total({1}, cpus(2));
    CHECK(seen.nodes[1].cpu_available == ResourceAmount::of(2));
    seen.set_usable({1}, false);
    CHECK_FALSE(is_feasible(seen.nodes[1], cpus(1)));
  }
}

TEST_SUITE("hybrid") {
  TEST_CASE("below the threshold the local node is taken, from the threshold on the least used one") {
    const auto policy = make_hybrid_policy(settings());
    for (int used = 0; used < 10; ++used) {
      View view;
      view.node(10, 10 - used).node(10, 10).node(10, 10);
      const NodeChoice choice = choose(*policy, view, cpus(1));
      CHECK(choice.reason == Reason::chosen);
      CHECK(choice.node.index == (used < 5 ? 0U : 1U));
    }
  }

  TEST_CASE("from the threshold on the local node is still taken when no other is less used") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(10, 4).node(10, 4).node(10, 3);
    CHECK(choose(*policy, view, cpus(1)).node.index == 0);
    view.local(1);
    CHECK(choose(*policy, view, cpus(1)).node.index == 1);
    view.local(2);
    CHECK(choose(*policy, view, cpus(1)).node.index == 0);  // the first by id of the two
  }

  TEST_CASE("ties go by the order of node ids, not by the order of the nodes in the view") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(10, 2).node(10, 10).node(10, 10).node(10, 10).order({3, 0, 2, 1});
    CHECK(choose(*policy, view, cpus(1)).node.index == 3);
    view.order({0, 2, 1, 3});
    CHECK(choose(*policy, view, cpus(1)).node.index == 2);
  }

  TEST_CASE("available beats feasible whatever the load, and nodes that are too small are never taken") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(4, 1).node(4, 0).node(100, 2).node(1, 1);
    CHECK(choose(*policy, view, cpus(2)).node.index == 2);  // used to 98 %
    CHECK(choose(*policy, view, cpus(3)).node.index == 0);  // nobody has room: the least used one
    const NodeChoice nobody = choose(*policy, view, cpus(3), require_available());
    CHECK(nobody.node == no_node);
    CHECK(nobody.reason == Reason::unavailable);
    const NodeChoice never = choose(*policy, view, cpus(101));
    CHECK(never.node == no_node);
    CHECK(never.reason == Reason::infeasible);
  }

  TEST_CASE("the draw is among the k least used, with k from the number of all nodes or the absolute setting") {
    View view;
    view.node(10, 1);
    for (int i = 0; i < 8; ++i) view.node(10, 10);
    view.node(10, 4);  // 60 %
    CHECK(view.get().nodes.size() == 10);
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.2, 1)), view, cpus(1)) == Nodes{1, 2});
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.0, 1)), view, cpus(1)) == Nodes{1});
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.39, 1)), view, cpus(1)) == Nodes{1, 2, 3});
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.2, 4)), view, cpus(1)) == Nodes{1, 2, 3, 4});
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.0, 0)), view, cpus(1)) == Nodes{1});
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 1.0, 1)), view, cpus(1)) ==
          Nodes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    // Only three can run it: the draw is among those.
    View narrow;
    narrow.node(10, 1);
    for (int i = 0; i < 16; ++i) narrow.node(1, 1);
    narrow.node(10, 9).node(10, 8).node(10, 3);
    CHECK(all_choices(*make_hybrid_policy(settings(0.5, 0.2, 1)), narrow, cpus(2)) == Nodes{17, 18, 19});
  }

  TEST_CASE("among the k the draw is even") {
    const auto policy = make_hybrid_policy(settings(0.5, 0.4, 1));
    View view;
    view.node(10, 1);
    for (int i = 0; i < 9; ++i) view.node(10, 10);
    std::map<std::uint32_t, int> counts;
    constexpr int draws = 8'000;
    RandomStream random(1, "even");
    const ResourceSet demand = cpus(1);
    NodeRequest request;
    request.demand = &demand;
    for (int i = 0; i < draws; ++i) ++counts[policy->choose(view.get(), request, random).node.index];
    CHECK(counts.size() == 4);
    for (const auto& [node, count] : counts) CHECK(std::abs(count - draws / 4) < 5 * 39);  // five deviations
  }

  TEST_CASE("no number is drawn when there is nothing to choose") {
    const auto policy = make_hybrid_policy(settings());
    const ResourceSet demand = cpus(1);
    NodeRequest request;
    request.demand = &demand;
    RandomStream random(1, "none");
    RandomStream untouched(1, "none");
    View own;
    own.node(10, 10).node(10, 10);
    policy->choose(own.get(), request, random);
    View nobody;
    nobody.node(0, 0);
    policy->choose(nobody.get(), request, random);
    CHECK(random.next() == untouched.next());
  }

  TEST_CASE("a preferred node takes the place of the local one") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(10, 10).node(10, 10).node(10, 6);
    NodeRequest request;
    request.preferred = {2};
    CHECK(choose(*policy, view, cpus(1), request).node.index == 2);
    View busy;
    busy.node(10, 8).node(10, 10).node(10, 0).local(1);
    CHECK(choose(*policy, busy, cpus(1), request).node.index == 0);  // it passes its priority to nobody
  }

  TEST_CASE("avoiding the local node leaves it out, forced away it also asks for room") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(10, 10).node(10, 0);
    CHECK(choose(*policy, view, cpus(1), avoid_local()).node.index == 1);
    const NodeChoice none = choose(*policy, view, cpus(1), forced_away());
    CHECK(none.node == no_node);
    CHECK(none.reason == Reason::unavailable);
    View alone;
    alone.node(10, 10);
    CHECK(choose(*policy, alone, cpus(1), avoid_local()).reason == Reason::infeasible);
  }

  TEST_CASE("who needs no GPU goes to nodes without one while these have room") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(cpus(10, 1), cpus(10, 1)).node(10, 1).node(cpus(10, 1), cpus(10, 1));
    CHECK(choose(*policy, view, cpus(1)).node.index == 1);  // though used to 90 %, and the local one idle
    CHECK(choose(*policy, view, cpus(2)).node.index == 0);
    CHECK(choose(*policy, view, cpus(1, 1)).node.index == 0);
    PolicySettings careless = settings();
    careless.avoid_gpu_nodes = false;
    CHECK(choose(*make_hybrid_policy(careless), view, cpus(1)).node.index == 0);
  }

  TEST_CASE("a node that is gone or draining does not exist, also as the local one, but counts for k") {
    const auto policy = make_hybrid_policy(settings(0.5, 0.5, 1));
    View view;
    view.node(cpus(10), cpus(10), false).node(10, 10).node(cpus(10), cpus(10), false).node(10, 10);
    CHECK(all_choices(*policy, view, cpus(1)) == Nodes{1, 3});
    View gone;
    gone.node(cpus(10), cpus(10), false);
    CHECK(choose(*policy, gone, cpus(1)).reason == Reason::infeasible);
  }

  TEST_CASE("a stale view is believed: a node that says it is free is taken again and again") {
    const auto policy = make_hybrid_policy(settings());
    View view;
    view.node(10, 0).node(10, 10);
    for (int i = 0; i < 20; ++i) CHECK(choose(*policy, view, cpus(1)).node.index == 1);
  }
}

TEST_SUITE("spread") {
  TEST_CASE("nodes with room take turns in the order of ids, the cursor stays where it was when nothing is found") {
    const auto policy = make_spread_policy();
    View view;
    view.node(4, 4).node(4, 0).node(4, 4).node(1, 1).order({2, 0, 1, 3});
    std::vector<std::uint32_t> chosen;
    for (int i = 0; i < 4; ++i) chosen.push_back(choose(*policy, view, cpus(2)).node.index);
    CHECK(chosen == std::vector<std::uint32_t>{2, 0, 2, 0});
    CHECK(choose(*policy, view, cpus(9)).reason == Reason::infeasible);
    CHECK(choose(*policy, view, cpus(1)).node.index == 3);
  }

  TEST_CASE("without room anywhere busy nodes take turns, unless room is required") {
    const auto policy = make_spread_policy();
    View view;
    view.node(4, 0).node(4, 1).node(1, 1);
    CHECK(choose(*policy, view, cpus(2), require_available()).reason == Reason::unavailable);
    std::vector<std::uint32_t> chosen;
    for (int i = 0; i < 4; ++i) chosen.push_back(choose(*policy, view, cpus(2)).node.index);
    CHECK(chosen == std::vector<std::uint32_t>{0, 1, 0, 1});
    CHECK(choose(*policy, view, cpus(2), require_available()).node == no_node);
    CHECK(choose(*policy, view, cpus(2)).node.index == 0);  // the failed one did not move the cursor
  }

  TEST_CASE("the local node has no priority and is left out when it is to be avoided") {
    const auto policy = make_spread_policy();
    View view;
    view.node(4, 4).node(4, 4).node(4, 4).local(1);
    CHECK(choose(*policy, view, cpus(1)).node.index == 0);
    CHECK(choose(*policy, view, cpus(1), avoid_local()).node.index == 2);
    CHECK(choose(*policy, view, cpus(1), avoid_local()).node.index == 0);
  }

  TEST_CASE("each policy object has a cursor of its own") {
    const auto one = make_spread_policy();
    const auto two = make_spread_policy();
    View view;
    view.node(4, 4).node(4, 4);
    CHECK(choose(*one, view, cpus(1)).node.index == 0);
    CHECK(choose(*two, view, cpus(1)).node.index == 0);
    CHECK(choose(*one, view, cpus(1)).node.index == 1);
  }
}

TEST_SUITE("random_policy") {
  TEST_CASE("only nodes with room are taken while there is one, and the node after one without room twice as often") {
    const auto policy = make_random_policy();
    View view;
    view.node(4, 4).node(4, 0).node(4, 4).node(4, 4);
    std::map<std::uint32_t, int> counts;
    RandomStream random(1, "uneven");
    const ResourceSet demand = cpus(1);
    NodeRequest request;
    request.demand = &demand;
    for (int i = 0; i < 8'000; ++i) ++counts[policy->choose(view.get(), request, random).node.index];
    CHECK(counts.size() == 3);
    CHECK(std::abs(counts[0] - 2'000) < 200);
    CHECK(std::abs(counts[2] - 4'000) < 250);
    CHECK(std::abs(counts[3] - 2'000) < 200);
  }

  TEST_CASE("without room it waits at a feasible node, unless room is required") {
    const auto policy = make_random_policy();
    View view;
    view.node(4, 0).node(1, 1).node(4, 1);
    CHECK(all_choices(*policy, view, cpus(2)) == Nodes{0, 2});
    CHECK(all_choices(*policy, view, cpus(2), avoid_local()) == Nodes{2});
    CHECK(choose(*policy, view, cpus(2), require_available()).reason == Reason::unavailable);
    CHECK(choose(*policy, view, cpus(5)).reason == Reason::infeasible);
  }
}

TEST_SUITE("node_affinity") {
  NodeRequest to(std::uint32_t node, bool soft) {
    NodeRequest request;
    request.affinity = {node};
    request.affinity_soft = soft;
    return request;
  }

  TEST_CASE("the target is taken, busy or not, as long as it can ever run the task") {
    const auto policy = make_node_affinity_policy(settings());
    View view;
    view.node(4, 4).node(4, 0).node(1, 1).node(cpus(4), cpus(4), false);
    for (const bool soft : {false, true}) {
      CHECK(choose(*policy, view, cpus(2), to(0, soft)).node.index == 0);
      CHECK(choose(*policy, view, cpus(2), to(1, soft)).node.index == 1);
    }
    for (const std::uint32_t target : {2U, 3U, 99U}) {
      CHECK(choose(*policy, view, cpus(2), to(target, false)).node == no_node);
      CHECK(choose(*policy, view, cpus(2), to(target, false)).reason == Reason::infeasible);
      CHECK(choose(*policy, view, cpus(2), to(target, true)).node.index == 0);  // hybrid, from the local node
    }
  }

  TEST_CASE("without a target it is the hybrid policy") {
    const auto policy = make_node_affinity_policy(settings());
    View view;
    view.node(10, 3).node(10, 10);
    CHECK(choose(*policy, view, cpus(1)).node.index == 1);
  }
}

TEST_SUITE("policies") {
  TEST_CASE("every name that can be asked for makes a policy, others do not") {
    for (const std::string_view name : policy_names()) CHECK(make_policy(name, settings()) != nullptr);
    CHECK(make_policy("best", settings()) == nullptr);
  }

  TEST_CASE("no policy names a node that is too small, to be avoided, or full where room is required") {
    for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
      RandomStream random(seed, "views");
      View view;
      const auto count = 1 + random.below(12);
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto total = static_cast<double>(random.below(5));
        const auto gpus = static_cast<double>(random.below(2));
        view.node(cpus(total, gpus),
                  cpus(static_cast<double>(random.below(static_cast<std::uint64_t>(total) + 1)), gpus),
                  random.below(6) != 0);
      }
      view.local(static_cast<std::uint32_t>(random.below(count)));
      const ResourceSet demand = cpus(static_cast<double>(random.below(5)), static_cast<double>(random.below(2)));
      NodeRequest request;
      request.avoid_local = random.below(2) == 0;
      request.require_available = random.below(2) == 0;
      bool feasible = false;
      bool available = false;
      for (std::uint32_t i = 0; i < count; ++i) {
        if (request.avoid_local && NodeId{i} == view.get().local) continue;
        feasible = feasible || is_feasible(view.get().nodes[i], demand);
        available = available || is_available(view.get().nodes[i], demand);
      }
      for (const std::string_view name : policy_names()) {
        const NodeChoice choice = choose(*make_policy(name, settings()), view, demand, request, seed);
        INFO("policy ", name, ", seed ", seed);
        // Ray's own take a node whenever one has room; some baselines would rather wait at one of their choice.
        const bool rays = name == "hybrid" || name == "spread" || name == "random" || name == "node_affinity";
        if (rays) REQUIRE((choice.node != no_node) == (request.require_available ? available : feasible));
        if (choice.node == no_node) {
          if (rays) REQUIRE(choice.reason == (feasible ? Reason::unavailable : Reason::infeasible));
          continue;
        }
        const NodeView& chosen = view.get().nodes[choice.node.index];
        REQUIRE(is_feasible(chosen, demand));
        if (rays || request.require_available) REQUIRE(is_available(chosen, demand) == available);
        REQUIRE_FALSE((request.avoid_local && choice.node == view.get().local));
      }
    }
  }
}
