// Which raylet the GCS asks first for an actor's worker.
//
// Models: pinned nodes, node affinity, the owner's node, a random one, in this order. Leaves out: what the raylet answers.
// Mirrors SelectForwardingNode in src/ray/gcs/actor/gcs_actor_scheduler.cc (2.60).
// Invariants: never a dead node; the demand plays no part but for being empty.
#pragma once

#include <span>
#include <string_view>

#include "models/scheduling/strategy.hpp"
#include "sim/random.hpp"

namespace raysim {

struct ForwardingNode {
  NodeId node;
  std::string_view id;  // as label selectors name it
  bool alive = true;
};

struct ActorForwarding {
  const LabelSelector* selector = nullptr;
  const SchedulingStrategy* strategy = nullptr;
  bool has_resources = false;  // required ones: it holds them while it lives
  NodeId owner = no_node;      // node of the process that made it
};

// no_node when none is alive.
NodeId forwarding_node(const ActorForwarding& actor, std::span<const ForwardingNode> nodes, RandomStream& random);

}  // namespace raysim
