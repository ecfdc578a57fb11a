// The placement groups of a run: the state machines with their view of the cluster, their messages and timers.
//
// Models: the GCS's own view, which it reserves in and which the raylets' reports overwrite; the tick that looks after groups that
// are due; ties between nodes. Leaves out: what the state machines decide (placement_group_{manager,scheduler}.hpp).
// Mirrors src/ray/gcs/gcs_server.cc where it wires them (2.60).
// Invariants: ticks run only while a group is pending; they keep a run alive only as long as something could come of them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/gcs/placement_group_manager.hpp"
#include "models/gcs/placement_group_messages.hpp"
#include "models/runtime.hpp"

namespace raysim {

class PlacementGroups final : private BundlePort, private PlacementGroupManager::Port {
 public:
  // `latest`: each node's last report, by NodeId; null where none has come.
  PlacementGroups(Runtime& runtime, Station& station, std::span<const std::shared_ptr<const ResourceSnapshot>> latest);

  void on(const CreatePlacementGroup& create);
  void on(const WaitPlacementGroup& wait);
  void on(const GetPlacementGroup& get);
  void on(const RemovePlacementGroup& remove);
  void on(const BundleResourcesReply& reply);
  void on_unreachable(NodeId node, PlacementGroupId group, bool committing);
  void on(const ResourceSnapshot& report);
  void creator_died(ProcessId driver);
  void on_tick();
  void schedule_pending();

 private:
  void prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override;
  void commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override;
  void cancel(NodeId node, PlacementGroupId group, std::uint32_t bundle) override;
  // Nodes come, and do not die.
  [[nodiscard]] bool alive(NodeId node) const override { return known_[node.index]; }
  std::span<const NodeId> tie_order() override;
  [[nodiscard]] Time now() const override { return station_.now(); }
  void post_schedule_pending(PlacementGroupManager::Outcome last) override;
  void state_changed(const PlacementGroup& group) override;
  void answer_wait(std::uint64_t waiter, bool created) override;

  void arm_tick();
  void reply(Address<CoreWorker> to, PlacementGroupReply answer) { station_.send(to, std::move(answer)); }

  Runtime& runtime_;
  Station& station_;
  std::vector<NodeView> view_;
  std::vector<bool> known_;  // by node: it has joined
  std::vector<NodeId> order_;
  RandomStream ties_;
  PlacementGroupScheduler scheduler_;
  PlacementGroupManager manager_;
  Duration tick_phase_;
  bool tick_armed_ = false;                                           // at all
  bool tick_keeps_run_ = false;                                       // as something that the run waits for
  bool news_ = false;                                                 // since the last attempt
  std::vector<std::pair<Address<CoreWorker>, std::uint64_t>> waits_;  // by number of the waiter: who, and its wait
};

}  // namespace raysim
