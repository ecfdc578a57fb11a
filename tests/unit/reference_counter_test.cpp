// Who still needs an object: in this process, in tasks, inside other objects, and elsewhere.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
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

struct Process final : ReferencePort {
  explicit Process(StationId self = me) : refs(new ReferenceCounter(self, *this)) {}
  void out_of_scope(std::uint32_t object) override { released.push_back(object); }
  [[nodiscard]] bool is_freed(std::uint32_t object) const override {
    return std::find(released.begin(), released.end(), object) != released.end();
  }
  void references_changed() override { ++news; }

  // What it has to say.
  std::vector<std::pair<ObjectRef, BorrowedRefs>> removed() const { return refs->take_removed(); }
  std::vector<ReferenceCounter::ToWatch> watches() const { return refs->take_watches(); }

  Numbers released;
  int news = 0;
  ReferenceCounterRef refs;
};

BorrowedRef in_use(ObjectRef object) { return {object, true}; }

}  // namespace

TEST_SUITE("reference_counter") {
  TEST_CASE("an object goes with its last use, a program's or a task's") {
    Process p;
    p.refs->add(mine(1));
    p.refs->add(mine(1));
    CHECK(p.refs->owns());
    p.refs->remove(mine(1));
    CHECK(p.released.empty());
    p.refs->remove(mine(1));
    CHECK(p.released == Numbers{1});
    CHECK_FALSE(p.refs->owns());
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("an object inside another stays as long as that does") {
    Process p;
    for (const ObjectRef id : {mine(1), mine(2), mine(3), anns(7)}) p.refs->add(id);
    p.refs->add_nested(mine(2), Refs{mine(1)}, me);
    p.refs->add_nested(mine(3), Refs{mine(2), anns(7)}, me);
    p.refs->add_nested(mine(3), Refs{mine(2), anns(7)}, me);  // told of twice
    CHECK(p.refs->here(mine(1)).uses == 2);
    CHECK(p.refs->borrowed() == Refs{anns(7)});
    for (const ObjectRef id : {mine(1), mine(2), anns(7)}) p.refs->remove(id);
    CHECK(p.released.empty());
    for (const ObjectRef id : {mine(1), anns(7)}) {
      CHECK(p.refs->here(id).uses == 1);
      CHECK(p.refs->here(id).inside == 1);
    }
    p.refs->remove(mine(3));
    CHECK(p.released == Numbers{3, 2, 1});
    CHECK(p.refs->entries() == 0);
    // Too late: what would hold it is gone.
    p.refs->add(mine(4));
    p.refs->add_nested(mine(3), Refs{mine(4)}, me);
    p.refs->remove(mine(4));
    CHECK(p.released == Numbers{3, 2, 1, 4});
  }

  TEST_CASE("a chain of a million values is let go at once") {
    Process p;
    constexpr std::uint32_t last = 1'000'000;
    p.refs->add(mine(last));
    for (std::uint32_t i = 0; i < last; ++i) p.refs->add_nested(mine(i + 1), Refs{mine(i)}, me);
    p.refs->remove(mine(last));
    CHECK(p.released.size() == last + 1);
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("a worker that still holds an argument when its task ends is waited for") {
    Process p;
    p.refs->add(mine(1));
    p.refs->task_finished(ann, {in_use(mine(1))});
    CHECK(p.refs->here(mine(1)).uses == 1);
    p.refs->remove(mine(1));
    CHECK(p.refs->here(mine(1)).uses == 0);
    CHECK(p.refs->is_used(mine(1)));
    CHECK(p.released.empty());
    CHECK(p.news == 1);
    const auto watches = p.watches();
    REQUIRE(watches.size() == 1);
    CHECK(watches[0].borrower == ann);
    CHECK(watches[0].object == mine(1));
    CHECK_FALSE(watches[0].contained_in);
    p.refs->task_finished(ann, {in_use(mine(1))});  // known already
    CHECK(p.watches().empty());
    // Ann has passed it on to Ben meanwhile.
    p.refs->ref_removed(mine(1), ann, {{mine(1), false, {ben}}});
    const auto more = p.watches();
    REQUIRE(more.size() == 1);
    CHECK(more[0].borrower == ben);
    CHECK_FALSE(p.refs->waits_for(ann));
    CHECK(p.released.empty());
    p.refs->ref_removed(mine(1), ben, {});
    CHECK(p.released == Numbers{1});
    p.refs->ref_removed(mine(1), ben, {});  // nothing left to say
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("a borrower that dies uses nothing any more") {
    Process p;
    for (std::uint32_t i = 1; i <= 3; ++i) {
      p.refs->add(mine(i));
      p.refs->task_finished(ann, {in_use(mine(i))});
      if (i == 3) p.refs->task_finished(ben, {in_use(mine(i))});
      p.refs->remove(mine(i));
    }
    CHECK(p.watches().size() == 4);
    CHECK(p.refs->borrowers() == std::vector{ann, ben});
    p.refs->borrower_died(ann);
    p.refs->borrower_died(ann);
    CHECK(p.released == Numbers{1, 2});
    p.refs->borrower_died(ben);
    CHECK(p.released == Numbers{1, 2, 3});
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("an argument that nobody keeps is nothing to tell of") {
    Process p;
    p.refs->add(anns(1));
    p.refs->add(anns(2));
    p.refs->add_borrowed(Refs{anns(2)}, anns(1));
    p.refs->remove(anns(2));
    CHECK(p.refs->pop_borrowed(Refs{anns(1)}, Refs{anns(1)}).empty());
    CHECK(p.refs->entries() == 0);
    CHECK(p.news == 0);
  }

  TEST_CASE("a borrower tells its caller what it holds, and the owner when it lets go") {
    Process p;
    // An argument that has been read, and inside of it another reference, which the task keeps.
    p.refs->add(anns(1));
    p.refs->add_borrowed(Refs{anns(2)}, anns(1));
    p.refs->add(anns(2));
    const BorrowedRefs told = p.refs->pop_borrowed(Refs{anns(1)}, Refs{anns(1)});
    REQUIRE(told.size() == 2);
    CHECK(told[0].object == anns(1));
    CHECK_FALSE(told[0].in_use);
    CHECK(told[1].object == anns(2));
    CHECK(told[1].in_use);
    CHECK(told[1].contained_in == Refs{anns(1)});
    CHECK(p.refs->entries() == 1);
    // The owner asks; the answer comes when the program lets go.
    p.refs->owner_waits(anns(2), std::nullopt);
    CHECK(p.removed().empty());
    p.refs->remove(anns(2));
    CHECK(p.news == 1);
    const auto removed = p.removed();
    REQUIRE(removed.size() == 1);
    CHECK(removed[0].first == anns(2));
    CHECK(p.refs->entries() == 0);
    // It asks for what is gone: the answer comes at once.
    p.refs->owner_waits(anns(2), std::nullopt);
    CHECK(p.removed().size() == 1);
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("what is used again before the owner has been told is still borrowed") {
    Process p;
    p.refs->add(anns(1));
    p.refs->owner_waits(anns(1), std::nullopt);
    p.refs->remove(anns(1));
    p.refs->add(anns(1));
    CHECK(p.removed().empty());
    p.refs->remove(anns(1));
    CHECK(p.removed().size() == 1);
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("what was read out of a borrowed value is told of with that value, however late") {
    Process p;
    p.refs->add(anns(1));
    p.refs->owner_waits(anns(1), std::nullopt);
    p.refs->add_borrowed(Refs{{ben, 2}}, anns(1));
    p.refs->add({ben, 2});
    p.refs->remove(anns(1));
    const auto removed = p.removed();
    REQUIRE(removed.size() == 1);
    REQUIRE(removed[0].second.size() == 2);
    CHECK(removed[0].second[1].object == ObjectRef{ben, 2});
    CHECK(removed[0].second[1].in_use);
    // Ann, who has the value and borrows what is inside, passes the word on to Ben when she lets go.
    Process owner(ann);
    owner.refs->add(anns(1));
    owner.refs->add_nested(anns(1), Refs{{ben, 2}}, ann);
    owner.refs->owner_waits({ben, 2}, std::nullopt);
    owner.refs->task_finished(me, {in_use(anns(1))});
    owner.refs->remove(anns(1));
    CHECK(owner.released.empty());
    owner.refs->ref_removed(anns(1), me, removed[0].second);
    CHECK(owner.released == Numbers{1});
    const auto next = owner.removed();
    REQUIRE(next.size() == 1);
    CHECK(next[0].first == ObjectRef{ben, 2});
    CHECK(next[0].second.front().borrowers == std::vector{me});
    CHECK(owner.refs->entries() == 0);
    p.refs->remove({ben, 2});
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("what a task was passed on to is told with the next reply") {
    Process p;
    p.refs->add(anns(1));  // as argument of a task there
    p.refs->task_finished(ben, {in_use(anns(1))});
    p.refs->remove(anns(1));
    CHECK(p.watches().empty());  // the owner will
    const BorrowedRefs told = p.refs->pop_borrowed(Refs{anns(1)}, {});
    REQUIRE(told.size() == 1);
    CHECK(told[0].borrowers == std::vector{ben});
    CHECK_FALSE(told[0].in_use);
    CHECK(p.refs->entries() == 0);
  }

  TEST_CASE("who gets an object of ours inside a value that we return is waited for, until that value goes") {
    Process p;
    p.refs->add(mine(1));
    p.refs->add_nested(anns(9), Refs{mine(1)}, ann);
    p.refs->remove(mine(1));
    CHECK(p.released.empty());
    const auto watches = p.watches();
    REQUIRE(watches.size() == 1);
    CHECK(watches[0].contained_in == anns(9));
    // Ann's side of it: she owns the value that has the reference inside, even before it is there.
    Process other(ann);
    other.refs->add(anns(9));
    other.refs->owner_waits(mine(1), anns(9));
    CHECK(other.removed().empty());
    other.refs->add_nested(anns(9), Refs{mine(1)}, ann);
    other.refs->remove(anns(9));
    CHECK(other.removed().size() == 1);
    CHECK(other.refs->entries() == 0);
    p.refs->ref_removed(mine(1), ann, {});
    CHECK(p.released == Numbers{1});
    // She had dropped the value before it came.
    other.refs->owner_waits(mine(2), anns(9));
    CHECK(other.removed().size() == 1);
  }

  TEST_CASE("a borrowed object inside a value that we return is told of with the reply") {
    Process p;
    p.refs->add(anns(1));
    p.refs->add_nested({ben, 4}, Refs{anns(1)}, ben);
    p.refs->remove(anns(1));
    const BorrowedRefs told = p.refs->pop_borrowed(Refs{anns(1)}, {});
    REQUIRE(told.size() == 1);
    REQUIRE(told[0].stored_in.size() == 1);
    CHECK(told[0].stored_in[0] == std::pair(ObjectRef{ben, 4}, ben));
    CHECK(p.refs->entries() == 0);
    // The owner makes Ben a borrower, who holds it in that value.
    Process owner(ann);
    owner.refs->add(anns(1));
    owner.refs->task_finished(me, told);
    owner.refs->remove(anns(1));
    const auto watches = owner.watches();
    REQUIRE(watches.size() == 1);
    CHECK(watches[0].borrower == ben);
    CHECK(watches[0].contained_in == ObjectRef{ben, 4});
    CHECK(owner.released.empty());
  }

  TEST_CASE("a process that has ended says nothing") {
    Process p;
    p.refs->add(mine(1));
    p.refs->add(anns(1));
    p.refs->owner_waits(anns(1), std::nullopt);
    p.refs->detach();
    p.refs->remove(mine(1));
    p.refs->remove(anns(1));
    CHECK(p.released.empty());
    CHECK(p.news == 0);
  }
}
