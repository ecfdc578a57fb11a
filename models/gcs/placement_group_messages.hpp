// What owners, the GCS and raylets say to each other about placement groups.
//
// Models: creation, waiting, look-up and removal by the program; prepare, commit and cancel of bundles, with their replies.
// Leaves out: the clean-up after a restart of the GCS.
// Mirrors src/ray/protobuf/{gcs_service,node_manager}.proto (2.60).
// Invariants: every request but a cancellation has one reply; contents that are shared are never changed.
#pragma once

#include <memory>
#include <vector>

#include "models/gcs/placement_group.hpp"
#include "models/messages.hpp"

namespace raysim {

using BundleNumbers = std::shared_ptr<const std::vector<std::uint32_t>>;

struct CreatePlacementGroup {
  static constexpr auto kind = MessageKind::create_placement_group;
  PlacementGroupId group;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;  // the caller's, comes back with the reply
  JobId job;               // the group goes with its driver, unless it is detached
  std::shared_ptr<const PlacementGroupSpec> spec;
};
struct WaitPlacementGroup {
  static constexpr auto kind = MessageKind::wait_placement_group;
  PlacementGroupId group;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;
};
struct GetPlacementGroup {
  static constexpr auto kind = MessageKind::get_placement_group;
  PlacementGroupId group;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;
};
struct RemovePlacementGroup {
  static constexpr auto kind = MessageKind::remove_placement_group;
  PlacementGroupId group;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;
};
struct PlacementGroupReply {
  static constexpr auto kind = MessageKind::placement_group_reply;
  std::uint64_t wait = 0;
  bool ok = false;  // created: the name was free; waited for: it is there; looked up: it exists
  std::shared_ptr<const std::vector<NodeId>> nodes;  // looked up: of each bundle
};

struct PrepareBundleResources {
  static constexpr auto kind = MessageKind::prepare_bundle_resources;
  using Sender = Gcs;
  PlacementGroupId group;
  NodeId node;
  BundleNumbers bundles;
  std::shared_ptr<const PlacementGroupSpec> spec;
};
struct CommitBundleResources {
  static constexpr auto kind = MessageKind::commit_bundle_resources;
  using Sender = Gcs;
  PlacementGroupId group;
  NodeId node;
  BundleNumbers bundles;
};
struct BundleResourcesReply {
  static constexpr auto kind = MessageKind::bundle_resources_reply;
  PlacementGroupId group;
  NodeId node;
  bool committed = false;  // else prepared
  bool ok = false;
};
struct CancelResourceReserve {
  static constexpr auto kind = MessageKind::cancel_resource_reserve;
  PlacementGroupId group;
  std::uint32_t bundle = 0;
};

}  // namespace raysim
