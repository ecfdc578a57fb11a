// A thread of a process that runs bodies.
//
// Models: a thread with one body at a time, or an event loop whose bodies take turns at each wait. Leaves out: the GIL.
// Mirrors the execution threads and fibers of src/ray/core_worker/task_execution/ (2.60).
// Invariants: a context keeps its thread for life; messages name their context by its number in the process.
#pragma once

#include "models/messages.hpp"
#include "models/object_store/object_messages.hpp"
#include "models/sharded_store/store_messages.hpp"
#include "sim/station.hpp"

namespace raysim {

struct Runtime;

class BodyThread {
 public:
  BodyThread(Runtime& runtime, CoreWorker& worker, CpuPriority priority);
  [[nodiscard]] Station& station() { return station_; }
  [[nodiscard]] Address<BodyThread> address() const { return address_; }

  void on(ResumeBody resume);
  void on(StartBody start);
  void on(BodyEnded ended);
  void on(CopyObject copy);
  void on(StoreAnswer answer);

 private:
  CoreWorker& worker_;
  Station& station_;
  Address<BodyThread> address_;
};

}  // namespace raysim
