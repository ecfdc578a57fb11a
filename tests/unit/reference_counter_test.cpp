// Who still needs an object: in this process, in tasks, inside other objects, and elsewhere.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "models/object_store/reference_counter.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

using Numbers = std::vector<std::uint32_t>;
using Refs = std::vector<ObjectRef>;
constexpr StationId me{1};
constexpr StationId ann{2};
constexpr StationId ben{3};
ObjectRef mine(std::uint32_t i) { return {me, i}; }
ObjectRef anns(std::uint32_t i) { return {ann, i}; }

struct Notebook final : ReferencePort {
  void out_of_scope(ObjectRef id) override { released.push_back(id.index); }
  void deleted(ObjectRef id) override { gone.push_back(id.index); }
  Bytes release_lineage(ObjectRef id, std::vector<ObjectRef>& arguments) override {
    const auto it = lineage.find(id.index);
    if (it == lineage.end()) return {};
    for (const std::uint32_t i : it->second) arguments.push_back(mine(i));
    lineage.erase(it);
    return Bytes{100};
  }
  void watch_borrower(StationId borrower, ObjectRef id, std::optional<ObjectRef> contained_in) override {
    watches.emplace_back(borrower, id, contained_in);
  }
  void tell_ref_removed(ObjectRef id, BorrowedRefs borrowed) override { told.emplace_back(id, std::move(borrowed)); }

  Numbers released;
  Numbers gone;
  std::map<std::uint32_t, Numbers> lineage;  // arguments of the task that made an object
  std::vector<std::tuple<StationId, ObjectRef, std::optional<ObjectRef>>> watches;
  std::vector<std::pair<ObjectRef, BorrowedRefs>> told;
};

SystemConfig config() {
  SystemConfig c;
  c.lineage_pinning_enabled = true;
  return c;
}

struct Process {
  Notebook notes;
  ReferenceCounter refs{me, config(), notes};

  // A put, or the return of a task; the program has it.
  void own(std::uint32_t i, bool task_return = false, const Refs& inner = {}) {
    refs.add_owned(mine(i), inner, {task_return, true, false});
  }
  BorrowedRef in_use(ObjectRef id) const {
    BorrowedRef told;
    told.object = id;
    told.in_use = true;
    return told;
  }
};

}  // namespace

TEST_SUITE("reference_counter") {
  TEST_CASE("an object goes with the last reference of the program and the last task that has it as argument") {
    Process p;
    p.own(1);
    p.refs.add_local(mine(1));
    p.refs.task_submitted(Refs{mine(1)});
    p.refs.remove_local(mine(1));
    p.refs.remove_local(mine(1));
    p.refs.remove_local(mine(1));  // one too many
    CHECK(p.refs.in_scope(mine(1)));
    p.refs.task_finished(Refs{mine(1)}, true, ann, {});
    CHECK(p.notes.released == Numbers{1});
    CHECK(p.notes.gone == Numbers{1});
    CHECK(p.refs.size() == 0);
    // An argument whose value goes with the task does not keep the object.
    p.own(2);
    p.refs.task_submitted(Refs{mine(2)});
    p.refs.remove_local(mine(2));
    p.refs.arguments_inlined(Refs{mine(2)});
    CHECK(p.notes.gone == Numbers{1, 2});
  }

  TEST_CASE("an object that can be made again may go while its lineage stays, a put may not") {
    Process p;
    p.own(1, true);
    p.own(2, false);
    p.refs.task_submitted(Refs{mine(1), mine(2)});
    p.own(3, true);
    p.notes.lineage[3] = {1, 2};
    p.refs.remove_local(mine(1));
    p.refs.remove_local(mine(2));
    p.refs.task_finished(Refs{mine(1), mine(2)}, false, ann, {});
    CHECK(p.notes.released == Numbers{1});
    CHECK(p.refs.size() == 3);
    CHECK_FALSE(p.refs.in_scope(mine(1)));
    CHECK(p.refs.in_scope(mine(2)));
    // Its task runs again, so it is made again.
    p.refs.task_resubmitted(Refs{mine(1), mine(2)});
    CHECK(p.refs.in_scope(mine(1)));
    p.refs.task_finished(Refs{mine(1), mine(2)}, false, ann, {});
    CHECK(p.notes.released == Numbers{1, 1});
    p.refs.remove_local(mine(3));
    CHECK(p.refs.size() == 0);
    CHECK(p.notes.released == Numbers{1, 1, 3, 2});
  }

  TEST_CASE("lineage is dropped from the oldest object on, which then cannot be made again") {
    Process p;
    p.own(1, true);
    p.notes.lineage[1] = {};
    for (std::uint32_t i = 2; i <= 4; ++i) {
      p.refs.task_submitted(Refs{mine(i - 1)});
      p.own(i, true);
      p.notes.lineage[i] = {i - 1};
      p.refs.task_finished(Refs{mine(i - 1)}, false, ann, {});
      if (i < 4) p.refs.remove_local(mine(i - 1));
    }
    CHECK(p.notes.released == Numbers{1, 2});
    CHECK(p.refs.size() == 4);
    CHECK(p.refs.evict_lineage(Bytes{50}) == Bytes{300});  // that of object 3 holds those of 2 and 1
    CHECK(p.refs.size() == 2);
    CHECK(p.refs.counts(mine(3))->lineage_evicted);
    CHECK_FALSE(p.refs.counts(mine(3))->reconstructable);
    CHECK(p.refs.counts(mine(4))->reconstructable);
    CHECK(p.refs.evict_lineage(Bytes{50}) == Bytes{100});
    CHECK(p.refs.evict_lineage(Bytes{50}) == Bytes{});
  }

  TEST_CASE("a chain of a million tasks is let go at once") {
    Process p;
    const std::uint32_t last = 1'000'000;
    p.own(0, true);
    for (std::uint32_t i = 1; i <= last; ++i) {
      p.refs.task_submitted(Refs{mine(i - 1)});
      p.own(i, true);
      p.notes.lineage[i] = {i - 1};
      p.refs.task_finished(Refs{mine(i - 1)}, false, ann, {});
      p.refs.remove_local(mine(i - 1));
    }
    CHECK(p.refs.size() == last + 1);
    p.refs.remove_local(mine(last));
    CHECK(p.refs.size() == 0);
    CHECK(p.notes.gone.size() == last + 1);
  }

  TEST_CASE("an object inside another stays as long as that does") {
    Process p;
    p.own(1);
    p.own(2, false, {mine(1)});
    p.own(3, false, {mine(2), anns(7)});
    p.refs.add_local(anns(7));
    p.refs.remove_local(anns(7));
    p.refs.remove_local(mine(1));
    p.refs.remove_local(mine(2));
    CHECK(p.notes.released.empty());
    CHECK(p.refs.counts(mine(1))->contained_in == 1);
    p.refs.remove_local(mine(3));
    CHECK(p.refs.size() == 0);
    CHECK(p.notes.gone.size() == 4);
  }

  TEST_CASE("what was inside an argument that is kept for its task goes with it") {
    Process p;
    p.own(1, true);
    p.own(2, false, {mine(1)});
    p.refs.task_submitted(Refs{mine(2)});
    p.own(3, true);
    p.notes.lineage[3] = {2};
    p.refs.remove_local(mine(1));
    p.refs.remove_local(mine(2));
    p.refs.task_finished(Refs{mine(2)}, false, ann, {});
    CHECK(p.refs.in_scope(mine(1)));
    p.refs.remove_local(mine(3));
    CHECK(p.refs.size() == 0);
  }

  TEST_CASE("a worker that still holds an argument when its task ends is waited for") {
    Process p;
    p.own(1);
    p.refs.task_submitted(Refs{mine(1)});
    p.refs.remove_local(mine(1));
    p.refs.task_finished(Refs{mine(1)}, true, ann, {p.in_use(mine(1))});
    REQUIRE(p.notes.watches.size() == 1);
    CHECK(std::get<0>(p.notes.watches[0]) == ann);
    CHECK(p.refs.counts(mine(1))->borrowers == 1);
    // Ann has passed it on to Ben meanwhile.
    BorrowedRef told;
    told.object = mine(1);
    told.borrowers = {ben};
    p.refs.ref_removed(mine(1), ann, {told});
    REQUIRE(p.notes.watches.size() == 2);
    CHECK(std::get<0>(p.notes.watches[1]) == ben);
    CHECK(p.refs.in_scope(mine(1)));
    p.refs.ref_removed(mine(1), ben, {});
    CHECK(p.refs.size() == 0);
    p.refs.ref_removed(mine(1), ben, {});  // nothing left to say
  }

  TEST_CASE("a borrower that dies uses nothing any more") {
    Process p;
    for (std::uint32_t i = 1; i <= 3; ++i) {
      p.own(i);
      p.refs.add_borrower(mine(i), ann);
      p.refs.add_borrower(mine(i), ann);
      p.refs.remove_local(mine(i));
    }
    p.refs.add_borrower(mine(3), ben);
    CHECK(p.notes.watches.size() == 4);
    p.refs.borrower_died(ann);
    p.refs.borrower_died(ann);
    CHECK(p.notes.gone == Numbers{1, 2});
    p.refs.borrower_died(ben);
    CHECK(p.refs.size() == 0);
  }

  TEST_CASE("a borrower tells its caller what it holds, and the owner when it lets go") {
    Process p;
    // An argument, which has one reference while the task runs; inside it another reference, which the task keeps.
    p.refs.add_local(anns(1));
    p.refs.add_borrowed(anns(1), std::nullopt);
    p.refs.add_local(anns(2));
    p.refs.add_borrowed(anns(2), anns(1));
    const BorrowedRefs told = p.refs.pop_borrowed(Refs{anns(1)});
    REQUIRE(told.size() == 2);
    CHECK(told[0].object == anns(1));
    CHECK_FALSE(told[0].in_use);
    CHECK(told[0].contains == Refs{anns(2)});
    CHECK(told[1].in_use);
    CHECK(told[1].contained_in == Refs{anns(1)});
    CHECK_FALSE(p.refs.contains(anns(1)));
    // The owner asks; the answer comes when the program lets go.
    p.refs.owner_waits(anns(2), std::nullopt);
    CHECK(p.notes.told.empty());
    p.refs.remove_local(anns(2));
    REQUIRE(p.notes.told.size() == 1);
    CHECK(p.notes.told[0].first == anns(2));
    CHECK(p.refs.size() == 0);
    // It asks for what is gone: the answer comes at once.
    p.refs.owner_waits(anns(2), std::nullopt);
    CHECK(p.notes.told.size() == 2);
    CHECK(p.refs.size() == 0);
  }

  TEST_CASE("what a task was passed on to is told with the next reply") {
    Process p;
    p.refs.add_local(anns(1));
    p.refs.add_borrowed(anns(1), std::nullopt);
    p.refs.task_submitted(Refs{anns(1)});
    p.refs.task_finished(Refs{anns(1)}, true, ben, {p.in_use(anns(1))});
    CHECK(p.notes.watches.empty());  // the owner will
    const BorrowedRefs told = p.refs.pop_borrowed(Refs{anns(1)});
    REQUIRE(told.size() == 1);
    CHECK(told[0].borrowers == std::vector<StationId>{ben});
    CHECK_FALSE(told[0].in_use);
    CHECK(p.refs.size() == 0);
  }

  TEST_CASE("who gets an object of ours inside a value that we return is waited for, until that value goes") {
    Process p;
    p.own(1);
    p.refs.add_nested(anns(9), Refs{mine(1)}, ann);
    p.refs.remove_local(mine(1));
    REQUIRE(p.notes.watches.size() == 1);
    CHECK(std::get<2>(p.notes.watches[0]) == anns(9));
    // Ann's side of it: she owns the value that has the reference inside.
    Process other;
    other.own(9, true);
    other.refs.owner_waits(anns(1), mine(9));
    CHECK(other.notes.told.empty());
    other.refs.remove_local(mine(9));
    REQUIRE(other.notes.told.size() == 1);
    CHECK(other.refs.size() == 0);
    p.refs.ref_removed(mine(1), ann, {});
    CHECK(p.refs.size() == 0);
  }

  TEST_CASE("a borrowed object inside a value that we return is told of with the reply") {
    Process p;
    p.refs.add_local(anns(1));
    p.refs.add_borrowed(anns(1), std::nullopt);
    p.refs.add_nested({ben, 4}, Refs{anns(1)}, ben);
    const BorrowedRefs told = p.refs.pop_borrowed(Refs{anns(1)});
    REQUIRE(told.size() == 1);
    REQUIRE(told[0].stored_in.size() == 1);
    CHECK(told[0].stored_in[0] == std::pair(ObjectRef{ben, 4}, ben));
    CHECK(p.refs.size() == 0);
    // The owner makes Ben a borrower, who holds it in that value.
    Process owner;
    owner.own(1);
    owner.refs.task_submitted(Refs{mine(1)});
    BorrowedRefs same = told;
    same[0].object = mine(1);
    owner.refs.task_finished(Refs{mine(1)}, true, ann, same);
    owner.refs.remove_local(mine(1));
    REQUIRE(owner.notes.watches.size() == 1);
    CHECK(std::get<0>(owner.notes.watches[0]) == ben);
    CHECK(std::get<2>(owner.notes.watches[0]) == ObjectRef{ben, 4});
  }

  TEST_CASE("handles of an actor are references like others") {
    Process p;
    p.refs.add_owned(mine(1), {}, {true, true, true});
    CHECK(p.refs.counts(mine(1))->actor_handle);
    p.refs.add_borrower(mine(1), ann);
    p.refs.remove_local(mine(1));
    CHECK(p.notes.released.empty());
    p.refs.ref_removed(mine(1), ann, {});
    CHECK(p.notes.released == Numbers{1});  // the actor ends
  }
}
