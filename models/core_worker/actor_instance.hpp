// An actor as its worker has it.
//
// Models: calls of one caller in the order of their numbers, unless they may overtake each other; concurrency groups, each with a
// limit on calls at a time; what is left to do before the process ends. Leaves out: how a call runs (execution.cpp).
// Mirrors src/ray/core_worker/task_execution/{ordered,unordered}_actor_task_execution_queue.cc and
// concurrency_group_manager.cc (2.60).
// Invariants: no more calls of a group run at a time than its limit; each call is started once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "models/actor_messages.hpp"

namespace raysim {

class ActorInstance {
 public:
  ActorInstance(const PushActorCreation& creation, const ActorOptions& options);

  // A call has come; it waits in its group when it is its turn.
  void add(PushActorTask call);
  // The same of one whose arguments come first: its number, for fetched().
  std::uint32_t add_later(PushActorTask call);
  void fetched(std::uint32_t number);
  // A call that may start now, and a place for it; to be called until there is none.
  struct Start {
    PushActorTask call;
    std::uint32_t slot;
    bool cancelled;
  };
  std::optional<Start> next_start();
  void ended(std::uint32_t slot);
  // A call that waits here is not to run when its turn comes. False: it does not wait here.
  bool cancel(Address<CoreWorker> caller, std::uint32_t task);
  // Nothing runs and nothing waits.
  [[nodiscard]] bool idle() const { return running_ == 0 && waiting_ == 0 && fetching_.empty(); }
  // Calls that wait for their turn.
  [[nodiscard]] std::vector<const PushActorTask*> waiting() const;

  const PushActorCreation creation;
  bool created = false;         // its constructor has returned
  bool leaving = false;         // ends when it is idle,
  bool at_once = false;         // or when the present call is over
  std::shared_ptr<void> state;  // its variables
  // Calls that have ended, whose replies the io loop sends.
  struct Done {
    Address<CoreWorker> caller;
    TaskReply reply;
    Bytes size;
  };
  std::deque<Done> done;

 private:
  struct Group {
    std::int64_t limit = 1;
    std::int64_t running = 0;
    std::deque<PushActorTask> waiting;
  };
  struct Caller {
    std::uint32_t next = 0;
    std::map<std::uint32_t, PushActorTask> early;  // by number
  };
  void admit(PushActorTask call);

  bool ordered_;
  std::vector<Group> groups_;  // the one without a name first
  std::unordered_map<std::uint32_t, Caller> callers_;
  std::map<std::uint32_t, PushActorTask> fetching_;  // by number
  std::uint32_t fetches_ = 0;
  std::vector<std::pair<Address<CoreWorker>, std::uint32_t>> cancelled_;  // caller and task
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> group_of_slot_;
  std::uint32_t most_slots_ = 0;
  std::int64_t running_ = 0;
  std::int64_t waiting_ = 0;
};

}  // namespace raysim
