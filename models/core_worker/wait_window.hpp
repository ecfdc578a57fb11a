// The references that a body waits for, and which of them are ready, kept from one ray.wait to the next.
//
// Models: a loop that waits for the first of many, takes it and adds another: a list that begins with what was pending last time
// costs only what is new in it. No part of Ray, whose waits look at everything each time; the results are the same.
// Leaves out: when a thread hears of an object.
// Invariants: entries are in the order of the list, with rising tickets; a ticket is never given twice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

class WaitWindow {
 public:
  // Takes on a list. Returns how many at its front were there already; the others are to be added, in order.
  std::size_t follow(std::span<const ObjectRef> refs);
  // One more reference of the list, and its object in this process. Returns its ticket.
  std::uint32_t add(ObjectRef ref, std::uint32_t object);
  // The object of a ticket is ready. False: nobody waits for it any more.
  bool set_ready(std::uint32_t ticket);

  // Tickets whose objects are ready, in the order of the list.
  [[nodiscard]] const std::vector<std::uint32_t>& ready() const { return ready_; }
  [[nodiscard]] std::uint32_t object_of(std::uint32_t ticket) const { return entries_.all()[place_of(ticket)].object; }
  [[nodiscard]] ObjectRef ref_of(std::uint32_t ticket) const { return refs_.all()[place_of(ticket)]; }
  // Takes ready tickets, in order, out of the window; `refs`: the list, which loses them to `taken`.
  void take(std::span<const std::uint32_t> tickets, std::vector<ObjectRef>& refs, std::vector<ObjectRef>& taken);
  void clear();

 private:
  struct Entry {
    std::uint32_t ticket;
    std::uint32_t object;
  };
  // A vector with room at its front: what is taken is mostly among the oldest, and then only those before it move.
  template <class T>
  class Line {
   public:
    [[nodiscard]] std::span<const T> all() const { return {items_.data() + begin_, items_.size() - begin_}; }
    void push_back(const T& item) { items_.push_back(item); }
    // In order; at least one.
    void erase(std::span<const std::size_t> places);
    void clear() {
      items_.clear();
      begin_ = 0;
    }

   private:
    std::vector<T> items_;
    std::size_t begin_ = 0;
  };
  [[nodiscard]] std::size_t place_of(std::uint32_t ticket) const;

  Line<ObjectRef> refs_;
  Line<Entry> entries_;               // of refs_
  std::vector<std::uint32_t> ready_;  // tickets, in order
  std::uint32_t next_ticket_ = 0;
};

}  // namespace raysim
