// Instances of resources, and a node's own bookkeeping: what a demand takes and what comes back.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "models/raylet/local_resources.hpp"
#include "models/resource_instances.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

struct Node {
  using Amounts = std::initializer_list<std::pair<const char*, double>>;

  explicit Node(Amounts total, FractionAboveOne rule = FractionAboveOne::refused)
      : local(names, set(total), std::vector{gpu_resource}, rule) {}
  ResourceSet set(Amounts amounts) {
    ResourceSet out;
    for (const auto& [name, amount] : amounts) out.set(names.id_of(name), ResourceAmount::of(amount));
    return out;
  }
  std::optional<Allocation> take(Amounts demand) { return local.allocate(set(demand)); }
  std::vector<double> free(const std::string& name) {
    std::vector<double> out;
    for (const ResourceAmount amount : local.instances().available_of(names.id_of(name))) out.push_back(amount.value());
    return out;
  }
  std::vector<std::uint32_t> devices(const Allocation& held) { return visible_devices(held, names); }

  ResourceNames names;
  LocalResources local;
};

using Values = std::vector<double>;
using Devices = std::vector<std::uint32_t>;
constexpr const char* implicit = "node:__internal_implicit_resource_a";

}  // namespace

TEST_SUITE("resource instances") {
  TEST_CASE("GPUs come as instances of 1, everything else as one instance") {
    Node node({{"CPU", 3}, {"GPU", 2}, {"x", 4}});
    CHECK(node.free("CPU") == Values{3});
    CHECK(node.free("GPU") == Values{1, 1});
    CHECK(node.free("x") == Values{4});
    CHECK(node.free("y") == Values{});
    CHECK(node.local.idle());
  }

  TEST_CASE("whole units are taken from free instances in ascending order, fractions where they fit best") {
    Node node({{"GPU", 4}});
    const auto half = node.take({{"GPU", 0.5}});
    CHECK(node.devices(*half) == Devices{0});
    const auto two = node.take({{"GPU", 2}});
    CHECK(node.devices(*two) == Devices{1, 2});
    CHECK(node.devices(*node.take({{"GPU", 0.4}})) == Devices{0});
    CHECK(node.devices(*node.take({{"GPU", 0.2}})) == Devices{3});
    CHECK(node.free("GPU") == Values{0.1, 0, 0, 0.8});
    CHECK_FALSE(node.take({{"GPU", 1}}));
    CHECK_FALSE(node.take({{"GPU", 0.9}}));
    node.local.release(*two);
    CHECK(node.devices(*node.take({{"GPU", 1}})) == Devices{1});
  }

  TEST_CASE("the free sum may hold a demand that no instance holds") {
    Node node({{"GPU", 2}});
    REQUIRE(node.take({{"GPU", 0.7}}));
    REQUIRE(node.take({{"GPU", 0.7}}));
    CHECK(node.local.available().get(gpu_resource) == ResourceAmount::of(0.6));
    CHECK_FALSE(node.take({{"GPU", 0.5}}));
  }

  TEST_CASE("a fraction above 1 is refused, and was split once") {
    Node now({{"GPU", 3}});
    CHECK_FALSE(now.take({{"GPU", 1.5}}));
    CHECK(now.local.idle());
    Node before({{"GPU", 3}}, FractionAboveOne::split);
    const auto held = before.take({{"GPU", 1.5}});
    REQUIRE(held);
    CHECK(before.free("GPU") == Values{0, 0.5, 1});
    before.local.release(*held);
    CHECK(before.local.idle());
  }

  TEST_CASE("a demand of several names is taken whole or not at all") {
    Node node({{"CPU", 2}, {"GPU", 2}});
    CHECK_FALSE(node.take({{"CPU", 1}, {"GPU", 3}, {implicit, 0.3}}));
    CHECK_FALSE(node.take({{"CPU", 1}, {"nothing", 1}}));
    CHECK(node.local.idle());
    CHECK(node.local.available() == node.local.total());
    REQUIRE(node.take({{"CPU", 1}, {"GPU", 1}, {implicit, 0.3}}));
    CHECK(node.free(implicit) == Values{0.7});
    REQUIRE(node.take({{implicit, 0.7}}));
    CHECK_FALSE(node.local.available().covers(node.set({{implicit, 0.1}})));
  }

  TEST_CASE("shares are taken as far as they are free, and what was missing is told") {
    Node node({{"GPU", 2}});
    const Allocation much{{gpu_resource, 0, ResourceAmount::of(1.5)}, {gpu_resource, 1, ResourceAmount::of(0.5)}};
    const auto missing = node.local.subtract(much);
    CHECK(missing == std::vector{ResourceAmount::of(0.5), ResourceAmount{}});
    CHECK(node.free("GPU") == Values{0, 0.5});
    node.local.release(much);
    CHECK(node.free("GPU") == Values{1, 1});
  }

  TEST_CASE("what the object store holds is not free") {
    Node node({{"object_store_memory", 1000}});
    const auto free = [&] { return node.free("object_store_memory").front(); };
    for (const std::int64_t used : {250, 450, 0, 999'999, 1}) {
      node.local.set_object_store_used(Bytes{used});
      CHECK(free() == std::max<std::int64_t>(0, 1000 - used));
      CHECK(node.local.idle() == (used == 0));
    }
  }

  TEST_CASE("bundles take whole devices out of the plain resource, and tasks find them under the group's names") {
    Node node({{"CPU", 8}, {"GPU", 5}});
    const auto first = node.take({{"CPU", 2}, {"GPU", 2}});
    const auto second = node.take({{"CPU", 2}, {"GPU", 2}});
    node.local.commit_bundle(*first, "ab", 0, node.names);
    node.local.commit_bundle(*second, "ab", 1, node.names);
    CHECK(node.free("GPU") == Values{0, 0, 0, 0, 1});
    CHECK(node.free("GPU_group_ab") == Values{1, 1, 1, 1, 0});
    CHECK(node.free("GPU_group_1_ab") == Values{0, 0, 1, 1, 0});
    CHECK(node.free("bundle_group_ab") == Values{2000});

    const auto task =
        node.take({{"GPU_group_ab", 1}, {"GPU_group_1_ab", 1}, {"CPU_group_ab", 1}, {"CPU_group_1_ab", 1}});
    REQUIRE(task);
    CHECK(node.devices(*task) == Devices{2});
    CHECK(node.free("GPU_group_ab") == Values{1, 1, 0, 1, 0});
    CHECK_FALSE(node.take({{"GPU_group_ab", 2}, {"GPU_group_1_ab", 2}}));
    // Anywhere in the group, but in one bundle.
    CHECK_FALSE(node.take({{"GPU_group_ab", 3}}));
    const auto anywhere = node.take({{"GPU_group_ab", 2}, {"CPU_group_ab", 2}});
    REQUIRE(anywhere);
    CHECK(node.devices(*anywhere) == Devices{0, 1});
    CHECK(node.free("CPU_group_0_ab") == Values{0});

    node.local.lend_cpu(*task);
    CHECK(node.free("CPU_group_ab") == Values{2});
    CHECK(node.free("CPU_group_1_ab") == Values{2});
    CHECK(node.free("CPU") == Values{4});
    CHECK(node.free("GPU_group_ab") == Values{0, 0, 0, 1, 0});
    node.local.retake_cpu(*task);

    node.local.remove_bundle(*first, "ab", 0, node.names);
    node.local.release(*first);
    CHECK(node.free("GPU") == Values{1, 1, 0, 0, 1});
    CHECK(node.free("GPU_group_0_ab") == Values{});
    node.local.release(*anywhere);  // too late for what has gone
    node.local.release(*task);
    CHECK(node.free("GPU_group_ab") == Values{0, 0, 1, 1, 0});
    node.local.remove_bundle(*second, "ab", 1, node.names);
    node.local.release(*second);
    CHECK(node.local.idle());
    CHECK(node.local.available() == node.local.total());
    CHECK(node.local.total() == node.set({{"CPU", 8}, {"GPU", 5}}));
  }

  TEST_CASE("a resource whose name only looks like a group's is an ordinary one") {
    Node node({{"my_group_1", 2}});
    REQUIRE(node.take({{"my_group_1", 1.5}}));
    CHECK(node.free("my_group_1") == Values{0.5});
  }

  TEST_CASE("whatever comes and goes, no instance is used beyond its total and all comes back") {
    RandomStream random(1, "instances");
    for (int round = 0; round < 50; ++round) {
      Node node({{"CPU", 6}, {"GPU", 4}, {"x", 2.5}});
      std::vector<Allocation> held;
      for (int step = 0; step < 200; ++step) {
        if (!held.empty() && random.below(2) == 0) {
          const std::size_t i = random.below(held.size());
          node.local.release(held[i]);
          held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          const double gpus =
              random.below(2) == 0 ? static_cast<double>(random.below(4)) : static_cast<double>(random.below(11)) / 10;
          auto taken = node.take({{"CPU", static_cast<double>(random.below(3))}, {"GPU", gpus}, {"x", 0.5}});
          if (taken) held.push_back(std::move(*taken));
        }
        for (const char* name : {"CPU", "GPU", "x"}) {
          ResourceAmount used;
          ResourceAmount free;
          for (const ResourceAmount amount : node.local.instances().available_of(node.names.id_of(name))) {
            REQUIRE(amount.ticks >= 0);
            free = free + amount;
          }
          for (const Allocation& one : held)
            for (const InstanceShare& share : one)
              if (share.id == node.names.id_of(name)) used = used + share.amount;
          REQUIRE(node.local.available().get(node.names.id_of(name)) == free);
          REQUIRE(free + used == node.local.total().get(node.names.id_of(name)));
        }
      }
      for (const Allocation& one : held) node.local.release(one);
      REQUIRE(node.local.idle());
    }
  }
}
