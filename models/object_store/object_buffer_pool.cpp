#include "models/object_store/object_buffer_pool.hpp"

#include <cassert>
#include <utility>

#include "models/object_store/push_manager.hpp"

namespace raysim {

void ObjectBufferPool::chunk_received(NodeId from, ObjectRef object, Bytes size, std::uint32_t chunk) {
  ++statistics_.chunks;
  if (!port_.wanted(object)) {
    ++statistics_.cancelled;
    return port_.answer(from);
  }
  // An object that was made anew with another size starts over.
  if (const ObjectSlot old = buffers_.find(object); old != no_slot && buffers_[old].open && buffers_[old].size != size)
    abort(object);
  const auto [slot, fresh] = buffers_.insert(object);
  Buffer& buffer = buffers_[slot];
  if (fresh) {
    buffer.size = size;
    buffer.missing = chunks_of(size, chunk_size_);
    buffer.arrived.resize(buffer.missing);
  }
  if (chunk >= buffer.arrived.size() || buffer.arrived[chunk]) {
    ++statistics_.duplicate;
    return port_.answer(from);
  }
  buffer.arrived[chunk] = true;
  buffer.from = from;
  --buffer.missing;
  if (buffer.open) {
    finish_if_complete(slot);
    return port_.answer(from);
  }
  buffer.waiting.push_back(from);
  if (fresh) port_.create(object, size);
}

void ObjectBufferPool::created(ObjectRef object, CreateResult result) {
  const ObjectSlot slot = buffers_.find(object);
  assert(slot != no_slot && !buffers_[slot].open);
  const std::vector<NodeId> waiting = std::exchange(buffers_[slot].waiting, {});
  const bool room = result == CreateResult::ok || result == CreateResult::fell_back;
  if (room && port_.wanted(object)) {
    buffers_[slot].open = true;
    finish_if_complete(slot);
  } else {
    // The pull asks for it again after its timeout, if anybody still wants it.
    (room ? statistics_.cancelled : statistics_.failed) += static_cast<std::int64_t>(waiting.size());
    buffers_.erase(slot);
    if (room) port_.abort(object);
  }
  for (const NodeId from : waiting) port_.answer(from);
}

void ObjectBufferPool::finish_if_complete(ObjectSlot slot) {
  if (buffers_[slot].missing > 0) return;
  const ObjectRef object = buffers_.id(slot);
  const NodeId from = buffers_[slot].from;
  buffers_.erase(slot);
  port_.seal(object, from);
}

void ObjectBufferPool::abort(ObjectRef object) {
  const ObjectSlot slot = buffers_.find(object);
  if (slot == no_slot || !buffers_[slot].open) return;  // created() will see that nobody wants it
  buffers_.erase(slot);
  port_.abort(object);
}

}  // namespace raysim
