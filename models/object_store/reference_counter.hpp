// Who in this process, and who elsewhere, still needs an object.
//
// Models: local references, tasks submitted with an object as argument, objects inside other objects, borrowers and borrowers of
// borrowers, lineage, actor handles. A state machine: the caller says what happened, the port takes what follows. Leaves out:
// where objects are (object_directory.hpp), explicit frees, generators.
// Mirrors src/ray/core_worker/reference_counter.cc (2.60).
// Invariants: an owner's object is in scope while any process has told of a use that has not ended; it is deleted once nobody uses it and
// no task that may run again has it as argument; a borrower is told about once and waited for once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "models/object_store/object_table.hpp"
#include "models/object_store/reference_port.hpp"
#include "models/profile.hpp"

namespace raysim {

// What can be asked about a reference (`ray memory`).
struct ReferenceCounts {
  std::uint32_t local = 0;       // in the program
  std::uint32_t submitted = 0;   // tasks that have not ended
  std::uint32_t lineage = 0;     // tasks that may run again
  std::size_t contained_in = 0;  // objects of ours
  std::size_t borrowers = 0;
  bool owned = false;
  bool actor_handle = false;
  bool reconstructable = false;
  bool lineage_evicted = false;
};

class ReferenceCounter {
 public:
  // `self`: this process as borrowers and owners know it.
  ReferenceCounter(StationId self, const SystemConfig& config, ReferencePort& port)
      : self_(self), lineage_pinning_(config.lineage_pinning_enabled), port_(port) {}

  // --- objects of this process
  struct Owned {
    bool reconstructable = false;
    bool local_reference = false;  // count one
    bool actor_handle = false;
  };
  // A new object, perhaps with references to others in its value.
  void add_owned(ObjectRef object, std::span<const ObjectRef> inner, Owned what);
  // The owner at `owner` of an object that we return or put now has references inside it.
  void add_nested(ObjectRef object, std::span<const ObjectRef> inner, StationId owner);
  // Somebody has asked for an object of ours without being told of by anybody else.
  void add_borrower(ObjectRef object, StationId borrower);

  // --- the program
  void add_local(ObjectRef object);
  void remove_local(ObjectRef object);
  // A reference was found in a value or argument; `outer`: in that object.
  void add_borrowed(ObjectRef object, std::optional<ObjectRef> outer);

  // --- tasks of this process
  void task_submitted(std::span<const ObjectRef> arguments);
  // The values of these arguments go with the task instead.
  void arguments_inlined(std::span<const ObjectRef> arguments);
  void task_resubmitted(std::span<const ObjectRef> arguments);
  // The task has ended for good, or until somebody needs its results again (then its lineage is kept).
  void task_finished(std::span<const ObjectRef> arguments, bool release_lineage, StationId worker,
                     const BorrowedRefs& borrowed);
  // Drops lineage of the oldest objects until so much has been freed; returns how much was.
  Bytes evict_lineage(Bytes wanted);

  // --- tasks that this process executes
  // At the end of a task, whose borrowed arguments had one local reference each: what its caller has to know.
  BorrowedRefs pop_borrowed(std::span<const ObjectRef> arguments);

  // --- between owners and borrowers
  // The owner of a borrowed object waits until we no longer use it. `contained_in`: our object that holds it.
  void owner_waits(ObjectRef object, std::optional<ObjectRef> contained_in);
  // A borrower no longer uses an object of ours.
  void ref_removed(ObjectRef object, StationId borrower, const BorrowedRefs& borrowed);
  void borrower_died(StationId borrower);

  // --- what others may know
  [[nodiscard]] bool contains(ObjectRef object) const { return refs_.contains(object); }
  [[nodiscard]] bool in_scope(ObjectRef object) const;
  // Nothing for an unknown object.
  [[nodiscard]] std::optional<ReferenceCounts> counts(ObjectRef object) const;
  [[nodiscard]] std::size_t size() const { return refs_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {  // visit(ObjectRef)
    refs_.for_each([&](ObjectSlot slot) { visit(refs_.id(slot)); });
  }

 private:
  // Few references have either of these.
  struct Nested {
    std::vector<ObjectRef> contained_in_owned;
    std::vector<ObjectRef> contained_in_borrowed;
    std::vector<ObjectRef> contains;
  };
  struct Borrow {
    std::vector<std::pair<ObjectRef, StationId>> stored_in;
    std::vector<StationId> borrowers;
  };
  struct Reference {
    std::uint32_t local = 0;
    std::uint32_t submitted = 0;
    std::uint32_t lineage = 0;
    OrderLinks links;
    bool owned = false;
    bool actor_handle = false;
    bool reconstructable = false;
    bool lineage_evicted = false;
    bool owner_waits = false;
    bool nested_to_report = false;
    bool released = false;  // out_of_scope() has been said
    std::unique_ptr<Nested> nested;
    std::unique_ptr<Borrow> borrow;

    [[nodiscard]] std::size_t uses() const {
      return local + submitted + (nested ? nested->contained_in_owned.size() : 0);
    }
  };
  struct Merge;  // borrowed references by object

  static Nested& nested(Reference& ref);
  static Borrow& borrow(Reference& ref);
  [[nodiscard]] bool in_scope(const Reference& ref) const;
  void used(ObjectSlot slot, bool before);
  void report_nested(ObjectSlot slot);
  void delete_if_unused(ObjectSlot slot);
  Bytes delete_unused();
  Bytes release_lineage(ObjectSlot slot);
  void erase(ObjectSlot slot);
  void remove_submitted(std::span<const ObjectRef> arguments, bool release_lineage);
  void pop(ObjectRef object, bool deduct_local, BorrowedRefs& out, ObjectTable<char>& seen);
  void merge(ObjectRef object, StationId worker, const Merge& borrowed);
  bool insert_borrower(Reference& ref, StationId borrower);
  void watch(ObjectSlot slot, StationId borrower, std::optional<ObjectRef> contained_in);
  void drop_borrower(ObjectRef object, StationId borrower);
  void publish_removed(ObjectRef object);

  StationId self_;
  bool lineage_pinning_;
  ReferencePort& port_;
  ObjectTable<Reference> refs_;
  ObjectOrder<Reference, &Reference::links> with_lineage_{refs_};  // ours in scope, the oldest first
  std::map<StationId, std::set<ObjectRef>> watched_;               // by borrower
  std::vector<ObjectRef> unused_;                                  // to be looked at by delete_unused()
};

}  // namespace raysim
