// The GCS's part in the life of actors.
//
// Models: the RPCs about actors, the leases of their workers and the push of their creation, as the process of the GCS sends and takes
// them. Leaves out: what it decides (actor_manager.hpp, actor_scheduler.hpp, actor_forwarding.hpp).
// Mirrors src/ray/gcs/actor/ (2.60).
// Invariants: as those of the classes it holds.
#pragma once

#include <map>
#include <vector>

#include "models/gcs/actor_forwarding.hpp"
#include "models/gcs/actor_manager.hpp"
#include "models/gcs/actor_scheduler.hpp"
#include "models/runtime.hpp"

namespace raysim {

class Actors final : ActorManager::Port, ActorScheduler::Port {
 public:
  Actors(Runtime& runtime, Station& station, Address<Gcs> address);

  void on(const RegisterActor& request);
  void on(const CreateActor& request) { manager_.create(request.actor); }
  void on(const GetNamedActor& request);
  void on(const SubscribeActor& request) { manager_.subscribe(request.actor, request.subscriber); }
  void on(const KillActor& request) { manager_.kill(request.actor, request.no_restart); }
  void on(const ActorOutOfScope& request) { manager_.out_of_scope(request.actor); }
  void on(const LeaseReply& reply);
  void on(const ActorCreated& reply);
  void on(const WorkerDeath& death);
  void on(const RetryActor& retry);

 private:
  // What a lease that was asked for is for.
  struct Lease {
    LeaseId id;
    NodeId node;
    Address<CoreWorker> worker;  // granted
    DeviceListId devices;
  };
  [[nodiscard]] const ActorSpec& spec(ActorId actor) const { return runtime_.actors[actor.index]; }

  // ActorManager::Port
  void schedule(ActorId actor) override { scheduler_.schedule(actor); }
  void stop_scheduling(ActorId actor) override;
  void end_worker(const ActorManager::Entry& entry, bool force) override;
  void state_changed(ActorId actor, const ActorManager::Entry& entry) override;
  void publish(ActorId actor, const ActorManager::Entry& entry, Address<CoreWorker> to) override;
  // ActorScheduler::Port
  NodeId forwarding_node(ActorId actor) override;
  [[nodiscard]] bool alive(NodeId node) const override;
  void request_lease(ActorId actor, NodeId node, bool grant_or_reject) override;
  void cancel_lease(ActorId actor, NodeId node) override;
  void push_creation(ActorId actor, NodeId node, ProcessId worker) override;
  void kill_worker(NodeId node, ProcessId worker) override;
  void retry_lease_later(ActorId actor, NodeId node) override;
  void retry_creation_later(ActorId actor, NodeId node) override;
  void created(ActorId actor, NodeId node, ProcessId worker) override;
  void failed(ActorId actor) override { manager_.unschedulable(actor, refused_as_); }

  Runtime& runtime_;
  Station& station_;
  Address<Gcs> address_;
  ActorScheduler scheduler_;
  ActorManager manager_;
  RandomStream random_;
  std::map<ActorId, Lease> leases_;  // of each actor that has one, or asks for one
  std::uint32_t next_lease_ = 0;
  ErrorType refused_as_ = ErrorType::actor_unschedulable;  // by the answer that is being looked at
  bool raised_ = false;                                    // the constructor whose answer is being looked at
};

}  // namespace raysim
