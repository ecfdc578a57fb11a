// What a process's ReferenceCounter asks of the process around it.
//
// Models: the callbacks, publisher and subscriber that Ray's counter is constructed with. The core worker implements them with messages
// and its task manager; tests with a notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/core_worker/reference_counter.h and its messages in src/ray/protobuf/pubsub.proto (2.60).
// Invariants: none of these calls the counter back before it returns.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

// What a process says of a reference that it has borrowed.
struct BorrowedRef {
  ObjectRef object;
  bool in_use = false;
  std::vector<StationId> borrowers;                        // whom it has passed the reference on to
  std::vector<std::pair<ObjectRef, StationId>> stored_in;  // values it has returned that hold it, with their owners
  std::vector<ObjectRef> contains;
  std::vector<ObjectRef> contained_in;  // borrowed values in which it was found
};
using BorrowedRefs = std::vector<BorrowedRef>;

class ReferencePort {
 public:
  virtual ~ReferencePort() = default;

  // Nobody can read the value any more. Its owner has all copies freed, or an actor ended whose handle it is; others
  // forget what they hold of it. Again when it has been in scope again.
  virtual void out_of_scope(ObjectRef object) = 0;
  // The reference is gone altogether.
  virtual void deleted(ObjectRef object) = 0;
  // The task that made an object of ours is no longer kept for it. When no return needs it, its arguments by reference are
  // appended, each as often as it was counted; returns the bytes that this has freed.
  virtual Bytes release_lineage(ObjectRef object, std::vector<ObjectRef>& arguments) = 0;
  // Has a borrower tell when it no longer uses an object of ours: owner_waits() there, ref_removed() or borrower_died() here.
  // `contained_in`: the borrower's own object in which it has the reference.
  virtual void watch_borrower(StationId borrower, ObjectRef object, std::optional<ObjectRef> contained_in) = 0;
  // Tells the owner that waits: ref_removed() there.
  virtual void tell_ref_removed(ObjectRef object, BorrowedRefs borrowed) = 0;
};

}  // namespace raysim
