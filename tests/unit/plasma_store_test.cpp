// A node's object store: who gets room, who waits, what is evicted, and what lies in files.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "models/object_store/plasma_store.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

constexpr ProcessId alice{1};
constexpr ProcessId bob{2};
ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
Bytes mib(std::int64_t n) { return Bytes{n << 20}; }

SystemConfig config() {
  SystemConfig c;
  c.object_store_full_delay = Duration::milliseconds(10);
  c.oom_grace_period = Duration::seconds(2);
  return c;
}

struct Notebook final : PlasmaPort {
  [[nodiscard]] Time now() const override { return time; }
  void created(CreateId, ObjectRef id, CreateResult result) override {
    answers[id.index] = result;
    order.push_back(id.index);
  }
  void deleted(ObjectRef id, Bytes, bool evicted) override { (evicted ? evictions : frees).push_back(id.index); }
  bool spill() override {
    ++spill_calls;
    return spilling;
  }
  [[nodiscard]] bool disk_full() const override { return full_disk; }
  bool take_fallback(Bytes size) override {
    if (size > disk_room) return false;
    disk_room.count -= size.count;
    return true;
  }
  void give_back_fallback(Bytes size) override { disk_room += size; }
  void retry_at(Time when) override { retry = when; }

  Time time;
  std::map<std::uint32_t, CreateResult> answers;
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> evictions;
  std::vector<std::uint32_t> frees;
  int spill_calls = 0;
  bool spilling = false;
  bool full_disk = false;
  Bytes disk_room = mib(1'000);
  Time retry;
};

struct Store {
  Notebook notes;
  PlasmaStore store{mib(100), config(), notes};

  // A sealed object; its creator keeps a reference when `held`.
  void put(std::uint32_t i, std::int64_t size, bool held = false) {
    store.create({i}, object(i), mib(size), alice);
    REQUIRE(notes.answers.contains(i));
    store.seal(object(i));
    if (!held) store.release(object(i), alice);
  }
  // Lets the retry timer fire until `until`.
  void run(double until) {
    while (notes.retry > notes.time && notes.retry <= Time{} + Duration::seconds(until)) {
      notes.time = notes.retry;
      store.retry();
    }
    notes.time = Time{} + Duration::seconds(until);
  }
};

}  // namespace

TEST_SUITE("plasma_store") {
  TEST_CASE("an object can be read once it is sealed, by whoever asks") {
    Store s;
    s.store.create({1}, object(1), mib(10), alice);
    CHECK(s.notes.answers.at(1) == CreateResult::ok);
    CHECK_FALSE(s.store.contains(object(1)));
    CHECK_FALSE(s.store.get(object(1), bob));
    CHECK_FALSE(s.store.pin(object(1), Pin::primary));
    s.store.seal(object(1));
    CHECK(s.store.contains(object(1)));
    CHECK(s.store.get(object(1), bob));
    CHECK_FALSE(s.store.get(object(2), bob));
    s.store.create({2}, object(1), mib(10), bob);
    CHECK(s.notes.answers.at(1) == CreateResult::exists);
  }

  TEST_CASE("what nobody references goes, the one let go longest ago first, and a fifth of the store at once") {
    Store s;
    for (std::uint32_t i = 1; i <= 10; ++i) s.put(i, 10);
    CHECK(s.store.get(object(1), bob));  // read again: the newest now
    s.store.release(object(1), bob);
    s.put(11, 5);
    CHECK(s.notes.evictions == std::vector<std::uint32_t>{2, 3});
    CHECK(s.store.contains(object(1)));
    CHECK(s.store.statistics().allocated == mib(85));
    CHECK(s.store.statistics().peak == mib(100));
    CHECK(s.store.statistics().evicted_bytes == mib(20));
    s.put(12, 60);  // 45 MiB are lacking
    CHECK(s.notes.evictions == std::vector<std::uint32_t>{2, 3, 4, 5, 6, 7, 8});
  }

  TEST_CASE("what anybody references stays") {
    Store s;
    s.put(1, 50);
    s.put(2, 40);
    CHECK(s.store.pin(object(1), Pin::primary));
    CHECK(s.store.get(object(2), bob));
    s.store.create({3}, object(3), mib(20), alice);
    CHECK(s.notes.evictions.empty());
    CHECK_FALSE(s.notes.answers.contains(3));
    s.store.release(object(2), bob);
    s.run(0.01);
    CHECK(s.notes.evictions == std::vector<std::uint32_t>{2});
    CHECK(s.notes.answers.at(3) == CreateResult::ok);
  }

  TEST_CASE("creates wait in line: the first that finds no room holds up the others") {
    Store s;
    s.put(1, 90, true);
    s.store.create({2}, object(2), mib(50), bob);
    s.store.create({3}, object(3), mib(5), bob);
    CHECK(s.store.waiting_creates() == 2);
    CHECK(s.store.statistics().waiting == mib(55));
    CHECK(s.notes.retry == Time{} + Duration::milliseconds(10));
    s.store.release(object(1), alice);
    CHECK(s.store.waiting_creates() == 2);  // until the retry
    s.run(0.01);
    CHECK(s.notes.order == std::vector<std::uint32_t>{1, 2, 3});
    CHECK(s.store.waiting_creates() == 0);
  }

  TEST_CASE("a create waits for spills in progress, and falls back when there has been none for the grace period") {
    Store s;
    s.put(1, 90, true);
    s.notes.spilling = true;
    s.store.create({2}, object(2), mib(50), bob);
    s.run(5);
    CHECK_FALSE(s.notes.answers.contains(2));
    CHECK(s.notes.spill_calls == 501);
    s.notes.spilling = false;
    s.run(6.99);
    CHECK_FALSE(s.notes.answers.contains(2));
    s.run(7.02);
    CHECK(s.notes.answers.at(2) == CreateResult::fell_back);
    CHECK(s.store.statistics().fallback == mib(50));
    CHECK(s.store.statistics().allocated == mib(140));
    // The store is still full, and the clock goes on.
    s.store.create({3}, object(3), mib(20), bob);
    CHECK(s.notes.answers.at(3) == CreateResult::fell_back);
    // Room in memory sets it back.
    s.put(4, 10);
    s.store.get(object(4), bob);
    s.store.create({5}, object(5), mib(20), bob);
    CHECK_FALSE(s.notes.answers.contains(5));
  }

  TEST_CASE("no room on the disk either is an error, at once when the disk is over its limit") {
    Store s;
    s.put(1, 90, true);
    s.notes.disk_room = mib(10);
    s.store.create({2}, object(2), mib(50), bob);
    s.run(2.02);
    CHECK(s.notes.answers.at(2) == CreateResult::out_of_disk);
    s.notes.full_disk = true;
    s.store.create({3}, object(3), mib(20), bob);
    CHECK(s.notes.answers.at(3) == CreateResult::out_of_disk);
    // What follows waits for the next try, even if it has room.
    s.store.create({4}, object(4), mib(1), bob);
    CHECK_FALSE(s.notes.answers.contains(4));
    s.run(2.1);
    CHECK(s.notes.answers.at(4) == CreateResult::ok);
    CHECK(s.notes.frees.empty());
  }

  TEST_CASE("an object that is freed while in use goes when the last reference does") {
    Store s;
    s.put(1, 10, true);
    s.store.free(object(1));
    CHECK(s.store.contains(object(1)));
    s.store.release(object(1), alice);
    CHECK(s.notes.frees == std::vector<std::uint32_t>{1});
    CHECK(s.store.objects() == 0);
    // So does one that is freed before it is sealed.
    s.store.create({2}, object(2), mib(10), bob);
    s.store.free(object(2));
    s.store.seal(object(2));
    s.store.release(object(2), bob);
    CHECK(s.notes.frees == std::vector<std::uint32_t>{1, 2});
    s.store.free(object(3));
    CHECK(s.store.statistics().allocated == Bytes{});
  }

  TEST_CASE("only what the raylet alone references can be spilled, however many reasons it has") {
    Store s;
    s.put(1, 10, true);
    CHECK(s.store.pin(object(1), Pin::primary));
    CHECK_FALSE(s.store.spillable(object(1)));  // its creator
    s.store.release(object(1), alice);
    CHECK(s.store.spillable(object(1)));
    CHECK(s.store.pin(object(1), Pin::argument));
    CHECK(s.store.pin(object(1), Pin::pull));
    CHECK(s.store.spillable(object(1)));
    CHECK(s.store.pin(object(1), Pin::transfer));
    CHECK_FALSE(s.store.spillable(object(1)));
    s.store.unpin(object(1), Pin::transfer);
    CHECK(s.store.get(object(1), bob));
    CHECK_FALSE(s.store.spillable(object(1)));
    CHECK_FALSE(s.store.spillable(object(2)));
  }

  TEST_CASE("a worker that dies leaves nothing behind") {
    Store s;
    s.put(1, 10, true);
    s.put(2, 10);
    CHECK(s.store.get(object(2), alice));
    CHECK(s.store.get(object(2), alice));
    CHECK(s.store.get(object(2), bob));
    s.store.create({3}, object(3), mib(10), alice);   // not sealed
    s.store.create({4}, object(4), mib(200), alice);  // waits
    s.store.disconnect(alice);
    CHECK(s.store.waiting_creates() == 0);
    CHECK(s.store.objects() == 2);
    CHECK(s.notes.frees.empty());
    CHECK(s.store.statistics().unsealed == Bytes{});
    CHECK(s.store.statistics().in_use == mib(10));
    CHECK(s.store.statistics().read == mib(10));
    s.store.disconnect(bob);
    CHECK(s.store.statistics().in_use == Bytes{});
    s.run(0.01);
    s.put(5, 95);
    CHECK(s.notes.evictions == std::vector<std::uint32_t>{1, 2});
  }

  TEST_CASE("an object that is received counts as free for pulls until it is sealed, and can be given up") {
    Store s;
    s.store.create({1}, object(1), mib(40), std::nullopt);
    CHECK(s.store.statistics().pinned[static_cast<std::size_t>(Pin::transfer)] == mib(40));
    CHECK(s.store.available() == mib(100));
    s.store.seal(object(1));
    CHECK(s.store.available() == mib(60));
    s.store.abort(object(1));  // too late
    CHECK(s.store.contains(object(1)));
    s.store.unpin(object(1), Pin::transfer);
    CHECK(s.store.available() == mib(100));
    s.store.create({2}, object(2), mib(40), std::nullopt);
    s.store.abort(object(2));
    s.store.abort(object(2));
    CHECK(s.store.objects() == 1);
    CHECK(s.store.statistics().in_use == Bytes{});
    CHECK(s.notes.frees.empty());  // it was never there for others
  }
}
