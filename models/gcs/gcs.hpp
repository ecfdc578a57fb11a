// The global control service, as far as tasks need it.
//
// Models: the resource syncer's star (a report of one raylet goes to all others at once), and the load of task events. Leaves out:
// node and actor tables, placement groups, health checks, persistence.
// Mirrors src/ray/gcs/gcs_server.cc and src/ray/ray_syncer/ (2.60; gcs_resource_broadcast_max_batch_size 1, delay 0).
// Invariants: a report is passed on once to every raylet but its sender, in the order of arrival.
#pragma once

#include "models/runtime.hpp"

namespace raysim {

class Gcs {
 public:
  explicit Gcs(Runtime& runtime);
  [[nodiscard]] Address<Gcs> address() const { return address_; }
  void start_idle_work();

  void on(const ResourceReport& report);
  void on(const TaskEvents&) {}
  void on(const ExportFunction&) {}
  void on(const FetchFunction& fetch) { station_.send(fetch.worker, FunctionCode{}); }
  void on(DrainNode drain) { station_.send(runtime_.raylets[drain.node.index], DrainRaylet{}); }
  void on(TimerTick tick);

 private:
  Runtime& runtime_;
  Station& station_;
  Address<Gcs> address_;
};

}  // namespace raysim
