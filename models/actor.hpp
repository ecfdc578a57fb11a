// Actors: classes, the options of one, and handles to it.
//
// Models: a class as its constructor and methods, each a remote function; what an actor asks for to be placed and while it lives;
// concurrency groups; a handle that ends the actor with its last copy. Leaves out: how an actor comes to life (models/gcs/)
// and how it is called (models/core_worker/).
// Mirrors python/ray/actor.py and ActorCreationTaskSpec of src/ray/protobuf/common.proto (2.60).
// Invariants: an actor's spec never changes once it is registered; a named group of an async or threaded actor runs at most
// as many calls at a time as it says.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/payload.hpp"
#include "models/task.hpp"

namespace raysim {

struct ConcurrencyGroup {
  std::string name;
  int max_concurrency = 1;
};

struct ActorOptions {
  ResourceSet resources;                 // held while it lives
  std::optional<ResourceSet> placement;  // what a node must have to be chosen, where that is not `resources`
  SchedulingStrategy strategy;
  bool strategy_given = false;
  LabelSelector label_selector;
  std::vector<LabelSelector> fallback_selectors;
  RuntimeEnv runtime_env;
  int max_restarts = 0;                              // -1: without end
  int max_task_retries = 0;                          // of its calls; -1: without end
  int max_concurrency = 1;                           // calls of the group without a name at a time
  bool async_actor = false;                          // its calls take turns on one thread; else each has a thread
  std::vector<ConcurrencyGroup> concurrency_groups;  // the named ones
  std::int64_t max_pending_calls = -1;               // of one caller; -1: no limit
  std::string name;                                  // empty: none
  std::string name_space;
  bool detached = false;          // outlives its creator and its handles
  bool get_if_exists = false;     // a taken name is no error
  bool tensor_transport = false;  // it takes part in transfers of tensors, in a group of its own

  // Calls may overtake each other.
  [[nodiscard]] bool out_of_order() const {
    return async_actor || max_concurrency > 1 || !concurrency_groups.empty() || tensor_transport;
  }
  // The group that transfers run in, one at a time: Ray's `_ray_system`, behind those that have names.
  [[nodiscard]] std::uint32_t background_group() const {
    return static_cast<std::uint32_t>(concurrency_groups.size()) + 1;
  }
};

// Of a group without a name, and where in concurrency_groups another stands, plus one.
inline constexpr std::uint32_t default_group = 0;

// An actor as everybody is told of it.
struct ActorSpec {
  FunctionId constructor;
  ActorOptions options;
  SchedulingClassId scheduling_class;
  TaskInputRef input;  // the constructor's
  StationId owner;     // io loop of its creator
  NodeId owner_node = no_node;
  JobId job;  // of its worker
  std::string class_name;
};

// Told when the last copy of a handle is gone.
struct HandleWatch {
  std::function<void(ActorId)> out_of_scope;  // none: nobody cares any more
};

// A reference to an actor; copies are counted over all processes. A detached actor, or one that was found by its name, does not
// end with its handles.
class ActorHandle {
 public:
  ActorHandle() = default;
  ActorHandle(ActorId actor, std::shared_ptr<HandleWatch> watch)
      : actor_(actor), life_(std::make_shared<const Life>(actor, std::move(watch))) {}
  explicit ActorHandle(ActorId actor) : actor_(actor) {}

  [[nodiscard]] ActorId actor() const { return actor_; }
  [[nodiscard]] bool valid() const { return actor_ != no_actor; }
  [[nodiscard]] std::shared_ptr<const void> life() const { return life_; }

 private:
  struct Life {
    Life(ActorId the_actor, std::shared_ptr<HandleWatch> the_watch) : actor(the_actor), watch(std::move(the_watch)) {}
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() {
      if (watch->out_of_scope) watch->out_of_scope(actor);
    }
    ActorId actor;
    std::shared_ptr<HandleWatch> watch;
  };

  ActorId actor_ = no_actor;
  std::shared_ptr<const Life> life_;
};

}  // namespace raysim
