// What a worker does that is an actor: it is created, takes calls, ends. Mirrors task_execution/ of the core worker (2.60).
#include "models/core_worker/core_worker.hpp"

namespace raysim {

void CoreWorker::on(const PushActorCreation& creation) {
  const ActorSpec& spec = runtime_.actors[creation.actor.index];
  actor_ = std::make_unique<ActorInstance>(creation, spec.options);
  Execution& execution = executions_.front();
  execution.push = {};
  execution.push.owner = {no_station};
  execution.push.scheduling_class = spec.scheduling_class;
  execution.push.devices = creation.devices;
  execution.push.input = spec.input;
  execution.function = spec.constructor;
  execution.push.duration = runtime_.draw_duration(runtime_.functions[spec.constructor.index], spec.job);
  start_execution(io_, 0);
}

// The constructor has returned, or raised.
void CoreWorker::actor_created(const TaskReply& reply) {
  const PushActorCreation& creation = actor_->creation;
  actor_->created = reply.error == ErrorType::none;
  io_.send(runtime_.gcs, ActorCreated{creation.actor, creation.node, creation.process, !actor_->created});
}

void CoreWorker::on(PushActorTask call) {
  if (call.input)
    for (const ObjectRef ref : call.input->store_args)
      runtime_.record.on_object(
          ObjectRecord::read(node_.index, io_.now(), ObjectRecord::Purpose::call_arguments, is_here(ref), {}));
  if (call.input && !call.input->store_args.empty()) {
    // Its raylet is asked also for what is here.
    auto arguments = std::make_shared<const std::vector<ObjectRef>>(call.input->store_args);
    return fetch(io_, std::move(arguments), PullPriority::wait, of_call | actor_->add_later(std::move(call)));
  }
  actor_->add(std::move(call));
  start_calls(io_);
}

// From the thread that has just ended a call, or from the io loop.
void CoreWorker::start_calls(Station& thread) {
  while (auto start = actor_->next_start()) {
    if (start->cancelled) {
      refuse(thread, *start);
      continue;
    }
    if (executions_.size() <= start->slot) executions_.resize(start->slot + 1);
    Execution& execution = executions_[start->slot];
    execution.push.owner = start->call.caller;
    execution.push.task = start->call.task;
    execution.push.scheduling_class = runtime_.actors[actor_->creation.actor.index].scheduling_class;
    execution.push.devices = actor_->creation.devices;
    execution.push.attempt = start->call.attempt;
    execution.push.duration = start->call.duration;
    execution.push.input = std::move(start->call.input);
    execution.push.first_return = execution.push.input->first_return;
    execution.function = start->call.method;
    start_execution(thread, start->slot);
  }
}

// It was cancelled before its turn came.
void CoreWorker::refuse(Station& thread, const ActorInstance::Start& start) {
  TaskReply reply;
  reply.task = start.call.task;
  reply.error = ErrorType::task_cancelled;
  reply.unstarted = true;
  actor_->done.push_back({start.call.caller, std::move(reply), {}});
  actor_->ended(start.slot);
  answer_call(thread);
}

// The io loop sends the reply while the thread goes on with the next call.
void CoreWorker::call_ended(Station& thread, std::uint32_t slot) {
  Execution& execution = executions_[slot];
  const Bytes size = size_of_reply(slot);
  tell_borrowed(slot);
  actor_->done.push_back({execution.push.owner, std::move(execution.reply), size});
  execution.running = false;
  execution.push.input.reset();
  actor_->ended(slot);
  answer_call(thread);
  if (!actor_->at_once) start_calls(thread);
}

void CoreWorker::answer_call(Station& thread) {
  if (&thread == &io_)
    on(SendCallReply{});
  else
    thread.hand_over(address_, SendCallReply{});
}

void CoreWorker::on(SendCallReply) {
  ActorInstance::Done done = std::move(actor_->done.front());
  actor_->done.pop_front();
  io_.send(done.caller, ActorTaskReply{std::move(done.reply)}, done.size);
  count_task_event();
  if (actor_->at_once || (actor_->leaving && actor_->idle() && actor_->done.empty())) leave();
}

// Nobody has a handle any more: it ends its calls, then itself.
void CoreWorker::on(ExitActor) {
  if (!actor_ || actor_->leaving) return;
  actor_->leaving = true;
  if (actor_->idle() && actor_->done.empty()) leave();
}

void CoreWorker::leave() {
  io_.send(runtime_.raylets[node_.index], ExitAnswered{process(), false});
  const Costs& costs = runtime_.profile.costs;  // an actor's process is gone 0.2 s later
  main_->compute<CoreWorker>(costs.worker_exit + costs.worker_exit_tail, WorkerExited{false});
}

}  // namespace raysim
