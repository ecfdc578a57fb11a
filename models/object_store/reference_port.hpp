// What a process's ReferenceCounter asks of the process around it, and what processes say about references.
//
// Models: the callbacks that Ray's counter is constructed with. The core worker implements them; tests with a notebook. Leaves out: how any
// of it is done.
// Mirrors the constructor arguments of src/ray/core_worker/reference_counter.h and ObjectReferenceCount of
// src/ray/protobuf/common.proto (2.60).
// Invariants: none of these calls the counter back before it returns.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

// What a process says of a reference that it has borrowed.
struct BorrowedRef {
  ObjectRef object;
  bool in_use = false;
  std::vector<StationId> borrowers = {};  // whom it has passed the reference on to
  std::vector<std::pair<ObjectRef, StationId>> stored_in =
      {};                                    // values it has returned that hold it, with their owners
  std::vector<ObjectRef> contained_in = {};  // borrowed values in which it was found
};
using BorrowedRefs = std::vector<BorrowedRef>;

class ReferencePort {
 public:
  // Nobody uses an object of this owner any more. Again when it has been used again.
  virtual void out_of_scope(std::uint32_t object) = 0;
  // It has been, and nobody can use it any more.
  [[nodiscard]] virtual bool is_freed(std::uint32_t object) const = 0;
  // take_watches() or take_removed() has something to say.
  virtual void references_changed() = 0;

 protected:
  ~ReferencePort() = default;
};

}  // namespace raysim
