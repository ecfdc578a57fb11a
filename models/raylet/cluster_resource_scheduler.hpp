// One raylet's picture of the cluster, and its decision where a lease should go.
//
// Models: own resources exactly, the others' as last reported less what was sent there since. Leaves out: how a decision is made from
// it (models/scheduling/lease_decision.hpp).
// Mirrors src/ray/raylet/scheduling/{cluster_resource_scheduler,cluster_resource_manager}.cc (2.60).
// Invariants: the own entry always equals what is free here; another's entry changes only by reports, deductions for
// redirects, and the reset to the last report after the refresh interval.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "models/messages.hpp"
#include "models/raylet/local_resources.hpp"
#include "models/scheduling/lease_decision.hpp"
#include "models/task.hpp"

namespace raysim {

class ClusterResourceScheduler {
 public:
  // What is outside it.
  struct Setup {
    const ClusterSpec& cluster;
    const SchedulingClasses& classes;
    const std::vector<NodeId>& node_order;  // by Ray's node ids
    PolicySettings settings;
    std::span<const ResourceId> unit_resources;  // those that come in instances of 1
    // The policy of leases that ask for none.
    PolicyMaker make_policy = make_hybrid_policy;
    std::function<void(Time now)> read_news = {};            // called before a policy is asked; it may call report()
    const std::vector<RemoteFunction>* functions = nullptr;  // for policies that want to know their names
    ResourceNames* resource_names = nullptr;  // with those of placement groups; null: the cluster's, and no groups
  };
  ClusterResourceScheduler(Setup setup, RandomStream ties, NodeId local);

  // Where the lease should go at `now`. `preferred` = the local node: stay when there is room here. `needs_object_store`: not
  // where pulls of objects are queued. `arguments` may be null.
  LeaseDecision decide(SchedulingClassId id, NodeId preferred, bool exclude_local, Time now,
                       bool needs_object_store = false, const LeaseArgumentsRef& arguments = {});

  // --- this node
  // Takes resources, or nothing at all.
  std::optional<Allocation> allocate(const ResourceSet& demand);
  void release(const Allocation& held);
  // CPU of a worker that waits in get is free meanwhile; taking it back may make availability negative.
  void lend_cpu(const Allocation& held);
  void retake_cpu(const Allocation& held);
  // More of a resource, instance by instance; all of a resource gone.
  void grow(ResourceId id, std::span<const ResourceAmount> amounts);
  void remove(ResourceId id);
  // The bundle for which `held` was allocated becomes its group's resources, or ends (LocalResources).
  void commit_bundle(const Allocation& held, PlacementGroupId group, std::int32_t bundle);
  void remove_bundle(const Allocation& held, PlacementGroupId group, std::int32_t bundle);
  // This node takes nothing new: it is unusable in every decision from now on.
  void drain();
  // The node as it is; what changes it goes through the functions here, so that the view keeps up.
  [[nodiscard]] const LocalResources& resources() const { return resources_; }
  [[nodiscard]] const ResourceSet& total() const { return resources_.total(); }
  [[nodiscard]] const ResourceSet& available() const { return resources_.available(); }
  [[nodiscard]] const std::vector<FreeUnits>& units() const { return local_.units; }
  // Counts changes of the own resources.
  [[nodiscard]] std::uint64_t version() const { return resources_.version(); }

  // --- the others
  // A node that is new here or has changed: what it has in all, what is free of that, and whether leases may go there.
  void set_node(NodeId node, const NodeSpec& spec, const ResourceSet& available, bool usable);
  void report(const ResourceSnapshot& snapshot);
  // Notes that a lease was sent there.
  void deduct(NodeId node, const ResourceSet& demand, Time now);
  // Entries that were deducted long ago and never confirmed go back to the last report.
  void reset_stale(Time now, Duration patience);
  [[nodiscard]] const NodeView& view(NodeId node) const {
    return node == view_.local ? local_ : view_.nodes[node.index];
  }
  [[nodiscard]] bool modified() const { return modified_count_ > 0; }

 private:
  struct Remote {
    ResourceSet reported;
    std::vector<FreeUnits> reported_units;
    Time deducted_at{-1};  // -1: not since the last report
    bool known = false;    // it is part of the cluster, for all this raylet has heard
  };
  [[nodiscard]] const NodeView& local() const { return local_; }
  void build_view();
  [[nodiscard]] std::vector<FreeUnits> all_units_of(const ResourceSet& total) const;
  void list_known();
  void changed();
  void changed_totals();

  Setup setup_;
  LocalResources resources_;
  NodeView local_;             // what policies see of resources_
  ClusterView view_;           // built when a policy is asked first: most raylets of a large cluster never ask one
  std::vector<NodeId> known_;  // the view's order
  std::vector<Remote> remotes_;
  RandomStream random_;
  std::optional<LeaseDecider> decider_;
  int modified_count_ = 0;
};

}  // namespace raysim
