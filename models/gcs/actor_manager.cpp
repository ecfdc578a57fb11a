#include "models/gcs/actor_manager.hpp"

namespace raysim {

ActorManager::Entry& ActorManager::at(ActorId actor) {
  if (entries_.size() <= actor.index) entries_.resize(actor.index + 1);
  return entries_[actor.index];
}

ActorId ActorManager::register_actor(ActorId actor) {
  set_state(actor, ActorState::dependencies_unready);
  const ActorOptions& options = specs_[actor.index].options;
  if (options.name.empty()) return actor;
  const auto [it, fresh] = named_.try_emplace({options.name_space, options.name}, actor);
  if (fresh) return actor;
  die(actor, ErrorType::actor_died);
  return options.get_if_exists ? it->second : no_actor;
}

void ActorManager::create(ActorId actor) {
  if (at(actor).state != ActorState::dependencies_unready) return;
  set_state(actor, ActorState::pending_creation);
  port_.schedule(actor);
}

void ActorManager::subscribe(ActorId actor, Address<CoreWorker> who) {
  Entry& entry = at(actor);
  entry.subscribers.push_back(who);
  if (entry.state >= ActorState::alive) port_.publish(actor, entry, who);
}

ActorId ActorManager::find(const std::string& name_space, const std::string& name) const {
  const auto it = named_.find({name_space, name});
  return it != named_.end() ? it->second : no_actor;
}

void ActorManager::created(ActorId actor, NodeId node, ProcessId process, bool raised) {
  Entry& entry = at(actor);
  entry.node = node;
  entry.process = process;
  if (raised) {
    port_.end_worker(entry, true);
    return die(actor, ErrorType::actor_died);
  }
  by_process_[process.index] = actor;
  set_state(actor, ActorState::alive);
}

void ActorManager::unschedulable(ActorId actor, ErrorType why) { die(actor, why); }

void ActorManager::worker_died(ProcessId process, bool intended, ActorId being_created, ErrorType error) {
  if (const auto it = by_process_.find(process.index); it != by_process_.end()) {
    const ActorId actor = it->second;
    by_process_.erase(it);
    restart_or_die(actor, intended || at(actor).leaving, error);
  } else if (being_created != no_actor) {
    restart_or_die(being_created, intended, error);
  }
}

void ActorManager::restart_or_die(ActorId actor, bool intended, ErrorType error) {
  Entry& entry = at(actor);
  if (entry.state == ActorState::dead) return;
  const int limit = specs_[actor.index].options.max_restarts;
  if (intended || (limit >= 0 && entry.restarts >= limit)) return die(actor, error);
  ++entry.restarts;
  set_state(actor, ActorState::restarting);
  port_.schedule(actor);
}

void ActorManager::kill(ActorId actor, bool no_restart) {
  Entry& entry = at(actor);
  if (entry.state == ActorState::dead) return;
  if (entry.state == ActorState::alive) port_.end_worker(entry, true);
  if (!no_restart) return;  // its death is noticed by itself
  if (entry.state == ActorState::alive)
    by_process_.erase(entry.process.index);
  else
    port_.stop_scheduling(actor);
  die(actor, ErrorType::actor_died);
}

void ActorManager::out_of_scope(ActorId actor) {
  Entry& entry = at(actor);
  if (entry.state == ActorState::dead) return;
  if (entry.state == ActorState::alive) {
    entry.leaving = true;
    return port_.end_worker(entry, false);
  }
  port_.stop_scheduling(actor);
  die(actor, ErrorType::actor_died);
}

void ActorManager::die(ActorId actor, ErrorType error) {
  const ActorOptions& options = specs_[actor.index].options;
  const auto named = named_.find({options.name_space, options.name});
  if (named != named_.end() && named->second == actor) named_.erase(named);
  at(actor).error = error;
  set_state(actor, ActorState::dead);
}

void ActorManager::set_state(ActorId actor, ActorState state) {
  Entry& entry = at(actor);
  entry.state = state;
  port_.state_changed(actor, entry);
  if (state < ActorState::alive) return;
  for (const auto who : entry.subscribers) port_.publish(actor, entry, who);
}

}  // namespace raysim
