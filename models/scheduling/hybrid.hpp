// The ranking step of Ray's default policy.
//
// Models: the least loaded node, softened by a draw among the first k, with priority for a preferred node. Leaves out: which nodes
// are in question (hybrid.cpp). Mirrors HybridSchedulingPolicy::GetBestNode (2.60).
// Invariants: ties go by the order in which the nodes stand; the draw is uniform among the first k.
#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster.hpp"

namespace raysim {

struct ScoredNode {
  NodeId node;
  float score = 0;
  std::uint32_t rank = 0;  // scratch of pick_hybrid()
};

struct PreferredNode {
  NodeId node = no_node;  // none: nobody has priority
  float score = 0;
};

// One of `nodes`, which stand in the order of node ids and of which there is at least one; `bits` are 64 random bits.
NodeId pick_hybrid(std::vector<ScoredNode>& nodes, PreferredNode preferred, std::size_t k, std::uint64_t bits);

}  // namespace raysim
