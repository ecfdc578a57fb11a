// The global control service, as far as tasks need it.
//
// Models: the resource syncer's star (a report of one raylet goes to all others at once), the load of task events, and placement
// groups (placement_groups.hpp). Leaves out: node and actor tables, health checks, persistence.
// Mirrors src/ray/gcs/gcs_server.cc and src/ray/ray_syncer/ (2.60; gcs_resource_broadcast_max_batch_size 1, delay 0).
// Invariants: a report is passed on once to every raylet but its sender, in the order of arrival.
#pragma once

#include <memory>
#include <vector>

#include "models/gcs/placement_groups.hpp"
#include "models/runtime.hpp"

namespace raysim {

class Gcs {
 public:
  explicit Gcs(Runtime& runtime);
  [[nodiscard]] Address<Gcs> address() const { return address_; }
  void start_idle_work();

  void on(const ResourceReport& report);
  void on(const DelayedReport& report);
  void on(const TaskEvents&) {}
  void on(const ExportFunction&) {}
  void on(const FetchFunction& fetch) { station_.send(fetch.worker, FunctionCode{}); }
  void on(DrainNode drain) { station_.send(runtime_.raylets[drain.node.index], DrainRaylet{}); }
  void on(TimerTick tick);
  void on(const BundleResourcesReply& reply) { groups().on(reply); }
  void on_unreachable(const PrepareBundleResources& lost) { groups().on_unreachable(lost.node, lost.group, false); }
  void on_unreachable(const CommitBundleResources& lost) { groups().on_unreachable(lost.node, lost.group, true); }
  // What programs ask about placement groups.
  template <class Request>
  void on(const Request& request) {
    groups().on(request);
  }

 private:
  PlacementGroups& groups();

  Runtime& runtime_;
  Station& station_;
  Address<Gcs> address_;
  std::vector<std::shared_ptr<const ResourceSnapshot>> latest_;  // by node: its last report
  std::unique_ptr<PlacementGroups> groups_;                      // made with the first group
};

}  // namespace raysim
