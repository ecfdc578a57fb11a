#include "models/gcs/actors.hpp"

#include <array>
#include <string>

namespace raysim {

Actors::Actors(Runtime& runtime, Station& station, Address<Gcs> address)
    : runtime_(runtime),
      station_(station),
      address_(address),
      scheduler_(*this),
      manager_(runtime.actors, *this),
      random_(runtime.engine.stream("actor forwarding")) {}

void Actors::on(const RegisterActor& request) {
  const ActorId registered = manager_.register_actor(request.actor);
  if (request.wait != 0) station_.send(request.caller, ActorReply{request.wait, registered});
}

void Actors::on(const GetNamedActor& request) {
  station_.send(request.caller, ActorReply{request.wait, manager_.find(request.name->first, request.name->second)});
}

// --- leases

NodeId Actors::forwarding_node(ActorId actor) {
  std::vector<std::string> ids;
  std::vector<ForwardingNode> nodes;
  for (const NodeId node : runtime_.node_order) ids.push_back(runtime_.cluster.nodes[node.index].name);
  for (std::size_t i = 0; i < ids.size(); ++i)
    nodes.push_back({runtime_.node_order[i], ids[i], alive(runtime_.node_order[i])});
  const ActorSpec& wanted = spec(actor);
  ActorForwarding forwarding;
  forwarding.selector = &wanted.options.label_selector;
  forwarding.strategy = &runtime_.classes[wanted.scheduling_class].strategy;
  forwarding.has_resources = !wanted.options.resources.empty();
  forwarding.owner = wanted.owner_node;
  return raysim::forwarding_node(forwarding, nodes, random_);
}

bool Actors::alive(NodeId node) const { return Time{} + runtime_.cluster.nodes[node.index].joins_at <= station_.now(); }

void Actors::request_lease(ActorId actor, NodeId node, bool grant_or_reject) {
  const ActorSpec& wanted = spec(actor);
  RequestWorkerLease request;
  request.lease = {(static_cast<std::uint64_t>(station_.id().index) << 32) | next_lease_++};
  request.owner = {wanted.owner};
  request.owner_node = wanted.owner_node;
  request.scheduling_class = wanted.scheduling_class;
  const EnvironmentId environment = runtime_.environments.id_of(wanted.options.runtime_env);
  if (environment != EnvironmentId{}) request.arguments = new LeaseArguments({}, environment);
  request.tag = actor.index;
  request.grant_or_reject = grant_or_reject;
  request.retriable = wanted.options.max_restarts != 0 ? 1 : 0;
  leases_[actor] = {request.lease, node, {}, {}};
  station_.send(runtime_.raylets[node.index], request);
}

void Actors::on(const LeaseReply& reply) {
  using Kind = ActorScheduler::LeaseAnswer::Kind;
  using Status = LeaseReply::Status;
  const ActorId actor{reply.tag};
  const auto it = leases_.find(actor);
  const bool wanted = it != leases_.end() && it->second.id == reply.lease;
  if (!wanted) {
    // It was given up meanwhile; a worker that came after all goes back.
    if (reply.status == Status::granted) kill_worker(reply.node, reply.worker_process);
    return;
  }
  const NodeId node = it->second.node;
  if (reply.status == Status::granted) {
    it->second.worker = reply.worker;
    it->second.devices = reply.devices;
  }
  ActorScheduler::LeaseAnswer answer;
  answer.kind = reply.status == Status::granted      ? Kind::granted
                : reply.status == Status::redirected ? Kind::redirected
                : reply.fails_key()                  ? Kind::unschedulable
                                                     : Kind::rejected;
  answer.node = reply.node;
  answer.worker = reply.worker_process;
  if (reply.status == Status::runtime_env_failed) refused_as_ = ErrorType::runtime_env_setup;
  scheduler_.lease_answered(actor, node, answer);
  refused_as_ = ErrorType::actor_unschedulable;
}

void Actors::cancel_lease(ActorId actor, NodeId node) {
  const auto it = leases_.find(actor);
  if (it == leases_.end()) return;
  station_.send(runtime_.raylets[node.index], CancelWorkerLease{it->second.id, {no_station}, 0});
  leases_.erase(it);
}

void Actors::retry_lease_later(ActorId actor, NodeId node) {
  station_.after<Gcs>(runtime_.profile.system.gcs_lease_worker_retry_interval, RetryActor{actor, node, false});
}

void Actors::retry_creation_later(ActorId actor, NodeId node) {
  station_.after<Gcs>(runtime_.profile.system.gcs_create_actor_retry_interval, RetryActor{actor, node, true});
}

void Actors::on(const RetryActor& retry) {
  if (retry.creation)
    scheduler_.retry_creation(retry.actor, retry.node);
  else
    scheduler_.retry_lease(retry.actor, retry.node);
}

// --- creation

void Actors::push_creation(ActorId actor, NodeId node, ProcessId worker) {
  const Lease& lease = leases_.at(actor);
  const ActorSpec& wanted = spec(actor);
  Bytes size;
  if (wanted.input)
    for (const Argument& arg : wanted.input->args) size += arg.value.size;
  station_.send(lease.worker, PushActorCreation{actor, lease.devices, node, worker}, size);
}

void Actors::on(const ActorCreated& reply) {
  raised_ = reply.raised;
  scheduler_.creation_answered(reply.actor, reply.node, reply.process, true);
}

void Actors::created(ActorId actor, NodeId node, ProcessId worker) { manager_.created(actor, node, worker, raised_); }

// --- ends

void Actors::on(const WorkerDeath& death) {
  const auto being_created = scheduler_.cancel_on_worker(death.node, death.process);
  manager_.worker_died(death.process, death.intended, being_created.value_or(no_actor),
                       death.out_of_memory ? ErrorType::out_of_memory : ErrorType::actor_died);
  // Actors end with their owner, but for detached ones.
  for (std::uint32_t i = 0; i < runtime_.actors.size(); ++i) {
    const ActorSpec& orphan = runtime_.actors[i];
    if (!orphan.options.detached && runtime_.engine.process_of(orphan.owner) == death.process) manager_.kill({i}, true);
  }
}

void Actors::stop_scheduling(ActorId actor) {
  scheduler_.cancel_leasing(actor);
  const auto it = leases_.find(actor);
  if (it != leases_.end() && it->second.worker.valid())
    kill_worker(it->second.node, runtime_.engine.process_of(it->second.worker.station));
}

void Actors::end_worker(const ActorManager::Entry& entry, bool force) {
  station_.send(runtime_.raylets[entry.node.index], KillLocalActor{entry.process, force});
}

void Actors::kill_worker(NodeId node, ProcessId worker) {
  station_.send(runtime_.raylets[node.index], KillLocalActor{worker, true});
}

void Actors::state_changed(ActorId actor, const ActorManager::Entry& entry) {
  static constexpr std::array<const char*, 5> names{"DEPENDENCIES_UNREADY", "PENDING_CREATION", "ALIVE", "RESTARTING",
                                                    "DEAD"};
  ActorRecord record;
  record.actor = actor.index;
  record.of_class = runtime_.functions[spec(actor).constructor.index].name;
  record.name = spec(actor).options.name;
  record.state = names[static_cast<std::size_t>(entry.state)];
  record.at = station_.now();
  record.node = entry.node.index;
  record.restarts = entry.restarts;
  runtime_.record.on_actor(record);
}

void Actors::publish(ActorId actor, const ActorManager::Entry& entry, Address<CoreWorker> to) {
  ActorNews news{actor, entry.state, entry.error, entry.node, {}, entry.process, {}};
  if (entry.state == ActorState::alive) {
    const Lease& lease = leases_.at(actor);
    news.worker = lease.worker;
    news.devices = lease.devices;
  }
  station_.send(to, news);
}

}  // namespace raysim
