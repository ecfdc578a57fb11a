// Where do pieces lie, what moves, and what survives the loss of nodes?
#include "models/sharded_store/sharded_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/random.hpp"

namespace {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

constexpr std::int64_t mb = 1'000'000;

ShardedStore store_of(int nodes, int replicas, int data = 0, int parity = 0,
                      PiecePlacement placement = PiecePlacement::least_full) {
  ShardedStoreSettings settings;
  settings.piece_size = {10 * mb};
  settings.replicas = replicas;
  settings.data = data;
  settings.parity = parity;
  settings.placement = placement;
  return {settings, std::vector<Bytes>(static_cast<std::size_t>(nodes), Bytes{1'000 * mb})};
}

std::int64_t moved(const StorePlan& plan) {
  std::int64_t bytes = 0;
  for (const auto& phase : plan.phases)
    for (const PieceMove& move : phase) bytes += move.from != move.to ? move.bytes.count : 0;
  return bytes;
}

// What must hold after any command.
void check_invariants(const ShardedStore& store) {
  std::vector<std::int64_t> used(store.nodes().size());
  const bool erasure = store.settings().erasure();
  const std::size_t width = erasure ? static_cast<std::size_t>(store.settings().width()) : 1;
  for (const auto& [name, object] : store.objects())
    for (std::size_t first = 0; first < object.pieces.size(); first += width) {
      std::vector<std::uint32_t> nodes;
      for (std::size_t i = first; i < std::min(first + width, object.pieces.size()); ++i)
        for (const std::uint32_t node : object.pieces[i].nodes) {
          nodes.push_back(node);
          used[node] += object.pieces[i].size.count;
        }
      REQUIRE(std::set(nodes.begin(), nodes.end()).size() == nodes.size());
    }
  for (std::size_t i = 0; i < used.size(); ++i) {
    REQUIRE(store.nodes()[i].used.count == used[i]);
    REQUIRE(store.nodes()[i].used <= store.nodes()[i].capacity);
    if (!store.nodes()[i].alive) REQUIRE(used[i] == 0);
  }
}

}  // namespace

TEST_CASE("erasure coding is said as pieces of data and of parity") {
  CHECK(parse_erasure("4+2") == std::pair(4, 2));
  for (const char* wrong : {"", "4", "+", "4+", "+2", "0+2", "4+0", "4 + 2", "-4+2", "4+2+1", "1000+1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_erasure(wrong).has_value());
  }
}

TEST_CASE("replicas of a piece go through a chain of nodes, and a read takes one of each") {
  ShardedStore store = store_of(5, 3);
  const StorePlan plan = store.create("a", {25 * mb}, 0);
  CHECK(plan.pieces == 3);
  REQUIRE(store.object("a").pieces.size() == 3);
  CHECK(store.object("a").pieces[2].size == Bytes{5 * mb});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(plan.phases[0][3 * i].from == 0);
    CHECK(plan.phases[0][3 * i + 1].from == plan.phases[0][3 * i].to);
    CHECK(plan.phases[0][3 * i + 2].from == plan.phases[0][3 * i + 1].to);
  }
  CHECK(moved(store.read("a", 4)) <= 25 * mb);
  check_invariants(store);
}

TEST_CASE("k copies survive the loss of k - 1 nodes, and repair brings them back") {
  ShardedStore store = store_of(6, 3);
  store.create("a", {200 * mb}, 0);
  store.fail(1);
  store.fail(2);
  CHECK(store.readable(store.object("a")));
  const std::int64_t missing = store.missing(store.object("a"));
  CHECK(missing > 0);
  const StorePlan plan = store.repair();
  CHECK(plan.pieces == missing);
  CHECK(moved(plan) == missing * 10 * mb);
  CHECK(store.missing(store.object("a")) == 0);
  check_invariants(store);
}

TEST_CASE("a stripe of k + m survives the loss of m nodes at (k + m) / k of the space, and not that of one more") {
  ShardedStore store = store_of(6, 1, 4, 2);
  store.create("a", {40 * mb}, 0);
  CHECK(store.settings().overhead() == doctest::Approx(1.5));
  store.fail(store.object("a").pieces[0].nodes.front());
  store.fail(store.object("a").pieces[1].nodes.front());
  const StorePlan plan = store.read("a", store.object("a").pieces[5].nodes.front());
  CHECK(plan.degraded == 2);
  CHECK(moved(plan) == 30 * mb);  // four pieces give it back, one of them is here
  const std::uint32_t client = store.object("a").pieces[5].nodes.front();
  store.fail(store.object("a").pieces[2].nodes.front());
  CHECK_FALSE(store.readable(store.object("a")));
  CHECK_THROWS_AS(static_cast<void>(store.read("a", client)), StoreError);
}

TEST_CASE("a piece that is lost is rebuilt from as many as a stripe has data") {
  ShardedStore store = store_of(8, 1, 4, 2);
  store.create("a", {40 * mb}, 0);
  store.fail(store.object("a").pieces[3].nodes.front());
  const StorePlan plan = store.repair();
  CHECK(plan.degraded == 1);
  CHECK(moved(plan) == 40 * mb);
  CHECK(store.missing(store.object("a")) == 0);
  check_invariants(store);
}

TEST_CASE("a write of a part of a stripe reads the old piece and the parity first, one of a whole stripe does not") {
  ShardedStore store = store_of(8, 1, 4, 2);
  store.create("a", {80 * mb}, 7);
  const StorePlan part = store.write("a", {5 * mb}, {1 * mb}, 7);
  CHECK(part.phases[0].size() == 3);
  CHECK(part.phases[1].size() == 3);
  const StorePlan whole = store.write("a", {0}, {40 * mb}, 7);
  CHECK(whole.phases[0].empty());
  CHECK(whole.phases[1].size() == 6);
}

TEST_CASE("hashing moves little when a node comes back, and every rule uses all nodes") {
  for (const PiecePlacement rule : {PiecePlacement::least_full, PiecePlacement::round_robin, PiecePlacement::hash}) {
    ShardedStore store = store_of(10, 2, 0, 0, rule);
    store.create("a", {1'000 * mb}, 0);
    for (const ShardedStore::Node& node : store.nodes()) CHECK(node.used > Bytes{});
    check_invariants(store);
  }
}

TEST_CASE("a command that cannot be done changes nothing, and says why") {
  ShardedStore store = store_of(3, 2);
  CHECK_THROWS_AS(store_of(2, 3), StoreError);
  CHECK_THROWS_AS(store.create("a", {2'000 * mb}, 0), StoreError);
  check_invariants(store);
  CHECK(store.objects().empty());
  CHECK(store.nodes()[0].used == Bytes{});
  store.create("a", {10 * mb}, 0);
  CHECK_THROWS_AS(store.create("a", {10 * mb}, 0), StoreError);
  CHECK_THROWS_AS(store.remove("b"), StoreError);
  CHECK_THROWS_AS(store.write("a", {5 * mb}, {6 * mb}, 0), StoreError);
  CHECK_THROWS_AS(store.join(0), StoreError);
  store.remove("a");
  CHECK(store.nodes()[0].used == Bytes{});
}

TEST_CASE("random commands keep pieces apart, count every byte and lose nothing that enough is left of") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    RandomStream random(seed, "sharded store");
    const bool erasure = random.below(2) == 0;
    ShardedStore store =
        store_of(8, erasure ? 1 : 3, erasure ? 3 : 0, erasure ? 2 : 0, static_cast<PiecePlacement>(random.below(3)));
    int made = 0;
    for (int step = 0; step < 60; ++step) {
      const auto node = static_cast<std::uint32_t>(random.below(8));
      const std::string name = "o" + std::to_string(random.below(static_cast<std::uint64_t>(made) + 1));
      try {
        switch (random.below(7)) {
          case 0:
            store.create("o" + std::to_string(made), {static_cast<std::int64_t>(1 + random.below(150)) * mb}, node);
            ++made;
            break;
          case 1: store.remove(name); break;
          case 2: store.fail(node); break;
          case 3: store.join(node); break;
          case 4: store.repair(); break;
          case 5: {
            const StorePlan plan = store.read(name, node);
            CHECK(plan.pieces > 0);
            break;
          }
          case 6: {
            std::vector<std::int64_t> missing;
            for (const auto& [each, object] : store.objects()) missing.push_back(store.missing(object));
            store.take_back(store.repair());
            for (const auto& [each, object] : store.objects()) {
              CHECK(store.missing(object) == missing.front());
              missing.erase(missing.begin());
            }
            break;
          }
        }
      } catch (const StoreError&) {
      }
      check_invariants(store);
    }
  }
}
