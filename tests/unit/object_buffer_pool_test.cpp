// Objects that are received: when they are complete, and what becomes of chunks that nobody needs.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "models/object_store/object_buffer_pool.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

using Numbers = std::vector<std::uint32_t>;
constexpr NodeId a{1};
constexpr NodeId b{2};
ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
Bytes mib(std::int64_t n) { return Bytes{n << 20}; }

struct Notebook final : ObjectBufferPort {
  [[nodiscard]] bool wanted(ObjectRef id) const override { return pulls.contains(id.index); }
  void create(ObjectRef id, Bytes) override {
    creates.push_back(id.index);
    if (room) pool->created(id, CreateResult::ok);
  }
  void seal(ObjectRef id, NodeId /*from*/) override { sealed.push_back(id.index); }
  void abort(ObjectRef id) override { aborted.push_back(id.index); }
  void answer(NodeId from) override { answers.push_back(from.index); }

  ObjectBufferPool* pool = nullptr;
  std::set<std::uint32_t> pulls{1, 2, 3};
  bool room = true;
  Numbers creates;
  Numbers sealed;
  Numbers aborted;
  Numbers answers;
};

struct Node {
  Node() { notes.pool = &pool; }
  static SystemConfig config() {
    SystemConfig c;
    c.object_manager_default_chunk_size = mib(5);
    return c;
  }
  Notebook notes;
  ObjectBufferPool pool{config(), notes};
};

}  // namespace

TEST_SUITE("object_buffer_pool") {
  TEST_CASE("an object is created with its first chunk and sealed with its last, in whatever order they come") {
    Node node;
    node.pool.chunk_received(a, object(1), mib(12), 2);
    node.pool.chunk_received(a, object(1), mib(12), 0);
    node.pool.chunk_received(b, object(1), mib(12), 0);  // again
    node.pool.chunk_received(b, object(1), mib(12), 7);  // of something else
    CHECK(node.notes.sealed.empty());
    CHECK(node.pool.receiving() == 1);
    node.pool.chunk_received(b, object(1), mib(12), 1);
    CHECK(node.notes.creates == Numbers{1});
    CHECK(node.notes.sealed == Numbers{1});
    CHECK(node.notes.answers == Numbers{1, 1, 2, 2, 2});
    CHECK(node.pool.statistics().duplicate == 2);
    CHECK(node.pool.receiving() == 0);
    node.pool.chunk_received(a, object(2), Bytes{}, 0);
    CHECK(node.notes.sealed == Numbers{1, 2});
  }

  TEST_CASE("chunks that wait for room hold their senders up, and count when there is room") {
    Node node;
    node.notes.room = false;
    node.pool.chunk_received(a, object(1), mib(10), 0);
    node.pool.chunk_received(a, object(1), mib(10), 1);
    CHECK(node.notes.answers.empty());
    CHECK(node.notes.creates == Numbers{1});
    node.pool.created(object(1), CreateResult::fell_back);
    CHECK(node.notes.sealed == Numbers{1});
    CHECK(node.notes.answers == Numbers{1, 1});
  }

  TEST_CASE("without room the chunks are lost, and the next one asks again") {
    Node node;
    node.notes.room = false;
    node.pool.chunk_received(a, object(1), mib(10), 0);
    node.pool.created(object(1), CreateResult::out_of_disk);
    CHECK(node.notes.answers == Numbers{1});
    CHECK(node.pool.statistics().failed == 1);
    CHECK(node.pool.receiving() == 0);
    node.notes.room = true;
    node.pool.chunk_received(a, object(1), mib(10), 0);
    node.pool.chunk_received(a, object(1), mib(10), 1);
    CHECK(node.notes.sealed == Numbers{1});
  }

  TEST_CASE("what nobody wants any more is not received, and half an object is given up") {
    Node node;
    node.pool.chunk_received(a, object(9), mib(10), 0);
    CHECK(node.notes.answers == Numbers{1});
    CHECK(node.pool.statistics().cancelled == 1);
    node.pool.chunk_received(a, object(1), mib(10), 0);
    node.pool.abort(object(1));
    node.pool.abort(object(1));
    CHECK(node.notes.aborted == Numbers{1});
    // It starts over when it is wanted again.
    node.pool.chunk_received(a, object(1), mib(10), 1);
    CHECK(node.notes.sealed.empty());
    // One that waits for room is given up when there is.
    node.notes.room = false;
    node.pool.chunk_received(a, object(2), mib(10), 0);
    node.notes.pulls.erase(2);
    node.pool.abort(object(2));
    CHECK(node.notes.aborted == Numbers{1});
    node.pool.created(object(2), CreateResult::ok);
    CHECK(node.notes.aborted == Numbers{1, 2});
    CHECK(node.notes.answers.size() == 4);
  }

  TEST_CASE("an object that comes with another size than before starts over") {
    Node node;
    node.pool.chunk_received(a, object(1), mib(10), 0);
    node.pool.chunk_received(b, object(1), mib(15), 0);
    CHECK(node.notes.aborted == Numbers{1});
    node.pool.chunk_received(b, object(1), mib(15), 1);
    CHECK(node.notes.sealed.empty());
    node.pool.chunk_received(b, object(1), mib(15), 2);
    CHECK(node.notes.sealed == Numbers{1});
    CHECK(node.notes.creates == Numbers{1, 1});
  }
}
