// An object as a process lists it for `ray memory`.
//
// Models: who needs it in that process, and how far the task is that makes it; what is used elsewhere only is listed there. Leaves out:
// call sites. Mirrors what CoreWorker::GetCoreWorkerStats() of src/ray/core_worker/core_worker.cc (2.60) gives.
// Invariants: a process lists an object once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/ids.hpp"
#include "sim/time.hpp"

namespace raysim {

struct ListedObject {
  // The first that holds, as Ray says it.
  enum class Reference : std::uint8_t { pinned_in_memory, used_by_pending_task, local_reference, captured_in_object };

  ObjectRef object;
  Reference reference = Reference::local_reference;
  std::string function;      // that makes it, or how it came here; empty: it was put
  std::string_view status;   // of the task; empty: it was put
  std::int32_t attempt = 0;  // from 1; 0: it was put
  Bytes size;                // nothing while it does not exist
  bool in_store = false;
};

}  // namespace raysim
