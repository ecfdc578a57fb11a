// Bytes between nodes: chunks that are sent and received, and the threads that copy them. Mirrors the push and receive sides of
// object_manager.cc (2.60).
#include <algorithm>
#include <utility>

#include "models/object_store/object_manager.hpp"
#include "models/raylet/raylet.hpp"

namespace raysim {

namespace {
void charge_copy(Station& thread, Bytes size, Bytes a_second) {
  thread.charge(Bandwidth{static_cast<double>(a_second.count)}.time_for(size));
}
}  // namespace

// Ray has as many threads for either direction as this, at least two and at most eight.
Station& ObjectManager::wire(std::vector<Station*>& wires, NodeId peer) {
  if (wires.empty()) {
    const int cores = runtime_.engine.machine(station_.place()).cores();
    wires.resize(static_cast<std::size_t>(std::clamp(cores / 4, 2, 8)));
  }
  Station*& thread = wires[peer.index % wires.size()];
  if (thread == nullptr) {
    thread = &runtime_.engine.add_station(station_.process(), CpuPriority::normal);
    thread->bind(*static_cast<Raylet*>(station_.owner()));
  }
  return *thread;
}

Bytes ObjectManager::size_of_chunk(const PushChunk& chunk) const {
  const Bytes most = runtime_.profile.system.object_manager_default_chunk_size;
  return {std::min(most.count, chunk.size.count - std::int64_t{chunk.chunk} * most.count)};
}

// --- the sender

void ObjectManager::Pulls::send_pull(NodeId node, std::span<const ObjectRef> objects) {
  self.station_.send(
      self.runtime_.raylets[node.index],
      PullObjects{self.node_, std::make_shared<const std::vector<ObjectRef>>(objects.begin(), objects.end())});
}

void ObjectManager::on(PullObjects pull) {
  for (const ObjectRef object : *pull.objects) pushes_.pull_requested(pull.from, object);
  settle();
}

std::optional<PushSource> ObjectManager::open(ObjectRef object) {
  if (store_.pin(object, Pin::transfer)) return PushSource{store_.size_of(object), false};
  const SpilledUrl url = primaries_.local_url(object);
  if (url.valid()) return PushSource{primaries_.size_of(object), true, url.directory};
  return std::nullopt;
}

void ObjectManager::close(ObjectRef object, bool from_disk) {
  if (!from_disk) store_.unpin(object, Pin::transfer);
}

void ObjectManager::send_chunk(NodeId to, ObjectRef object, const PushSource& source, std::uint32_t chunk, Bytes size) {
  ++transfers_.sent_chunks;
  transfers_.sent += size;
  const std::int32_t directory = source.from_disk ? static_cast<std::int32_t>(source.directory) : -1;
  station_.hand_over(Address<Raylet>{wire(senders_, to).id()},
                     SendChunk{{object, source.size, node_, chunk}, to, directory});
}

// A thread reads one chunk at a time.
void ObjectManager::read_chunk(const SendChunk& send) {
  wire(senders_, send.to)
      .use_disk<Raylet>(disk_id(static_cast<std::size_t>(send.directory)), DiskUse::read, size_of_chunk(send.chunk),
                        ChunkRead{send});
}

void ObjectManager::on(ChunkRead read) {
  std::deque<SendChunk>& line = reading_.at(&wire(senders_, read.send.to));
  line.pop_front();
  if (!line.empty()) read_chunk(line.front());
  read.send.directory = -1;
  on(read.send);
}

void ObjectManager::on(SendChunk send) {
  Station& thread = wire(senders_, send.to);
  if (send.directory >= 0) {
    std::deque<SendChunk>& line = reading_[&thread];
    line.push_back(send);
    if (line.size() == 1) read_chunk(send);
    return;
  }
  const Bytes size = size_of_chunk(send.chunk);
  charge_copy(thread, size, runtime_.profile.costs.chunk_bandwidth);
  thread.send(runtime_.raylets[send.to.index], send.chunk, size);
}

// --- the receiver

void ObjectManager::on(PushChunk push) {
  transfers_.received += size_of_chunk(push);
  station_.hand_over(Address<Raylet>{wire(receivers_, push.from).id()}, ReceiveChunk{push});
}

void ObjectManager::on(ReceiveChunk receive) {
  Station& thread = wire(receivers_, receive.chunk.from);
  const Bytes size = size_of_chunk(receive.chunk);
  const Bytes fresh = std::min(size, to_touch_);
  to_touch_.count -= fresh.count;
  charge_copy(thread, size, runtime_.profile.costs.chunk_bandwidth);
  charge_copy(thread, fresh, runtime_.profile.costs.chunk_new_pages);
  thread.hand_over(self_, ChunkCopied{receive.chunk});
}

void ObjectManager::on(ChunkCopied copied) {
  const PushChunk& chunk = copied.chunk;
  buffers_.chunk_received(chunk.from, chunk.object, chunk.size, chunk.chunk);
  settle();
}

void ObjectManager::create(ObjectRef object, Bytes size) {
  store_.create(CreateId{next_create_++}, object, size, std::nullopt);
}

void ObjectManager::seal(ObjectRef object, NodeId from) {
  record_received(object, from);
  received(object);
}

// From another node or from the disk.
void ObjectManager::received(ObjectRef object) {
  store_.seal(object);
  report(object, {LocationUpdate::Copy::added, {}});
  object_is_here(object);
  pushes_.object_sealed(object);
  store_.unpin(object, Pin::transfer);
}

void ObjectManager::answer(NodeId from) { station_.send(runtime_.raylets[from.index], ChunkAnswered{}); }

}  // namespace raysim
