// Whom an owner asks first for a worker, and how many requests it may have open.
//
// Models: the first raylet by strategy or by the bytes of the arguments that lie at a node; the limit on open requests of a key,
// fixed or growing with the cluster. Leaves out: sending; what the answers lead to (task_submitter.hpp).
// Mirrors src/ray/core_worker/lease_policy.cc and the LeaseRequestRateLimiter of normal_task_submitter.h (2.60).
// Invariants: no state but the number of nodes; arguments are looked up once each, in order, and only when they decide.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "models/scheduling/strategy.hpp"
#include "sim/time.hpp"

namespace raysim {

// Where an object is.
struct ObjectPlaces {
  Bytes size;
  std::vector<NodeId> nodes;
};

struct LeasePolicyInput {
  const SchedulingStrategy* strategy = nullptr;
  NodeId local;
  bool locality_aware = true;  // locality_aware_leasing_enabled
  std::size_t arguments = 0;   // in the object store
  // What the owner knows of an argument; none: nothing. Needed with arguments only.
  std::function<std::optional<ObjectPlaces>(std::size_t argument)> places_of;
  // Whether the owner knows how to reach a node; empty: all.
  std::function<bool(NodeId node)> address_known;
};

struct FirstNode {
  NodeId node;
  bool selected_by_locality = false;
};

FirstNode first_node_to_ask(const LeasePolicyInput& input);

// How many lease requests of one key may be open.
class LeaseRequestLimit {
 public:
  static LeaseRequestLimit fixed(std::int64_t limit) { return {limit, limit, 0}; }
  // As many as there are nodes, and at least `minimum`.
  static LeaseRequestLimit by_cluster_size(std::int64_t minimum, std::int64_t nodes) { return {-1, minimum, nodes}; }

  void node_alive() { ++nodes_; }
  void node_dead() { nodes_ = std::max<std::int64_t>(0, nodes_ - 1); }
  [[nodiscard]] std::int64_t get() const { return fixed_ >= 0 ? fixed_ : std::max(minimum_, nodes_); }

 private:
  LeaseRequestLimit(std::int64_t fixed, std::int64_t minimum, std::int64_t nodes)
      : fixed_(fixed), minimum_(minimum), nodes_(nodes) {}
  std::int64_t fixed_;  // -1: by the cluster's size
  std::int64_t minimum_;
  std::int64_t nodes_;
};

}  // namespace raysim
