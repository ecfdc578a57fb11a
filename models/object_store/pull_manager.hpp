// What a node fetches from others, and when it has room for it.
//
// Models: bundles of objects that belong together, first those of gets, then of waits, then of leases' arguments; the quota of memory, and
// who gives way when it is short; whom to ask, and when again; restores; the end of a fetch that finds nobody. A state machine:
// the caller says what happened, the port takes what follows. Leaves out: messages (the port), bytes (object_buffer_pool.hpp).
// Mirrors src/ray/object_manager/pull_manager.cc (2.60). Ray looks at all active objects in each tick; here those whose time has come.
// Ray takes the first size it hears even if that is none; here an object that is still to be made waits for its size.
// Invariants: an object is asked for only while a bundle that is active wants it; the active bundles of waits and arguments together
// fit into the quota, or one bundle alone is active; every subscription ends with the last bundle that wants the object.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/object_store/object_locations.hpp"
#include "models/object_store/object_table.hpp"
#include "models/object_store/pull_port.hpp"
#include "models/profile.hpp"
#include "sim/random.hpp"

namespace raysim {

// In order of their rights.
enum class PullPriority : std::uint8_t { get, wait, task_arguments, count };

struct PullId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const PullId&) const = default;
};

struct PullStatistics {
  Bytes pulling;  // objects that active bundles want, whether they are here or not
  Bytes pinned;   // of these, here
  std::int64_t tries = 0;
  std::int64_t retries = 0;
  std::int64_t timeouts = 0;
};

class PullManager {
 public:
  // `available`: room for pulls at the start. `random`: the choice among nodes that have an object.
  PullManager(NodeId node, Bytes available, const SystemConfig& config, RandomStream random, PullPort& port);

  // Wants objects here; they stay pinned from when they come until cancel(). An object may stand in it twice.
  PullId pull(std::span<const ObjectRef> objects, PullPriority priority);
  void cancel(PullId bundle);

  // --- what happens
  // The owner's word about an object. News of dead nodes are the caller's to leave out.
  void locations_changed(ObjectRef object, SharedLocations locations);
  // A copy here has been sealed, or is gone from memory.
  void object_sealed(ObjectRef object);
  void object_deleted(ObjectRef object);
  void node_removed(NodeId node);
  // Every object_manager_timer_freq: PlasmaStore::available(), and what is due is asked for again.
  void tick(Bytes available);
  // A tick before this time changes nothing unless the available memory has changed while waits_for_memory().
  [[nodiscard]] Time next_due() const { return due_.empty() ? Time::max() : due_.top().when; }

  // --- what others may know
  // Chunks of it are welcome.
  [[nodiscard]] bool is_active(ObjectRef object) const;
  // The bundle waits for memory, with all locations known.
  [[nodiscard]] bool is_queued(PullId bundle) const;
  // Some bundle does, or has to give way.
  [[nodiscard]] bool waits_for_memory() const;
  [[nodiscard]] const PullStatistics& statistics() const { return statistics_; }
  [[nodiscard]] std::size_t objects() const { return objects_.size(); }
  [[nodiscard]] std::size_t bundles() const { return bundles_.size(); }

 private:
  struct Object {
    SharedLocations locations;  // none: the owner has not answered
    std::vector<std::uint64_t> bundles;
    Bytes size;
    Time next_pull;
    Time expires = Time::max();  // nobody has had it since
    std::uint32_t active = 0;    // bundles
    std::uint32_t timer = 0;     // mark of its entry in due_
    std::uint8_t retries = 0;
    bool pullable = false;
    bool size_known = false;
    bool pinned = false;
    bool cancelled = false;  // in the present pass
  };
  struct Bundle {
    std::vector<ObjectSlot> objects;
    std::size_t unpullable = 0;
    PullPriority priority = PullPriority::get;
    bool active = false;
    Bytes needed;               // of objects that no active bundle wants,
    std::uint64_t counted = 0;  // when activity_ had this value
  };
  struct Queue {
    std::set<std::uint64_t> inactive;  // and pullable
    std::set<std::uint64_t> active;
  };
  struct Due {
    Time when;
    ObjectSlot object = no_slot;
    std::uint32_t timer = 0;
    // The earliest on top.
    bool operator<(const Due& o) const { return when != o.when ? when > o.when : timer > o.timer; }
  };

  [[nodiscard]] Queue& queue(PullPriority priority) { return queues_[static_cast<std::size_t>(priority)]; }
  [[nodiscard]] Bytes quota() const;
  Bytes needed(Bundle& bundle);
  void update();
  bool activate_next(PullPriority priority, bool respect_quota);
  void deactivate(std::uint64_t id);
  void make_way(PullPriority priority, std::size_t keep, Bytes margin);
  void cancel_deactivated();
  void make_local(std::span<const ObjectSlot> slots);
  bool try_node(ObjectSlot slot, Time now);
  void restore_or_wait(ObjectSlot slot, Time now);
  void asked(ObjectSlot slot, Time now);
  void wake_at(ObjectSlot slot, Time when);
  void reset_timer(ObjectSlot slot);
  void try_pin(ObjectSlot slot);

  NodeId node_;
  Bytes available_;
  Duration pull_timeout_;
  Duration fetch_fail_timeout_;
  RandomStream random_;
  PullPort& port_;

  ObjectTable<Object> objects_;
  std::unordered_map<std::uint64_t, Bundle> bundles_;
  std::array<Queue, static_cast<std::size_t>(PullPriority::count)> queues_;
  std::uint64_t next_bundle_ = 1;
  std::size_t active_bundles_ = 0;
  std::uint64_t activity_ = 1;           // changes with the set of objects that active bundles want
  std::vector<ObjectSlot> to_pull_;      // of the present pass
  std::vector<ObjectSlot> deactivated_;  // of the present pass
  std::priority_queue<Due> due_;
  std::uint32_t next_timer_ = 0;
  PullStatistics statistics_;
};

}  // namespace raysim
