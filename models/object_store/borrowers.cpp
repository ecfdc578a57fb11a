// Who has borrowed what: the part of ReferenceCounter that goes from process to process.
#include <algorithm>
#include <cassert>
#include <utility>

#include "models/object_store/reference_counter.hpp"

namespace raysim {

struct ReferenceCounter::Merge {
  explicit Merge(const BorrowedRefs& borrowed) {
    for (const BorrowedRef& ref : borrowed) refs[refs.insert(ref.object).first] = &ref;
  }
  [[nodiscard]] const BorrowedRef* find(ObjectRef object) const {
    const ObjectSlot slot = refs.find(object);
    return slot == no_slot ? nullptr : refs[slot];
  }
  ObjectTable<const BorrowedRef*> refs;
};

BorrowedRefs ReferenceCounter::pop_borrowed(std::span<const ObjectRef> arguments) {
  BorrowedRefs popped;
  ObjectTable<char> seen;
  for (const ObjectRef id : arguments) pop(id, true, popped, seen);
  for (const ObjectRef id : arguments) remove_local(id);
  return popped;
}

// Adds what we know of a borrowed object and of those inside it, and forgets the borrowers that we tell of: whoever is told counts them
// from now on.
void ReferenceCounter::pop(ObjectRef object, bool deduct_local, BorrowedRefs& out, ObjectTable<char>& seen) {
  const ObjectSlot slot = refs_.find(object);
  if (slot == no_slot || refs_[slot].owned) return;
  Reference& ref = refs_[slot];
  if (seen.insert(object).second) {
    BorrowedRef& told = out.emplace_back();
    told.object = object;
    told.in_use = ref.uses() > (deduct_local ? 1U : 0U);
    if (ref.nested) {
      told.contains = ref.nested->contains;
      told.contained_in = ref.nested->contained_in_borrowed;
    }
    if (ref.borrow) {
      told.borrowers = std::move(ref.borrow->borrowers);
      told.stored_in = std::move(ref.borrow->stored_in);
      ref.borrow.reset();
    }
  }
  if (ref.nested) {
    const std::vector<ObjectRef> contains = ref.nested->contains;
    for (const ObjectRef inner : contains) pop(inner, false, out, seen);
  }
  refs_[slot].nested_to_report = false;
}

void ReferenceCounter::task_finished(std::span<const ObjectRef> arguments, bool release_lineage, StationId worker,
                                     const BorrowedRefs& borrowed) {
  // New borrowers first: an object inside an argument must not be without any use in between.
  if (!borrowed.empty()) {
    const Merge merged(borrowed);
    for (const ObjectRef id : arguments) merge(id, worker, merged);
  }
  remove_submitted(arguments, release_lineage);
}

void ReferenceCounter::merge(ObjectRef object, StationId worker, const Merge& borrowed) {
  const BorrowedRef* told = borrowed.find(object);
  if (told == nullptr) return;
  const ObjectSlot slot = refs_.insert(object).first;
  std::vector<StationId> fresh;
  if (told->in_use && insert_borrower(refs_[slot], worker)) fresh.push_back(worker);
  for (const StationId borrower : told->borrowers)
    if (insert_borrower(refs_[slot], borrower)) fresh.push_back(borrower);
  for (const ObjectRef outer : told->contained_in) add_borrowed(object, outer);
  if (refs_[slot].owned)
    for (const StationId borrower : fresh) watch(slot, borrower, std::nullopt);
  else
    report_nested(slot);  // so that it gets to the owner
  for (const auto& [outer, owner] : told->stored_in) add_nested(outer, {&object, 1}, owner);
  for (const ObjectRef inner : told->contains) merge(inner, worker, borrowed);
  // It may have told of nothing that lasts.
  if (const ObjectSlot at = refs_.find(object); at != no_slot && refs_[at].uses() == 0) delete_if_unused(at);
}

bool ReferenceCounter::insert_borrower(Reference& ref, StationId borrower) {
  auto& borrowers = borrow(ref).borrowers;
  if (std::ranges::find(borrowers, borrower) != borrowers.end()) return false;
  borrowers.push_back(borrower);
  return true;
}

void ReferenceCounter::watch(ObjectSlot slot, StationId borrower, std::optional<ObjectRef> contained_in) {
  watched_[borrower].insert(refs_.id(slot));
  port_.watch_borrower(borrower, refs_.id(slot), contained_in);
}

void ReferenceCounter::add_borrower(ObjectRef object, StationId borrower) {
  const ObjectSlot slot = refs_.find(object);
  assert(slot != no_slot && refs_[slot].owned && borrower != self_);
  if (insert_borrower(refs_[slot], borrower)) watch(slot, borrower, std::nullopt);
}

void ReferenceCounter::owner_waits(ObjectRef object, std::optional<ObjectRef> contained_in) {
  const ObjectSlot slot = refs_.insert(object).first;
  // Held by an object of ours: the answer waits until that is out of scope.
  if (contained_in) add_nested(*contained_in, {&object, 1}, self_);
  if (refs_[slot].uses() > 0) {
    refs_[slot].owner_waits = true;
    return;
  }
  publish_removed(object);
  delete_if_unused(slot);
}

void ReferenceCounter::publish_removed(ObjectRef object) {
  BorrowedRefs popped;
  ObjectTable<char> seen;
  pop(object, false, popped, seen);
  port_.tell_ref_removed(object, std::move(popped));
}

void ReferenceCounter::ref_removed(ObjectRef object, StationId borrower, const BorrowedRefs& borrowed) {
  if (!borrowed.empty()) merge(object, borrower, Merge(borrowed));
  const auto it = watched_.find(borrower);
  if (it != watched_.end() && it->second.erase(object) > 0) {
    if (it->second.empty()) watched_.erase(it);
    drop_borrower(object, borrower);
  }
}

void ReferenceCounter::borrower_died(StationId borrower) {
  const auto it = watched_.find(borrower);
  if (it == watched_.end()) return;
  const std::set<ObjectRef> objects = std::move(it->second);
  watched_.erase(it);
  for (const ObjectRef object : objects) drop_borrower(object, borrower);
}

void ReferenceCounter::drop_borrower(ObjectRef object, StationId borrower) {
  const ObjectSlot slot = refs_.find(object);
  if (slot == no_slot) return;
  std::erase(borrow(refs_[slot]).borrowers, borrower);
  delete_if_unused(slot);
}

}  // namespace raysim
