#include "models/object_store/push_manager.hpp"

#include <algorithm>

namespace raysim {

std::uint32_t chunks_of(Bytes size, Bytes chunk_size) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>((size.count + chunk_size.count - 1) / chunk_size.count, 1));
}

PushManager::PushManager(const SystemConfig& config, PushPort& port)
    : chunk_size_(config.object_manager_default_chunk_size),
      window_(std::max<std::int64_t>(config.object_manager_max_bytes_in_flight.count / chunk_size_.count, 1)),
      wish_timeout_(config.object_manager_push_timeout),
      port_(port) {}

void PushManager::pull_requested(NodeId from, ObjectRef object) {
  if (push(from, object)) return send();
  const Time now = port_.now();
  for (; !wish_ends_.empty() && wish_ends_.front().until <= now; wish_ends_.pop_front()) {
    const Wish& end = wish_ends_.front();
    const auto it = wishes_.find(end.object);
    if (it == wishes_.end()) continue;
    const auto wish = it->second.find(end.to);
    if (wish != it->second.end() && wish->second == end.until) it->second.erase(wish);
    if (it->second.empty()) wishes_.erase(it);
  }
  ++statistics_.unfulfilled;
  // A second wish of the same node does not make the first one last longer.
  const Time until = now + wish_timeout_;
  if (wishes_[object].try_emplace(from, until).second) wish_ends_.push_back({until, from, object});
}

void PushManager::object_sealed(ObjectRef object) {
  const auto it = wishes_.find(object);
  if (it == wishes_.end()) return;
  const Time now = port_.now();
  const std::map<NodeId, Time> wanted = std::move(it->second);
  wishes_.erase(it);
  for (const auto& [node, until] : wanted)
    if (now < until) push(node, object);
  send();
}

bool PushManager::push(NodeId to, ObjectRef object) {
  if (const auto it = index_.find({to, object}); it != index_.end()) {
    // The receiver may have lost what it had, so it gets all of it again.
    it->second->left = it->second->chunks;
    ++statistics_.resent;
    return true;
  }
  const std::optional<PushSource> source = port_.open(object);
  if (!source) return false;
  const std::uint32_t chunks = chunks_of(source->size, chunk_size_);
  index_[{to, object}] = pushes_.insert(pushes_.end(), {to, object, *source, chunks, 0, chunks});
  return true;
}

void PushManager::send() {
  // Each push in turn, from the oldest on: with a full window the oldest gets whatever becomes free.
  bool more = true;
  while (more && in_flight_ < window_) {
    more = false;
    for (auto it = pushes_.begin(); it != pushes_.end() && in_flight_ < window_;) {
      send_chunk(*it);
      if (it->left > 0) {
        more = true;
        ++it;
        continue;
      }
      port_.close(it->object, it->source.from_disk);
      index_.erase({it->to, it->object});
      it = pushes_.erase(it);
    }
  }
}

void PushManager::send_chunk(Push& push) {
  const std::uint32_t chunk = push.next;
  push.next = (chunk + 1) % push.chunks;
  --push.left;
  ++in_flight_;
  const std::int64_t offset = chunk * chunk_size_.count;
  const Bytes size{std::min(chunk_size_.count, push.source.size.count - offset)};
  ++statistics_.chunks;
  (push.source.from_disk ? statistics_.from_disk : statistics_.from_memory) += size;
  port_.send_chunk(push.to, push.object, push.source, chunk, size);
}

void PushManager::chunk_done() {
  --in_flight_;
  send();
}

void PushManager::node_removed(NodeId node) {
  auto it = index_.lower_bound({node, ObjectRef{StationId{0}, 0}});
  while (it != index_.end() && it->first.first == node) {
    port_.close(it->second->object, it->second->source.from_disk);
    pushes_.erase(it->second);
    it = index_.erase(it);
  }
}

}  // namespace raysim
