// What a node sends to others when they ask for it.
//
// Models: objects cut into chunks, a window of chunks in flight over all receivers, pushes that take turns, requests for objects that are
// not here yet. A state machine: the caller says what happened, the port takes what follows. Leaves out: the wires and the copy
// of a chunk (the port), what a receiver makes of it (object_buffer_pool.hpp).
// Mirrors src/ray/object_manager/push_manager.cc and the push side of object_manager.cc (2.60).
// Invariants: never more chunks in flight than the window; an object is open while it has chunks to send to a node, and closed once
// for each time it was opened.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include "models/cluster.hpp"
#include "models/ids.hpp"
#include "models/profile.hpp"

namespace raysim {

// An object that can be read chunk by chunk.
struct PushSource {
  Bytes size;
  bool from_disk = false;       // from its spill file, without a restore,
  std::uint32_t directory = 0;  // which lies there
};

class PushPort {
 public:
  virtual ~PushPort() = default;
  [[nodiscard]] virtual Time now() const = 0;
  // A copy in the store, which gets a transfer pin, or else on this node's disk; none: neither.
  virtual std::optional<PushSource> open(ObjectRef object) = 0;
  // The last chunk has been sent; the transfer pin goes back.
  virtual void close(ObjectRef object, bool from_disk) = 0;
  // Sends a chunk; chunk_done() follows when the receiver has dealt with it or cannot be reached.
  virtual void send_chunk(NodeId to, ObjectRef object, const PushSource& source, std::uint32_t chunk, Bytes size) = 0;
};

struct PushStatistics {
  std::int64_t chunks = 0;
  Bytes from_memory;
  Bytes from_disk;
  std::int64_t resent = 0;       // pushes that were asked for again before they were through
  std::int64_t unfulfilled = 0;  // requests for objects that were not here
};

// How many chunks an object has; an empty one has one.
std::uint32_t chunks_of(Bytes size, Bytes chunk_size);

class PushManager {
 public:
  PushManager(const SystemConfig& config, PushPort& port);

  // Another node wants an object. If it is not here, the wish stands for object_manager_push_timeout.
  void pull_requested(NodeId from, ObjectRef object);
  void object_sealed(ObjectRef object);
  void chunk_done();
  void node_removed(NodeId node);

  [[nodiscard]] std::int64_t chunks_in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t pushes() const { return pushes_.size(); }
  [[nodiscard]] const PushStatistics& statistics() const { return statistics_; }

 private:
  struct Push {
    NodeId to;
    ObjectRef object;
    PushSource source;
    std::uint32_t chunks = 0;
    std::uint32_t next = 0;
    std::uint32_t left = 0;  // to send
  };
  struct Wish {
    Time until;
    NodeId to;
    ObjectRef object;
  };
  using Pushes = std::list<Push>;

  bool push(NodeId to, ObjectRef object);
  void send();
  void send_chunk(Push& push);

  Bytes chunk_size_;
  std::int64_t window_;
  Duration wish_timeout_;
  PushPort& port_;
  Pushes pushes_;  // with chunks to send, in the order in which they came
  std::map<std::pair<NodeId, ObjectRef>, Pushes::iterator> index_;
  std::int64_t in_flight_ = 0;
  std::map<ObjectRef, std::map<NodeId, Time>> wishes_;  // until when
  std::deque<Wish> wish_ends_;                          // in order of time; some have been met
  PushStatistics statistics_;
};

}  // namespace raysim
