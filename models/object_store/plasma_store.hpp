// The shared memory of a node, which holds its objects.
//
// Models: create with its queue and back-pressure, seal, abort, references of clients, delete, eviction of what nobody references,
// fallback allocation. A state machine: the caller says what happened, the port takes what follows. Leaves out: fragmentation
// of the memory, the garbage collection that Ray asks Python for when the store is full, and how long writing takes.
// Mirrors src/ray/object_manager/plasma/{store,create_request_queue,object_lifecycle_manager,eviction_policy,plasma_allocator}.cc (2.60).
// Invariants: objects in shared memory never take more than the capacity, what is more lies in fallback files and is counted; an object
// that anyone references is never evicted; creates are answered once, in order; a sealed object does not change.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "models/object_store/object_table.hpp"
#include "models/object_store/plasma_port.hpp"
#include "models/profile.hpp"
#include "sim/station.hpp"

namespace raysim {

// Why the raylet itself keeps an object in the store.
enum class Pin : std::uint8_t {
  primary,   // its primary copy is here (LocalObjectManager)
  pull,      // somebody here waits for more objects that belong together (PullManager)
  argument,  // of a lease that was granted here
  transfer,  // it is being received, restored, or sent
  count
};

struct PlasmaStatistics {
  Bytes allocated;  // memory and fallback files together
  Bytes fallback;   // of these, in files
  Bytes peak;       // most that was allocated at a time
  Bytes in_use;     // referenced by anyone
  Bytes unsealed;
  std::array<Bytes, static_cast<std::size_t>(Pin::count)> pinned{};  // by the raylet; an object may count for several
  Bytes read;                                                        // referenced by workers
  Bytes waiting;                                                     // of creates in the queue
  std::int64_t created = 0;
  Bytes created_bytes;
  std::int64_t evicted = 0;
  Bytes evicted_bytes;
  std::int64_t fell_back = 0;
  Bytes fell_back_bytes;
};

class PlasmaStore {
 public:
  PlasmaStore(Bytes capacity, const SystemConfig& config, PlasmaPort& port);

  // --- create
  // Asks for room. `creator`: a worker, which has a reference then; none: the raylet, which receives or restores the object and has a
  // transfer pin. One answer follows; requests behind one that must wait also wait. Empty objects are allowed.
  void create(CreateId request, ObjectRef object, Bytes size, std::optional<ProcessId> creator);
  // The time given to retry_at() has come.
  void retry();
  // The object is complete: readable from now on. It must have been created; the creator's reference stays.
  void seal(ObjectRef object);
  // Gives up an object that is not sealed. No effect on others.
  void abort(ObjectRef object);

  // --- references
  // False: there is no such sealed object here. Each is counted, and given back by unpin().
  bool pin(ObjectRef object, Pin why);
  void unpin(ObjectRef object, Pin why);
  // The same for a worker.
  bool get(ObjectRef object, ProcessId client);
  void release(ObjectRef object, ProcessId client);
  // The worker is gone: its references, unsealed objects and waiting creates go with it.
  void disconnect(ProcessId client);
  // Frees an object as soon as it is sealed and unreferenced. No effect when it is not here.
  void free(ObjectRef object);

  // --- what others may know
  [[nodiscard]] bool contains(ObjectRef object) const;  // sealed
  [[nodiscard]] Bytes size_of(ObjectRef object) const;  // of one that is here
  // Nobody but the raylet references it, and it is sealed: it may be written to disk.
  [[nodiscard]] bool spillable(ObjectRef object) const;
  [[nodiscard]] Bytes capacity() const { return capacity_; }
  // Room for pulls: all that no client uses, though it may have to be evicted first. Unsealed objects count as free, since pulls count
  // them themselves.
  [[nodiscard]] Bytes available() const;
  [[nodiscard]] const PlasmaStatistics& statistics() const { return statistics_; }
  [[nodiscard]] std::size_t objects() const { return objects_.size(); }
  [[nodiscard]] std::size_t waiting_creates() const { return queue_.size(); }

 private:
  struct Reference {
    std::uint32_t client = 0;  // index in clients_
    std::uint32_t count = 0;
    std::uint32_t position = 0;  // in the client's list
  };
  struct Object {
    Bytes size;
    OrderLinks lru;
    std::array<std::uint16_t, static_cast<std::size_t>(Pin::count)> pins{};
    std::vector<Reference> readers;
    bool sealed = false;
    bool fallback = false;
    bool freed = false;  // as soon as it can be
  };
  struct Request {
    CreateId id;
    ObjectRef object;
    Bytes size;
    std::optional<ProcessId> creator;
  };

  void process_creates();
  void wait();
  void answer(const Request& request, CreateResult result);
  bool make_room(Bytes size);
  Bytes evict(Bytes wanted);
  void allocate(const Request& request, bool fallback);
  void remove(ObjectSlot slot, bool evicted);
  [[nodiscard]] static bool pinned(const Object& object, Pin why) {
    return object.pins[static_cast<std::size_t>(why)] != 0;
  }
  [[nodiscard]] static std::size_t references(const Object& object);
  void add_pin(ObjectSlot slot, Pin why);
  void add_reader(ObjectSlot slot, ProcessId client);
  void drop_reader(ObjectSlot slot, std::size_t i);
  void referenced(ObjectSlot slot, std::size_t before);    // a reference has come
  void unreferenced(ObjectSlot slot, std::size_t before);  // one has gone
  [[nodiscard]] std::uint32_t client_index(ProcessId client);

  Bytes capacity_;
  Duration full_delay_;
  Duration grace_period_;
  PlasmaPort& port_;
  ObjectTable<Object> objects_;
  ObjectOrder<Object, &Object::lru> lru_{objects_};  // nobody references these; the least recently used first
  std::deque<Request> queue_;
  bool retrying_ = false;
  std::optional<Time> full_since_;
  std::unordered_map<std::uint32_t, std::uint32_t> client_index_;  // of processes
  std::vector<std::vector<ObjectSlot>> clients_;                   // objects that each references
  PlasmaStatistics statistics_;
};

}  // namespace raysim
