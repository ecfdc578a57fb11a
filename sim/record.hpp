// What a run leaves behind: an entry for each attempt of a task, each worker, node and group of resources. All that
// analysis reads.
//
// Models: the times of a task's life from submission to reply, wherever they come from: a simulated run or a recording of
// a real one; what happened in the object stores. Leaves out: what the processes thought.
// Invariants: submitted <= resolved <= pushed <= started <= ended <= replied for a finished attempt; entries come in the
// order in which owners learn of the end of attempts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

enum class AttemptOutcome : std::uint8_t { finished, failed, retried };

struct AttemptRecord {
  std::uint64_t task = 0;      // unique in the run
  std::uint32_t function = 0;  // index into RunHeader::functions
  std::uint32_t job = 0;       // of the caller
  std::int32_t attempt = 0;    // from 0
  std::uint32_t node = 0;      // index into RunHeader::nodes
  std::uint32_t worker = 0;    // unique in the run
  Time submitted;
  Time resolved;
  Time pushed;
  Time started;
  Time ended;
  Time replied;
  Duration path;  // longest chain of work that ends with this task
  double cpus = 0;
  double gpus = 0;
  std::vector<std::uint32_t> devices;  // indices into NodeHeader::devices, ascending; of `gpus` each has an even share
  AttemptOutcome outcome = AttemptOutcome::finished;
};

// Resources reserved together on several nodes: their state from a moment on.
struct GroupRecord {
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  std::uint32_t group = 0;  // unique in the run
  std::string name;         // empty: none
  std::string strategy;
  std::string state;
  Time at;
  std::vector<std::uint32_t> nodes;  // of each part: index into RunHeader::nodes, or nowhere
};

// A process that keeps state from call to call: what it is from a moment on.
struct ActorRecord {
  std::uint32_t actor = 0;  // unique in the run
  std::string of_class;
  std::string name;   // empty: none
  std::string state;  // as Ray names it
  Time at;
  std::uint32_t node = ~std::uint32_t{0};  // index into RunHeader::nodes; none: nowhere
  std::int64_t restarts = 0;
};

// What the object store of a node holds from a moment on.
struct StoreRecord {
  std::uint32_t node = 0;  // index into RunHeader::nodes
  Time at;
  Bytes used;      // files outside of its memory included
  Bytes fallback;  // these
};

// Something that happened to an object in the store of a node.
struct ObjectRecord {
  enum class What : std::uint8_t { received, read, spilled, restored, evicted };
  enum class Purpose : std::uint8_t { task_arguments, call_arguments, get, wait, count };

  What what = What::received;
  Purpose purpose = Purpose::get;  // received, read: for whom
  bool was_local = false;          // read: it was there when it was asked for
  std::uint32_t node = 0;          // index into RunHeader::nodes
  std::uint32_t from = 0;          // received: likewise
  Time at;
  Bytes bytes;

  static ObjectRecord read(std::uint32_t node, Time at, Purpose purpose, bool was_local, Bytes bytes) {
    return {What::read, purpose, was_local, node, node, at, bytes};
  }
};

// What a device's memory holds from a moment on.
struct DeviceMemoryRecord {
  std::uint32_t node = 0;    // index into RunHeader::nodes
  std::uint32_t device = 0;  // index into NodeHeader::devices
  Time at;
  Bytes used;
};

// Bytes that came to a device's memory, or from there to their machine's.
struct CopyRecord {
  enum class Cause : std::uint8_t { host_to_device, device_to_host, device_to_device, count };
  Cause cause = Cause::host_to_device;
  std::uint32_t node = 0;    // of the device, the receiving one of two: as above
  std::uint32_t device = 0;  // likewise
  Time started;
  Time ended;
  Bytes bytes;
};

// A command to a distributed store of whoever runs the program, and what it cost.
struct StoreCommandRecord {
  std::string verb;
  std::string object;      // empty: about all, or about a node
  std::uint32_t node = 0;  // where it was given: index into RunHeader::nodes
  Time at;
  Duration time;
  Bytes moved;  // from node to node
  std::size_t connections = 0;
  std::int64_t pieces = 0;
  std::int64_t rebuilt = 0;
  bool failed = false;
};

// A program that runs on the cluster, from its start on.
struct JobRecord {
  std::uint32_t job = 0;  // unique in the run
  std::string name;
  std::string state;  // RUNNING, SUCCEEDED or FAILED
  Time at;
};

struct NodeHeader {
  std::string name;
  double cpus = 0;
  std::vector<std::string> devices = {};  // GPUs: their models, as far as known
  std::vector<Bytes> device_memory = {};  // likewise what they hold; 0: not said
};

struct RunHeader {
  std::vector<NodeHeader> nodes;
  std::vector<std::string> functions;
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // A function that the header does not have; its index is the next one.
  virtual void on_function(const std::string& /*name*/) {}
  virtual void on_submitted(std::uint64_t count, std::uint32_t job) = 0;
  virtual void on_attempt(const AttemptRecord& attempt) = 0;
  // A task failed before any worker had it: with one of its arguments, or because no node can ever take it.
  virtual void on_failed_unstarted(std::uint32_t /*function*/, std::uint32_t /*job*/) {}
  // A task takes a result of another one; both as in AttemptRecord::task.
  virtual void on_argument(std::uint64_t /*task*/, std::uint64_t /*from*/) {}
  virtual void on_worker_started(std::uint32_t node, Time at) = 0;
  // A worker was killed, for its node was low on memory.
  virtual void on_oom_kill(std::uint32_t /*node*/, Time /*at*/) {}
  virtual void on_group(const GroupRecord& /*group*/) {}
  virtual void on_actor(const ActorRecord& /*actor*/) {}
  virtual void on_store(const StoreRecord& /*store*/) {}
  virtual void on_object(const ObjectRecord& /*object*/) {}
  virtual void on_device_memory(const DeviceMemoryRecord& /*memory*/) {}
  virtual void on_copy(const CopyRecord& /*copy*/) {}
  // What a worker is wanted for had to wait on a node until its arguments were there.
  virtual void on_arguments_waited(std::uint32_t /*node*/, Duration /*waited*/) {}
  virtual void on_job(const JobRecord& /*job*/) {}
  virtual void on_store_command(const StoreCommandRecord& /*command*/) {}
};

}  // namespace raysim
