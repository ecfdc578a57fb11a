// The queue of everything that is going to happen.
//
// Models: a 4-ary heap of small entries ordered by time, then by order of scheduling, so that simultaneous events
// have one fixed order. Leaves out: removal from the middle (a dead receiver drops its events when they come up).
// Invariants: pop() never goes back in time; entries of equal time leave in the order they came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

class Cell;

template <class What>
class TimedQueue {
 public:
  struct Entry {
    std::int64_t at_ns;
    std::uint64_t order;
    What what;
  };
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  [[nodiscard]] Time next_time() const { return {heap_.front().at_ns}; }

  void push(Time at, What what) {
    std::size_t i = heap_.size();
    heap_.push_back({});
    const Entry event{at.ns, next_order_++, what};
    while (i > 0) {
      const std::size_t parent = (i - 1) / 4;
      if (!before(event, heap_[parent])) break;
      heap_[i] = heap_[parent];
      i = parent;
    }
    heap_[i] = event;
  }

  Entry pop() {
    const Entry top = heap_.front();
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sift_down(last);
    return top;
  }

  // The next entry, and those that may come after it, in no order.
  [[nodiscard]] std::span<const Entry> soon() const { return {heap_.data(), std::min<std::size_t>(heap_.size(), 5)}; }
  // All entries, in no order; for the rare walk when a process dies.
  [[nodiscard]] const std::vector<Entry>& entries() const { return heap_; }

 private:
  // Time and order as one number, so that no branch has to be guessed. Times are never negative.
  static unsigned __int128 key(const Entry& entry) {
    return static_cast<unsigned __int128>(static_cast<std::uint64_t>(entry.at_ns)) << 64 | entry.order;
  }
  static bool before(const Entry& a, const Entry& b) { return key(a) < key(b); }
  void sift_down(const Entry& event) {
    const std::size_t n = heap_.size();
    std::size_t i = 0;
    for (;;) {
      const std::size_t first = 4 * i + 1;
      if (first >= n) break;
      const std::size_t end = first + 4 < n ? first + 4 : n;
      std::size_t best = first;
      for (std::size_t c = first + 1; c < end; ++c)
        if (before(heap_[c], heap_[best])) best = c;
      if (!before(heap_[best], event)) break;
      heap_[i] = heap_[best];
      i = best;
    }
    heap_[i] = event;
  }

  std::vector<Entry> heap_;
  std::uint64_t next_order_ = 0;
};

using EventQueue = TimedQueue<Cell*>;
using QueuedEvent = EventQueue::Entry;

}  // namespace raysim
