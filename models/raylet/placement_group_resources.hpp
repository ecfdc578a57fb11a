// The bundles of placement groups on one node.
//
// Models: prepare (the plain resources of all bundles of a message, or of none), commit (they become the group's), return.
// Leaves out: the workers and leases that use them (raylet.hpp).
// Mirrors src/ray/raylet/placement_group_resource_manager.cc (2.60).
// Invariants: a bundle holds its resources from prepare to return; each of the three may be said twice.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "models/gcs/placement_group.hpp"
#include "models/raylet/cluster_resource_scheduler.hpp"

namespace raysim {

class PlacementGroupResources {
 public:
  explicit PlacementGroupResources(ClusterResourceScheduler& scheduler) : scheduler_(scheduler) {}

  // False: not all of them fit.
  bool prepare(PlacementGroupId group, const PlacementGroupSpec& spec, std::span<const std::uint32_t> bundles);
  void commit(PlacementGroupId group, std::span<const std::uint32_t> bundles);
  void give_back(PlacementGroupId group, std::uint32_t bundle);

 private:
  struct Reserved {
    Allocation held;
    bool committed = false;
  };
  ClusterResourceScheduler& scheduler_;
  std::map<std::pair<PlacementGroupId, std::uint32_t>, Reserved> bundles_;
};

}  // namespace raysim
