// How a caller gets its calls to actors: directly, in order.
//
// Models: for each actor a queue of calls that wait for their arguments or for the actor, and the calls in flight; in order of
// submission, or, for actors whose calls may overtake each other, as their arguments come to exist; what becomes of calls when
// the connection breaks. A state machine: the caller says what happened, the port takes what follows. Leaves out: messages.
// Mirrors src/ray/core_worker/task_submission/actor_task_submitter.cc and {sequential,out_of_order}_actor_submit_queue.cc (2.60).
// Invariants: calls of an actor that keeps order are pushed in order of submission, but for those that are tried again; a call
// ends once.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "models/actor_messages.hpp"
#include "sim/time.hpp"

namespace raysim {

// A live actor's process.
struct ActorLocation {
  NodeId node;
  Address<CoreWorker> worker;
  ProcessId process;
  DeviceListId devices;  // of its lease
};

class ActorTaskSubmitter {
 public:
  class Port {
   public:
    virtual ~Port() = default;
    // reply() or the death of the process follow.
    virtual void push_call(ActorId actor, const ActorLocation& where, std::uint32_t task, std::uint32_t sequence) = 0;
    virtual void fail_task(std::uint32_t task, ErrorType error) = 0;
    // A call whose connection broke; true: it has a try left, and comes again through submit() and resolved().
    virtual bool try_again(std::uint32_t task) = 0;
    // Calls wait for the word of the GCS about an actor whose connection broke: call give_up() when the patience is over.
    virtual void await_verdict(ActorId actor) = 0;
  };
  explicit ActorTaskSubmitter(Port& port) : port_(port) {}

  [[nodiscard]] bool knows(ActorId actor) const { return actors_.contains(actor.index); }
  void add(ActorId actor, bool out_of_order);
  // Calls that have been announced and have not ended.
  [[nodiscard]] std::int64_t pending(ActorId actor) const;
  // A call will come.
  void announce(ActorId actor) { ++pending_[actor.index]; }
  // It takes its place in the order, which is that of the tasks' numbers; once more when it is tried again.
  void submit(ActorId actor, std::uint32_t task);
  // Its arguments exist.
  void resolved(ActorId actor, std::uint32_t task);
  // Where a call is; elsewhere: it has not come yet, or was announced to be tried again.
  enum class Place : std::uint8_t { waiting, in_flight, unresolved, elsewhere };
  [[nodiscard]] Place place_of(ActorId actor, std::uint32_t task) const;
  // A call that is elsewhere will not come.
  void abandon(ActorId actor) { --pending_[actor.index]; }
  // It has failed before it was pushed, or was cancelled: its place is free. False: it is not waiting.
  bool withdraw(ActorId actor, std::uint32_t task);
  // Its reply is here. False: its connection had broken, and it is not in flight any more.
  bool replied(ActorId actor, std::uint32_t task);
  [[nodiscard]] const ActorLocation& location(ActorId actor) const { return actors_.at(actor.index).where; }

  void connect(ActorId actor, const ActorLocation& where);
  // The process has ended.
  void connection_broke(ProcessId process);
  // The GCS says that it will come again.
  void restarting(ActorId actor);
  // The GCS says that it is gone for good.
  void dead(ActorId actor, ErrorType error);
  // The GCS has said nothing in time.
  void give_up(ActorId actor);

 private:
  enum class State : std::uint8_t { pending, alive, broken, dead };
  struct Call {
    std::uint32_t task;
    bool resolved;
  };
  struct Actor {
    State state = State::pending;
    bool out_of_order = false;
    ErrorType error = ErrorType::none;  // dead: of its calls
    ActorLocation where;
    std::uint32_t next_sequence = 0;
    std::deque<Call> waiting;               // in order of submission
    std::deque<std::uint32_t> in_flight;    // in order of pushing
    std::vector<std::uint32_t> unresolved;  // in flight when the connection broke, and not to be tried again
  };

  void push_ready(ActorId actor);
  void fail(ActorId actor, std::uint32_t task, ErrorType error);

  Port& port_;
  std::unordered_map<std::uint32_t, Actor> actors_;
  std::unordered_map<std::uint32_t, std::int64_t> pending_;
};

}  // namespace raysim
