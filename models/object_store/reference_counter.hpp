// Who in this process, and who elsewhere, still needs an object.
//
// Models: handles of programs, tasks submitted with an object among their arguments, objects inside of other objects, borrowers and
// borrowers of borrowers. A state machine: the caller says what happened, the port hears that something follows. Leaves out: where
// objects are (object_directory.hpp), lineage, handles of actors.
// Mirrors src/ray/core_worker/reference_counter.cc (2.60).
// Invariants: an owner's object is in use while any process has told of a use that has not ended; the owner hears of the end of its
// uses once for each time they end, and never while it is told of another; a borrower is told about once and waited for once.
#pragma once

#include <boost/container/flat_set.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "models/object_store/reference_port.hpp"

namespace raysim {

// It lives as long as some handle does that counts in it.
class ReferenceCounter : public boost::intrusive_ref_counter<ReferenceCounter, boost::thread_unsafe_counter> {
 public:
  // `self`: this process as borrowers and owners know it.
  ReferenceCounter(StationId self, ReferencePort& port) : self_(self), port_(&port) {}
  // The process has ended: the port hears nothing any more.
  void detach() { port_ = nullptr; }

  // --- uses: each is a handle of a program, an argument of a task that has not ended, or a value of ours
  void add(ObjectRef object) {
    if (object.owner != self_) return add_borrowed_use(object);
    if (uses_.size() <= object.index) uses_.resize(object.index + std::size_t{1});
    if (++uses_[object.index] == 1) ++in_use_;
  }
  void remove(ObjectRef object) {
    if (object.owner != self_) return remove_borrowed_use(object);
    if (--uses_[object.index] == 0) release(object.index);
  }

  // --- values
  // The object of the owner at `owner`, which we put, return or get as a return, has references inside of it.
  void add_nested(ObjectRef object, std::span<const ObjectRef> inner, StationId owner);
  // The value of somebody else's object has been read here: what is inside of it is borrowed through it.
  void add_borrowed(std::span<const ObjectRef> inner, ObjectRef outer);

  // --- tasks
  // Here one has ended that had these references: what its caller has to know. One in `used` has been used for it once, until now.
  BorrowedRefs pop_borrowed(std::span<const ObjectRef> arguments, std::span<const ObjectRef> used);
  // One of ours has ended there, whose references have not been removed yet.
  void task_finished(StationId worker, const BorrowedRefs& borrowed);

  // --- between owners and borrowers
  // The owner of a borrowed object waits until we no longer use it. `contained_in`: our object that holds it.
  void owner_waits(ObjectRef object, std::optional<ObjectRef> contained_in);
  // A borrower no longer uses an object of ours.
  void ref_removed(ObjectRef object, StationId borrower, const BorrowedRefs& borrowed);
  void borrower_died(StationId borrower);
  // What is to be said to others, since the last time.
  struct ToWatch {
    StationId borrower;
    ObjectRef object;
    std::optional<ObjectRef> contained_in;  // the borrower's own object in which it has the reference
  };
  std::vector<ToWatch> take_watches() { return std::exchange(watches_, {}); }
  std::vector<std::pair<ObjectRef, BorrowedRefs>> take_removed();

  // --- what others may know
  [[nodiscard]] bool is_used(ObjectRef object) const {
    if (object.owner == self_) return object.index < uses_.size() && uses_[object.index] > 0;
    const auto it = entries_.find(object);
    return it != entries_.end() && it->second.uses > 0;
  }
  // Its uses in this process, and how many of these are inside of objects of ours.
  struct Here {
    std::uint32_t uses = 0;
    std::uint32_t inside = 0;
  };
  [[nodiscard]] Here here(ObjectRef object) const;
  // Objects of others that are used here.
  [[nodiscard]] std::vector<ObjectRef> borrowed() const;
  // Whether any object of ours is used.
  [[nodiscard]] bool owns() const { return in_use_ > 0; }
  // Borrowers that we wait for.
  [[nodiscard]] std::vector<StationId> borrowers() const;
  [[nodiscard]] bool waits_for(StationId borrower) const { return watched_.contains(borrower); }
  // Objects of which more is known than a number of uses: borrowed ones, those inside of others, those that are borrowed from here.
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }

 private:
  template <class T>
  using Few = boost::container::flat_set<T>;
  struct Entry {
    std::uint32_t uses = 0;    // of somebody else's object; ours are in uses_
    std::uint32_t inside = 0;  // uses by values of ours
    bool owner_waits = false;
    bool nested_to_report = false;                   // something inside of it is used, which its owner has to hear
    Few<ObjectRef> contains;                         // read out of it here
    Few<ObjectRef> contained_in;                     // borrowed values in which it was found
    Few<StationId> borrowers;                        // ours: those that we wait for; else: whom we have passed it on to
    Few<std::pair<ObjectRef, StationId>> stored_in;  // values that we have returned and that hold it, with their owners

    [[nodiscard]] bool needed() const {
      return uses + inside > 0 || owner_waits || nested_to_report || !contained_in.empty() || !borrowers.empty() ||
             !stored_in.empty();
    }
  };

  void add_borrowed_use(ObjectRef object);
  void remove_borrowed_use(ObjectRef object);
  void release(std::uint32_t object);
  void empty_value(std::uint32_t object);
  void settle(ObjectRef object);
  void report_nested(ObjectRef object);
  void pop(ObjectRef object, std::uint32_t deduct, BorrowedRefs& out, std::set<ObjectRef>& seen);
  void insert_borrower(ObjectRef object, StationId borrower, std::optional<ObjectRef> contained_in);
  void drop_borrower(ObjectRef object, StationId borrower);
  void tell_removed(ObjectRef object);

  StationId self_;
  ReferencePort* port_;
  std::vector<std::uint32_t> uses_;  // of ours, borrowers included
  std::size_t in_use_ = 0;           // of ours
  std::map<ObjectRef, Entry> entries_;
  std::map<std::uint32_t, std::set<ObjectRef>> values_;  // what is inside of objects of ours
  std::map<StationId, std::set<ObjectRef>> watched_;     // by borrower
  std::vector<ToWatch> watches_;
  std::vector<ObjectRef> removed_;
  std::vector<std::uint32_t> gone_;   // ours, whose end is to be told
  std::vector<ObjectRef> unsettled_;  // others', which may be forgotten
  bool releasing_ = false;
  bool settling_ = false;
};
using ReferenceCounterRef = boost::intrusive_ptr<ReferenceCounter>;

}  // namespace raysim
