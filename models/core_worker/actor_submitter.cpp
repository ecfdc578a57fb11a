#include "models/core_worker/actor_submitter.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

void ActorTaskSubmitter::add(ActorId id, bool out_of_order) { actors_[id.index].out_of_order = out_of_order; }

std::int64_t ActorTaskSubmitter::pending(ActorId id) const {
  const auto it = pending_.find(id.index);
  return it != pending_.end() ? it->second : 0;
}

void ActorTaskSubmitter::submit(ActorId id, std::uint32_t task) {
  // By number: a call that is tried again goes before those that were made after it, which may need its result.
  std::deque<Call>& waiting = actors_.at(id.index).waiting;
  auto place = waiting.end();
  while (place != waiting.begin() && std::prev(place)->task > task) --place;
  waiting.insert(place, {task, false});
}

void ActorTaskSubmitter::resolved(ActorId id, std::uint32_t task) {
  Actor& actor = actors_.at(id.index);
  // Most calls are resolved as they are submitted, so the search begins at the end.
  const auto call = std::find_if(actor.waiting.rbegin(), actor.waiting.rend(),
                                 [&](const Call& waiting) { return waiting.task == task; });
  call->resolved = true;
  if (actor.state == State::dead) {
    actor.waiting.erase(std::next(call).base());
    return fail(id, task, actor.error);
  }
  push_ready(id);
}

// In order: whoever waits for its arguments holds up those behind it.
void ActorTaskSubmitter::push_ready(ActorId id) {
  Actor& actor = actors_.at(id.index);
  if (actor.state != State::alive) return;
  const auto push = [&](std::uint32_t task) {
    actor.in_flight.push_back(task);
    port_.push_call(id, actor.where, task, actor.next_sequence++);
  };
  if (!actor.out_of_order) {
    while (!actor.waiting.empty() && actor.waiting.front().resolved) {
      push(actor.waiting.front().task);
      actor.waiting.pop_front();
    }
    return;
  }
  std::erase_if(actor.waiting, [&](const Call& call) {
    if (call.resolved) push(call.task);
    return call.resolved;
  });
}

ActorTaskSubmitter::Place ActorTaskSubmitter::place_of(ActorId id, std::uint32_t task) const {
  const auto found = actors_.find(id.index);
  if (found == actors_.end()) return Place::elsewhere;
  const Actor& actor = found->second;
  const auto has = [&](const auto& tasks) { return std::find(tasks.begin(), tasks.end(), task) != tasks.end(); };
  const auto is_it = [&](const Call& call) { return call.task == task; };
  if (std::any_of(actor.waiting.begin(), actor.waiting.end(), is_it)) return Place::waiting;
  if (has(actor.in_flight)) return Place::in_flight;
  return has(actor.unresolved) ? Place::unresolved : Place::elsewhere;
}

bool ActorTaskSubmitter::withdraw(ActorId id, std::uint32_t task) {
  Actor& actor = actors_.at(id.index);
  if (std::erase_if(actor.waiting, [&](const Call& call) { return call.task == task; }) == 0) return false;
  --pending_[id.index];
  push_ready(id);
  return true;
}

// Replies come in about the order of the calls.
bool ActorTaskSubmitter::replied(ActorId id, std::uint32_t task) {
  Actor& actor = actors_.at(id.index);
  const auto it = std::find(actor.in_flight.begin(), actor.in_flight.end(), task);
  if (it == actor.in_flight.end()) return false;
  actor.in_flight.erase(it);
  --pending_[id.index];
  return true;
}

void ActorTaskSubmitter::connect(ActorId id, const ActorLocation& where) {
  Actor& actor = actors_.at(id.index);
  actor.state = State::alive;
  actor.where = where;
  actor.next_sequence = 0;
  push_ready(id);
}

void ActorTaskSubmitter::connection_broke(ProcessId process) {
  std::vector<std::uint32_t> broken;
  for (const auto& [index, actor] : actors_)
    if (actor.state == State::alive && actor.where.process == process) broken.push_back(index);
  std::sort(broken.begin(), broken.end());
  for (const std::uint32_t index : broken) restarting({index});
}

void ActorTaskSubmitter::restarting(ActorId id) {
  Actor& actor = actors_.at(id.index);
  if (actor.state != State::alive) return;
  actor.state = State::broken;
  for (const std::uint32_t task : std::exchange(actor.in_flight, {})) {
    if (!port_.try_again(task)) actor.unresolved.push_back(task);
  }
  if (!actor.unresolved.empty()) port_.await_verdict(id);
}

void ActorTaskSubmitter::give_up(ActorId id) {
  Actor& actor = actors_.at(id.index);
  for (const std::uint32_t task : std::exchange(actor.unresolved, {})) fail(id, task, ErrorType::actor_unavailable);
}

void ActorTaskSubmitter::dead(ActorId id, ErrorType error) {
  Actor& actor = actors_.at(id.index);
  actor.state = State::dead;
  actor.error = error;
  std::vector<std::uint32_t> failing = std::exchange(actor.unresolved, {});
  failing.insert(failing.end(), actor.in_flight.begin(), actor.in_flight.end());
  actor.in_flight.clear();
  // A call without its arguments fails when they exist, with their error if they have one.
  std::erase_if(actor.waiting, [&](const Call& call) {
    if (call.resolved) failing.push_back(call.task);
    return call.resolved;
  });
  for (const std::uint32_t task : failing) fail(id, task, error);
}

void ActorTaskSubmitter::fail(ActorId id, std::uint32_t task, ErrorType error) {
  --pending_[id.index];
  port_.fail_task(task, error);
}

}  // namespace raysim
