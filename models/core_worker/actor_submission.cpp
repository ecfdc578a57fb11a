// How a process reaches actors: their calls, and the news of the GCS. Mirrors actor_manager.cc of the core worker (2.60).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

// The first call of an actor from here.
void CoreWorker::learn_of(ActorId actor) {
  if (owner().actors.knows(actor)) return;
  owner().actors.add(actor, runtime_.actors[actor.index].options.out_of_order());
  io_.send(runtime_.gcs, SubscribeActor{actor, address_});
}

void CoreWorker::on(SubmitActorTask submit) {
  if (tasks_.task(submit.task).ended) return;  // it was cancelled
  const ActorId actor = tasks_.task(submit.task).actor;
  learn_of(actor);
  owner().actors.submit(actor, submit.task);
  if (--tasks_.task(submit.task).unresolved == 0) enqueue(submit.task);
}

void CoreWorker::on(ActorTaskReply message) {
  TaskReply& reply = message.reply;
  const ActorId actor = tasks_.task(reply.task).actor;
  const ActorLocation where = owner().actors.location(actor);
  if (!owner().actors.replied(actor, reply.task)) return;  // its connection had broken: it is to be tried again
  LeasedWorker worker;
  worker.node = where.node;
  worker.process = where.process;
  worker.devices = where.devices;
  worker.address = where.worker;
  // A call that runs on a thread goes on when it is cancelled; its caller sees nothing of what it returns.
  if (tasks_.task(reply.task).cancelled && reply.error == ErrorType::none) reply.error = ErrorType::task_cancelled;
  replied(reply, worker);
}

void CoreWorker::on(const ActorNews& news) {
  ActorTaskSubmitter& actors = owner().actors;
  switch (news.state) {
    case ActorState::alive:
      runtime_.engine.watch(news.process, address_);
      return actors.connect(news.actor, {news.node, news.worker, news.process, news.devices});
    case ActorState::restarting: return actors.restarting(news.actor);
    case ActorState::dead: return actors.dead(news.actor, news.error);
    default: return;
  }
}

void CoreWorker::Owner::push_call(ActorId /*actor*/, const ActorLocation& where, std::uint32_t task,
                                  std::uint32_t sequence) {
  OwnedTask& owned = worker.tasks_.task(task);
  owned.pushed = now();
  PushActorTask call;
  call.caller = worker.address_;
  call.task = task;
  call.method = owned.function;
  call.attempt = owned.attempt;
  call.sequence = sequence;
  call.group = owned.group;
  call.duration = owned.duration;
  call.input = owned.input;
  worker.io_.send(where.worker, std::move(call), Bytes{std::int64_t{owned.argument_kib} * 1024});
}

// A call that is to be tried again waits a while, longer each time, then for the owner's tick.
bool CoreWorker::Owner::try_again(std::uint32_t index) {
  OwnedTask& task = worker.tasks_.task(index);
  if (task.retries_left == 0) return false;
  if (task.retries_left > 0) --task.retries_left;
  const SystemConfig& config = worker.runtime_.profile.system;
  Duration delay = config.task_actor_unavailable_retry_delay_base;
  for (int i = 0; i < task.attempt && delay < config.task_actor_unavailable_retry_delay_max; ++i) delay = delay * 2;
  ++task.attempt;
  to_resubmit.push_back({now() + std::min(delay, config.task_actor_unavailable_retry_delay_max), index});
  worker.arm_owner_tick();
  return true;
}

void CoreWorker::Owner::await_verdict(ActorId actor) {
  verdicts.push_back({now() + worker.runtime_.profile.system.timeout_task_wait_for_death_info, actor});
  worker.arm_owner_tick();
}

}  // namespace raysim
