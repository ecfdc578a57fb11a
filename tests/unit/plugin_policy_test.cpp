// Policies written against raysim/policy.hpp: what they are shown, and what becomes of their answers.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "include/raysim/policy_testing.hpp"
#include "models/scheduling/plugin_policy.hpp"
#include "tests/unit/policy_checks.hpp"

using namespace policy_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests
using Reason = NodeChoice::Reason;

namespace {

using Choose = std::function<plugin::Node(const plugin::Cluster&, const plugin::Lease&, plugin::Random&)>;

class Asked final : public plugin::Policy {
 public:
  explicit Asked(Choose choose) : choose_(std::move(choose)) {}
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return choose_(cluster, lease, random);
  }

 private:
  Choose choose_;
};

std::unique_ptr<NodePolicy> policy(Choose choose) {
  return make_plugin_policy(std::make_unique<Asked>(std::move(choose)), "policy 'asked' of test.so");
}
std::unique_ptr<NodePolicy> always(plugin::Node node) {
  return policy([node](const auto&...) { return node; });
}

// Three nodes with names: one full, one with room, one that is draining.
struct Three {
  Three() {
    for (const char* name : {"bob", "alice", "ming"}) spec.nodes.push_back({name, false, {}, {}, {}, {}});
    view.node(4, 0).node(cpus(8, 2), cpus(6, 1)).node(cpus(16), cpus(16), false);
    full.spec = &spec;
    full.resource_names = &spec.resource_names;
    full.nodes[1].labels = &labels;
  }
  NodeChoice choose(NodePolicy& policy, NodeRequest request = {}) {
    RandomStream random(0, "plugin test");
    request.demand = &demand;
    request.function = "f";
    return policy.choose(full, request, random);
  }
  ClusterSpec spec;
  Labels labels{{"zone", "here"}};
  View view;
  ClusterView& full = view.change();
  ResourceSet demand = cpus(2, 1);
};

void same(const plugin::Cluster& shown, const plugin::Cluster& written, const plugin::Lease& lease) {
  REQUIRE(shown.size() == written.size());
  CHECK(shown.local() == written.local());
  for (plugin::Node node = 0; node < shown.size(); ++node) {
    CAPTURE(node);
    for (const char* resource : {"CPU", "GPU", "memory", "unheard of"}) {
      CHECK(shown.total(node, resource) == written.total(node, resource));
      CHECK(shown.available(node, resource) == written.available(node, resource));
    }
    CHECK(shown.label(node, "zone") == written.label(node, "zone"));
    CHECK(shown.utilisation(node) == doctest::Approx(written.utilisation(node)));
    CHECK(shown.is_feasible(node, lease) == written.is_feasible(node, lease));
    CHECK(shown.is_available(node, lease) == written.is_available(node, lease));
  }
}

}  // namespace

TEST_SUITE("plugin_policy") {
  TEST_CASE("a policy sees in a run what it would see on the same cluster written down in a test") {
    plugin::TestCluster written;
    written.node(4, 0)
        .node({{"CPU", 8}, {"GPU", 2}}, {{"CPU", 6}, {"GPU", 1}})
        .label("zone", "here")
        .node(16, 16)
        .draining();
    Three three;
    int asked = 0;
    const auto looks = policy([&](const plugin::Cluster& shown, const plugin::Lease& lease, plugin::Random&) {
      ++asked;
      CHECK(lease.function == "f");
      REQUIRE(lease.demands.size() == 2);
      CHECK(lease.demands[0].resource == "CPU");
      CHECK(lease.demands[1].amount == 1);
      CHECK(shown.name(1) == "alice");
      same(shown, written, lease);
      const plugin::Demand large{"CPU", 7};
      same(shown, written, {"other", {&large, 1}});
      const plugin::Demand unknown{"unheard of", 1};
      CHECK_FALSE(shown.is_feasible(1, {"other", {&unknown, 1}}));
      return plugin::Node{1};
    });
    const NodeChoice choice = three.choose(*looks);
    CHECK(asked == 1);
    CHECK(choice.node == NodeId{1});
    CHECK(choice.reason == Reason::chosen);
  }

  TEST_CASE("nowhere means that the lease waits, and a policy is not asked when no node can ever run it") {
    Three three;
    CHECK(three.choose(*always(plugin::nowhere)).reason == Reason::unavailable);
    three.demand = cpus(9);  // only the draining node has them
    bool asked = false;
    const auto never = policy([&](const auto&...) {
      asked = true;
      return plugin::Node{0};
    });
    CHECK(three.choose(*never).reason == Reason::infeasible);
    CHECK_FALSE(asked);
  }

  TEST_CASE("an answer that may not be followed this time counts as nowhere") {
    Three three;
    three.demand = cpus(1);
    CHECK(three.choose(*always(0)).node == NodeId{0});  // full: the lease waits there
    CHECK(three.choose(*always(0), require_available()).reason == Reason::unavailable);
    CHECK(three.choose(*always(0), avoid_local()).reason == Reason::unavailable);
    CHECK(three.choose(*always(1), forced_away()).node == NodeId{1});
  }

  TEST_CASE("an answer that no raylet can follow and an exception name the policy") {
    Three three;
    const auto says = [&](NodePolicy& asked) {
      try {
        three.choose(asked);
      } catch (const PolicyError& error) {
        return std::string(error.what());
      }
      return std::string("nothing");
    };
    CHECK(says(*always(3)) == "policy 'asked' of test.so: choose() returned node 3, expected 0 to 2 or nowhere");
    CHECK(says(*always(2)) ==
          "policy 'asked' of test.so: choose() returned node 2 (ming), which is dead or draining, expected a feasible "
          "node or nowhere");
    CHECK(
        says(*always(0)) ==
        "policy 'asked' of test.so: choose() returned node 0 (bob), which is too small for {CPU: 2, GPU: 1}, expected "
        "a feasible node or nowhere");
    CHECK(says(*policy([](const auto&...) -> plugin::Node { throw std::runtime_error("no idea"); })) ==
          "policy 'asked' of test.so: choose() threw: no idea");
  }

  TEST_CASE("random numbers of a policy are those of its raylet") {
    Three three;
    three.demand = cpus(1);
    std::uint64_t drawn = 0;
    const auto draws = policy([&](const plugin::Cluster&, const plugin::Lease&, plugin::Random& random) {
      drawn = random.below(1'000'000);
      CHECK(random.uniform() < 1);
      return plugin::Node{0};
    });
    three.choose(*draws);
    RandomStream same_stream(0, "plugin test");
    CHECK(drawn == same_stream.below(1'000'000));
  }
}
