// Where objects are, as their owner knows it, and how nodes report that.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/object_store/object_batches.hpp"
#include "models/object_store/object_directory.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

constexpr NodeId a{1};
constexpr NodeId b{2};
constexpr NodeId c{3};
ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
using Nodes = std::vector<NodeId>;

struct Notebook final : ObjectDirectoryPort {
  [[nodiscard]] bool is_dead(NodeId node) const override { return dead.contains(node); }
  void publish(NodeId to, ObjectRef, const SharedLocations& locations) override { said.emplace_back(to, locations); }
  void publish_gone(NodeId to, ObjectRef) override { gone.push_back(to); }

  std::set<NodeId> dead;
  std::vector<std::pair<NodeId, SharedLocations>> said;
  Nodes gone;
};

struct Owner {
  Notebook notes;
  ObjectDirectory directory{notes};
};

using Reports = ObjectBatches<StationId, LocationUpdate>;
LocationUpdate added() { return {LocationUpdate::Copy::added, {}}; }
LocationUpdate removed() { return {LocationUpdate::Copy::removed, {}}; }
std::string numbers(const Reports::Batch& batch) {
  std::string text;
  for (const auto& [id, update] : batch)
    text += std::to_string(id.index) +
            (update.copy == LocationUpdate::Copy::added     ? "+"
             : update.copy == LocationUpdate::Copy::removed ? "-"
                                                            : "") +
            (update.spilled.valid() ? "s " : " ");
  return text;
}

}  // namespace

TEST_SUITE("object_directory") {
  TEST_CASE("a subscriber gets the full state at once and after each change") {
    Owner owner;
    owner.directory.add(object(1), true);
    owner.directory.subscribe(object(1), a);
    REQUIRE(owner.notes.said.size() == 1);
    CHECK(owner.notes.said[0].second->pending_creation);
    CHECK(owner.notes.said[0].second->nodes.empty());
    owner.directory.subscribe(object(1), b);
    owner.directory.set_pending_creation(object(1), false);
    owner.directory.set_pending_creation(object(1), false);
    CHECK(owner.notes.said.size() == 4);
    owner.directory.set_size(object(1), Bytes{100});
    owner.directory.add_copy(object(1), c);
    owner.directory.add_copy(object(1), c);
    CHECK(owner.notes.said.size() == 8);
    owner.directory.unsubscribe(object(1), b);
    owner.directory.add_copy(object(1), a);
    owner.directory.remove_copy(object(1), c);
    owner.directory.set_spilled(object(1), {c, 4, {}, false});
    REQUIRE(owner.notes.said.size() == 11);
    CHECK(owner.notes.said[10].first == a);
    CHECK(owner.notes.said[10].second->nodes == Nodes{a});
    CHECK(owner.notes.said[10].second->url.file == 4);
    CHECK(owner.notes.said[10].second->size == Bytes{100});
    CHECK(owner.notes.said[9].second->url.valid() == false);  // what was sent stays as it was
    owner.directory.remove(object(1));
    CHECK(owner.notes.gone == Nodes{a});
    owner.directory.subscribe(object(1), b);
    CHECK(owner.notes.gone == Nodes{a, b});
    CHECK(owner.directory.size() == 0);
  }

  TEST_CASE("when nobody needs an object, all nodes that have it are to free it") {
    Owner owner;
    owner.directory.add(object(1), false);
    owner.directory.set_primary(object(1), a);
    owner.directory.add_copy(object(1), a);
    owner.directory.add_copy(object(1), b);
    owner.directory.set_spilled(object(1), {a, 0, {}, false});
    owner.directory.remove_copy(object(1), a);
    CHECK(owner.directory.primary(object(1)) == a);
    CHECK(owner.directory.out_of_scope(object(1)) == Nodes{b, a});
    CHECK(owner.directory.primary(object(1)) == no_node);
    CHECK(owner.directory.spilled(object(1)) == nullptr);
    // What comes late is of no use, but for copies.
    owner.directory.set_primary(object(1), a);
    owner.directory.set_spilled(object(1), {a, 0, {}, false});
    CHECK(owner.directory.primary(object(1)) == no_node);
    CHECK(owner.directory.spilled(object(1)) == nullptr);
    owner.directory.in_scope_again(object(1));
    owner.directory.set_primary(object(1), c);
    CHECK(owner.directory.primary(object(1)) == c);
    CHECK(owner.directory.out_of_scope(object(2)).empty());
  }

  TEST_CASE("objects whose primary copy was on a dead node are lost, whenever that is found out") {
    Owner owner;
    for (std::uint32_t i = 1; i <= 6; ++i) owner.directory.add(object(i), false);
    owner.directory.set_primary(object(1), a);
    owner.directory.add_copy(object(1), a);
    owner.directory.add_copy(object(1), b);
    owner.directory.set_primary(object(2), b);
    owner.directory.add_copy(object(2), a);
    owner.directory.set_primary(object(3), a);
    owner.directory.set_spilled(object(3), {a, 0, {}, false});
    owner.directory.set_primary(object(4), a);
    owner.directory.out_of_scope(object(4));
    owner.directory.set_primary(object(5), b);
    owner.directory.set_spilled(object(5), {b, 0, {}, true});
    owner.notes.dead = {a};
    owner.directory.node_removed(a);
    CHECK(owner.directory.take_lost() == std::vector<ObjectRef>{object(1), object(3)});
    CHECK(owner.directory.take_lost().empty());
    CHECK(*owner.directory.copies(object(1)) == Nodes{b});
    CHECK(owner.directory.copies(object(2))->empty());
    CHECK(owner.directory.spilled(object(3)) == nullptr);
    owner.directory.set_primary(object(6), a);
    owner.directory.set_spilled(object(2), {a, 3, {}, false});
    CHECK(owner.directory.take_lost() == std::vector<ObjectRef>{object(6), object(2)});
    // On storage that all reach a file outlives its writer.
    owner.notes.dead = {a, b};
    owner.directory.node_removed(b);
    CHECK(owner.directory.spilled(object(5)) != nullptr);
  }

  TEST_CASE("locality is known with the size, and counts the primary copy wherever it lies") {
    Owner owner;
    owner.directory.add(object(1), false);
    owner.directory.set_primary(object(1), a);
    CHECK_FALSE(owner.directory.locality(object(1)));
    owner.directory.set_size(object(1), Bytes{5});
    owner.directory.add_copy(object(1), b);
    CHECK(owner.directory.locality(object(1))->nodes == Nodes{b, a});
    owner.directory.learn({StationId{4}, 1}, Bytes{7}, {c});
    owner.directory.learn({StationId{4}, 1}, Bytes{}, {c, a});
    CHECK(owner.directory.locality({StationId{4}, 1})->size == Bytes{7});
    CHECK(owner.directory.locality({StationId{4}, 1})->nodes == Nodes{c, a});
    CHECK_FALSE(owner.directory.locality(object(2)));
  }
}

TEST_SUITE("object_batches") {
  TEST_CASE("one batch is under way to each receiver, and the last word on an object counts") {
    Reports reports(3);
    const StationId owner{1};
    CHECK(numbers(reports.add(owner, object(1), added())) == "1+ ");
    CHECK(reports.add(owner, object(2), added()).empty());
    CHECK(reports.add(owner, object(3), added()).empty());
    CHECK(reports.add(owner, object(2), removed()).empty());
    CHECK(reports.add(owner, object(3), {LocationUpdate::Copy::unchanged, {a, 0, {}, false}}).empty());
    CHECK(reports.add(owner, object(1), removed()).empty());
    CHECK(reports.add(owner, object(4), added()).empty());
    CHECK(numbers(reports.add(StationId{2}, object(5), added())) == "5+ ");
    CHECK(numbers(reports.answered(owner, true)) == "2- 3+s 1- ");
    CHECK(numbers(reports.answered(owner, true)) == "4+ ");
    CHECK(reports.answered(owner, true).empty());
    CHECK(numbers(reports.add(owner, object(1), added())) == "1+ ");
  }

  TEST_CASE("what waits for a receiver that has died is dropped") {
    Reports reports(3);
    reports.add(StationId{1}, object(1), added());
    reports.add(StationId{1}, object(2), added());
    CHECK(reports.answered(StationId{1}, false).empty());
    CHECK(reports.answered(StationId{1}, true).empty());
    ObjectBatches<NodeId, FreeObject> frees(2);
    CHECK(frees.add(a, object(1), {}).size() == 1);
    for (std::uint32_t i = 2; i <= 4; ++i) frees.add(a, object(i), {});
    CHECK(frees.answered(a, true).size() == 2);
    CHECK(frees.answered(a, true).size() == 1);
  }
}
