// Who still needs an object: handles that are counted, and owners that hear of the last one.
//
// Models: the outcome of Ray's reference counting: an object is freed when no program, no value and no task that has not ended has a
// reference to it. Leaves out: the messages between owners and borrowers by which Ray's processes find that out, and their delay; a
// value that a process has borrowed keeps what it refers to until that process ends. An object of which there was no handle is never
// freed.
// Mirrors what src/ray/core_worker/reference_counter.cc achieves (2.60).
// Invariants: an owner hears of the end of an object's handles once for each time they end, and never while it is told of another.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

// An owner, as far as handles to its objects and their names go.
struct ObjectOwner {
  // Nobody has a handle to the object any more.
  virtual void out_of_scope(std::uint32_t object) = 0;
  // What an item of a generator is called. In Ray whoever knows the task can tell; here its owner's table says it.
  virtual ObjectRef item(std::uint32_t task, std::uint32_t number) = 0;

 protected:
  ~ObjectOwner() = default;
};

// The counts of all objects of a run. It lives as long as some handle does.
class ObjectLives : public boost::intrusive_ref_counter<ObjectLives, boost::thread_unsafe_counter> {
 public:
  // Who is told; null: nobody any more.
  void set_owner(StationId owner, ObjectOwner* port) { of(owner).port = port; }
  [[nodiscard]] ObjectOwner* owner(StationId owner) const {
    return owner.index < owners_.size() ? owners_[owner.index].port : nullptr;
  }
  [[nodiscard]] bool is_held(ObjectRef object) const {
    if (object.owner.index >= owners_.size()) return false;
    const auto& counts = owners_[object.owner.index].counts;
    return object.index < counts.size() && counts[object.index] > 0;
  }
  // Whether all its handles, of which there are some, are inside of other objects.
  [[nodiscard]] bool is_only_inside(ObjectRef object) const {
    if (!is_held(object)) return false;
    const auto found = inside_.find(object);
    return found != inside_.end() && found->second == owners_[object.owner.index].counts[object.index];
  }

  // Whether there are handles to any of its objects.
  [[nodiscard]] bool owns(StationId owner) const {
    return owner.index < owners_.size() && owners_[owner.index].held > 0;
  }

  // --- for handles; `inside`: it is part of another object's value
  void add(ObjectRef object, bool inside = false) {
    if (inside) ++inside_[object];
    Owner& owner = of(object.owner);
    if (owner.counts.size() <= object.index) owner.counts.resize(object.index + std::size_t{1});
    if (++owner.counts[object.index] == 1) ++owner.held;
  }
  void remove(ObjectRef object, bool inside = false) {
    if (inside && --inside_[object] == 0) inside_.erase(object);
    Owner& owner = owners_[object.owner.index];
    if (--owner.counts[object.index] > 0) return;
    --owner.held;
    gone_.push_back(object);
    if (telling_) return;  // the loop below is running: what an object held may be a long chain
    telling_ = true;
    for (std::size_t i = 0; i < gone_.size(); ++i)
      if (ObjectOwner* port = owners_[gone_[i].owner.index].port; port != nullptr && !is_held(gone_[i]))
        port->out_of_scope(gone_[i].index);
    gone_.clear();
    telling_ = false;
  }

 private:
  struct Owner {
    ObjectOwner* port = nullptr;
    std::vector<std::uint32_t> counts;  // of handles, by object
    std::size_t held = 0;               // objects that have some
  };
  Owner& of(StationId owner) {
    if (owners_.size() <= owner.index) owners_.resize(owner.index + std::size_t{1});
    return owners_[owner.index];
  }

  std::vector<Owner> owners_;                  // by their stations
  std::map<ObjectRef, std::uint32_t> inside_;  // how many of its handles
  std::vector<ObjectRef> gone_;
  bool telling_ = false;
};
using ObjectLivesRef = boost::intrusive_ptr<ObjectLives>;

// A reference that keeps its object; or none. A copy of one that is inside of an object's value is not inside of any.
class HeldRef {
 public:
  HeldRef() = default;
  HeldRef(ObjectLivesRef lives, ObjectRef ref, bool inside = false)
      : lives_(std::move(lives)), ref_(ref), inside_(inside) {
    lives_->add(ref_, inside_);
  }
  HeldRef(const HeldRef& other) : lives_(other.lives_), ref_(other.ref_) {
    if (lives_) lives_->add(ref_);
  }
  HeldRef(HeldRef&& other) noexcept : lives_(std::move(other.lives_)), ref_(other.ref_), inside_(other.inside_) {}
  HeldRef& operator=(HeldRef other) noexcept {
    std::swap(lives_, other.lives_);
    std::swap(ref_, other.ref_);
    std::swap(inside_, other.inside_);
    return *this;
  }
  ~HeldRef() {
    if (lives_) lives_->remove(ref_, inside_);
  }

  [[nodiscard]] ObjectRef ref() const { return ref_; }
  [[nodiscard]] explicit operator bool() const { return lives_ != nullptr; }
  [[nodiscard]] const ObjectLivesRef& lives() const { return lives_; }
  friend bool operator==(const HeldRef& a, const HeldRef& b) { return a.ref_ == b.ref_; }

 private:
  ObjectLivesRef lives_;
  ObjectRef ref_;
  bool inside_ = false;
};

// Several of them, in little space.
class HeldRefs {
 public:
  HeldRefs() = default;
  HeldRefs(ObjectLivesRef lives, std::vector<ObjectRef> refs, bool inside = false)
      : lives_(std::move(lives)), refs_(std::move(refs)), inside_(inside) {
    for (const ObjectRef ref : refs_) lives_->add(ref, inside_);
  }
  HeldRefs(const HeldRefs&) = delete;
  HeldRefs(HeldRefs&& other) noexcept
      : lives_(std::move(other.lives_)), refs_(std::exchange(other.refs_, {})), inside_(other.inside_) {}
  HeldRefs& operator=(const HeldRefs&) = delete;
  HeldRefs& operator=(HeldRefs&& other) noexcept {
    std::swap(lives_, other.lives_);
    std::swap(refs_, other.refs_);
    std::swap(inside_, other.inside_);
    return *this;
  }
  ~HeldRefs() {
    for (const ObjectRef ref : refs_) lives_->remove(ref, inside_);
  }

  void push_back(const HeldRef& more) {
    lives_ = more.lives();
    lives_->add(more.ref(), inside_);
    refs_.push_back(more.ref());
  }

  [[nodiscard]] bool empty() const { return refs_.empty(); }
  [[nodiscard]] std::size_t size() const { return refs_.size(); }
  [[nodiscard]] std::span<const ObjectRef> refs() const { return refs_; }
  [[nodiscard]] HeldRef operator[](std::size_t i) const { return {lives_, refs_[i]}; }
  [[nodiscard]] HeldRefs part(std::size_t first, std::size_t count) const {
    const auto begin = refs_.begin() + static_cast<std::ptrdiff_t>(first);
    return {lives_, std::vector<ObjectRef>(begin, begin + static_cast<std::ptrdiff_t>(count))};
  }

 private:
  ObjectLivesRef lives_;
  std::vector<ObjectRef> refs_;
  bool inside_ = false;
};

}  // namespace raysim
