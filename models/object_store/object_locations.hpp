// What an owner says about an object to the nodes that want it.
//
// Models: the full state that subscribers get at once and after each change. Leaves out: the primary's node, which decides nothing for them.
// Mirrors WorkerObjectLocationsPubMessage of src/ray/protobuf/pubsub.proto (2.60).
// Invariants: a state does not change once it is sent; receivers share it.
#pragma once

#include <memory>
#include <vector>

#include "models/cluster.hpp"
#include "models/object_store/spilled_url.hpp"
#include "sim/time.hpp"

namespace raysim {

struct ObjectLocations {
  std::vector<NodeId> nodes;  // with a copy in memory, each once
  SpilledUrl url;
  Bytes size;                     // zero: not known yet
  bool pending_creation = false;  // the task that makes it has not ended
};
using SharedLocations = std::shared_ptr<const ObjectLocations>;

}  // namespace raysim
