// How tensors that a method returns go from actor to actor, if not through the object store.
//
// Models: the transports of Ray Direct Transport and what one transfer is told. Leaves out: collective groups (whoever has the option is
// in one), transports that programs register, several tensors in a value.
// Mirrors python/ray/experimental/rdt/util.py and tensor_transport_manager.py (2.60).
// Invariants: a plan never changes once a call with it was made.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "models/cluster.hpp"
#include "models/ids.hpp"
#include "sim/station.hpp"

namespace raysim {

class CoreWorker;

// object_store: none, which is Ray's default.
enum class TensorTransport : std::uint8_t { object_store, nccl, nixl, gloo, cuda_ipc };
inline constexpr std::array<std::string_view, 5> transport_names{"object_store", "nccl", "nixl", "gloo", "cuda_ipc"};
constexpr std::string_view name_of(TensorTransport transport) {
  return transport_names.at(static_cast<std::size_t>(transport));
}
// The receiver alone acts; else the sender has to take part.
constexpr bool is_one_sided(TensorTransport transport) {
  return transport == TensorTransport::nixl || transport == TensorTransport::cuda_ipc;
}
// Tensors in the memory of a node's machine cannot go by it.
constexpr bool needs_gpu(TensorTransport transport) {
  return transport == TensorTransport::nccl || transport == TensorTransport::cuda_ipc;
}

// A tensor and where one actor is to have it from; what a call to the background group of an actor is about.
struct TensorPlan {
  ObjectRef object;
  TensorTransport transport = TensorTransport::nccl;
  std::uint32_t number = 0;  // of the transfer, among those of its owner
  Bytes size;
  Address<CoreWorker> source;
};
using TensorPlanRef = std::shared_ptr<const TensorPlan>;

// The receiver of a transfer has room and waits for the bytes.
struct TensorRequest {
  TensorPlanRef plan;
  Address<CoreWorker> receiver;
  MemoryPlace to;
  std::uint64_t wait = 0;  // the receiver's
};

}  // namespace raysim
