// Objects that are being received, chunk by chunk.
//
// Models: room that the first chunk of an object asks for, chunks that wait for it, the last one that completes the object; chunks that
// come twice or for nothing. A state machine: the caller says what happened, the port takes what follows. Leaves out: the copy of a
// chunk into the store, and that each chunk that waits for room keeps one of Ray's few receiving threads busy.
// Mirrors src/ray/object_manager/object_buffer_pool.cc and the receiving side of object_manager.cc (2.60).
// Invariants: every chunk is answered once; an object is sealed when all its chunks have come, and only if it is still wanted.
#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster.hpp"
#include "models/object_store/object_table.hpp"
#include "models/object_store/plasma_port.hpp"
#include "models/profile.hpp"

namespace raysim {

// Only create() may lead to created() before it returns; no other calls the pool back.
class ObjectBufferPort {
 public:
  virtual ~ObjectBufferPort() = default;
  // PullManager::is_active().
  [[nodiscard]] virtual bool wanted(ObjectRef object) const = 0;
  // PlasmaStore::create() without a creator; created() follows.
  virtual void create(ObjectRef object, Bytes size) = 0;
  // PlasmaStore::seal(); whoever waits for the object pins it; then the transfer pin goes back. `from`: who sent its last chunk.
  virtual void seal(ObjectRef object, NodeId from) = 0;
  // PlasmaStore::abort().
  virtual void abort(ObjectRef object) = 0;
  // The chunk has been dealt with: PushManager::chunk_done() at its sender.
  virtual void answer(NodeId from) = 0;
};

struct ReceiveStatistics {
  std::int64_t chunks = 0;     // all
  std::int64_t duplicate = 0;  // had come before
  std::int64_t cancelled = 0;  // nobody wants the object any more
  std::int64_t failed = 0;     // no room, or a copy is here
};

class ObjectBufferPool {
 public:
  ObjectBufferPool(const SystemConfig& config, ObjectBufferPort& port)
      : chunk_size_(config.object_manager_default_chunk_size), port_(port) {}

  // A chunk of an object of that size has arrived.
  void chunk_received(NodeId from, ObjectRef object, Bytes size, std::uint32_t chunk);
  void created(ObjectRef object, CreateResult result);
  // What has come of an object is not wanted any more.
  void abort(ObjectRef object);

  [[nodiscard]] std::size_t receiving() const { return buffers_.size(); }
  [[nodiscard]] const ReceiveStatistics& statistics() const { return statistics_; }

 private:
  struct Buffer {
    Bytes size;
    NodeId from;  // of the last chunk
    std::uint32_t missing = 0;
    bool open = false;            // there is room for it
    std::vector<bool> arrived;    // by chunk
    std::vector<NodeId> waiting;  // senders of chunks that wait for room
  };

  void finish_if_complete(ObjectSlot slot);

  Bytes chunk_size_;
  ObjectBufferPort& port_;
  ObjectTable<Buffer> buffers_;
  ReceiveStatistics statistics_;
};

}  // namespace raysim
