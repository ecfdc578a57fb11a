// The table of actors: what becomes of each.
//
// Models: registration, names, creation when the constructor's arguments exist, restarts, death by kill, out of scope, by its own
// exit or with its owner; who is told. A state machine: the caller says what happened, the port takes what follows. Leaves out: how
// a worker is found (actor_scheduler.hpp), persistence.
// Mirrors src/ray/gcs/actor/gcs_actor_manager.cc (2.60).
// Invariants: a name belongs to one actor that is not dead; a dead actor stays dead; no more restarts than its options allow.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/actor_messages.hpp"

namespace raysim {

class ActorManager {
 public:
  struct Entry {
    ActorState state = ActorState::dependencies_unready;
    ErrorType error = ErrorType::none;  // dead: of its calls
    std::int64_t restarts = 0;
    NodeId node = no_node;  // alive: where
    ProcessId process;
    bool leaving = false;  // told to end when its calls are done
    std::vector<Address<CoreWorker>> subscribers;
  };
  class Port {
   public:
    virtual ~Port() = default;
    virtual void schedule(ActorId actor) = 0;
    // It is not wanted any more while it is being leased or created.
    virtual void stop_scheduling(ActorId actor) = 0;
    virtual void end_worker(const Entry& entry, bool force) = 0;
    virtual void state_changed(ActorId actor, const Entry& entry) = 0;
    virtual void publish(ActorId actor, const Entry& entry, Address<CoreWorker> to) = 0;
  };
  // `specs`: of all actors, by ActorId.
  ActorManager(const std::deque<ActorSpec>& specs, Port& port) : specs_(specs), port_(port) {}

  // The actor that is registered under the name after this: itself, the one that has it already, or none (refused).
  ActorId register_actor(ActorId actor);
  void create(ActorId actor);
  void subscribe(ActorId actor, Address<CoreWorker> who);
  [[nodiscard]] ActorId find(const std::string& name_space, const std::string& name) const;

  // From the scheduler: its process is there and its constructor has returned, or raised.
  void created(ActorId actor, NodeId node, ProcessId process, bool raised);
  void unschedulable(ActorId actor, ErrorType why);
  // A worker has ended; `intended`: by itself; `error`: of its actor's calls if that is not started again. `being_created`: the actor
  // that was being created there.
  void worker_died(ProcessId process, bool intended, ActorId being_created, ErrorType error = ErrorType::actor_died);
  void kill(ActorId actor, bool no_restart);
  void out_of_scope(ActorId actor);

  [[nodiscard]] const Entry& entry(ActorId actor) const { return entries_.at(actor.index); }

 private:
  Entry& at(ActorId actor);
  void set_state(ActorId actor, ActorState state);
  void die(ActorId actor, ErrorType error);
  void restart_or_die(ActorId actor, bool intended, ErrorType error);

  const std::deque<ActorSpec>& specs_;
  Port& port_;
  std::vector<Entry> entries_;
  std::map<std::pair<std::string, std::string>, ActorId> named_;
  std::map<std::uint32_t, ActorId> by_process_;
};

}  // namespace raysim
