// What a process has to say to others about many objects, in batches.
//
// Models: one message under way to each receiver; what comes meanwhile waits, a later word on an object replaces the earlier one; so many
// objects a message at most. Raylets report locations to owners so (max_object_report_batch_size) and subscribe to them
// (max_command_batch_size); owners answer their polls with news (publish_batch_size) and have them free copies
// (max_free_local_objects_batch_size). Leaves out: the messages; news that Ray's publisher keeps one by one.
// Mirrors the location buffers of src/ray/object_manager/ownership_object_directory.cc and src/ray/pubsub/ (2.60).
// Invariants: words on different objects leave in the order in which these were first named.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "models/object_store/object_locations.hpp"
#include "models/object_store/object_table.hpp"
#include "models/object_store/spilled_url.hpp"

namespace raysim {

// What a raylet tells an owner.
struct LocationUpdate {
  enum class Copy : std::uint8_t { unchanged, added, removed } copy = Copy::unchanged;
  SpilledUrl spilled;

  void merge(const LocationUpdate& later) {
    if (later.copy != Copy::unchanged) copy = later.copy;
    if (later.spilled.valid()) spilled = later.spilled;
  }
};

// What a raylet asks an owner: to hear of an object from now on, or no more.
struct Subscription {
  bool wanted = true;

  void merge(const Subscription& later) { wanted = later.wanted; }
};

// What an owner tells a raylet that has subscribed. None: it knows nothing of the object.
struct PublishedLocations {
  SharedLocations locations;

  void merge(const PublishedLocations& later) { locations = later.locations; }
};

// What an owner has a raylet do: nothing but which object.
struct FreeObject {
  void merge(const FreeObject& /*later*/) {}
};

template <class Receiver, class Update>
class ObjectBatches {
 public:
  using Batch = std::vector<std::pair<ObjectRef, Update>>;

  explicit ObjectBatches(std::int64_t most) : most_(static_cast<std::size_t>(std::max<std::int64_t>(most, 1))) {}

  // Returns what is to be sent now; empty: nothing. answered() must follow what is not.
  Batch add(Receiver to, ObjectRef object, const Update& update) {
    Buffer& buffer = buffers_[to];
    const auto [slot, fresh] = buffer.updates.insert(object);
    buffer.updates[slot].update.merge(update);
    if (fresh) buffer.order.push_back(slot);
    return buffer.sent ? Batch{} : take(to);
  }

  // The receiver has answered, or is gone (then what waits for it is dropped). Returns the next batch.
  Batch answered(Receiver from, bool alive) {
    const auto it = buffers_.find(from);
    if (it == buffers_.end()) return {};
    it->second.sent = false;
    if (alive && !it->second.updates.empty()) return take(from);
    buffers_.erase(it);
    return {};
  }

 private:
  struct Entry {
    Update update;
    OrderLinks links;
  };
  struct Buffer {
    ObjectTable<Entry> updates;
    ObjectOrder<Entry, &Entry::links> order{updates};
    bool sent = false;  // a batch is under way
  };

  Batch take(Receiver to) {
    Buffer& buffer = buffers_[to];
    Batch batch;
    while (batch.size() < most_ && buffer.order.front() != no_slot) {
      const ObjectSlot slot = buffer.order.front();
      batch.emplace_back(buffer.updates.id(slot), buffer.updates[slot].update);
      buffer.order.remove(slot);
      buffer.updates.erase(slot);
    }
    buffer.sent = true;
    return batch;
  }

  std::size_t most_;
  std::map<Receiver, Buffer> buffers_;
};

}  // namespace raysim
