// The global control service.
//
// Models: the resource syncer's star (a report of one raylet goes to all others at once), the load of task events, placement
// groups (placement_groups.hpp) and actors (actors.hpp). Leaves out: the node table, health checks, persistence.
// Mirrors src/ray/gcs/gcs_server.cc and src/ray/ray_syncer/ (2.60; gcs_resource_broadcast_max_batch_size 1, delay 0).
// Invariants: a report is passed on once to every raylet but its sender, in the order of arrival.
#pragma once

#include <memory>
#include <vector>

#include "models/gcs/actors.hpp"
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
  void on(const JobFinished& finished);
  void on(TimerTick tick);
  void on(const BundleResourcesReply& reply) { groups().on(reply); }
  void on_unreachable(const PrepareBundleResources& lost) { groups().on_unreachable(lost.node, lost.group, false); }
  void on_unreachable(const CommitBundleResources& lost) { groups().on_unreachable(lost.node, lost.group, true); }
  void on_unreachable(const PushActorCreation& lost) {
    actors().on(WorkerDeath{lost.node, lost.process, false});  // as the raylet will say as well
  }
  // What programs ask about placement groups and actors, and what follows from it.
  template <class Request>
  void on(const Request& request) {
    if constexpr (requires(Actors & actors) { actors.on(request); })
      actors().on(request);
    else
      groups().on(request);
  }

 private:
  PlacementGroups& groups();
  Actors& actors();

  Runtime& runtime_;
  Station& station_;
  Address<Gcs> address_;
  std::vector<std::shared_ptr<const ResourceSnapshot>> latest_;  // by node: its last report
  std::unique_ptr<PlacementGroups> groups_;                      // made with the first group
  std::unique_ptr<Actors> actors_;                               // made with the first actor
};

}  // namespace raysim
