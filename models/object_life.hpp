// Handles: what keeps an object while a program, a task or a value of this process refers to it.
//
// Models: Python's ObjectRef, whose last copy in a process tells that process's counter. Leaves out: who else needs the object
// (object_store/reference_counter.hpp). An object of which there was no handle is never freed.
// Mirrors ObjectRef of python/ray/includes/object_ref.pxi (2.60).
// Invariants: a handle counts in the process that made it, wherever it goes; one without a counter, as values on their way between
// processes hold, keeps nothing.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "models/object_store/reference_counter.hpp"

namespace raysim {

// A reference that keeps its object, if it has a counter.
class HeldRef {
 public:
  HeldRef() = default;
  HeldRef(ReferenceCounterRef counter, ObjectRef ref) : counter_(std::move(counter)), ref_(ref) {
    if (counter_) counter_->add(ref_);
  }
  HeldRef(const HeldRef& other) : HeldRef(other.counter_, other.ref_) {}
  HeldRef(HeldRef&& other) noexcept : counter_(std::move(other.counter_)), ref_(other.ref_) {}
  HeldRef& operator=(HeldRef other) noexcept {
    std::swap(counter_, other.counter_);
    std::swap(ref_, other.ref_);
    return *this;
  }
  ~HeldRef() {
    if (counter_) counter_->remove(ref_);
  }

  [[nodiscard]] ObjectRef ref() const { return ref_; }
  [[nodiscard]] const ReferenceCounterRef& counter() const { return counter_; }
  friend bool operator==(const HeldRef& a, const HeldRef& b) { return a.ref_ == b.ref_; }

 private:
  ReferenceCounterRef counter_;
  ObjectRef ref_;
};

// Several of them, in little space.
class HeldRefs {
 public:
  HeldRefs() = default;
  HeldRefs(ReferenceCounterRef counter, std::vector<ObjectRef> refs)
      : counter_(std::move(counter)), refs_(std::move(refs)) {
    if (!counter_) return;
    for (const ObjectRef ref : refs_) counter_->add(ref);
  }
  HeldRefs(const HeldRefs&) = delete;
  HeldRefs(HeldRefs&& other) noexcept : counter_(std::move(other.counter_)), refs_(std::exchange(other.refs_, {})) {}
  HeldRefs& operator=(const HeldRefs&) = delete;
  HeldRefs& operator=(HeldRefs&& other) noexcept {
    std::swap(counter_, other.counter_);
    std::swap(refs_, other.refs_);
    return *this;
  }
  ~HeldRefs() {
    if (!counter_) return;
    for (const ObjectRef ref : refs_) counter_->remove(ref);
  }

  void push_back(const HeldRef& more) {
    counter_ = more.counter();
    if (counter_) counter_->add(more.ref());
    refs_.push_back(more.ref());
  }

  [[nodiscard]] bool empty() const { return refs_.empty(); }
  [[nodiscard]] std::size_t size() const { return refs_.size(); }
  [[nodiscard]] std::span<const ObjectRef> refs() const { return refs_; }
  [[nodiscard]] HeldRef operator[](std::size_t i) const { return {counter_, refs_[i]}; }
  [[nodiscard]] HeldRefs part(std::size_t first, std::size_t count) const {
    const auto begin = refs_.begin() + static_cast<std::ptrdiff_t>(first);
    return {counter_, std::vector<ObjectRef>(begin, begin + static_cast<std::ptrdiff_t>(count))};
  }

 private:
  ReferenceCounterRef counter_;
  std::vector<ObjectRef> refs_;
};

}  // namespace raysim
