// ray.cancel: at the caller, at the owner, at the executor. Mirrors CancelTask of normal_task_submitter.cc and
// actor_task_submitter.cc, and its handlers in core_worker.cc (2.60).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

void TaskContext::cancel(ObjectRef ref, bool force, bool recursive) {
  const RequestOwnerToCancelTask request{ref, force, recursive};
  if (ref.owner != worker_.io_.id()) return thread_.send(Address<CoreWorker>{ref.owner}, request);
  const std::uint32_t index = worker_.tasks_.object(ref.index).task;
  if (index == OwnedObject::no_task) return;
  const OwnedTask& task = worker_.tasks_.task(index);
  if (force && task.actor != no_actor && !task.ended)
    throw RayError(ErrorType::value_error, "force=True is not supported for actor tasks");
  thread_.hand_over(worker_.address_, request);
}

bool TaskContext::is_cancelled() const { return worker_.executions_[slot_].cancelled; }

// Raised in the body: at its next wait, or, when it is in one, at the next moment at which such a wait looks for signals. In an
// event loop the wait itself is cancelled.
void TaskContext::interrupt(Station& io, bool at_once) {
  interrupted_ = true;
  if (at_once) {
    if (doing_ != Doing::running) signal(io);
    return;
  }
  if (doing_ != Doing::blocked) return;
  const Duration period = runtime_.profile.system.get_check_signal_interval;
  const Duration since{(io.now() - blocked_since_).ns % period.ns};
  io.after<CoreWorker>(period - since, CheckSignals{wait_});
}

void TaskContext::on(Station& io, CheckSignals check) {
  if (check.wait == wait_ && doing_ == Doing::blocked) signal(io);
}

void TaskContext::signal(Station& io) {
  if (waits_ != Waits::answers) return wake(io);
  outcome_ = ErrorType::keyboard_interrupt;
  end_waiting(io);
}

void TaskContext::check_signals() {
  if (std::exchange(interrupted_, false)) throw RayError(ErrorType::keyboard_interrupt, "KeyboardInterrupt");
}

// --- the owner

void CoreWorker::on(const RequestOwnerToCancelTask& request) {
  const std::uint32_t task = tasks_.object(request.object.index).task;
  if (task != OwnedObject::no_task) cancel_owned(task, request.force, request.recursive);
}

void CoreWorker::on(CancelAgain again) { cancel_owned(again.task, false, again.recursive); }

void CoreWorker::on(CancelTaskReply reply) {
  if (tasks_.task(reply.task).ended) return;
  io_.after<CoreWorker>(runtime_.profile.system.cancellation_retry, CancelAgain{reply.task, reply.recursive});
}

void CoreWorker::cancel_owned(std::uint32_t index, bool force, bool recursive) {
  OwnedTask& task = tasks_.task(index);
  if (task.ended || task.creates_actor) return;
  task.cancelled = true;
  task.retries_left = 0;
  const auto is_it = [&](const Owner::Due& due) { return due.task == index; };
  const bool waited_for_retry = std::erase_if(owner().to_resubmit, is_it) > 0;
  if (task.actor != no_actor) return cancel_call(index, recursive);
  if (waited_for_retry) return owner().fail_task(index, ErrorType::task_cancelled);
  const auto& broken = owner().broken;
  const auto was_its = [&](const NormalTaskSubmitter::Broken& b) { return b.task == index; };
  if (std::any_of(broken.begin(), broken.end(), was_its)) return;  // it ends with the raylet's word on its worker
  if (submitter().cancel(index, force, recursive) == NormalTaskSubmitter::Place::elsewhere)
    owner().fail_task(index, ErrorType::task_cancelled);  // it waits for its arguments
}

void CoreWorker::cancel_call(std::uint32_t index, bool recursive) {
  ActorTaskSubmitter& actors = owner().actors;
  const ActorId actor = tasks_.task(index).actor;
  switch (actors.place_of(actor, index)) {
    case ActorTaskSubmitter::Place::waiting: actors.withdraw(actor, index); break;
    case ActorTaskSubmitter::Place::in_flight:
      return io_.send(actors.location(actor).worker, CancelTask{address_, index, false, recursive});
    case ActorTaskSubmitter::Place::unresolved: return;  // it ends with the word of the GCS on its actor
    case ActorTaskSubmitter::Place::elsewhere: actors.abandon(actor); break;
  }
  owner().fail_task(index, ErrorType::task_cancelled);
}

// --- the executor

void CoreWorker::on(CancelTask cancel) {
  const auto is_it = [&](const Execution& execution) {
    return execution.running && execution.push.owner == cancel.owner && execution.push.task == cancel.task;
  };
  const auto execution = std::find_if(executions_.begin(), executions_.end(), is_it);
  if (execution == executions_.end()) {
    if (actor_ && !actor_->cancel(cancel.owner, cancel.task))
      io_.send(cancel.owner, CancelTaskReply{cancel.task, cancel.recursive});
    return;
  }
  execution->cancelled = true;
  if (cancel.recursive) cancel_children(execution->run, cancel.force);
  if (cancel.force)
    io_.after<CoreWorker>({}, ForceExit{});  // when the children have been told
  else
    interrupt(static_cast<std::uint32_t>(execution - executions_.begin()));
}

void CoreWorker::on(ForceExit) { runtime_.engine.kill(process()); }

// What an actor runs on a thread is not interrupted: it may ask whether it was cancelled.
bool CoreWorker::interruptible() const {
  return !actor_ || runtime_.actors[actor_->creation.actor.index].options.async_actor;
}

void CoreWorker::interrupt(std::uint32_t slot) {
  if (!interruptible()) return;
  const Execution& execution = executions_[slot];
  const RemoteFunction& function = executed_function(slot);
  if (execution.context != nullptr && execution.context->run_number() == execution.run)
    execution.context->interrupt(io_, actor_ != nullptr);
  else if (actor_ && !function.body && !function.computes)
    io_.hand_over(Address<CoreWorker>{main_->id()}, ExecutionEnded{slot, execution.run});
}

// What a task says that was interrupted.
std::unique_ptr<TaskOutput> CoreWorker::interrupted_output(std::uint32_t slot) const {
  return std::make_unique<TaskOutput>(
      TaskOutput{{}, "RayTaskError(TaskCancelledError): " + executed_function(slot).name + " was cancelled as it ran"});
}

// Those of a body that have not ended.
void CoreWorker::cancel_children(std::uint32_t run, bool force) {
  for (std::uint32_t task = 0; task < tasks_.tasks(); ++task)
    if (tasks_.task(task).parent == run) cancel_owned(task, force, true);
}

}  // namespace raysim
