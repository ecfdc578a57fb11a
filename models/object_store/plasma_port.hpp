// What a plasma store asks of the node around it.
//
// Models: the callbacks that Ray's store is constructed with, and its clients' answers. The raylet implements them with messages, its
// LocalObjectManager and timers; tests with a notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/object_manager/plasma/{store,create_request_queue}.h (2.60).
// Invariants: none of these calls the store back before it returns, but for its const members.
#pragma once

#include <cstdint>

#include "models/ids.hpp"
#include "sim/time.hpp"

namespace raysim {

// Chosen by the caller of PlasmaStore::create().
struct CreateId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const CreateId&) const = default;
};

enum class CreateResult : std::uint8_t {
  ok,
  fell_back,    // it lies in a file instead of in shared memory
  exists,       // another copy, sealed or not
  out_of_disk,  // there is room in neither: OutOfDiskError
};

class PlasmaPort {
 public:
  virtual ~PlasmaPort() = default;

  [[nodiscard]] virtual Time now() const = 0;
  // Answers create(), perhaps before it returns. A successful creator writes the object, then seals or aborts it.
  virtual void created(CreateId request, ObjectRef object, CreateResult result) = 0;
  // A sealed object has left the store, evicted or freed.
  virtual void deleted(ObjectRef object, Bytes size, bool evicted) = 0;
  // Starts to spill what can be; true while any spill is in progress.
  virtual bool spill() = 0;
  // The disk of the fallback directory is over its limit.
  [[nodiscard]] virtual bool disk_full() const = 0;
  // Takes room for a file of that size there; false: there is none.
  virtual bool take_fallback(Bytes size) = 0;
  virtual void give_back_fallback(Bytes size) = 0;
  // Call PlasmaStore::retry() then.
  virtual void retry_at(Time when) = 0;
};

}  // namespace raysim
