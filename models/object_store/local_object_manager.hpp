// The primary copies of a node: kept in its store until their owners free them, or spilled to disk.
//
// Models: pins of primary copies, what is spilled when and into which file, the I/O workers, restores, copies and files that are freed in
// batches. A state machine: the caller says what happened, the port takes what follows. Leaves out: bytes on disks and their
// time (the port), and the order in which Ray's hash tables list objects; here the oldest goes first.
// Mirrors src/ray/raylet/local_object_manager.cc, the I/O workers of worker_pool.cc, and file names of external_storage.py (2.60).
// Invariants: a primary copy is pinned, being spilled, or spilled, until it is freed; a file is deleted when all that it holds is freed;
// an object is being restored once at a time.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "models/object_store/local_object_port.hpp"
#include "models/object_store/object_table.hpp"
#include "models/profile.hpp"
#include "sim/random.hpp"

namespace raysim {

// What spills of a node are written to.
struct SpillStorage {
  std::size_t directories = 1;  // each worker takes them in turn; zero: nothing is ever spilled
  bool shared = false;          // every node reads it
};

struct SpillStatistics {
  std::int64_t spilled = 0;  // objects, ever
  Bytes spilled_bytes;
  Bytes spilled_now;
  std::int64_t restored = 0;
  Bytes restored_bytes;
  std::int64_t failed_spills = 0;   // objects that went back to pinned
  std::int64_t failed_deletes = 0;  // requests
  std::int64_t files = 0;           // that are there, or being written
  std::int64_t pending_spills = 0;  // objects
  std::int64_t pending_restores = 0;
};

class LocalObjectManager {
 public:
  // `random`: where each worker begins with the directories.
  LocalObjectManager(NodeId node, Bytes capacity, const SystemConfig& config, SpillStorage storage, RandomStream random,
                     LocalObjectPort& port);

  // The object is a primary copy here, and pinned in the store for that. False: it was one already; the new pin is one too many.
  bool pin(ObjectRef object, Bytes size);
  // Its owner has freed it, or is dead. For secondary copies too.
  void release(ObjectRef object);

  // Its objects by their owners.
  [[nodiscard]] std::vector<ObjectRef> owned_by(const std::function<bool(StationId)>& is_owner) const;

  // Spills whatever can be, up to what the workers can take. True while any spill is in progress.
  bool spill();
  // The same if primary copies take more of the store than they should: after each seal.
  void spill_if_over_threshold();
  // Every free_objects_period: frees what has been released, and looks at the threshold.
  void tick();

  // Reads the object back into the store, unless that is under way.
  void restore(ObjectRef object, Bytes size, const SpilledUrl& url);

  // --- jobs that have ended
  // The first `written` objects are in the file; the others could not be written.
  void spill_done(IoJob job, std::size_t written);
  void restore_done(IoJob job, bool success);
  void delete_done(IoJob job, bool success);

  // Where this node has the object on its own disk; not valid: nowhere.
  [[nodiscard]] SpilledUrl local_url(ObjectRef object) const;
  [[nodiscard]] Bytes size_of(ObjectRef object) const {
    return objects_[objects_.find(object)].size;
  }  // if it has a url
  [[nodiscard]] bool is_primary(ObjectRef object) const { return objects_.contains(object); }
  // Primary copies in memory.
  [[nodiscard]] Bytes primary_bytes() const { return pinned_bytes_ + spilling_bytes_; }
  [[nodiscard]] bool has_spilled() const { return !storage_.shared && statistics_.spilled_now > Bytes{}; }
  [[nodiscard]] const SpillStatistics& statistics() const { return statistics_; }

 private:
  enum class State : std::uint8_t { pinned, spilling, spilled };
  struct Object {
    Bytes size;
    SpilledUrl url;
    OrderLinks links;
    State state = State::pinned;
    bool freed = false;
  };
  struct File {
    SpillFile file;
    std::size_t objects = 0;  // that are not freed
  };
  struct Job {
    enum class Kind : std::uint8_t { spill, restore, remove } kind = Kind::spill;
    IoWorker worker;
    std::vector<ObjectRef> objects;  // spill, restore
    SpillFile file;                  // spill
    Bytes size;                      // restore
    SpilledUrl url;                  // restore
    std::vector<SpillFile> files;    // remove
    int retries = 0;                 // remove
  };
  struct Pool {
    std::vector<std::uint32_t> idle;
    std::uint32_t started = 0;
    std::deque<std::uint32_t> waiting;  // jobs
  };

  bool spill_batch();
  void flush_freed();
  void delete_freed_files();
  std::uint32_t new_job(Job job);
  void request_worker(std::uint32_t job, IoWorker::Kind kind);
  void start(std::uint32_t job);
  void start_spill(std::uint32_t job);
  Job finish(IoJob job);  // gives its worker to the next job
  void spilled(ObjectRef object, const SpillFile& file, Bytes& offset);
  [[nodiscard]] Pool& pool(IoWorker::Kind kind) { return pools_[static_cast<std::size_t>(kind)]; }

  NodeId node_;
  double threshold_bytes_;
  Bytes min_spilling_size_;
  std::int64_t max_fused_;
  std::int64_t max_file_size_;
  std::uint32_t max_workers_;
  std::size_t free_batch_;
  SpillStorage storage_;
  RandomStream random_;
  LocalObjectPort& port_;

  ObjectTable<Object> objects_;
  ObjectOrder<Object, &Object::links> pinned_{objects_};
  Bytes pinned_bytes_;
  Bytes spilling_bytes_;
  std::unordered_map<std::uint32_t, File> files_;
  std::uint32_t next_file_ = 0;
  std::array<Pool, 2> pools_;
  std::vector<std::size_t> next_directory_;  // of each spill worker
  std::vector<Job> jobs_;
  std::vector<std::uint32_t> free_jobs_;
  std::uint32_t active_spills_ = 0;  // running or waiting for a worker
  ObjectTable<char> restoring_;
  std::vector<ObjectRef> to_free_;
  std::deque<ObjectRef> to_delete_;  // freed while spilling or spilled
  SpillStatistics statistics_;
};

}  // namespace raysim
