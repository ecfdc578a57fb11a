// A lease as a raylet knows it.
//
// Models: the request, its arguments that lie in the object store, and where it stands in the raylet. Leaves out: what the
// arguments contain. Mirrors src/ray/raylet/scheduling/internal.h (2.60).
// Invariants: a lease is in one queue only, or granted, or gone; its id is unique in the run.
#pragma once

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <vector>

#include "models/messages.hpp"
#include "models/resource_instances.hpp"

namespace raysim {

struct Lease {
  enum class State : std::uint8_t { queued, waits_for_worker, granted, ended };
  // What a queued lease waits for.
  enum class Cause : std::uint8_t { resources, memory, worker };

  LeaseId id;
  Address<CoreWorker> owner;
  ProcessId owner_process;
  NodeId owner_node = no_node;
  SchedulingClassId scheduling_class;
  EnvironmentId environment;  // that its worker must have
  JobId job;                  // that its worker must serve
  std::uint32_t tag = 0;      // the owner's
  float rank = 0;             // smaller goes first; all are equal in Ray
  bool grant_or_reject = false;
  bool selected_by_locality = false;
  bool retriable = true;  // its task may be tried again, or its actor restarted
  bool detached = false;  // a detached actor's: outlives its owner
  bool blocked = false;   // granted: its CPU is lent to others while its worker waits
  State state = State::queued;
  Cause cause = Cause::resources;
  LeaseArgumentsRef arguments;  // none: nothing to pull
  Allocation held;              // what it has taken here
};

// Leases by scheduling class, by rank and then first in first out in a class; classes in the order in which they came first.
class LeaseQueues {
 public:
  std::deque<Lease>& of(SchedulingClassId id) {
    if (id.index >= queues_.size()) queues_.resize(id.index + 1);
    if (!listed(id)) classes_.push_back(id);
    return queues_[id.index];
  }
  void add(Lease&& lease) {
    auto& queue = of(lease.scheduling_class);
    if (queue.empty() || queue.back().rank <= lease.rank) return queue.push_back(std::move(lease));
    auto place = queue.end();
    while (place != queue.begin() && std::prev(place)->rank > lease.rank) --place;
    queue.insert(place, std::move(lease));
  }
  // Puts the class whose first lease has the best rank first.
  void order_by_rank() {
    tidy();
    std::stable_sort(classes_.begin(), classes_.end(), [&](SchedulingClassId a, SchedulingClassId b) {
      return queues_[a.index].front().rank < queues_[b.index].front().rank;
    });
  }
  [[nodiscard]] const std::deque<Lease>& at(SchedulingClassId id) const { return queues_[id.index]; }
  // Classes that may have leases; forget the empty ones with tidy().
  [[nodiscard]] const std::vector<SchedulingClassId>& classes() const { return classes_; }
  [[nodiscard]] bool empty() const {
    for (const SchedulingClassId id : classes_)
      if (!queues_[id.index].empty()) return false;
    return true;
  }
  [[nodiscard]] bool has(SchedulingClassId id) const { return id.index < queues_.size() && !queues_[id.index].empty(); }
  void tidy() {
    std::erase_if(classes_, [&](SchedulingClassId id) { return queues_[id.index].empty(); });
  }
  [[nodiscard]] std::size_t size(SchedulingClassId id) const { return has(id) ? queues_[id.index].size() : 0; }
  // Moves the leases for which `wanted` holds to the end of `taken`.
  template <class Wanted>
  void take_if(const Wanted& wanted, std::vector<Lease>& taken) {
    for (const SchedulingClassId id : classes_)
      std::erase_if(queues_[id.index], [&](Lease& lease) {
        if (!wanted(lease)) return false;
        taken.push_back(std::move(lease));
        return true;
      });
  }
  // The queue and place of a lease; a null queue: it is not here.
  std::pair<std::deque<Lease>*, std::size_t> find(LeaseId lease) {
    for (const SchedulingClassId id : classes_) {
      auto& queue = queues_[id.index];
      for (std::size_t i = 0; i < queue.size(); ++i)
        if (queue[i].id == lease) return {&queue, i};
    }
    return {nullptr, 0};
  }

 private:
  [[nodiscard]] bool listed(SchedulingClassId id) const {
    for (const SchedulingClassId known : classes_)
      if (known == id) return true;
    return false;
  }
  std::vector<std::deque<Lease>> queues_;
  std::vector<SchedulingClassId> classes_;
};

// Takes lease `i` out of its queue.
inline Lease take(std::deque<Lease>& queue, std::size_t i) {
  Lease lease = std::move(queue[i]);
  if (i == 0)
    queue.pop_front();
  else
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
  return lease;
}

}  // namespace raysim
