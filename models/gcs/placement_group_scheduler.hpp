// Carries out the placement of one group: reserve here, prepare there, commit there.
//
// Models: the two phases with one message a node each, cancellation with one message a bundle, failures and nodes that die in
// between. Leaves out: the way of the messages (the port), when a group is tried (placement_group_manager.hpp), and the
// clean-up after a restart of the GCS.
// Mirrors src/ray/gcs/gcs_placement_group_scheduler.cc (2.60).
// Invariants: every attempt ends once; what an attempt that fails has prepared is cancelled; nothing is sent to a dead node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "models/gcs/placement_group.hpp"

namespace raysim {

// How the GCS reaches the raylets. Each prepare and commit is answered, if need be for the raylet.
class BundlePort {
 public:
  virtual ~BundlePort() = default;
  virtual void prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) = 0;
  virtual void commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) = 0;
  virtual void cancel(NodeId node, PlacementGroupId group, std::uint32_t bundle) = 0;
  // Whether a message would reach its raylet. A node that drains lives, and is not usable.
  [[nodiscard]] virtual bool alive(NodeId node) const = 0;
  // The nodes in the order in which ties between them go this time.
  virtual std::span<const NodeId> tie_order() = 0;
};

class PlacementGroupScheduler {
 public:
  // Both are the GCS's own; `view` by NodeId, dead and draining nodes not usable.
  PlacementGroupScheduler(std::vector<NodeView>& view, BundlePort& port) : view_(view), port_(port) {}

  enum class Outcome : std::uint8_t { success, failed, infeasible };
  using Done = std::function<void(PlacementGroup& group, Outcome outcome)>;
  // Tries to place the bundles of the group that have no node. The group stays where it is until `done`, which may be called
  // before this returns.
  void schedule(PlacementGroup& group, Done done);
  // Whether an attempt is under way.
  [[nodiscard]] bool scheduling(PlacementGroupId group) const { return attempts_.contains(group); }
  // The attempt under way is to end in failure.
  void cancel(PlacementGroupId group);
  // Answers; those that nobody waits for are ignored.
  void prepared(PlacementGroupId group, NodeId node, bool ok);
  void committed(PlacementGroupId group, NodeId node, bool ok);
  // Gives all committed bundles back, and the prepared ones of an attempt under way.
  void destroy(PlacementGroupId group);

  // A node that is dead: its bundles by group; they are forgotten here.
  using Bundles = std::map<PlacementGroupId, std::vector<std::uint32_t>>;
  Bundles take_bundles_on(NodeId node);
  // Attempts under way learn of it: what is open there has failed, what was committed there is lost.
  void node_died(NodeId node);
  // Committed bundles there.
  [[nodiscard]] std::size_t bundles_on(NodeId node) const;

 private:
  using Locations = std::map<std::uint32_t, NodeId>;  // of bundles, by number
  struct Attempt {
    PlacementGroup* group;
    Done done;
    Locations planned;
    Locations prepared;
    std::vector<std::uint32_t> lost;  // their commit failed
    std::vector<NodeId> open;         // requests of this phase without an answer
    bool committing = false;
    bool failed = false;
    bool canceled = false;
  };

  void prepare_returned(PlacementGroupId group);
  void commit_all(Attempt& attempt);
  void commit_returned(PlacementGroupId group);
  void end(PlacementGroupId group, Outcome outcome);
  void cancel_bundles(PlacementGroupId group, const Locations& bundles);
  void reserve(const PlacementGroup& group, const Locations& bundles);
  void give_back(const PlacementGroup& group, const Locations& bundles);
  static std::map<NodeId, std::vector<std::uint32_t>> by_node(const Locations& bundles);
  // Whether the answer was waited for.
  static bool answered(Attempt& attempt, NodeId node);

  std::vector<NodeView>& view_;
  BundlePort& port_;
  std::map<PlacementGroupId, Attempt> attempts_;
  struct Committed {
    const PlacementGroup* group;
    Locations bundles;
  };
  std::map<PlacementGroupId, Committed> committed_;
};

}  // namespace raysim
