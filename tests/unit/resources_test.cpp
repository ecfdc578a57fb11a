// Ray's resource arithmetic: exact, truncating, and without zero entries.
#include <doctest/doctest.h>

#include <map>

#include "models/resources.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {
ResourceSet set_of(const std::map<std::uint32_t, double>& amounts) {
  ResourceSet set;
  for (const auto& [id, amount] : amounts) set.set({id}, ResourceAmount::of(amount));
  return set;
}
}  // namespace

TEST_SUITE("resources") {
  TEST_CASE("a decimal becomes ten-thousandths, cut off towards zero") {
    CHECK(ResourceAmount::of(1).ticks == 10'000);
    CHECK(ResourceAmount::of(0.5).ticks == 5'000);
    CHECK(ResourceAmount::of(0.00005).ticks == 0);
    CHECK(ResourceAmount::of(0.00019).ticks == 1);
    CHECK(ResourceAmount::of(1.99999).ticks == 19'999);
    CHECK(ResourceAmount::of(-0.00019).ticks == -1);
  }

  TEST_CASE("sums of tenths are exact, unlike those of doubles") {
    ResourceAmount sum;
    double doubles = 0;
    for (int i = 0; i < 10; ++i) {
      sum = sum + ResourceAmount::of(0.1);
      doubles += 0.1;
    }
    CHECK(doubles != 1.0);
    CHECK(sum == ResourceAmount::of(1));
    for (int i = 0; i < 10; ++i) sum = sum - ResourceAmount::of(0.1);
    CHECK(sum.ticks == 0);
  }

  TEST_CASE("value() and of() are inverse for every amount that Ray can hold in four digits") {
    for (std::int64_t ticks = 0; ticks <= 200'000; ++ticks) {
      const ResourceAmount amount{ticks};
      // Truncation may lose one tick where the decimal has no exact double; never more, and never upwards.
      const auto back = ResourceAmount::of(amount.value()).ticks;
      REQUIRE(back <= ticks);
      REQUIRE(back >= ticks - 1);
    }
  }

  TEST_CASE("a zero amount is no entry, whether it was there before or not") {
    ResourceSet set;
    set.set(cpu_resource, ResourceAmount::of(0));
    CHECK(set.empty());
    set.set(cpu_resource, ResourceAmount::of(2));
    set.set(gpu_resource, ResourceAmount::of(1));
    CHECK(set.entries().size() == 2);
    set.set(cpu_resource, ResourceAmount::of(0.00001));
    CHECK(set.entries().size() == 1);
    CHECK(set.get(cpu_resource).ticks == 0);
    CHECK(set == set_of({{gpu_resource.index, 1}}));
  }

  TEST_CASE("entries stay sorted and as last set, as a map would hold them") {
    RandomStream random(1, "resource sets");
    for (int round = 0; round < 200; ++round) {
      ResourceSet set;
      std::map<std::uint32_t, std::int64_t> model;
      for (int i = 0; i < 30; ++i) {
        const auto id = static_cast<std::uint32_t>(random.below(8));
        const auto ticks = static_cast<std::int64_t>(random.below(3));
        set.set({id}, {ticks});
        if (ticks == 0)
          model.erase(id);
        else
          model[id] = ticks;
      }
      REQUIRE(set.entries().size() == model.size());
      auto entry = set.entries().begin();
      for (const auto& [id, ticks] : model) {
        REQUIRE(entry->first.index == id);
        REQUIRE(entry->second.ticks == ticks);
        REQUIRE(set.get({id}).ticks == ticks);
        ++entry;
      }
    }
  }

  TEST_CASE("a set covers a demand when it has as much of every name") {
    const ResourceSet node = set_of({{0, 4}, {2, 1}, {7, 0.5}});
    CHECK(node.covers({}));
    CHECK(ResourceSet{}.covers({}));
    CHECK(node.covers(node));
    CHECK(node.covers(set_of({{0, 4}})));
    CHECK(node.covers(set_of({{0, 3.9999}, {7, 0.5}})));
    CHECK_FALSE(node.covers(set_of({{0, 4.0001}})));
    CHECK_FALSE(node.covers(set_of({{0, 1}, {3, 0.0001}})));
    CHECK_FALSE(ResourceSet{}.covers(node));
  }

  TEST_CASE("availability below zero covers nothing of that name, but demands without it") {
    ResourceSet node = set_of({{7, 1}});
    node.set(cpu_resource, ResourceAmount::of(-1));
    CHECK(node.entries().size() == 2);
    CHECK_FALSE(node.covers(set_of({{0, 0.0001}})));
    CHECK(node.covers(set_of({{7, 1}})));
  }

  TEST_CASE("the predefined names have their ids, others get the next one once") {
    ResourceNames names;
    CHECK(names.id_of("CPU") == cpu_resource);
    CHECK(names.id_of("memory") == memory_resource);
    CHECK(names.id_of("GPU") == gpu_resource);
    CHECK(names.id_of("object_store_memory") == object_store_memory_resource);
    CHECK_FALSE(names.known("bob"));
    const ResourceId bob = names.id_of("bob");
    CHECK(names.known("bob"));
    CHECK(bob.index == 4);
    CHECK(names.id_of("bob") == bob);
    CHECK(names.id_of("alice").index == 5);
    CHECK(names.name_of(bob) == "bob");
    CHECK(to_string(set_of({{0, 1}, {bob.index, 0.5}}), names) == "{CPU: 1, bob: 0.5}");
  }

  TEST_CASE("names of placement groups' resources say what they are made of") {
    ResourceNames names;
    const ResourceId whole = names.id_of(group_resource_name("GPU", "ab12"));
    const ResourceId second = names.id_of(group_resource_name("GPU", "ab12", 2));
    const ResourceId other = names.id_of("x_group_y_group_0_ab13");
    CHECK(names.name_of(second) == "GPU_group_2_ab12");
    REQUIRE(names.group_of(whole) != nullptr);
    CHECK(*names.group_of(whole) ==
          GroupResource{gpu_resource, names.group_of(second)->group, GroupResource::any_bundle});
    CHECK(names.group_of(second)->bundle == 2);
    CHECK(names.name_of(names.original(other)) == "x_group_y");
    CHECK(names.group_of(other)->group != names.group_of(whole)->group);
    CHECK(names.original(gpu_resource) == gpu_resource);
    for (const char* plain : {"my_group", "_group_1", "a_group_", "a_group_x_1", "a_group_1_", "a_group_b-c"}) {
      CAPTURE(plain);
      CHECK(names.group_of(names.id_of(plain)) == nullptr);
    }
  }

  TEST_CASE("every node has 1 of an implicit resource unless it says less") {
    ResourceNames names;
    const ResourceId id = names.id_of(std::string(implicit_resource_prefix) + "a");
    CHECK(id.implicit());
    CHECK(names.name_of(id).ends_with("_a"));
    ResourceSet demand;
    demand.set(id, ResourceAmount::of(0.3));
    ResourceSet node;
    CHECK(node.covers(demand));
    node.set(id, ResourceAmount::of(0.2));
    CHECK_FALSE(node.covers(demand));
    node.set(id, {});
    CHECK_FALSE(node.covers(demand));
    demand.set(id, ResourceAmount::of(1.1));
    CHECK_FALSE(ResourceSet{}.covers(demand));
  }

  TEST_CASE("units cover whole numbers with units that nobody uses, and a fraction with a part of one") {
    using Free = std::vector<ResourceAmount>;
    const auto amounts = [](std::initializer_list<double> values) {
      Free out;
      for (const double value : values) out.push_back(ResourceAmount::of(value));
      return out;
    };
    FreeUnits units{gpu_resource, amounts({0.5, 1, 0.3, 1})};
    CHECK(units.cover(ResourceAmount::of(2)));
    CHECK_FALSE(units.cover(ResourceAmount::of(3)));  // though the sum is 2.8
    CHECK_FALSE(units.cover(ResourceAmount::of(1.5)));
    CHECK(units.cover(ResourceAmount::of(0.9)));
    units.take(ResourceAmount::of(0.3));  // where it fits best
    CHECK(units.free == amounts({0.5, 1, 0, 1}));
    units.take(ResourceAmount::of(1));
    CHECK(units.free == amounts({0.5, 0, 0, 1}));
    units.take(ResourceAmount::of(0.6));
    CHECK(units.free == amounts({0.5, 0, 0, 0.4}));
    CHECK_FALSE(units.cover(ResourceAmount::of(0.6)));  // the sum is 0.9
    units.take(ResourceAmount::of(0.6));
    CHECK(units.free == amounts({0.5, 0, 0, 0.4}));
  }
}
