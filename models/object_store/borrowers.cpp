// Who has borrowed what: the part of ReferenceCounter that goes from process to process.
#include <algorithm>

#include "models/object_store/reference_counter.hpp"

namespace raysim {

// --- what a borrower tells

BorrowedRefs ReferenceCounter::pop_borrowed(std::span<const ObjectRef> arguments, std::span<const ObjectRef> used) {
  BorrowedRefs popped;
  if (!entries_.empty()) {
    std::set<ObjectRef> seen;
    for (const ObjectRef id : used) pop(id, 1, popped, seen);
    for (const ObjectRef id : arguments) pop(id, 0, popped, seen);
  }
  for (const ObjectRef id : used) remove(id);
  for (const BorrowedRef& told : popped) settle(told.object);
  const auto matters = [](const BorrowedRef& told) {
    return told.in_use || !told.borrowers.empty() || !told.stored_in.empty();
  };
  return std::any_of(popped.begin(), popped.end(), matters) ? popped : BorrowedRefs{};
}

// Adds what we know of a borrowed object and of those inside it, and forgets the borrowers that we tell of: whoever is told counts them
// from now on.
void ReferenceCounter::pop(ObjectRef object, std::uint32_t deduct, BorrowedRefs& out, std::set<ObjectRef>& seen) {
  if (object.owner == self_) return;
  const auto it = entries_.find(object);
  if (it == entries_.end() || !seen.insert(object).second) return;
  Entry& entry = it->second;
  BorrowedRef told{object, entry.uses > deduct};
  told.contained_in.assign(entry.contained_in.begin(), entry.contained_in.end());
  told.borrowers.assign(entry.borrowers.begin(), entry.borrowers.end());
  told.stored_in.assign(entry.stored_in.begin(), entry.stored_in.end());
  entry.borrowers.clear();
  entry.stored_in.clear();
  entry.nested_to_report = false;
  out.push_back(std::move(told));
  for (const ObjectRef inner : entry.contains) pop(inner, 0, out, seen);
}

void ReferenceCounter::owner_waits(ObjectRef object, std::optional<ObjectRef> contained_in) {
  // Held by an object of ours: the answer waits until that is out of scope.
  if (contained_in) add_nested(*contained_in, {&object, 1}, self_);
  Entry& entry = entries_[object];
  entry.owner_waits = true;
  if (entry.uses == 0) tell_removed(object);
}

void ReferenceCounter::tell_removed(ObjectRef object) {
  removed_.push_back(object);
  if (port_ != nullptr) port_->references_changed();
}

std::vector<std::pair<ObjectRef, BorrowedRefs>> ReferenceCounter::take_removed() {
  std::vector<std::pair<ObjectRef, BorrowedRefs>> told;
  for (const ObjectRef object : std::exchange(removed_, {})) {
    const auto it = entries_.find(object);
    if (it == entries_.end() || !it->second.owner_waits || it->second.uses > 0) continue;  // used again
    it->second.owner_waits = false;
    std::set<ObjectRef> seen;
    pop(object, 0, told.emplace_back(object, BorrowedRefs{}).second, seen);
    settle(object);
  }
  return told;
}

// --- what callers and owners make of it

void ReferenceCounter::task_finished(StationId worker, const BorrowedRefs& borrowed) {
  for (const BorrowedRef& told : borrowed) {
    if (told.in_use) insert_borrower(told.object, worker, std::nullopt);
    for (const StationId borrower : told.borrowers) insert_borrower(told.object, borrower, std::nullopt);
    for (const ObjectRef outer : told.contained_in) add_borrowed({&told.object, 1}, outer);
    for (const auto& [outer, owner] : told.stored_in) add_nested(outer, {&told.object, 1}, owner);
    settle(told.object);
  }
}

void ReferenceCounter::insert_borrower(ObjectRef object, StationId borrower, std::optional<ObjectRef> contained_in) {
  if (borrower == self_ || !entries_[object].borrowers.insert(borrower).second) return;
  if (object.owner != self_) return report_nested(object);  // so that it gets to the owner
  add(object);
  watched_[borrower].insert(object);
  watches_.push_back({borrower, object, contained_in});
  if (port_ != nullptr) port_->references_changed();
}

void ReferenceCounter::ref_removed(ObjectRef object, StationId borrower, const BorrowedRefs& borrowed) {
  task_finished(borrower, borrowed);
  const auto it = watched_.find(borrower);
  if (it == watched_.end() || it->second.erase(object) == 0) return;
  if (it->second.empty()) watched_.erase(it);
  drop_borrower(object, borrower);
}

void ReferenceCounter::borrower_died(StationId borrower) {
  const auto watched = watched_.extract(borrower);
  if (watched.empty()) return;
  for (const ObjectRef object : watched.mapped()) drop_borrower(object, borrower);
}

void ReferenceCounter::drop_borrower(ObjectRef object, StationId borrower) {
  entries_.at(object).borrowers.erase(borrower);
  remove(object);
  settle(object);
}

std::vector<StationId> ReferenceCounter::borrowers() const {
  std::vector<StationId> stations;
  for (const auto& [borrower, objects] : watched_) stations.push_back(borrower);
  return stations;
}

}  // namespace raysim
