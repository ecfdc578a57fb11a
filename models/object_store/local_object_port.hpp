// What a node's LocalObjectManager asks of the node around it.
//
// Models: the pool of I/O workers, the store, the object directory and the callbacks that Ray's manager is constructed with. The raylet
// implements them with processes, disks and messages; tests with a notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/raylet/local_object_manager.h (2.60).
// Invariants: none of these calls the manager back before it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/ids.hpp"
#include "models/object_store/spilled_url.hpp"

namespace raysim {

// One of the processes that read and write spill files. The first job of each starts it; a delete borrows one.
struct IoWorker {
  enum class Kind : std::uint8_t { spill, restore } kind = Kind::spill;
  std::uint32_t index = 0;
  bool fresh = false;  // it has to be started
};

// Given back when a job is done.
struct IoJob {
  std::uint32_t slot = 0;
};

struct SpillFile {
  std::uint32_t number = 0;
  std::size_t directory = 0;
  Bytes size;
};

class LocalObjectPort {
 public:
  virtual ~LocalObjectPort() = default;

  // PlasmaStore::spillable().
  [[nodiscard]] virtual bool spillable(ObjectRef object) const = 0;
  // Gives the store's primary pin of an object back.
  virtual void unpin(ObjectRef object) = 0;
  // Writes objects, in order, into one new file; spill_done() follows.
  virtual void write(IoWorker worker, IoJob job, const SpillFile& file, std::span<const ObjectRef> objects) = 0;
  // Creates the object in the store and fills it from its file; restore_done() follows.
  virtual void read(IoWorker worker, IoJob job, ObjectRef object, Bytes size, const SpilledUrl& url) = 0;
  // delete_done() follows.
  virtual void delete_files(IoWorker worker, IoJob job, std::span<const SpillFile> files) = 0;
  // Tells the owner.
  virtual void report_spilled(ObjectRef object, const SpilledUrl& url) = 0;
  // PlasmaStore::free() for each.
  virtual void free_copies(std::span<const ObjectRef> objects) = 0;
};

}  // namespace raysim
