#include "models/object_store/reference_counter.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace raysim {

namespace {

template <class T>
bool insert_new(std::vector<T>& list, const T& value) {
  if (std::ranges::find(list, value) != list.end()) return false;
  list.push_back(value);
  return true;
}

template <class T>
bool remove_one(std::vector<T>& list, const T& value) {
  const auto it = std::ranges::find(list, value);
  if (it == list.end()) return false;
  list.erase(it);
  return true;
}

}  // namespace

ReferenceCounter::Nested& ReferenceCounter::nested(Reference& ref) {
  if (!ref.nested) ref.nested = std::make_unique<Nested>();
  return *ref.nested;
}

ReferenceCounter::Borrow& ReferenceCounter::borrow(Reference& ref) {
  if (!ref.borrow) ref.borrow = std::make_unique<Borrow>();
  return *ref.borrow;
}

bool ReferenceCounter::in_scope(const Reference& ref) const {
  if (ref.uses() > 0 || ref.nested_to_report) return true;
  if (ref.nested && !ref.nested->contained_in_borrowed.empty()) return true;
  if (ref.borrow && !(ref.borrow->borrowers.empty() && ref.borrow->stored_in.empty())) return true;
  // What cannot be made again stays while a task may run again with it.
  return lineage_pinning_ && ref.owned && !ref.reconstructable && ref.lineage > 0;
}

// A use has been counted; `before`: there were others.
void ReferenceCounter::used(ObjectSlot slot, bool before) {
  if (before) return;
  refs_[slot].released = false;
  report_nested(slot);
}

// The reference came inside borrowed objects, whose own borrow has to tell of it.
void ReferenceCounter::report_nested(ObjectSlot slot) {
  if (!refs_[slot].nested) return;
  for (const ObjectRef outer : refs_[slot].nested->contained_in_borrowed) {
    const ObjectSlot at = refs_.find(outer);
    if (refs_[at].nested_to_report) continue;
    refs_[at].nested_to_report = true;
    report_nested(at);
  }
}

void ReferenceCounter::add_owned(ObjectRef object, std::span<const ObjectRef> inner, Owned what) {
  const auto [slot, fresh] = refs_.insert(object);
  assert(fresh);
  Reference& ref = refs_[slot];
  ref.owned = true;
  ref.reconstructable = what.reconstructable;
  ref.actor_handle = what.actor_handle;
  if (what.local_reference) ref.local = 1;
  with_lineage_.push_back(slot);
  if (!inner.empty()) add_nested(object, inner, self_);
}

void ReferenceCounter::add_nested(ObjectRef object, std::span<const ObjectRef> inner, StationId owner) {
  if (owner != self_) {
    // The caller of the task that returns `object` becomes a borrower of what is in it.
    for (const ObjectRef id : inner) {
      const ObjectSlot slot = refs_.insert(id).first;
      Reference& ref = refs_[slot];
      if (!ref.owned)
        insert_new(borrow(ref).stored_in, {object, owner});
      else if (insert_borrower(ref, owner))
        watch(slot, owner, object);
    }
    return;
  }
  const ObjectSlot outer = refs_.find(object);
  if (outer == no_slot) return;  // out of scope before it was there
  for (const ObjectRef id : inner) {
    insert_new(nested(refs_[outer]).contains, id);
    const ObjectSlot slot = refs_.insert(id).first;
    const bool before = refs_[slot].uses() > 0;
    insert_new(nested(refs_[slot]).contained_in_owned, object);
    used(slot, before);
  }
}

void ReferenceCounter::add_local(ObjectRef object) {
  const ObjectSlot slot = refs_.insert(object).first;
  const bool before = refs_[slot].uses() > 0;
  ++refs_[slot].local;
  used(slot, before);
}

void ReferenceCounter::remove_local(ObjectRef object) {
  const ObjectSlot slot = refs_.find(object);
  if (slot == no_slot || refs_[slot].local == 0) return;
  --refs_[slot].local;
  if (refs_[slot].uses() == 0) delete_if_unused(slot);
}

void ReferenceCounter::add_borrowed(ObjectRef object, std::optional<ObjectRef> outer) {
  const ObjectSlot slot = refs_.insert(object).first;
  const ObjectSlot at = outer ? refs_.find(*outer) : no_slot;
  if (at != no_slot && !refs_[at].owned) {
    insert_new(nested(refs_[slot]).contained_in_borrowed, *outer);
    insert_new(nested(refs_[at]).contains, object);
    if (refs_[slot].uses() > 0) report_nested(slot);
  }
  if (refs_[slot].uses() == 0) delete_if_unused(slot);
}

void ReferenceCounter::task_submitted(std::span<const ObjectRef> arguments) {
  for (const ObjectRef id : arguments) {
    const ObjectSlot slot = refs_.insert(id).first;
    const bool before = refs_[slot].uses() > 0;
    ++refs_[slot].submitted;
    ++refs_[slot].lineage;  // until the task has ended and cannot run again
    used(slot, before);
  }
}

void ReferenceCounter::task_resubmitted(std::span<const ObjectRef> arguments) {
  for (const ObjectRef id : arguments) {
    const ObjectSlot slot = refs_.find(id);
    assert(slot != no_slot);
    const bool before = refs_[slot].uses() > 0;
    ++refs_[slot].submitted;
    used(slot, before);
  }
}

void ReferenceCounter::arguments_inlined(std::span<const ObjectRef> arguments) { remove_submitted(arguments, true); }

void ReferenceCounter::remove_submitted(std::span<const ObjectRef> arguments, bool release_lineage) {
  for (const ObjectRef id : arguments) {
    const ObjectSlot slot = refs_.find(id);
    assert(slot != no_slot && refs_[slot].submitted > 0);
    --refs_[slot].submitted;
    if (release_lineage && refs_[slot].lineage > 0) --refs_[slot].lineage;
    if (refs_[slot].uses() == 0) delete_if_unused(slot);
  }
}

void ReferenceCounter::delete_if_unused(ObjectSlot slot) {
  unused_.push_back(refs_.id(slot));
  delete_unused();
}

// Looks at references that have lost a use, then at those that were inside them, and at the arguments of the tasks that made them; chains
// of these may be as long as the program.
Bytes ReferenceCounter::delete_unused() {
  Bytes freed;
  while (!unused_.empty()) {
    const ObjectRef id = unused_.back();
    unused_.pop_back();
    const ObjectSlot slot = refs_.find(id);
    if (slot == no_slot) continue;
    Reference& ref = refs_[slot];
    if (ref.uses() == 0 && std::exchange(ref.owner_waits, false)) publish_removed(id);
    if (in_scope(ref)) continue;
    if (ref.nested) {
      for (const ObjectRef inner : std::exchange(ref.nested->contains, {})) {
        const ObjectSlot at = refs_.find(inner);
        if (at == no_slot) continue;
        Nested& links = nested(refs_[at]);
        remove_one(ref.owned ? links.contained_in_owned : links.contained_in_borrowed, id);
        unused_.push_back(inner);
      }
    }
    if (!std::exchange(ref.released, true)) port_.out_of_scope(id);
    with_lineage_.remove(slot);
    if (lineage_pinning_ && ref.lineage > 0) continue;
    freed += release_lineage(slot);
    erase(slot);
  }
  return freed;
}

// The task that made an object is not kept for it any more, nor for that task its arguments.
Bytes ReferenceCounter::release_lineage(ObjectSlot slot) {
  Reference& ref = refs_[slot];
  if (!ref.owned) return {};
  std::vector<ObjectRef> arguments;
  const Bytes freed = port_.release_lineage(refs_.id(slot), arguments);
  if (in_scope(ref) && ref.reconstructable) {
    ref.lineage_evicted = true;
    ref.reconstructable = false;
  }
  for (const ObjectRef id : arguments) {
    const ObjectSlot at = refs_.find(id);
    if (at == no_slot || refs_[at].lineage == 0) continue;
    --refs_[at].lineage;
    unused_.push_back(id);
  }
  return freed;
}

void ReferenceCounter::erase(ObjectSlot slot) {
  const ObjectRef id = refs_.id(slot);
  with_lineage_.remove(slot);
  refs_.erase(slot);
  port_.deleted(id);
}

Bytes ReferenceCounter::evict_lineage(Bytes wanted) {
  Bytes freed;
  while (freed < wanted && with_lineage_.front() != no_slot) {
    const ObjectSlot slot = with_lineage_.front();
    with_lineage_.remove(slot);
    freed += release_lineage(slot);
    freed += delete_unused();
  }
  return freed;
}

bool ReferenceCounter::in_scope(ObjectRef object) const {
  const ObjectSlot slot = refs_.find(object);
  return slot != no_slot && in_scope(refs_[slot]);
}

std::optional<ReferenceCounts> ReferenceCounter::counts(ObjectRef object) const {
  const ObjectSlot slot = refs_.find(object);
  if (slot == no_slot) return std::nullopt;
  const Reference& ref = refs_[slot];
  ReferenceCounts counts;
  counts.local = ref.local;
  counts.submitted = ref.submitted;
  counts.lineage = ref.lineage;
  counts.contained_in = ref.nested ? ref.nested->contained_in_owned.size() : 0;
  counts.borrowers = ref.borrow ? ref.borrow->borrowers.size() : 0;
  counts.owned = ref.owned;
  counts.actor_handle = ref.actor_handle;
  counts.reconstructable = ref.reconstructable;
  counts.lineage_evicted = ref.lineage_evicted;
  return counts;
}

}  // namespace raysim
