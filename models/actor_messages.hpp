// What processes say to each other about actors.
//
// Models: registration, creation, states, kills and calls of actors, one struct an RPC. Leaves out: as models/messages.hpp.
// Mirrors src/ray/protobuf/{gcs_service,core_worker,node_manager}.proto (2.60).
// Invariants: as models/messages.hpp.
#pragma once

#include <memory>
#include <string>

#include "models/actor.hpp"
#include "models/messages.hpp"
#include "models/tensor_transport.hpp"

namespace raysim {

enum class ActorState : std::uint8_t { dependencies_unready, pending_creation, alive, restarting, dead };

// Tells the GCS of an actor; `wait`: the caller waits for the answer (0: it does not).
struct RegisterActor {
  static constexpr auto kind = MessageKind::register_actor;
  ActorId actor;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;
};
// Its constructor's arguments exist.
struct CreateActor {
  static constexpr auto kind = MessageKind::create_actor;
  ActorId actor;
};
struct GetNamedActor {
  static constexpr auto kind = MessageKind::get_named_actor;
  Address<CoreWorker> caller;
  std::uint64_t wait = 0;
  std::shared_ptr<const std::pair<std::string, std::string>> name;  // name space, name
};
// Registered, or found by its name.
struct ActorReply {
  static constexpr auto kind = MessageKind::actor_reply;
  std::uint64_t wait = 0;
  ActorId actor;  // none: the name is taken, or there is none of it
};
struct SubscribeActor {
  static constexpr auto kind = MessageKind::subscribe_actor;
  ActorId actor;
  Address<CoreWorker> subscriber;
};
struct ActorNews {
  static constexpr auto kind = MessageKind::actor_news;
  ActorId actor;
  ActorState state = ActorState::alive;
  ErrorType error = ErrorType::none;  // dead: of its calls
  NodeId node;                        // alive: where
  Address<CoreWorker> worker;
  ProcessId process;
  DeviceListId devices;  // for records only: Ray's callers do not know them
};
struct KillActor {
  static constexpr auto kind = MessageKind::kill_actor;
  ActorId actor;
  bool no_restart = true;
};
// All its handles are gone.
struct ActorOutOfScope {
  static constexpr auto kind = MessageKind::actor_out_of_scope;
  ActorId actor;
};

// GCS to worker, and back.
struct PushActorCreation {
  static constexpr auto kind = MessageKind::push_actor_creation;
  using Sender = Gcs;
  ActorId actor;
  DeviceListId devices;
  NodeId node;
  ProcessId process;
};
struct ActorCreated {
  static constexpr auto kind = MessageKind::actor_created;
  ActorId actor;
  NodeId node;
  ProcessId process;
  bool raised = false;  // its constructor did
};
// GCS to raylet: the worker of an actor has to go; without force it ends its calls first.
struct KillLocalActor {
  static constexpr auto kind = MessageKind::kill_local_actor;
  ProcessId worker;
  bool force = true;
};
struct ExitActor {
  static constexpr auto kind = MessageKind::exit_actor;
};
struct WorkerDeath {
  static constexpr auto kind = MessageKind::worker_death;
  NodeId node;
  ProcessId process;
  bool intended = false;       // it left by itself
  bool out_of_memory = false;  // its raylet has killed it for that
};

// At the GCS: a lease or a creation is tried again.
struct RetryActor {
  static constexpr auto kind = MessageKind::none;
  ActorId actor;
  NodeId node;
  bool creation = false;
};

// From the caller's thread to its io loop.
struct SubmitActorTask {
  static constexpr auto kind = MessageKind::submit_actor_task;
  std::uint32_t task = 0;
};

// From the thread that executes to the io loop: the first of the replies that are due.
struct SendCallReply {
  static constexpr auto kind = MessageKind::none;
};

struct ActorTaskReply {
  static constexpr auto kind = MessageKind::actor_task_reply;
  using Sender = CoreWorker;
  TaskReply reply;
};

struct PushActorTask {
  static constexpr auto kind = MessageKind::push_actor_task;
  using Sender = CoreWorker;
  Address<CoreWorker> caller;
  std::uint32_t task = 0;  // in the caller's table
  FunctionId method;
  std::int32_t attempt = 0;
  std::uint32_t sequence = 0;  // among the caller's calls since it is connected
  std::uint32_t group = default_group;
  Duration duration;
  TaskInputRef input;
};

// A tensor's bytes are on their way to `receiver`, or will be; see tensors.hpp.
struct TensorsWanted {
  static constexpr auto kind = MessageKind::tensors_wanted;
  std::unique_ptr<TensorRequest> request;
};
struct TensorsArrived {
  static constexpr auto kind = MessageKind::tensors_arrived;
  enum class Outcome : std::uint8_t { arrived, lost, other_device, same_device };
  std::uint64_t wait = 0;
  Time started;
  MemoryPlace from;
  Outcome outcome = Outcome::arrived;
};
// The receiver is done with a transfer, well or not: its sender is free.
struct TensorsTaken {
  static constexpr auto kind = MessageKind::tensors_taken;
  TensorPlanRef plan;
};
// At an executor: it has waited long enough for tensors among its arguments.
struct TensorsMissing {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t slot = 0;
  std::uint32_t run = 0;
};

}  // namespace raysim
