// What an owner does for its tasks: create, queue, finish, retry. Mirrors task_manager.cc and the retry queue of
// core_worker.cc (2.60).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"
#include "models/placement_group_names.hpp"

namespace raysim {

std::uint32_t CoreWorker::create_task(const TaskCall& call, const Duration* duration, TaskContext& caller) {
  RemoteFunction& function = runtime_.functions[call.function.index];
  OwnedTask task;
  task.function = call.function;
  task.scheduling_class = class_of(call.function, call.options, caller);
  task.retries_left = call.options.max_retries;
  task.submitted = caller.now();
  task.path = caller.path();
  task.duration = duration != nullptr ? *duration : runtime_.draw_duration(function);
  task.unresolved = 1;  // its own submission
  const auto index = tasks_.add_task(task, static_cast<std::uint32_t>(function.num_returns));
  if (!call.args.empty() || function.body) add_arguments(index, call, caller);
  if (!call.options.runtime_env.empty() && tasks_.key_of(index) == nullptr)
    tasks_.set_key(index, {task.scheduling_class, {}, call.options.runtime_env});
  runtime_.record.on_submitted(1);
  return index;
}

void CoreWorker::add_arguments(std::uint32_t index, const TaskCall& call, TaskContext& caller) {
  tasks_.task(index).input = new TaskInput;
  TaskInput& input = *tasks_.task(index).input;
  input.args = call.args;
  SchedulingKey key{tasks_.task(index).scheduling_class, {}, call.options.runtime_env};
  Bytes bytes;
  for (Argument& arg : input.args) {
    if (!arg.ref) {
      bytes += arg.value.size;
      continue;
    }
    const std::uint32_t slot = borrow(caller.thread(), *arg.ref);
    const OwnedObject& object = tasks_.object(slot);
    OwnedTask& task = tasks_.task(index);
    if (object.in_store)
      key.store_args.push_back(*arg.ref);
    else if (object.task != OwnedObject::no_task)
      runtime_.record.on_argument(task_number(index), task_number(object.task));
    bytes += Bytes{std::int64_t{object.kib} * 1024};
    if (object.ready) {
      task.path = std::max(task.path, object.path);
      if (object.error != ErrorType::none) task.argument_error = object.error;
    } else {
      ++task.unresolved;
      tasks_.await(slot, {TaskManager::Waiter::Kind::task, index});
    }
  }
  input.store_args = static_cast<std::uint32_t>(key.store_args.size());
  if (!key.store_args.empty() || !key.runtime_env.empty()) tasks_.set_key(index, std::move(key));
  tasks_.task(index).argument_kib = static_cast<std::uint32_t>((bytes.count + 1023) / 1024);
}

// A task in a placement group, its own or one that captures its caller's children, asks for the group's resources.
SchedulingClassId CoreWorker::class_of(FunctionId function, const TaskOptions& options, const TaskContext& body) {
  SchedulingClass wanted{
      function, options.resources, options.strategy, options.label_selector, options.fallback_selectors, 1, {},
      false,    options.priority};
  if (role_ != Role::driver) {
    const SchedulingClass& caller = executed_class(body.slot());
    wanted.depth = caller.depth + 1;
    if (!options.strategy_given && caller.strategy.capture_child_tasks) {
      wanted.strategy = caller.strategy;
      wanted.strategy.bundle = -1;
    }
  }
  if (wanted.strategy.kind == SchedulingStrategy::Kind::placement_group)
    wanted.resources =
        demand_in_group(wanted.resources, wanted.strategy.group, wanted.strategy.bundle, runtime_.resource_names);
  return runtime_.classes.id_of(wanted);
}

void CoreWorker::on(SubmitTask submit) {
  if (--tasks_.task(submit.task).unresolved == 0) enqueue(submit.task);
}

void CoreWorker::enqueue(std::uint32_t index) {
  OwnedTask& task = tasks_.task(index);
  task.resolved = io_.now();
  if (task.argument_error != ErrorType::none) {
    runtime_.record.on_failed_unstarted(task.function.index);
    return finish(index, ErrorType::task_error, task.path);
  }
  if (task.input) {
    task.input->path = task.path;
    for (Argument& arg : task.input->args)
      if (arg.ref) arg.value = tasks_.value(index_of(*arg.ref));
  }
  if (const SchedulingKey* key = tasks_.key_of(index))
    submitter().submit(index, *key);
  else
    submitter().submit(index, task.scheduling_class);
}

void CoreWorker::on(TaskReply reply) {
  owner().ranks.ran(tasks_.task(reply.task).function, reply.ended - reply.started);
  const LeasedWorker worker = submitter().task_done(tasks_.task(reply.task).lease);
  record_attempt(reply.task, worker, reply.started, reply.ended,
                 reply.error == ErrorType::none ? AttemptOutcome::finished : AttemptOutcome::failed);
  finish(reply.task, reply.error, tasks_.task(reply.task).path + reply.path, std::move(reply.output));
}

// The task's returns become ready; whoever waits for them is told. Tasks that fail with their arguments end here as well, one
// after the other: a chain of them may be long.
void CoreWorker::finish(std::uint32_t index, ErrorType error, Duration path, std::unique_ptr<TaskOutput> output) {
  ending_.push_back({index, error, path, std::move(output)});
  if (ending_.size() > 1) return;  // the loop below is running
  for (std::size_t i = 0; i < ending_.size(); ++i) {
    const Ending end = std::move(ending_[i]);
    tasks_.count_ended();
    OwnedTask& task = tasks_.task(end.task);
    task.input.reset();
    const std::uint32_t first = task.first_object;
    const auto count = static_cast<std::uint32_t>(runtime_.functions[task.function.index].num_returns);
    for (std::uint32_t r = 0; r < count; ++r) {
      if (end.output && r < end.output->returns.size()) tasks_.set_value(first + r, end.output->returns[r]);
      if (end.output && !end.output->message.empty()) tasks_.set_error_text(first + r, end.output->message);
      make_ready(first + r, end.error, end.path);
    }
  }
  ending_.clear();
}

void CoreWorker::make_ready(std::uint32_t object, ErrorType error, Duration path) {
  for (const TaskManager::Waiter waiter : tasks_.make_ready(object, error, path, io_.now())) notify(waiter, object);
  if (error == ErrorType::none) return;
  for (const auto& context : contexts_) context->object_failed(io_, object);
}

void CoreWorker::notify(TaskManager::Waiter waiter, std::uint32_t object) {
  using Kind = TaskManager::Waiter::Kind;
  if (waiter.kind == Kind::get) return context_of_wait(waiter.number).object_ready(io_, waiter.number);
  if (waiter.kind == Kind::borrower) return tell_borrower({static_cast<std::uint32_t>(waiter.number)}, object);
  const auto next = static_cast<std::uint32_t>(waiter.number);
  OwnedTask& task = tasks_.task(next);
  task.path = std::max(task.path, tasks_.object(object).path);
  if (tasks_.object(object).error != ErrorType::none) task.argument_error = tasks_.object(object).error;
  if (--task.unresolved == 0) enqueue(next);
}

void CoreWorker::on(WorkerFailureCause cause) {
  auto& broken = owner().broken;
  const auto it =
      std::find_if(broken.begin(), broken.end(), [&](const auto& b) { return b.worker.lease == cause.lease; });
  const auto failed = *it;
  broken.erase(it);
  fail_or_retry(failed, cause.preempted);
}

// A task whose worker was preempted is tried again at no cost of its own, whatever its max_retries.
void CoreWorker::fail_or_retry(const NormalTaskSubmitter::Broken& broken, bool preempted) {
  OwnedTask& task = tasks_.task(broken.task);
  const bool retry = preempted || task.retries_left != 0;
  record_attempt(broken.task, broken.worker, task.pushed, io_.now(),
                 retry ? AttemptOutcome::retried : AttemptOutcome::failed);
  if (!retry) return finish(broken.task, ErrorType::worker_crashed, task.path);
  if (task.retries_left > 0 && !preempted) --task.retries_left;
  ++task.attempt;
  owner().to_resubmit.push_back(broken.task);
  arm_owner_tick();
}

// Resubmission waits for the owner's periodic tick, whose phase is its own.
void CoreWorker::arm_owner_tick() {
  if (owner().tick_armed) return;
  owner().tick_armed = true;
  const Duration period = runtime_.profile.system.core_worker_heartbeat;
  const Duration own_phase = phase(runtime_.engine, "owner tick", process().index, period);
  io_.after<CoreWorker>(until_tick(io_.now() + runtime_.profile.system.task_retry_delay, period, own_phase),
                        TimerTick{Tick::owner});
}

void CoreWorker::record_attempt(std::uint32_t index, const LeasedWorker& worker, Time started, Time ended,
                                AttemptOutcome outcome) {
  const OwnedTask& task = tasks_.task(index);
  AttemptRecord record;
  record.task = task_number(index);
  record.function = task.function.index;
  record.attempt = task.attempt;
  record.node = worker.node.index;
  record.worker = worker.process.index;
  record.submitted = task.submitted;
  record.resolved = task.resolved;
  record.pushed = task.pushed;
  record.started = started;
  record.ended = ended;
  record.replied = io_.now();
  record.path = task.path + (ended - started);
  const ResourceSet& demand = runtime_.classes[task.scheduling_class].resources;
  record.cpus = amount_asked(cpu_resource, demand, runtime_.resource_names).value();
  record.gpus = amount_asked(gpu_resource, demand, runtime_.resource_names).value();
  record.devices = runtime_.device_lists[worker.devices];
  record.outcome = outcome;
  runtime_.record.on_attempt(record);
}

}  // namespace raysim
