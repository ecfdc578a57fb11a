// A lease as a raylet knows it.
//
// Models: the request, and where it stands in the raylet. Leaves out: arguments to be pulled.
// Mirrors src/ray/raylet/scheduling/internal.h (2.60).
// Invariants: a lease is in one queue only; its id is unique in the run.
#pragma once

#include <deque>
#include <vector>

#include "models/messages.hpp"

namespace raysim {

struct Lease {
  LeaseId id;
  Address<CoreWorker> owner;
  SchedulingClassId scheduling_class;
  std::uint32_t tag = 0;  // the owner's
  bool grant_or_reject = false;
  bool selected_by_locality = false;
  bool waits_for_worker = false;  // its resources are taken, its worker is not there yet
};

// Leases by scheduling class, first in first out in a class; classes in the order in which they came first.
class LeaseQueues {
 public:
  std::deque<Lease>& of(SchedulingClassId id) {
    if (id.index >= queues_.size()) queues_.resize(id.index + 1);
    if (!listed(id)) classes_.push_back(id);
    return queues_[id.index];
  }
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
  // Drops the leases for which `wanted` holds, after `dropped` has seen each.
  template <class Wanted, class Dropped>
  void remove_if(const Wanted& wanted, const Dropped& dropped) {
    for (const SchedulingClassId id : classes_)
      std::erase_if(queues_[id.index], [&](const Lease& lease) {
        if (!wanted(lease)) return false;
        dropped(lease);
        return true;
      });
  }
  // Takes a lease out; false when it is not here.
  bool remove(LeaseId lease, Lease& taken) {
    for (const SchedulingClassId id : classes_) {
      auto& queue = queues_[id.index];
      for (auto it = queue.begin(); it != queue.end(); ++it) {
        if (it->id != lease) continue;
        taken = *it;
        queue.erase(it);
        return true;
      }
    }
    return false;
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

}  // namespace raysim
