// What a node sends: in which order, how much at a time, and what becomes of requests it cannot meet.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/object_store/push_manager.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
Bytes mib(std::int64_t n) { return Bytes{n << 20}; }

SystemConfig config(std::int64_t window) {
  SystemConfig c;
  c.object_manager_default_chunk_size = mib(5);
  c.object_manager_max_bytes_in_flight = mib(5 * window);
  c.object_manager_push_timeout = Duration::seconds(10);
  return c;
}

struct Notebook final : PushPort {
  [[nodiscard]] Time now() const override { return time; }
  std::optional<PushSource> open(ObjectRef id) override {
    const auto it = objects.find(id.index);
    if (it == objects.end()) return std::nullopt;
    ++opened[id.index];
    return it->second;
  }
  void close(ObjectRef id, bool) override { --opened[id.index]; }
  // "object>node:chunk", with the size where it is not 5 MiB
  void send_chunk(NodeId to, ObjectRef id, const PushSource&, std::uint32_t chunk, Bytes size) override {
    sent += std::to_string(id.index) + ">" + std::to_string(to.index) + ":" + std::to_string(chunk);
    if (size != mib(5)) sent += "(" + std::to_string(size.count) + ")";
    sent += " ";
  }
  std::string take() { return std::exchange(sent, {}); }

  Time time;
  std::map<std::uint32_t, PushSource> objects;
  std::map<std::uint32_t, int> opened;
  std::string sent;
};

struct Node {
  explicit Node(std::int64_t window) : pushes(config(window), notes) {}
  void has(std::uint32_t i, Bytes size, bool on_disk = false) { notes.objects[i] = {size, on_disk}; }
  Notebook notes;
  PushManager pushes;
};

}  // namespace

TEST_SUITE("push_manager") {
  TEST_CASE("an object goes in chunks, the last of which is what is left") {
    Node node(409);
    node.has(1, Bytes{mib(10).count + 3});
    node.pushes.pull_requested({1}, object(1));
    CHECK(node.notes.take() == "1>1:0 1>1:1 1>1:2(3) ");
    CHECK(node.pushes.chunks_in_flight() == 3);
    CHECK(node.notes.opened.at(1) == 0);
    node.has(2, mib(10));
    node.has(3, Bytes{});
    node.pushes.pull_requested({1}, object(2));
    node.pushes.pull_requested({1}, object(3));
    CHECK(node.notes.take() == "2>1:0 2>1:1 3>1:0(0) ");
    CHECK(node.pushes.statistics().from_memory == Bytes{mib(20).count + 3});
  }

  TEST_CASE("no more chunks are in flight than the window holds, whoever they go to") {
    Node node(4);
    node.has(1, mib(30));
    node.pushes.pull_requested({1}, object(1));
    CHECK(node.notes.take() == "1>1:0 1>1:1 1>1:2 1>1:3 ");
    node.pushes.pull_requested({2}, object(1));
    CHECK(node.notes.take().empty());
    CHECK(node.notes.opened.at(1) == 2);
    // The oldest push gets what becomes free.
    node.pushes.chunk_done();
    node.pushes.chunk_done();
    CHECK(node.notes.take() == "1>1:4 1>1:5 ");
    CHECK(node.notes.opened.at(1) == 1);
    node.pushes.chunk_done();
    CHECK(node.notes.take() == "1>2:0 ");
  }

  TEST_CASE("pushes take turns when there is room for more than one chunk") {
    Node node(6);
    node.has(1, mib(100));
    node.has(2, mib(10));
    node.pushes.pull_requested({1}, object(1));
    CHECK(node.notes.take() == "1>1:0 1>1:1 1>1:2 1>1:3 1>1:4 1>1:5 ");
    node.pushes.pull_requested({1}, object(2));
    node.pushes.pull_requested({3}, object(1));
    node.pushes.node_removed({1});  // both pushes to it are dropped; its chunks in flight still count
    CHECK(node.pushes.pushes() == 1);
    CHECK(node.notes.opened.at(2) == 0);
    node.pushes.pull_requested({2}, object(2));
    for (int i = 0; i < 6; ++i) node.pushes.chunk_done();
    CHECK(node.notes.take() == "1>3:0 1>3:1 1>3:2 1>3:3 1>3:4 1>3:5 ");
    Node wide(5);
    wide.has(1, mib(25));
    wide.has(2, mib(10));
    wide.pushes.object_sealed(object(1));
    wide.notes.objects.clear();
    wide.pushes.pull_requested({1}, object(1));
    wide.pushes.pull_requested({2}, object(1));
    wide.has(1, mib(25));
    wide.pushes.object_sealed(object(1));
    CHECK(wide.notes.take() == "1>1:0 1>2:0 1>1:1 1>2:1 1>1:2 ");
  }

  TEST_CASE("who asks again while chunks are left gets all of them again") {
    Node node(2);
    node.has(1, mib(20));
    node.pushes.pull_requested({1}, object(1));
    node.pushes.chunk_done();
    CHECK(node.notes.take() == "1>1:0 1>1:1 1>1:2 ");
    node.pushes.pull_requested({1}, object(1));
    for (int i = 0; i < 6; ++i) node.pushes.chunk_done();
    CHECK(node.notes.take() == "1>1:3 1>1:0 1>1:1 1>1:2 ");
    CHECK(node.pushes.chunks_in_flight() == 0);
    CHECK(node.notes.opened.at(1) == 0);
    CHECK(node.pushes.statistics().resent == 1);
    node.pushes.pull_requested({1}, object(1));  // all were sent: a new push
    CHECK(node.notes.take() == "1>1:0 1>1:1 ");
  }

  TEST_CASE("a request for an object that is not here is met if it comes within 10 seconds") {
    Node node(409);
    node.pushes.pull_requested({1}, object(1));
    node.pushes.pull_requested({1}, object(1));
    node.notes.time = Time{} + Duration::seconds(4);
    node.pushes.pull_requested({2}, object(1));
    node.pushes.pull_requested({2}, object(2));
    CHECK(node.pushes.statistics().unfulfilled == 4);
    node.notes.time = Time{} + Duration::seconds(11);
    node.has(1, mib(5));
    node.pushes.object_sealed(object(1));
    CHECK(node.notes.take() == "1>2:0 ");
    node.pushes.object_sealed(object(1));
    CHECK(node.notes.take().empty());
    node.notes.time = Time{} + Duration::seconds(15);
    node.pushes.pull_requested({1}, object(3));
    node.has(2, mib(5));
    node.pushes.object_sealed(object(2));
    CHECK(node.notes.take().empty());
  }

  TEST_CASE("a spilled object is sent from its file") {
    Node node(409);
    node.has(1, mib(5), true);
    node.pushes.pull_requested({1}, object(1));
    CHECK(node.pushes.statistics().from_disk == mib(5));
    CHECK(node.pushes.statistics().from_memory == Bytes{});
  }
}
