// Entries by object: does the table find what is in it, whatever was erased, and do its orders keep?
#include <doctest/doctest.h>

#include <list>
#include <map>
#include <vector>

#include "models/object_store/object_table.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {
struct Entry {
  int value = 0;
  OrderLinks links;
};
ObjectRef ref(std::uint32_t owner, std::uint32_t index) { return {StationId{owner}, index}; }
}  // namespace

TEST_SUITE("object_table") {
  TEST_CASE("random insertions and erasures leave the table and its order as a map and a list have them") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(seed);
      RandomStream random(seed, "table");
      ObjectTable<Entry> table;
      ObjectOrder<Entry, &Entry::links> order(table);
      std::map<ObjectRef, int> expected;
      std::list<ObjectRef> line;
      for (int step = 0; step < 2'000; ++step) {
        const ObjectRef id =
            ref(static_cast<std::uint32_t>(random.below(3)), static_cast<std::uint32_t>(random.below(200)));
        const ObjectSlot found = table.find(id);
        REQUIRE((found != no_slot) == expected.contains(id));
        if (found == no_slot) {
          const auto [slot, fresh] = table.insert(id);
          REQUIRE(fresh);
          REQUIRE(table[slot].value == 0);
          table[slot].value = step;
          expected[id] = step;
          order.push_back(slot);
          line.push_back(id);
        } else if (random.below(3) == 0) {
          order.remove(found);
          order.push_back(found);
          line.remove(id);
          line.push_back(id);
        } else {
          REQUIRE(table[found].value == expected.at(id));
          REQUIRE(table.insert(id) == std::pair(found, false));
          order.remove(found);
          table.erase(found);
          expected.erase(id);
          line.remove(id);
        }
        REQUIRE(table.size() == expected.size());
        REQUIRE(order.size() == line.size());
      }
      std::map<ObjectRef, int> left;
      table.for_each([&](ObjectSlot slot) { left[table.id(slot)] = table[slot].value; });
      CHECK(left == expected);
      std::list<ObjectRef> walked;
      for (ObjectSlot slot = order.front(); slot != no_slot; slot = order.after(slot)) walked.push_back(table.id(slot));
      CHECK(walked == line);
    }
  }

  TEST_CASE("an entry keeps its address while others come and go") {
    ObjectTable<Entry> table;
    Entry& first = table[table.insert(ref(1, 0)).first];
    first.value = 7;
    for (std::uint32_t i = 1; i < 10'000; ++i) table.insert(ref(1, i));
    for (std::uint32_t i = 1; i < 10'000; i += 2) table.erase(table.find(ref(1, i)));
    CHECK(&table[table.find(ref(1, 0))] == &first);
    CHECK(first.value == 7);
  }

  TEST_CASE("what is not in an order can be removed from it") {
    ObjectTable<Entry> table;
    ObjectOrder<Entry, &Entry::links> order(table);
    const ObjectSlot a = table.insert(ref(1, 0)).first;
    const ObjectSlot b = table.insert(ref(1, 1)).first;
    order.push_back(a);
    order.remove(b);
    order.remove(a);
    order.remove(a);
    CHECK(order.front() == no_slot);
    CHECK(order.size() == 0);
  }
}
