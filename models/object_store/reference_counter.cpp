#include "models/object_store/reference_counter.hpp"

namespace raysim {

// --- objects of this process

// The last use of one has ended. What it held goes with it, one after the other: a chain of these may be long.
void ReferenceCounter::release(std::uint32_t object) {
  --in_use_;
  gone_.push_back(object);
  if (std::exchange(releasing_, true)) return;  // the loop below is running
  for (std::size_t i = 0; i < gone_.size(); ++i) {
    if (uses_[gone_[i]] > 0) continue;
    if (port_ != nullptr) port_->out_of_scope(gone_[i]);
    empty_value(gone_[i]);
  }
  gone_.clear();
  releasing_ = false;
}

void ReferenceCounter::empty_value(std::uint32_t object) {
  const auto value = values_.extract(object);
  if (value.empty()) return;
  for (const ObjectRef inner : value.mapped()) {
    --entries_[inner].inside;
    remove(inner);
    settle(inner);
  }
}

void ReferenceCounter::add_nested(ObjectRef object, std::span<const ObjectRef> inner, StationId owner) {
  if (owner == self_) {
    if (port_ == nullptr || port_->is_freed(object.index)) return;
    std::set<ObjectRef>& value = values_[object.index];
    for (const ObjectRef id : inner) {
      if (!value.insert(id).second) continue;
      ++entries_[id].inside;
      add(id);
    }
    return;
  }
  // The caller of the task that returns `object` becomes a borrower of what is in it.
  for (const ObjectRef id : inner) {
    if (id.owner == self_)
      insert_borrower(id, owner, object);
    else
      entries_[id].stored_in.insert({object, owner});
  }
}

ReferenceCounter::Here ReferenceCounter::here(ObjectRef object) const {
  const auto it = entries_.find(object);
  if (object.owner != self_) return it != entries_.end() ? Here{it->second.uses, it->second.inside} : Here{};
  const std::uint32_t uses = object.index < uses_.size() ? uses_[object.index] : 0;
  if (it == entries_.end()) return {uses, 0};
  return {uses - static_cast<std::uint32_t>(it->second.borrowers.size()), it->second.inside};
}

std::vector<ObjectRef> ReferenceCounter::borrowed() const {
  std::vector<ObjectRef> objects;
  for (const auto& [object, entry] : entries_)
    if (object.owner != self_ && entry.uses > 0) objects.push_back(object);
  return objects;
}

// --- objects of others

void ReferenceCounter::add_borrowed_use(ObjectRef object) {
  if (++entries_[object].uses == 1) report_nested(object);
}

void ReferenceCounter::remove_borrowed_use(ObjectRef object) {
  Entry& entry = entries_.at(object);
  if (--entry.uses > 0) return;
  if (entry.owner_waits)
    tell_removed(object);
  else
    settle(object);
}

// It came inside of borrowed values, whose own borrow has to tell of it.
void ReferenceCounter::report_nested(ObjectRef object) {
  for (const ObjectRef outer : entries_[object].contained_in) {
    Entry& entry = entries_[outer];
    if (!std::exchange(entry.nested_to_report, true)) report_nested(outer);
  }
}

void ReferenceCounter::add_borrowed(std::span<const ObjectRef> inner, ObjectRef outer) {
  if (outer.owner == self_) return;
  for (const ObjectRef id : inner) {
    if (id.owner == self_) continue;
    Entry& entry = entries_[id];
    entry.contained_in.insert(outer);
    entries_[outer].contains.insert(id);
    if (entry.uses > 0 || !entry.borrowers.empty()) report_nested(id);
  }
  settle(outer);
}

// Something has ended: the entry may be of no use any more, and then those of what was read out of its value.
void ReferenceCounter::settle(ObjectRef object) {
  unsettled_.push_back(object);
  if (std::exchange(settling_, true)) return;
  while (!unsettled_.empty()) {
    const ObjectRef id = unsettled_.back();
    unsettled_.pop_back();
    const auto it = entries_.find(id);
    if (it == entries_.end() || it->second.needed()) continue;
    const Few<ObjectRef> contains = std::move(it->second.contains);
    entries_.erase(it);
    for (const ObjectRef inner : contains) {
      entries_.at(inner).contained_in.erase(id);
      unsettled_.push_back(inner);
    }
  }
  settling_ = false;
}

}  // namespace raysim
