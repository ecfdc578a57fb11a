// Which placement group is tried when, and what becomes of it.
//
// Models: the queue by due time, one group at a time; back-off of those that found no room (looked at by a tick, as in Ray, not at the
// moment they are due); infeasible groups set aside until a node joins; lost bundles placed again before anything else;
// removal, by the program or with the creator. Leaves out: persistence, metrics.
// Mirrors src/ray/gcs/gcs_placement_group_manager.cc (2.60).
// Invariants: at most one attempt is under way; a removed group is told to all who wait for it and keeps no bundle.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/gcs/placement_group_scheduler.hpp"
#include "models/ids.hpp"

namespace raysim {

class PlacementGroupManager {
 public:
  struct Settings {
    Duration retry_min;
    Duration retry_max;
    double retry_multiplier = 1;
  };
  using Outcome = PlacementGroupScheduler::Outcome;
  // What the GCS does for it.
  class Port {
   public:
    virtual ~Port() = default;
    [[nodiscard]] virtual Time now() const = 0;
    // An attempt has ended: call schedule_pending() when the present message has been served.
    virtual void post_schedule_pending(Outcome last) = 0;
    virtual void state_changed(const PlacementGroup& group) = 0;
    // A wait() is over: the group is there, or it was removed.
    virtual void answer_wait(std::uint64_t waiter, bool created) = 0;
  };
  PlacementGroupManager(PlacementGroupScheduler& scheduler, Port& port, Settings settings)
      : scheduler_(scheduler), port_(port), settings_(settings) {}

  // `creator`: dies with it unless detached. False: the name is taken in its namespace.
  bool create(PlacementGroupId id, std::shared_ptr<const PlacementGroupSpec> spec, ProcessId creator,
              const std::string& name_space = "");
  void remove(PlacementGroupId id);
  void wait(PlacementGroupId id, std::uint64_t waiter);
  // Null: no such group, or it was removed.
  [[nodiscard]] const PlacementGroup* find(PlacementGroupId id) const;
  [[nodiscard]] const PlacementGroup* find(std::string_view name, std::string_view name_space = "") const;

  void creator_died(ProcessId creator);
  void node_added();
  // After the node has become unusable in the view, and is not alive any more.
  void node_died(NodeId node);

  // Tries the first group that is due, unless one is being tried.
  void schedule_pending();
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  [[nodiscard]] std::size_t infeasible() const { return infeasible_.size(); }
  // All attempts so far.
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }

 private:
  struct Registered {
    std::unique_ptr<PlacementGroup> group;
    ProcessId creator;
    std::string name_space;
  };
  struct Pending {
    PlacementGroupId group;
    Duration next_delay;
  };

  void add_pending(PlacementGroupId id, Time due, Duration next_delay);
  void ended(PlacementGroup& group, Outcome outcome, Duration delay);
  void created(PlacementGroup& group);
  void set_state(PlacementGroup& group, PlacementGroup::State state);
  void answer_waits(PlacementGroupId id, bool created);

  PlacementGroupScheduler& scheduler_;
  Port& port_;
  Settings settings_;
  std::map<PlacementGroupId, Registered> registered_;
  std::multimap<Time, Pending> pending_;  // by due time; first come first served
  std::vector<PlacementGroupId> infeasible_;
  std::unique_ptr<PlacementGroup> removed_;  // while its attempt is under way
  bool busy_ = false;
  std::uint64_t attempts_ = 0;
  std::vector<std::pair<PlacementGroupId, std::uint64_t>> waits_;
};

}  // namespace raysim
