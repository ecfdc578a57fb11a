// Tensors that stay where a method has made them, and go from actor to actor on their own ways.
//
// Models: Ray Direct Transport. An owner knows which actor has a tensor; when a call takes it as argument, the owner has the source send
// and the receiver take it, in the background group of both, in the order of the calls; it frees the tensor with its last
// reference. An executor keeps primary copies until they are freed, and received ones until the call that takes them ends.
// A tensor that a body has put stays in its process, until the last reference is gone.
// Leaves out: borrowers of tensors, buffers to receive into; that Ray kills both actors of a collective transfer that
// takes more than its timeout.
// Mirrors python/ray/experimental/rdt/{rdt_manager,rdt_store}.py (2.60).
// Invariants: a transfer whose sender or receiver dies ends; a call that takes tensors begins when it has them all, or fails.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

struct CoreWorker::Tensors {
  explicit Tensors(CoreWorker& self) : worker(self) {}

  // --- at the owner
  struct Owned {
    ActorHandle source;  // which it keeps alive; none: this process, which has put it
    TensorTransport transport = TensorTransport::nccl;
    bool created = false;
    Bytes size;
    std::vector<ActorHandle> receivers;  // of calls that were made before it was there
  };
  // A body of this process puts it: the object, which is ready. RayError, if it cannot stay here.
  std::uint32_t put(Station& thread, Bytes size, TensorTransport transport, Duration path);
  // A call was made: what it returns, and what it takes.
  void called(Station& thread, std::uint32_t task, const ActorCall& call);
  // A call has ended: one that returns a tensor, or one of the background group.
  void call_ended(std::uint32_t task, ErrorType error, const TaskOutput* output);
  void free(std::uint32_t object);
  [[nodiscard]] TensorPlanRef plan_of(std::uint32_t object, std::uint32_t number) const;
  enum class Call : std::uint8_t { send, receive, fetch, release };
  FunctionId function_of(Call call);
  std::map<std::uint32_t, Owned> owned;  // by object

  // --- at an executor
  struct Kept {
    MemoryPlace place;
    Bytes size;
    bool primary = false;
    std::string error;  // in place of a copy that could not be received
  };
  // Where tensors of this transport lie in this process.
  [[nodiscard]] MemoryPlace place(TensorTransport transport) const;
  // The text of an error, if there is no room.
  [[nodiscard]] std::string take(MemoryPlace place, Bytes size, Time now) const;
  void give_back(MemoryPlace place, Bytes size, Time now) const;
  [[nodiscard]] const Kept* find(ObjectRef object) const;
  void keep(Station& thread, ObjectRef object, Kept tensor);
  void release(ObjectRef object, Time now);
  // What an execution returns stays here. The text of an error, if it cannot.
  [[nodiscard]] std::string keep_return(Station& thread, std::uint32_t slot);
  // Whether arguments of an execution are still on their way.
  [[nodiscard]] bool missing(std::uint32_t slot) const;
  // Hands them to the execution. The text of an error, if one could not be received.
  [[nodiscard]] std::string hand_over(std::uint32_t slot);
  // The sender of a transfer: waits for the receiver, and until it has the bytes.
  struct Sending {
    std::unique_ptr<TensorRequest> request;
    std::uint64_t wait = 0;  // of the sending body
    bool begun = false;      // that body is there
    bool taken = false;
  };
  using Key = std::pair<StationId, std::uint32_t>;  // owner and number
  void start_copy(const TensorRequest& request);
  void process_died(ProcessId process);
  std::map<Key, Sending> sending;
  void watch(ProcessId source);
  std::map<std::uint64_t, ProcessId> receiving;  // waits of receiving bodies: where from
  std::map<ObjectRef, std::deque<Kept>> kept;

  CoreWorker& worker;

 private:
  [[nodiscard]] bool has(const Owned& tensor, ActorId actor) const;
  // Why what lies in this process cannot go by it; empty: it can.
  [[nodiscard]] std::string unfit(TensorTransport transport) const;
  void transfer(Station& thread, std::uint32_t object, const ActorHandle& receiver);
  std::uint32_t call_in_background(Station& thread, const ActorHandle& actor, Call call, TensorPlanRef plan);
  struct Ends {
    ActorId source;
    ActorId receiver;
  };
  std::map<std::uint32_t, Ends> transfers_;  // of collective transports, by the tasks of their calls
  std::uint32_t started_ = 0;
  std::set<ProcessId> watched_;
};

}  // namespace raysim
