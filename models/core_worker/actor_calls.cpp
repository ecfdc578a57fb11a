// What a body does with actors. Mirrors python/ray/actor.py and the actor calls of core_worker.cc (2.60).
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

Body TaskContext::create_actor(FunctionId constructor, ActorOptions options, std::vector<Argument> args,
                               ActorHandle& made) {
  thread_.charge(runtime_.profile.costs.actor_create);
  charge_references(args);
  export_function(constructor);
  const ActorId actor = worker_.create_actor(constructor, std::move(options), std::move(args), *this);
  const ActorOptions& wanted = runtime_.actors[actor.index].options;
  ActorHandle handle = wanted.detached ? ActorHandle(actor) : ActorHandle(actor, runtime_.handles);
  if (wanted.name.empty()) {
    thread_.send(runtime_.gcs, RegisterActor{actor, worker_.address_, 0});
  } else {
    named_actor_ = no_actor;
    thread_.send(runtime_.gcs, RegisterActor{actor, worker_.address_, ++wait_});
    const Pause waiting{*this};
    co_await waiting;
    if (named_actor_ == no_actor)
      throw RayError(ErrorType::value_error, "an actor named " + wanted.name + " exists already");
    if (named_actor_ != actor) {
      made = ActorHandle(named_actor_);
      co_return;
    }
  }
  thread_.hand_over(worker_.address_, SubmitTask{worker_.creation_of(actor)});
  const Pause busy = pause();
  co_await busy;
  made = std::move(handle);
}

ObjectRef TaskContext::call(const ActorCall& call) {
  const ActorId actor = call.actor.actor();
  thread_.charge(runtime_.profile.costs.actor_call);
  charge_references(call.args);
  const std::int64_t limit = runtime_.actors[actor.index].options.max_pending_calls;
  if (limit >= 0 && worker_.owner().actors.pending(actor) >= limit)
    throw RayError(ErrorType::pending_calls_limit, "the actor has " + std::to_string(limit) + " pending calls");
  worker_.check_takes_tensors(call);
  worker_.owner().actors.announce(actor);
  const std::uint32_t task = worker_.create_call(call, *this);
  thread_.hand_over(worker_.address_, SubmitActorTask{task});
  return {worker_.io_.id(), worker_.tasks_.task(task).first_object};
}

Body TaskContext::get_actor(std::string name, std::string name_space, ActorHandle& found) {
  thread_.charge(runtime_.profile.costs.placement_group_call);
  named_actor_ = no_actor;
  if (name_space.empty()) name_space = this->name_space();
  auto wanted = std::make_shared<const std::pair<std::string, std::string>>(name_space, name);
  thread_.send(runtime_.gcs, GetNamedActor{worker_.address_, ++wait_, std::move(wanted)});
  const Pause waiting{*this};
  co_await waiting;
  if (named_actor_ == no_actor) throw RayError(ErrorType::value_error, "failed to look up actor " + name);
  found = ActorHandle(named_actor_);
}

void TaskContext::actor_answered(Station& io, const ActorReply& reply) {
  if (reply.wait != wait_) return;
  named_actor_ = reply.actor;
  wake(io);
}

void TaskContext::kill(const ActorHandle& actor, bool no_restart) {
  thread_.send(runtime_.gcs, KillActor{actor.actor(), no_restart});
}

void TaskContext::exit_actor() { worker_.actor_->at_once = true; }

std::shared_ptr<void>& TaskContext::actor_state() { return worker_.actor_->state; }

ActorHandle TaskContext::own_handle() const { return ActorHandle(worker_.actor_->creation.actor); }

}  // namespace raysim
