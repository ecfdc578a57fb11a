// A Ray cluster as plain data: nodes with their resources, and the machines they stand on.
//
// Models: what `ray start` would be told on each node, and when it is started. Leaves out: node types that come and go by
// themselves (autoscaler).
// Invariants: exactly one head; node names unique; every node's machine exists; totals are not negative.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/labels.hpp"
#include "models/resources.hpp"
#include "sim/platform.hpp"

namespace raysim {

// Index of a node in ClusterSpec::nodes.
struct NodeId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const NodeId&) const = default;
};
inline constexpr NodeId no_node{~std::uint32_t{0}};

struct NodeSpec {
  std::string name;
  bool head = false;
  ResourceSet total;  // CPU, GPU, memory, object_store_memory, custom
  Labels labels;      // with Ray's own of the node's id, which is its name here
  MachineId machine;
  Duration joins_at;  // zero: it is there when the driver connects
};

struct ClusterSpec {
  std::string title;
  std::string file;
  PlatformSpec platform;
  ResourceNames resource_names;
  std::vector<NodeSpec> nodes;

  [[nodiscard]] NodeId head() const {
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
      if (nodes[i].head) return {i};
    return {0};
  }
};

}  // namespace raysim
