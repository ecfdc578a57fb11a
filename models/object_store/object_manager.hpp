// The object store of a node and its traffic: what a raylet does with objects.
//
// Models: the plasma store, primary copies and spills, pulls, pushes and receives of one node, with the messages, timers, copies and
// disk times between them; workers that create, seal and fetch; leases' arguments; reports to owners, and what they have freed.
// Leaves out: thread pools (a peer has one thread for sending and one for receiving, shared with others as Ray shares its threads),
// sockets, error objects in the store.
// Mirrors src/ray/object_manager/{object_manager,ownership_object_directory}.cc and what node_manager.cc does with them (2.60).
// Invariants: every create and fetch of a worker that lives is answered once; an object is reported to its owner once for each time it
// comes and goes; chunks to a node go over one connection.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "models/object_store/file_system_monitor.hpp"
#include "models/object_store/local_object_manager.hpp"
#include "models/object_store/object_buffer_pool.hpp"
#include "models/object_store/object_messages.hpp"
#include "models/object_store/plasma_store.hpp"
#include "models/object_store/pull_manager.hpp"
#include "models/object_store/push_manager.hpp"
#include "models/runtime.hpp"

namespace raysim {

// What a node's store takes: as the cluster says, else as Ray would choose.
Bytes object_store_capacity(const NodeSpec& node);

// Of chunks.
struct TransferStatistics {
  std::int64_t sent_chunks = 0;
  Bytes sent;
  Bytes received;
};

struct Lease;

class ObjectManager final : PlasmaPort, LocalObjectPort, PushPort, ObjectBufferPort {
 public:
  // `station`: the raylet's.
  ObjectManager(Runtime& runtime, NodeId node, Station& station);

  // --- for the lease manager (LeasePort)
  bool pull_arguments(const Lease& lease);
  void stop_pull(LeaseId lease);
  bool arguments_local(const Lease& lease);
  [[nodiscard]] bool pull_blocked(LeaseId lease) const;
  // Of a lease that has its worker, until it ends.
  void pin_arguments(const Lease& lease);
  void unpin_arguments(const Lease& lease);
  void process_died(ProcessId process);

  // --- workers
  void on(CreateObject create);
  void on(SealObject seal);
  void on(FetchObjects fetch);
  void on(CancelFetch cancel);
  // --- other raylets, and the threads for their chunks
  void on(PullObjects pull);
  void on(PushChunk push);
  void on(ChunkAnswered) { pushes_.chunk_done(); }
  void on(SendChunk send);
  void on(ChunkRead read);
  void on(ReceiveChunk receive);
  void on(ChunkCopied copied);
  // --- owners
  void on(const LocationNews& news);
  void on(LocationsSubscribed subscribed) {
    send_subscriptions(subscribed.owner, subscriptions_.answered(subscribed.owner, true));
  }
  void on(LocationsReported reported) { send_report(reported.owner, reports_.answered(reported.owner, true)); }
  void on(FreeObjects freed);
  void on_unreachable(const SubscribeLocations& subscribe);
  void on_unreachable(const PollLocations& poll) { owner_is_gone(poll.owner); }
  void on_unreachable(const ReportLocations& report);
  // --- time
  void on(StoreTick tick);
  void on(IoDone done);

  [[nodiscard]] const PlasmaStore& store() const { return store_; }
  [[nodiscard]] const SpillStatistics& spills() const { return primaries_.statistics(); }
  [[nodiscard]] const TransferStatistics& transfers() const { return transfers_; }

 private:
  // What a PullManager asks for; it shares a name with LocalObjectPort.
  struct Pulls final : PullPort {
    explicit Pulls(ObjectManager& manager) : self(manager) {}
    [[nodiscard]] Time now() const override { return self.now(); }
    void subscribe(ObjectRef object) override { self.subscribe(object, true); }
    void unsubscribe(ObjectRef object) override { self.subscribe(object, false); }
    [[nodiscard]] bool is_local(ObjectRef object) const override { return self.store_.contains(object); }
    bool pin(ObjectRef object) override { return self.store_.pin(object, Pin::pull); }
    void unpin(ObjectRef object) override { self.store_.unpin(object, Pin::pull); }
    void send_pull(NodeId node, std::span<const ObjectRef> objects) override;
    void cancel(ObjectRef object) override { self.buffers_.abort(object); }
    [[nodiscard]] SpilledUrl local_url(ObjectRef object) const override { return self.primaries_.local_url(object); }
    void restore(ObjectRef object, Bytes size, const SpilledUrl& url) override {
      self.primaries_.restore(object, size, url);
    }
    void fetch_timed_out(ObjectRef object) override { self.fail(object, ErrorType::object_fetch_timed_out); }
    ObjectManager& self;
  };

  // Somebody here wants objects: a worker's call or a lease.
  struct Fetch {
    PullId pull;
    std::vector<ObjectRef> objects;
    PullPriority priority = PullPriority::get;
    Time since;
    Address<CoreWorker> client;  // none: a lease
    std::uint64_t wait = 0;      // its number, or the lease's
    std::uint32_t at_least = FetchObjects::all;
    std::vector<ObjectRef> were_here = {};  // of a part: those that have been, whatever has become of them since
    ErrorType error = ErrorType::none;
    [[nodiscard]] bool of_ray_wait() const { return at_least != FetchObjects::all; }
  };
  using FetchKey = std::pair<StationId, std::uint64_t>;  // client (none: a lease), number

  // object_manager.cpp: PlasmaPort and what workers ask for
  [[nodiscard]] Time now() const override { return station_.now(); }
  void created(CreateId request, ObjectRef object, CreateResult result) override;
  void deleted(ObjectRef object, Bytes size, bool evicted) override;
  bool spill() override { return primaries_.spill(); }
  [[nodiscard]] bool disk_full() const override { return disks_.over_capacity(station_.now()); }
  // The first disk has the session's directory too.
  bool take_fallback(Bytes size) override { return disks_.disk(0).take(size); }
  void give_back_fallback(Bytes size) override { disks_.disk(0).give_back(size); }
  void retry_at(Time when) override;
  void answer_creates();
  Bytes newly_touched();
  void settle();  // at the end of whatever may have changed something
  void add_fetch(const FetchKey& key, Fetch fetch);
  void record(ObjectRecord::What what, Bytes bytes);
  void record_received(ObjectRef object, NodeId from);
  void end_fetch(const FetchKey& key);
  void end_pull_for_waits(ObjectRef object);
  void object_is_here(ObjectRef object);
  void check(const FetchKey& key);
  void fail(ObjectRef object, ErrorType error);
  void owner_is_gone(StationId owner);
  void subscribe(ObjectRef object, bool wanted);
  void send_subscriptions(StationId owner, SubscriptionBatch batch);
  void report(ObjectRef object, const LocationUpdate& update);
  void send_report(StationId owner, LocationBatch batch);
  void arm_pull_tick();
  void arm_free_tick();

  // transfers.cpp: PushPort, ObjectBufferPort
  std::optional<PushSource> open(ObjectRef object) override;
  void close(ObjectRef object, bool from_disk) override;
  void send_chunk(NodeId to, ObjectRef object, const PushSource& source, std::uint32_t chunk, Bytes size) override;
  [[nodiscard]] bool wanted(ObjectRef object) const override { return pulls_.is_active(object); }
  void create(ObjectRef object, Bytes size) override;
  void seal(ObjectRef object, NodeId from) override;
  void abort(ObjectRef object) override { store_.abort(object); }
  void answer(NodeId from) override;
  void received(ObjectRef object);
  Station& wire(std::vector<Station*>& wires, NodeId peer);
  void read_chunk(const SendChunk& send);
  [[nodiscard]] Bytes size_of_chunk(const PushChunk& chunk) const;

  // spilling.cpp: LocalObjectPort
  [[nodiscard]] bool spillable(ObjectRef object) const override { return store_.spillable(object); }
  void unpin(ObjectRef object) override { store_.unpin(object, Pin::primary); }
  void write(IoWorker worker, IoJob job, const SpillFile& file, std::span<const ObjectRef> objects) override;
  void read(IoWorker worker, IoJob job, ObjectRef object, Bytes size, const SpilledUrl& url) override;
  void delete_files(IoWorker worker, IoJob job, std::span<const SpillFile> files) override;
  void report_spilled(ObjectRef object, const SpilledUrl& url) override;
  void free_copies(std::span<const ObjectRef> objects) override;
  void start_io(const IoWorker& worker, IoJob job);
  void io_worker_ready(std::uint32_t job);
  void run_io(std::uint32_t job);
  [[nodiscard]] DiskId disk_id(std::size_t directory) const {
    return {station_.place(), static_cast<std::uint32_t>(directory)};
  }

  struct Io {
    IoDone::What what = IoDone::What::write;
    ObjectRef object;
    Bytes size;  // to be read or written; of a write that fails: until the disk is full
    std::size_t objects = 0;
    bool room = true;
    std::size_t directory = 0;
  };

  Runtime& runtime_;
  NodeId node_;
  Station& station_;
  Address<Raylet> self_;
  PlasmaStore store_;
  mutable FileSystemMonitor disks_;
  LocalObjectManager primaries_;
  Pulls pull_port_;
  PullManager pulls_;
  PushManager pushes_;
  ObjectBufferPool buffers_;

  std::map<std::uint64_t, CreateObject> creating_;  // of workers, by CreateId
  std::map<std::uint64_t, IoJob> restoring_;        // of restores, likewise
  std::uint64_t next_create_ = 0;
  std::deque<std::pair<CreateId, std::pair<ObjectRef, CreateResult>>> answers_;  // of creates
  std::map<FetchKey, Fetch> fetches_;
  std::map<ObjectRef, std::vector<FetchKey>> wanting_;
  std::map<ObjectRef, PullId> for_waits_;  // what a ray.wait has asked for comes, whether it still waits or not
  std::map<LeaseId, std::vector<ObjectRef>> pinned_;  // arguments of leases that run
  ObjectBatches<StationId, LocationUpdate> reports_;
  ObjectBatches<StationId, Subscription> subscriptions_;
  std::map<std::uint32_t, Io> io_;  // by job
  std::vector<Station*> senders_;   // threads, made when they are first needed
  std::vector<Station*> receivers_;
  std::map<Station*, std::deque<SendChunk>>
      reading_;  // a sender's chunks that are on disk: the first one is being read
  TransferStatistics transfers_;
  Bytes recorded_;                // what the store held when that was last recorded
  Bytes touched_;                 // memory that has been written at some time
  Bytes to_touch_;                // of it, by chunks to come
  Time pull_tick_ = Time::max();  // the next one
  bool free_tick_ = false;        // one is coming
};

}  // namespace raysim
