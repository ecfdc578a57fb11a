// What processes say to each other about objects in stores.
//
// Models: a worker and the store of its node (create, seal, fetch), raylets among each other (pull, chunks), raylets and owners
// (locations, frees), one struct an RPC. Leaves out: as models/messages.hpp; the messages of borrowers (models/object_life.hpp).
// Mirrors src/ray/object_manager/plasma/protocol.cc and src/ray/protobuf/{object_manager,node_manager,pubsub}.proto (2.60).
// Invariants: as models/messages.hpp.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "models/messages.hpp"
#include "models/object_store/object_batches.hpp"
#include "models/object_store/object_locations.hpp"
#include "models/object_store/plasma_port.hpp"
#include "models/object_store/pull_manager.hpp"
#include "models/object_store/reference_port.hpp"

namespace raysim {

using ObjectList = std::shared_ptr<const std::vector<ObjectRef>>;

// --- a worker and the store of its node

// For whom an object is made: a body that puts it, or a task that returns it. Comes back with the answer.
struct Creation {
  std::uint32_t context : 31 = 0;    // the body's number, or the execution's slot
  std::uint32_t for_return : 1 = 0;  // the latter
};
struct CreateObject {
  static constexpr auto kind = MessageKind::create_object;
  using Sender = CoreWorker;
  ObjectRef object;
  Bytes size;
  Address<CoreWorker> client;
  Creation what;
};
struct ObjectCreated {
  static constexpr auto kind = MessageKind::object_created;
  ObjectRef object;
  Bytes size;
  Bytes fresh;  // of these in memory that nobody has written before
  Creation what;
  CreateResult result = CreateResult::ok;
};
// The value is there, and this copy is the primary one.
struct SealObject {
  static constexpr auto kind = MessageKind::seal_object;
  ObjectRef object;
  ProcessId client;
  Bytes size;
};
// Wants objects in the store of its node; ObjectsLocal follows when so many of them are there. Of a part (ray.wait) all others keep coming
// for as long as they are not there.
struct FetchObjects {
  static constexpr auto kind = MessageKind::fetch_objects;
  static constexpr std::uint32_t all = ~std::uint32_t{0};
  using Sender = CoreWorker;
  Address<CoreWorker> client;
  PullPriority priority = PullPriority::get;
  std::uint32_t at_least = all;
  std::uint64_t wait = 0;
  ObjectList objects;
};
struct CancelFetch {
  static constexpr auto kind = MessageKind::cancel_fetch;
  Address<CoreWorker> client;
  std::uint64_t wait = 0;
};
struct ObjectsLocal {
  static constexpr auto kind = MessageKind::objects_local;
  std::uint64_t wait = 0;
  ErrorType error = ErrorType::none;
  ObjectList were_here = nullptr;  // of a part: since it was asked for
};
// From the io loop to a thread that copies a value into the store.
struct CopyObject {
  static constexpr auto kind = MessageKind::none;
  ObjectRef object;
  Bytes size;
  Bytes fresh;
  Creation what;
  CreateResult result = CreateResult::ok;
};

// --- raylets among each other, and the threads of one that copy chunks

struct PullObjects {
  static constexpr auto kind = MessageKind::pull_objects;
  NodeId from;
  ObjectList objects;
};
struct PushChunk {
  static constexpr auto kind = MessageKind::push_chunk;
  static constexpr bool in_line = true;  // on the one connection that two raylets have for objects
  ObjectRef object;
  Bytes size;  // of the object
  NodeId from;
  std::uint32_t chunk = 0;
};
struct ChunkAnswered {
  static constexpr auto kind = MessageKind::chunk_answered;
};
// At a thread that sends; a chunk of a spilled object is read first.
struct SendChunk {
  static constexpr auto kind = MessageKind::none;
  PushChunk chunk;
  NodeId to;
  std::int32_t directory = -1;  // of the file that it is in; -1: it is in memory
};
struct ChunkRead {
  static constexpr auto kind = MessageKind::none;
  SendChunk send;
};
struct ReceiveChunk {
  static constexpr auto kind = MessageKind::none;
  PushChunk chunk;
};
struct ChunkCopied {
  static constexpr auto kind = MessageKind::none;
  PushChunk chunk;
};

// --- raylets and owners

using SubscriptionBatch = ObjectBatches<StationId, Subscription>::Batch;
struct SubscribeLocations {
  static constexpr auto kind = MessageKind::subscribe_locations;
  using Sender = Raylet;
  NodeId node;
  StationId owner;
  std::unique_ptr<SubscriptionBatch> objects;
};
struct LocationsSubscribed {
  static constexpr auto kind = MessageKind::locations_subscribed;
  StationId owner;
};
// What comes back of a raylet's poll. The first one goes along with its first subscription.
using NewsBatch = ObjectBatches<NodeId, PublishedLocations>::Batch;
struct LocationNews {
  static constexpr auto kind = MessageKind::location_news;
  StationId owner;
  std::unique_ptr<NewsBatch> objects;
};
// The next poll.
struct PollLocations {
  static constexpr auto kind = MessageKind::poll_locations;
  using Sender = Raylet;
  NodeId node;
  StationId owner;
};
using LocationBatch = ObjectBatches<StationId, LocationUpdate>::Batch;
struct ReportLocations {
  static constexpr auto kind = MessageKind::report_locations;
  using Sender = Raylet;
  NodeId node;
  StationId owner;
  std::unique_ptr<LocationBatch> updates;
};
struct LocationsReported {
  static constexpr auto kind = MessageKind::locations_reported;
  StationId owner;
};
using FreeBatch = ObjectBatches<NodeId, FreeObject>::Batch;
struct FreeObjects {
  static constexpr auto kind = MessageKind::free_objects;
  Address<CoreWorker> owner;
  std::unique_ptr<FreeBatch> objects;
};
struct ObjectsFreed {
  static constexpr auto kind = MessageKind::objects_freed;
  NodeId node;
};

// --- owners and borrowers

// A borrower asks an owner for an object; the answer comes when the object is there.
struct GetObjectStatus {
  static constexpr auto kind = MessageKind::get_object_status;
  using Sender = CoreWorker;
  ObjectRef object;
  Address<CoreWorker> borrower;
};
struct ObjectStatus {
  static constexpr auto kind = MessageKind::object_status;
  ObjectRef object;
  std::uint32_t kib = 0;
  ErrorType error = ErrorType::none;
  bool in_store = false;
  NodeId node = no_node;  // in the store: of its primary copy
  Duration path;
  std::unique_ptr<TaskOutput> value;  // its only return; none: a size only
};

// --- inside a process

// At a raylet: the arguments of a lease are here.
struct ArgumentsReady {
  static constexpr auto kind = MessageKind::none;
  LeaseId lease;
};
// At a raylet: something of its object store is due.
struct StoreTick {
  static constexpr auto kind = MessageKind::none;
  enum class What : std::uint8_t { create, pull, free } what = What::create;
};
// At a raylet: a process of the node uses more memory than before.
struct MemoryTaken {
  static constexpr auto kind = MessageKind::none;
};
// At a raylet: a job of an I/O worker is done.
struct IoDone {
  static constexpr auto kind = MessageKind::none;
  enum class What : std::uint8_t { start, write, read, remove } what = What::write;
  std::uint32_t job = 0;
};
// At an owner: nobody has a reference any more.
struct ObjectOutOfScope {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t index = 0;
};
// At an owner or borrower: its counter has something to say to others.
struct ReferencesChanged {
  static constexpr auto kind = MessageKind::none;
};

// --- between owners and borrowers

// The owner wants to hear when the borrower no longer uses an object. `contained_in`: the borrower's own object in which it has it.
struct WaitForRefRemoved {
  static constexpr auto kind = MessageKind::wait_for_ref_removed;
  ObjectRef object;
  std::optional<ObjectRef> contained_in;
};
// It does not any more; others may, to whom it has passed it on.
struct RefRemoved {
  static constexpr auto kind = MessageKind::ref_removed;
  ObjectRef object;
  StationId borrower;
  std::unique_ptr<const BorrowedRefs> borrowed;
};

}  // namespace raysim
