// What a raylet does with the bundles of placement groups. Mirrors the handlers of src/ray/raylet/node_manager.cc (2.60).
#include "models/raylet/raylet.hpp"

namespace raysim {

void Raylet::on(PrepareBundleResources prepare) {
  const bool ok = !leases_.draining() && bundles_.prepare(prepare.group, *prepare.spec, *prepare.bundles);
  station_.send(runtime_.gcs, BundleResourcesReply{prepare.group, node_, false, ok});
  resources_changed();
}

void Raylet::on(CommitBundleResources commit) {
  bundles_.commit(commit.group, *commit.bundles);
  station_.send(runtime_.gcs, BundleResourcesReply{commit.group, node_, true, true});
  resources_changed();
  schedule_leases();
}

// A bundle is only taken back when its group is removed or could not be placed: all that runs or waits here in the group ends.
void Raylet::on(CancelResourceReserve cancel) {
  const auto in_group = [&](const Lease& lease) {
    return runtime_.classes[lease.scheduling_class].strategy.group == cancel.group;
  };
  leases_.cancel_here_if(in_group, LeaseReply::Status::group_removed);
  for (const Worker& holder : workers_)
    if (holder.alive && holder.leased() && in_group(holder.lease)) runtime_.engine.kill(holder.process);
  bundles_.give_back(cancel.group, cancel.bundle);
  resources_changed();
  schedule_leases();
}

}  // namespace raysim
