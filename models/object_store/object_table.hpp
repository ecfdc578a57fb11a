// Entries by object, and orders among them: what every part of the object store keeps.
//
// Models: nothing of Ray; it stands where Ray has flat hash maps and lists of ids. Entries lie in blocks and keep their slot and their
// address while they live; the index is open addressing with a part of the hash in it, so that a look-up touches two cache
// lines. Leaves out: thread safety.
// Invariants: for_each() goes by slot, which depends on the order of calls alone, so that runs repeat; a slot is
// used again only after erase(); an entry is in an order at most once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

using ObjectSlot = std::uint32_t;
inline constexpr ObjectSlot no_slot = ~ObjectSlot{0};

template <class Entry>
class ObjectTable {
 public:
  // no_slot: not there.
  [[nodiscard]] ObjectSlot find(ObjectRef id) const {
    if (size_ == 0) return no_slot;
    const std::uint32_t tag = hash(id);
    for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
      const Bucket& bucket = buckets_[i];
      if (bucket.slot == no_slot) return no_slot;
      if (bucket.tag == tag && items_[bucket.slot].id == id) return bucket.slot;
    }
  }
  [[nodiscard]] bool contains(ObjectRef id) const { return find(id) != no_slot; }

  // The slot of an object, and whether it is new.
  std::pair<ObjectSlot, bool> insert(ObjectRef id) {
    if (const ObjectSlot slot = find(id); slot != no_slot) return {slot, false};
    if ((size_ + 1) * 4 > buckets_.size() * 3) grow();
    ObjectSlot slot = free_;
    if (slot == no_slot) {
      slot = static_cast<ObjectSlot>(items_.size());
      items_.emplace_back();
    } else {
      free_ = items_[slot].id.index;
    }
    items_[slot].id = id;
    items_[slot].live = true;
    place({hash(id), slot});
    ++size_;
    return {slot, true};
  }

  void erase(ObjectSlot slot) {
    Item& item = items_[slot];
    std::size_t hole = hash(item.id) & mask();
    while (buckets_[hole].slot != slot) hole = (hole + 1) & mask();
    // What was pushed on by a collision moves back.
    for (std::size_t i = (hole + 1) & mask(); buckets_[i].slot != no_slot; i = (i + 1) & mask()) {
      const std::size_t home = buckets_[i].tag & mask();
      if (((i - home) & mask()) < ((i - hole) & mask())) continue;
      buckets_[hole] = buckets_[i];
      hole = i;
    }
    buckets_[hole].slot = no_slot;
    item.entry = Entry{};
    item.live = false;
    item.id = {no_station, free_};
    free_ = slot;
    --size_;
  }

  [[nodiscard]] Entry& operator[](ObjectSlot slot) { return items_[slot].entry; }
  [[nodiscard]] const Entry& operator[](ObjectSlot slot) const { return items_[slot].entry; }
  [[nodiscard]] ObjectRef id(ObjectSlot slot) const { return items_[slot].id; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // Calls `visit(slot)` for each entry; it may erase the one it is given.
  template <class Visit>
  void for_each(Visit visit) const {
    for (ObjectSlot slot = 0; slot < items_.size(); ++slot)
      if (items_[slot].live) visit(slot);
  }

 private:
  struct Item {
    ObjectRef id;
    bool live = false;
    Entry entry{};
  };
  struct Bucket {
    std::uint32_t tag = 0;
    ObjectSlot slot = no_slot;
  };

  [[nodiscard]] std::size_t mask() const { return buckets_.size() - 1; }
  static std::uint32_t hash(ObjectRef id) {
    std::uint64_t h = (static_cast<std::uint64_t>(id.owner.index) << 32 | id.index) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 29;
    return static_cast<std::uint32_t>((h * 0xbf58476d1ce4e5b9ULL) >> 32);
  }
  void place(Bucket bucket) {
    std::size_t i = bucket.tag & mask();
    while (buckets_[i].slot != no_slot) i = (i + 1) & mask();
    buckets_[i] = bucket;
  }
  void grow() {
    std::vector<Bucket> old(std::max<std::size_t>(buckets_.size() * 2, 16));
    old.swap(buckets_);
    for (const Bucket& bucket : old)
      if (bucket.slot != no_slot) place(bucket);
  }

  std::deque<Item> items_;
  std::vector<Bucket> buckets_;  // a power of two
  std::size_t size_ = 0;
  ObjectSlot free_ = no_slot;  // first of the unused slots; each names the next in its id
};

// Where an entry stands in an order.
struct OrderLinks {
  ObjectSlot before = no_slot;
  ObjectSlot after = no_slot;
  bool linked = false;
};

// A doubly linked list through entries of a table.
template <class Entry, OrderLinks Entry::*links>
class ObjectOrder {
 public:
  explicit ObjectOrder(ObjectTable<Entry>& table) : table_(table) {}

  void push_back(ObjectSlot slot) {
    at(slot) = {last_, no_slot, true};
    (last_ == no_slot ? first_ : at(last_).after) = slot;
    last_ = slot;
    ++size_;
  }
  // No effect on an entry that is not in the order.
  void remove(ObjectSlot slot) {
    const OrderLinks gone = at(slot);
    if (!gone.linked) return;
    (gone.before == no_slot ? first_ : at(gone.before).after) = gone.after;
    (gone.after == no_slot ? last_ : at(gone.after).before) = gone.before;
    at(slot) = {};
    --size_;
  }
  // no_slot: none.
  [[nodiscard]] ObjectSlot front() const { return first_; }
  [[nodiscard]] ObjectSlot after(ObjectSlot slot) const { return (table_[slot].*links).after; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] OrderLinks& at(ObjectSlot slot) { return table_[slot].*links; }

  ObjectTable<Entry>& table_;
  ObjectSlot first_ = no_slot;
  ObjectSlot last_ = no_slot;
  std::size_t size_ = 0;
};

}  // namespace raysim
