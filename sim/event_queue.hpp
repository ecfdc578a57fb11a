// The queue of everything that is going to happen.
//
// Models: small entries ordered by time, then by order of scheduling, so that simultaneous events have one fixed order. The next
// ones stand sorted, which is the cheapest for a few hundred; those after them are a 4-ary heap.
// Leaves out: removal from the middle (a dead receiver drops its events when they come up).
// Invariants: pop() never goes back in time; entries of equal time leave in the order they came; no entry of the heap comes
// before a sorted one, and something stands sorted as long as there is anything.
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
  [[nodiscard]] bool empty() const { return near_.empty(); }
  [[nodiscard]] std::size_t size() const { return near_.size() + far_.size(); }
  [[nodiscard]] Time next_time() const { return {near_.front().at_ns}; }

  void push(Time at, What what) {
    const Entry entry{at.ns, next_order_++, what};
    const bool last = !near_.empty() && !before(entry, near_.back());
    if (last && (near_.full() || !far_.empty())) return push_far(entry);
    if (near_.full()) {
      for (const Entry& late : near_.later_half()) push_far(late);
      near_.drop_later_half();
      if (!before(entry, near_.back())) return push_far(entry);
    }
    near_.insert(entry);
  }

  Entry pop() {
    const Entry next = near_.front();
    near_.pop_front();
    if (near_.empty())
      for (std::size_t i = 0; i < refill && !far_.empty(); ++i) near_.push_back(pop_far());
    return next;
  }

  // The next entry, and those that come right after it, as far as they stand sorted.
  [[nodiscard]] std::span<const Entry> soon() const { return near_.first(5); }
  // Calls `visit` with each entry, in no order; for the rare walk when a process dies.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const Entry& entry : near_.all()) visit(entry);
    for (const Entry& entry : far_) visit(entry);
  }

 private:
  // Time and order as one number, so that no branch has to be guessed. Times are never negative.
  static unsigned __int128 key(const Entry& entry) {
    return static_cast<unsigned __int128>(static_cast<std::uint64_t>(entry.at_ns)) << 64 | entry.order;
  }
  static bool before(const Entry& a, const Entry& b) { return key(a) < key(b); }

  // A few hundred entries in their order, with room at both ends: those before or behind a place move, whichever are fewer.
  class Near {
   public:
    Near() : entries_(2 * room) {}
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] bool full() const { return size() == room; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] const Entry& front() const { return entries_[begin_]; }
    [[nodiscard]] const Entry& back() const { return entries_[end_ - 1]; }
    [[nodiscard]] std::span<const Entry> all() const { return {entries_.data() + begin_, size()}; }
    [[nodiscard]] std::span<const Entry> first(std::size_t n) const { return all().first(std::min(n, size())); }
    [[nodiscard]] std::span<const Entry> later_half() const { return all().subspan(size() / 2); }
    void drop_later_half() { end_ = begin_ + size() / 2; }
    void pop_front() {
      ++begin_;
      if (begin_ == end_) begin_ = end_ = room / 2;
    }
    void push_back(const Entry& entry) {
      if (end_ == entries_.size()) to_the_middle();
      entries_[end_++] = entry;
    }
    void insert(const Entry& entry) {
      if (begin_ == 0 || end_ == entries_.size()) to_the_middle();
      const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin_);
      const auto last = entries_.begin() + static_cast<std::ptrdiff_t>(end_);
      const auto place = std::upper_bound(first, last, entry, before);
      if (place - first < last - place) {
        std::move(first, place, first - 1);
        --begin_;
        *(place - 1) = entry;
      } else {
        std::move_backward(place, last, last + 1);
        ++end_;
        *place = entry;
      }
    }

   private:
    static constexpr std::size_t room = 256;
    void to_the_middle() {
      const std::size_t n = size();
      const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin_);
      const std::size_t target = (entries_.size() - n) / 2;
      const auto to = entries_.begin() + static_cast<std::ptrdiff_t>(target);
      if (target < begin_)
        std::move(first, first + static_cast<std::ptrdiff_t>(n), to);
      else
        std::move_backward(first, first + static_cast<std::ptrdiff_t>(n), to + static_cast<std::ptrdiff_t>(n));
      begin_ = target;
      end_ = target + n;
    }
    std::vector<Entry> entries_;
    std::size_t begin_ = room / 2;
    std::size_t end_ = room / 2;
  };

  void push_far(const Entry& entry) {
    std::size_t i = far_.size();
    far_.push_back({});
    while (i > 0) {
      const std::size_t parent = (i - 1) / 4;
      if (!before(entry, far_[parent])) break;
      far_[i] = far_[parent];
      i = parent;
    }
    far_[i] = entry;
  }
  Entry pop_far() {
    const Entry top = far_.front();
    const Entry last = far_.back();
    far_.pop_back();
    if (!far_.empty()) sift_down(last);
    return top;
  }
  void sift_down(const Entry& entry) {
    const std::size_t n = far_.size();
    std::size_t i = 0;
    for (;;) {
      const std::size_t first = 4 * i + 1;
      if (first >= n) break;
      const std::size_t end = first + 4 < n ? first + 4 : n;
      std::size_t best = first;
      for (std::size_t c = first + 1; c < end; ++c)
        if (before(far_[c], far_[best])) best = c;
      if (!before(far_[best], entry)) break;
      far_[i] = far_[best];
      i = best;
    }
    far_[i] = entry;
  }

  static constexpr std::size_t refill = 64;
  Near near_;
  std::vector<Entry> far_;  // a heap
  std::uint64_t next_order_ = 0;
};

using EventQueue = TimedQueue<Cell*>;
using QueuedEvent = EventQueue::Entry;

}  // namespace raysim
