// What a node fetches: who may, when memory is short; whom it asks, and when again.
#include <doctest/doctest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "models/object_store/pull_manager.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

using Numbers = std::vector<std::uint32_t>;
constexpr NodeId self{0};
constexpr NodeId a{1};
constexpr NodeId b{2};

ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
Bytes mib(std::int64_t n) { return Bytes{n << 20}; }
Time second(double s) { return Time{} + Duration::seconds(s); }

SystemConfig config() {
  SystemConfig c;
  c.object_manager_pull_timeout = Duration::seconds(10);
  c.fetch_fail_timeout = Duration::seconds(600);
  return c;
}

struct Notebook final : PullPort {
  [[nodiscard]] Time now() const override { return time; }
  void subscribe(ObjectRef id) override { CHECK(subscribed.insert(id.index).second); }
  void unsubscribe(ObjectRef id) override { CHECK(subscribed.erase(id.index) == 1); }
  [[nodiscard]] bool is_local(ObjectRef id) const override { return local.contains(id.index); }
  bool pin(ObjectRef id) override {
    if (!local.contains(id.index)) return false;
    CHECK(pinned.insert(id.index).second);
    return true;
  }
  void unpin(ObjectRef id) override { CHECK(pinned.erase(id.index) == 1); }
  void send_pull(NodeId node, std::span<const ObjectRef> objects) override {
    for (const ObjectRef id : objects) asked.emplace_back(node, id.index);
  }
  void cancel(ObjectRef id) override { cancelled.push_back(id.index); }
  [[nodiscard]] SpilledUrl local_url(ObjectRef id) const override {
    const auto it = urls.find(id.index);
    return it != urls.end() ? it->second : SpilledUrl{};
  }
  void restore(ObjectRef id, Bytes, const SpilledUrl&) override { restored.push_back(id.index); }
  void fetch_timed_out(ObjectRef id) override { failed.push_back(id.index); }

  Time time;
  std::set<std::uint32_t> subscribed;
  std::set<std::uint32_t> local;
  std::set<std::uint32_t> pinned;
  std::vector<std::pair<NodeId, std::uint32_t>> asked;
  Numbers cancelled;
  std::map<std::uint32_t, SpilledUrl> urls;
  Numbers restored;
  Numbers failed;
};

struct Node {
  Notebook notes;
  PullManager pulls{self, mib(100), config(), RandomStream(7, "locations"), notes};

  PullId pull(const Numbers& numbers, PullPriority priority = PullPriority::task_arguments) {
    std::vector<ObjectRef> refs;
    for (const std::uint32_t i : numbers) refs.push_back(object(i));
    return pulls.pull(refs, priority);
  }
  void locate(std::uint32_t i, std::int64_t size, std::vector<NodeId> nodes = {a}, SpilledUrl url = {}) {
    pulls.locations_changed(
        object(i), std::make_shared<ObjectLocations>(ObjectLocations{std::move(nodes), url, mib(size), false}));
  }
  // A pull of one object that is known at once.
  PullId pull_located(std::uint32_t i, std::int64_t size, PullPriority priority = PullPriority::task_arguments) {
    const PullId id = pull({i}, priority);
    locate(i, size);
    return id;
  }
  void arrive(std::uint32_t i) {
    notes.local.insert(i);
    pulls.object_sealed(object(i));
  }
  void run(double until, Bytes available) {
    while (notes.time < second(until)) {
      notes.time = notes.time + Duration::milliseconds(100);
      pulls.tick(available);
    }
  }
  [[nodiscard]] Numbers active() const {
    Numbers found;
    for (std::uint32_t i = 0; i < 20; ++i)
      if (pulls.is_active(object(i))) found.push_back(i);
    return found;
  }
};

}  // namespace

TEST_SUITE("pull_manager") {
  TEST_CASE("a bundle is asked for when all that it holds has been located") {
    Node node;
    const PullId id = node.pull({1, 2, 1});
    CHECK(node.notes.subscribed == std::set<std::uint32_t>{1, 2});
    node.locate(1, 10);
    CHECK(node.notes.asked.empty());
    node.pulls.locations_changed(object(2), std::make_shared<ObjectLocations>(ObjectLocations{{}, {}, mib(10), true}));
    CHECK(node.notes.asked.empty());  // its task runs still
    CHECK_FALSE(node.pulls.is_queued(id));
    node.locate(2, 10, {b});
    CHECK(node.notes.asked == std::vector<std::pair<NodeId, std::uint32_t>>{{a, 1}, {b, 2}});
    CHECK(node.pulls.statistics().pulling == mib(20));
    node.arrive(1);
    CHECK(node.notes.pinned == std::set<std::uint32_t>{1});
    node.pulls.cancel(id);
    CHECK(node.notes.cancelled == Numbers{1, 2});
    CHECK(node.notes.pinned.empty());
    CHECK(node.notes.subscribed.empty());
    CHECK(node.pulls.objects() == 0);
    CHECK(node.pulls.statistics().pulling == Bytes{});
  }

  TEST_CASE("an object that several want is asked for once, and given up with the last of them") {
    Node node;
    const PullId first = node.pull_located(1, 10);
    const PullId second_one = node.pull({1}, PullPriority::get);
    CHECK(node.notes.asked.size() == 1);
    CHECK(node.pulls.statistics().pulling == mib(10));
    node.pulls.cancel(first);
    CHECK(node.pulls.is_active(object(1)));
    CHECK(node.notes.cancelled.empty());
    node.pulls.cancel(second_one);
    CHECK(node.notes.cancelled == Numbers{1});
  }

  TEST_CASE("bundles within the quota are active, first come first served, and one alone whatever its size") {
    Node node;
    const PullId large = node.pull_located(1, 300);
    const PullId small = node.pull_located(2, 60);
    node.pull_located(3, 50);
    node.pull_located(4, 10);
    CHECK(node.active() == Numbers{1});
    CHECK(node.pulls.is_queued(small));
    CHECK(node.pulls.waits_for_memory());
    node.pulls.cancel(large);
    CHECK(node.active() == Numbers{2});  // the third does not fit, and the fourth waits behind it
    node.pulls.cancel(small);
    CHECK(node.active() == Numbers{3, 4});
    CHECK_FALSE(node.pulls.waits_for_memory());
  }

  TEST_CASE("gets take the memory from waits and arguments, the newest first, and need no quota") {
    Node node;
    node.pull_located(1, 30);
    node.pull_located(2, 30);
    node.pull_located(3, 30, PullPriority::wait);
    CHECK(node.active() == Numbers{1, 2, 3});
    node.pull_located(4, 20, PullPriority::get);
    CHECK(node.active() == Numbers{1, 3, 4});
    CHECK(node.notes.cancelled == Numbers{2});
    node.pull_located(5, 90, PullPriority::get);
    CHECK(node.active() == Numbers{4, 5});  // over the quota, with nobody left to give way
    const PullId another = node.pull_located(6, 50, PullPriority::get);
    CHECK(node.active() == Numbers{4, 5, 6});
    node.pulls.cancel(another);
    CHECK(node.active() == Numbers{4, 5});
  }

  TEST_CASE("a wait takes the memory from arguments, but not from other waits") {
    Node node;
    node.pull_located(1, 60);
    node.pull_located(2, 60, PullPriority::wait);
    CHECK(node.active() == Numbers{2});
    node.pull_located(3, 60, PullPriority::wait);
    CHECK(node.active() == Numbers{2});
  }

  TEST_CASE("when memory shrinks the newest arguments give way, then the newest waits, but never all") {
    Node node;
    for (std::uint32_t i = 1; i <= 3; ++i) node.pull_located(i, 20, PullPriority::wait);
    for (std::uint32_t i = 4; i <= 5; ++i) node.pull_located(i, 20);
    CHECK(node.active() == Numbers{1, 2, 3, 4, 5});
    node.run(0.1, mib(70));
    CHECK(node.active() == Numbers{1, 2, 3});
    node.run(0.2, mib(50));
    CHECK(node.active() == Numbers{1, 2});
    node.run(0.3, mib(0));
    CHECK(node.active() == Numbers{1});
    node.run(0.4, mib(100));
    CHECK(node.active() == Numbers{1, 2, 3, 4, 5});
    CHECK(node.notes.cancelled == Numbers{5, 4, 3, 2});
    // What was given up is asked for again from the start, at once.
    CHECK(node.notes.asked.size() == 9);
  }

  TEST_CASE("what has arrived and is pinned is no longer to be counted against the quota") {
    Node node;
    node.pull({1, 2});
    node.locate(1, 40);
    node.locate(2, 40);
    node.arrive(1);  // the store has 60 MiB available now
    node.run(0.1, mib(60));
    node.pull_located(3, 30);
    CHECK_FALSE(node.pulls.is_active(object(3)));
    node.pull_located(4, 20, PullPriority::wait);
    CHECK(node.pulls.is_active(object(4)));
  }

  TEST_CASE("an object that does not come is asked for again after 10 seconds, then twice as long each time") {
    Node node;
    node.pull_located(1, 10);
    std::vector<double> tries{0};
    for (std::size_t seen = 1; node.notes.time < second(200);) {
      node.run(node.notes.time.in_seconds() + 0.1, mib(100));
      if (node.notes.asked.size() == seen) continue;
      tries.push_back(node.notes.time.in_seconds());
      seen = node.notes.asked.size();
    }
    REQUIRE(tries.size() == 5);
    CHECK(tries[1] == doctest::Approx(10));
    CHECK(tries[2] == doctest::Approx(30));
    CHECK(tries[3] == doctest::Approx(70));
    CHECK(tries[4] == doctest::Approx(150));
    CHECK(node.pulls.next_due() == second(310));
    CHECK(node.pulls.statistics().retries == 4);
    // News of other locations change nothing before the time has come.
    node.locate(1, 10, {a, b});
    CHECK(node.notes.asked.size() == 5);
    // A copy that was here and was evicted starts it anew.
    node.arrive(1);
    node.notes.local.clear();
    node.pulls.object_deleted(object(1));
    node.run(200.1, mib(100));
    CHECK(node.notes.asked.size() == 6);
    CHECK(node.pulls.next_due() == node.notes.time + Duration::seconds(10));
  }

  TEST_CASE("one of the nodes that have a copy is asked, each as likely, never this one") {
    Node node;
    std::map<std::uint32_t, int> asked;
    for (int i = 0; i < 3'000; ++i) {
      const PullId id = node.pull({1});
      node.locate(1, 1, {a, self, b, NodeId{3}});
      ++asked[node.notes.asked.back().first.index];
      node.pulls.cancel(id);
    }
    CHECK(asked.size() == 3);
    for (const auto& [who, times] : asked) CHECK(times == doctest::Approx(1'000).epsilon(0.1));
  }

  TEST_CASE("without a copy in memory the node that spilled it is asked, and what this node can read it restores") {
    Node node;
    node.pull({1, 2, 3});
    node.locate(1, 1, {}, {b, 0, {}, false});
    node.locate(2, 1, {}, {b, 0, {}, true});
    node.notes.urls[3] = {self, 0, {}, false};
    node.locate(3, 1, {self}, {self, 0, {}, false});
    CHECK(node.notes.asked == std::vector<std::pair<NodeId, std::uint32_t>>{{b, 1}});
    CHECK(node.notes.restored == Numbers{2, 3});
    CHECK(node.notes.cancelled == Numbers{2, 3});  // half of it may have come from elsewhere
    node.run(10, mib(100));
    CHECK(node.notes.restored == Numbers{2, 3, 2, 3});
  }

  TEST_CASE("an object that nobody has fails after 600 seconds, unless somebody turns up") {
    Node node;
    node.pull({1, 2});
    node.locate(1, 1, {});
    node.locate(2, 1, {});
    node.run(300, mib(100));
    node.locate(2, 1, {b});
    CHECK(node.notes.asked.size() == 1);
    node.run(600, mib(100));
    CHECK(node.notes.failed.empty());
    node.run(600.2, mib(100));
    CHECK(node.notes.failed == Numbers{1});
    CHECK(node.pulls.statistics().timeouts == 1);
  }

  TEST_CASE("a dead node is not asked, and an object that must be made anew gives its memory back") {
    Node node;
    node.pull_located(1, 60);
    const PullId id = node.pull_located(2, 60);
    node.locate(1, 60, {a, b});
    node.pulls.node_removed(a);
    node.run(10, mib(100));
    CHECK(node.notes.asked.back() == std::pair(b, std::uint32_t{1}));
    node.pulls.locations_changed(object(1), std::make_shared<ObjectLocations>(ObjectLocations{{}, {}, mib(60), true}));
    CHECK(node.active() == Numbers{2});
    node.locate(1, 60, {b});
    CHECK(node.active() == Numbers{2});
    node.pulls.cancel(id);
    CHECK(node.active() == Numbers{1});
  }
}
