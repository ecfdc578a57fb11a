#include "models/object_store/plasma_store.hpp"

#include <algorithm>
#include <cassert>

namespace raysim {

namespace {

// Constants of eviction_policy.cc and object_lifecycle_manager.cc.
constexpr std::int64_t eviction_parts = 5;  // an eviction frees a fifth of the capacity at least
constexpr int allocation_attempts = 11;

Bytes minus(Bytes a, Bytes b) { return {a.count - b.count}; }
void take(Bytes& from, Bytes amount) { from.count -= amount.count; }

}  // namespace

PlasmaStore::PlasmaStore(Bytes capacity, const SystemConfig& config, PlasmaPort& port)
    : capacity_(capacity),
      full_delay_(config.object_store_full_delay),
      grace_period_(config.oom_grace_period),
      port_(port) {}

void PlasmaStore::create(CreateId request, ObjectRef object, Bytes size, std::optional<ProcessId> creator) {
  queue_.push_back({request, object, size, creator});
  statistics_.waiting += size;
  if (!retrying_) process_creates();
}

void PlasmaStore::retry() {
  retrying_ = false;
  process_creates();
}

void PlasmaStore::wait() {
  retrying_ = true;
  port_.retry_at(port_.now() + full_delay_);
}

void PlasmaStore::answer(const Request& request, CreateResult result) {
  const Request answered = request;  // it is in the queue
  queue_.pop_front();
  take(statistics_.waiting, answered.size);
  port_.created(answered.id, answered.object, result);
}

void PlasmaStore::process_creates() {
  while (!queue_.empty()) {
    const Request& request = queue_.front();
    if (objects_.contains(request.object)) {
      full_since_.reset();
      answer(request, CreateResult::exists);
    } else if (make_room(request.size)) {
      full_since_.reset();
      allocate(request, false);
      answer(request, CreateResult::ok);
    } else if (port_.disk_full()) {
      answer(request, CreateResult::out_of_disk);
      return wait();
    } else {
      const Time now = port_.now();
      if (!full_since_) full_since_ = now;
      // A spill in progress makes room some time; only without one does the clock run.
      if (port_.spill()) {
        full_since_.reset();
        return wait();
      }
      if (now - *full_since_ < grace_period_) return wait();
      // The clock goes on: what comes next while the store is full falls back at once.
      const bool room = port_.take_fallback(request.size);
      if (room) allocate(request, true);
      answer(request, room ? CreateResult::fell_back : CreateResult::out_of_disk);
    }
  }
}

bool PlasmaStore::make_room(Bytes size) {
  for (int attempt = 0; attempt < allocation_attempts; ++attempt) {
    if (minus(statistics_.allocated, statistics_.fallback) + size <= capacity_) return true;
    // Ray counts fallback files as used memory here, so it may evict more than it needs, and give up sooner.
    const Bytes lacking = minus(statistics_.allocated + size, capacity_);
    const Bytes gone = evict(std::max(lacking, Bytes{capacity_.count / eviction_parts}));
    if (gone < lacking) break;
  }
  return false;
}

Bytes PlasmaStore::evict(Bytes wanted) {
  Bytes gone;
  while (gone < wanted && lru_.front() != no_slot) {
    const ObjectSlot slot = lru_.front();
    const Bytes size = objects_[slot].size;
    gone += size;
    ++statistics_.evicted;
    statistics_.evicted_bytes += size;
    remove(slot, true);
  }
  return gone;
}

void PlasmaStore::allocate(const Request& request, bool fallback) {
  const ObjectSlot slot = objects_.insert(request.object).first;
  Object& object = objects_[slot];
  object.size = request.size;
  object.fallback = fallback;
  statistics_.allocated += request.size;
  statistics_.peak = std::max(statistics_.peak, statistics_.allocated);
  statistics_.unsealed += request.size;
  ++statistics_.created;
  statistics_.created_bytes += request.size;
  if (fallback) {
    statistics_.fallback += request.size;
    ++statistics_.fell_back;
    statistics_.fell_back_bytes += request.size;
  }
  if (request.creator)
    add_reader(slot, *request.creator);
  else
    add_pin(slot, Pin::transfer);
}

void PlasmaStore::remove(ObjectSlot slot, bool evicted) {
  const ObjectRef id = objects_.id(slot);
  const Bytes size = objects_[slot].size;
  const bool sealed = objects_[slot].sealed;
  lru_.remove(slot);
  take(statistics_.allocated, size);
  if (objects_[slot].fallback) {
    take(statistics_.fallback, size);
    port_.give_back_fallback(size);
  }
  if (!sealed) take(statistics_.unsealed, size);
  objects_.erase(slot);
  if (sealed) port_.deleted(id, size, evicted);
}

void PlasmaStore::seal(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  assert(slot != no_slot && !objects_[slot].sealed);
  objects_[slot].sealed = true;
  take(statistics_.unsealed, objects_[slot].size);
}

void PlasmaStore::abort(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot || objects_[slot].sealed) return;
  Object& object = objects_[slot];
  const std::size_t before = references(object);
  while (!object.readers.empty()) drop_reader(slot, object.readers.size() - 1);
  for (std::size_t i = 0; i < object.pins.size(); ++i)
    if (object.pins[i] != 0) take(statistics_.pinned[i], object.size);
  if (before != 0) take(statistics_.in_use, object.size);
  remove(slot, false);
}

std::size_t PlasmaStore::references(const Object& object) {
  // The raylet is one client of the store, its object manager, which moves objects, another.
  const bool raylet = pinned(object, Pin::primary) || pinned(object, Pin::pull) || pinned(object, Pin::argument);
  return object.readers.size() + (raylet ? 1U : 0U) + (pinned(object, Pin::transfer) ? 1U : 0U);
}

void PlasmaStore::referenced(ObjectSlot slot, std::size_t before) {
  if (before != 0) return;
  lru_.remove(slot);
  statistics_.in_use += objects_[slot].size;
}

void PlasmaStore::unreferenced(ObjectSlot slot, std::size_t before) {
  Object& object = objects_[slot];
  if (before == 0 || references(object) != 0) return;
  take(statistics_.in_use, object.size);
  if (!object.sealed || object.freed)
    remove(slot, false);
  else
    lru_.push_back(slot);
}

void PlasmaStore::add_pin(ObjectSlot slot, Pin why) {
  Object& object = objects_[slot];
  const std::size_t before = references(object);
  const auto kind = static_cast<std::size_t>(why);
  if (object.pins[kind]++ == 0) statistics_.pinned[kind] += object.size;
  referenced(slot, before);
}

bool PlasmaStore::pin(ObjectRef id, Pin why) {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot || !objects_[slot].sealed) return false;
  add_pin(slot, why);
  return true;
}

void PlasmaStore::unpin(ObjectRef id, Pin why) {
  const ObjectSlot slot = objects_.find(id);
  assert(slot != no_slot && pinned(objects_[slot], why));
  Object& object = objects_[slot];
  const std::size_t before = references(object);
  const auto kind = static_cast<std::size_t>(why);
  if (--object.pins[kind] == 0) take(statistics_.pinned[kind], object.size);
  unreferenced(slot, before);
}

std::uint32_t PlasmaStore::client_index(ProcessId client) {
  const auto [it, fresh] = client_index_.try_emplace(client.index, static_cast<std::uint32_t>(clients_.size()));
  if (fresh) clients_.emplace_back();
  return it->second;
}

void PlasmaStore::add_reader(ObjectSlot slot, ProcessId client) {
  Object& object = objects_[slot];
  const std::uint32_t index = client_index(client);
  for (Reference& reader : object.readers)
    if (reader.client == index) {
      ++reader.count;
      return;
    }
  const std::size_t before = references(object);
  auto& list = clients_[index];
  if (object.readers.empty()) statistics_.read += object.size;
  object.readers.push_back({index, 1, static_cast<std::uint32_t>(list.size())});
  list.push_back(slot);
  referenced(slot, before);
}

bool PlasmaStore::get(ObjectRef id, ProcessId client) {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot || !objects_[slot].sealed) return false;
  add_reader(slot, client);
  return true;
}

// Takes a reader out of the object and the object out of the reader's list.
void PlasmaStore::drop_reader(ObjectSlot slot, std::size_t i) {
  Object& object = objects_[slot];
  const Reference gone = object.readers[i];
  auto& list = clients_[gone.client];
  const ObjectSlot moved = list.back();
  list[gone.position] = moved;
  list.pop_back();
  for (Reference& reader : objects_[moved].readers)
    if (reader.client == gone.client) reader.position = gone.position;
  object.readers[i] = object.readers.back();
  object.readers.pop_back();
  if (object.readers.empty()) take(statistics_.read, object.size);
}

void PlasmaStore::release(ObjectRef id, ProcessId client) {
  const ObjectSlot slot = objects_.find(id);
  const std::uint32_t index = client_index(client);
  assert(slot != no_slot);
  auto& readers = objects_[slot].readers;
  const auto it = std::find_if(readers.begin(), readers.end(), [&](const Reference& r) { return r.client == index; });
  assert(it != readers.end());
  if (--it->count != 0) return;
  const std::size_t before = references(objects_[slot]);
  drop_reader(slot, static_cast<std::size_t>(it - readers.begin()));
  unreferenced(slot, before);
}

void PlasmaStore::disconnect(ProcessId client) {
  const std::uint32_t index = client_index(client);
  while (!clients_[index].empty()) {
    const ObjectSlot slot = clients_[index].back();
    const auto& readers = objects_[slot].readers;
    const auto it = std::find_if(readers.begin(), readers.end(), [&](const Reference& r) { return r.client == index; });
    const std::size_t before = references(objects_[slot]);
    drop_reader(slot, static_cast<std::size_t>(it - readers.begin()));
    unreferenced(slot, before);
  }
  std::erase_if(queue_, [&](const Request& request) {
    if (request.creator != client) return false;
    take(statistics_.waiting, request.size);
    return true;
  });
}

void PlasmaStore::free(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot) return;
  if (objects_[slot].sealed && references(objects_[slot]) == 0)
    remove(slot, false);
  else
    objects_[slot].freed = true;
}

bool PlasmaStore::contains(ObjectRef id) const {
  const ObjectSlot slot = objects_.find(id);
  return slot != no_slot && objects_[slot].sealed;
}

Bytes PlasmaStore::size_of(ObjectRef id) const { return objects_[objects_.find(id)].size; }

bool PlasmaStore::spillable(ObjectRef id) const {
  const ObjectSlot slot = objects_.find(id);
  return slot != no_slot && objects_[slot].sealed && references(objects_[slot]) == 1;
}

Bytes PlasmaStore::available() const {
  const Bytes used = minus(statistics_.in_use, statistics_.unsealed);
  return used < capacity_ ? minus(capacity_, used) : Bytes{};
}

}  // namespace raysim
