#include "models/gcs/actor_scheduler.hpp"

namespace raysim {

void ActorScheduler::schedule(ActorId actor) {
  const NodeId node = port_.forwarding_node(actor);
  if (node == no_node) return port_.failed(actor);
  lease_from(actor, node, false);
}

void ActorScheduler::reschedule(ActorId actor, NodeId node, std::optional<ProcessId> worker) {
  if (worker)
    create_on(actor, node, *worker);
  else
    schedule(actor);
}

void ActorScheduler::lease_from(ActorId actor, NodeId node, bool grant_or_reject) {
  leasing_[actor] = {node, grant_or_reject};
  if (releasing(node))
    port_.retry_lease_later(actor, node);
  else
    port_.request_lease(actor, node, grant_or_reject);
}

void ActorScheduler::retry_lease(ActorId actor, NodeId node) {
  const auto it = leasing_.find(actor);
  if (it != leasing_.end() && it->second.node == node) lease_from(actor, node, it->second.grant_or_reject);
}

void ActorScheduler::lease_answered(ActorId actor, NodeId node, const LeaseAnswer& answer) {
  using Kind = LeaseAnswer::Kind;
  const auto it = leasing_.find(actor);
  if (it == leasing_.end() || it->second.node != node) return;  // canceled meanwhile
  if (answer.kind == Kind::error) return port_.retry_lease_later(actor, node);
  leasing_.erase(it);
  switch (answer.kind) {
    case Kind::granted: return create_on(actor, node, answer.worker);
    case Kind::redirected: return port_.alive(answer.node) ? lease_from(actor, answer.node, true) : schedule(actor);
    case Kind::rejected: return schedule(actor);
    default: return port_.failed(actor);
  }
}

void ActorScheduler::create_on(ActorId actor, NodeId node, ProcessId worker) {
  creating_[actor] = {node, worker};
  port_.push_creation(actor, node, worker);
}

void ActorScheduler::retry_creation(ActorId actor, NodeId node) {
  const auto it = creating_.find(actor);
  if (it != creating_.end() && it->second.node == node) port_.push_creation(actor, node, it->second.worker);
}

void ActorScheduler::creation_answered(ActorId actor, NodeId node, ProcessId worker, bool ok) {
  const auto it = creating_.find(actor);
  // Its node or worker was given up meanwhile: nobody will use what has come up there.
  if (it == creating_.end() || it->second.node != node || it->second.worker != worker)
    return port_.kill_worker(node, worker);
  if (!ok) return port_.retry_creation_later(actor, node);
  creating_.erase(it);
  port_.created(actor, node, worker);
}

std::vector<ActorId> ActorScheduler::cancel_on_node(NodeId node) {
  std::vector<ActorId> interrupted;
  const auto take = [&](const auto& entry) {
    if (entry.second.node != node) return false;
    interrupted.push_back(entry.first);
    return true;
  };
  std::erase_if(leasing_, take);
  std::erase_if(creating_, take);
  return interrupted;
}

std::optional<ActorId> ActorScheduler::cancel_on_worker(NodeId node, ProcessId worker) {
  for (const auto& [actor, creating] : creating_) {
    if (creating.node != node || creating.worker != worker) continue;
    const ActorId interrupted = actor;
    creating_.erase(interrupted);
    return interrupted;
  }
  return std::nullopt;
}

void ActorScheduler::cancel_leasing(ActorId actor) {
  const auto it = leasing_.find(actor);
  if (it == leasing_.end()) return;
  const NodeId node = it->second.node;
  leasing_.erase(it);
  if (port_.alive(node)) port_.cancel_lease(actor, node);
}

}  // namespace raysim
