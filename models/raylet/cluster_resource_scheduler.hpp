// One raylet's picture of the cluster, and its decision where a lease should go.
//
// Models: own resources exactly, the others' as last reported less what was sent there since. Leaves out: how a decision is made from
// it (models/scheduling/lease_decision.hpp).
// Mirrors src/ray/raylet/scheduling/{cluster_resource_scheduler,cluster_resource_manager}.cc (2.60).
// Invariants: the own entry always equals what is free here; another's entry changes only by reports, deductions for
// redirects, and the reset to the last report after the refresh interval.
#pragma once

#include <optional>
#include <vector>

#include "models/runtime.hpp"
#include "models/scheduling/lease_decision.hpp"

namespace raysim {

class ClusterResourceScheduler {
 public:
  ClusterResourceScheduler(Runtime& runtime, NodeId local);

  // Where the lease should go at `now`. `preferred` = the local node: stay when there is room here. `needs_object_store`: not
  // where pulls of objects are queued.
  LeaseDecision decide(SchedulingClassId id, NodeId preferred, bool exclude_local, Time now,
                       bool needs_object_store = false);

  // --- this node
  // Takes resources; false and unchanged when they are not free.
  bool allocate(const ResourceSet& demand);
  void release(const ResourceSet& demand);
  // CPU of a worker that waits in get is free meanwhile; taking it back may make availability negative.
  void release_cpu(ResourceAmount cpu);
  void retake_cpu(ResourceAmount cpu);
  [[nodiscard]] const ResourceSet& total() const { return local().total; }
  [[nodiscard]] const ResourceSet& available() const { return local().available; }
  // This node takes nothing new: it is unusable in every decision from now on.
  void drain();
  // Counts changes of the own resources.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // --- the others
  void report(const ResourceSnapshot& snapshot);
  // Reads what has come over the stream from the GCS by now.
  void catch_up(Time now);
  // Notes that a lease was sent there.
  void deduct(NodeId node, const ResourceSet& demand, Time now);
  // Entries that were deducted long ago and never confirmed go back to the last report.
  void reset_stale(Time now);
  [[nodiscard]] const NodeView& view(NodeId node) const {
    return node == view_.local ? local_ : view_.nodes[node.index];
  }
  [[nodiscard]] bool modified() const { return modified_count_ > 0; }

 private:
  struct Remote {
    ResourceSet reported;
    Time deducted_at{-1};  // -1: not since the last report
  };
  [[nodiscard]] const NodeView& local() const { return local_; }
  void build_view();
  void changed(const ResourceSet& available);

  Runtime& runtime_;
  NodeView local_;
  ClusterView view_;  // built when a policy is asked first: most raylets of a large cluster never ask one
  std::vector<Remote> remotes_;
  RandomStream random_;
  std::optional<LeaseDecider> decider_;
  std::uint64_t version_ = 0;
  int modified_count_ = 0;
};

}  // namespace raysim
