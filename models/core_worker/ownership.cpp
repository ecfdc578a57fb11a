// What an owner does for its tasks: create, queue, finish, retry. Mirrors task_manager.cc and the retry queue of
// core_worker.cc (2.60).
#include <algorithm>

#include "models/core_worker/tensors.hpp"
#include "models/placement_group_names.hpp"

namespace raysim {

std::uint32_t CoreWorker::create_task(const TaskCall& call, const Duration* duration, TaskContext& caller) {
  RemoteFunction& function = runtime_.functions[call.function.index];
  const TaskOptions& options = call.options;
  OwnedTask task;
  task.function = call.function;
  task.scheduling_class = class_of_task(call, caller);
  task.retries_left = options.max_retries;
  task.retry_exceptions = options.retry_exceptions;
  task.oom_retries_left =
      options.max_retries == 0 ? 0 : static_cast<std::int32_t>(runtime_.profile.system.task_oom_retries);
  task.parent = caller.run_number();
  task.submitted = caller.now();
  task.path = caller.path();
  task.duration = duration != nullptr ? *duration : runtime_.draw_duration(function, job());
  task.unresolved = 1;  // its own submission
  const auto index = tasks_.add_task(task, function.references());
  const EnvironmentId environment = runtime_.environments.id_of(options.runtime_env);
  if (!call.args.empty() || function.body) add_arguments(index, call.args, environment, caller);
  if (environment != EnvironmentId{} && tasks_.key_of(index) == nullptr)
    tasks_.set_key(index, {task.scheduling_class, {}, environment});
  open_stream(index, function, options.generator_backpressure);
  runtime_.record.on_submitted(1, reported_job());
  return index;
}

std::uint32_t CoreWorker::create_call(const ActorCall& call, TaskContext& caller) {
  RemoteFunction& method = runtime_.functions[call.method.index];
  const ActorSpec& actor = runtime_.actors[call.actor.actor().index];
  OwnedTask task;
  task.function = call.method;
  task.actor = call.actor.actor();
  task.group = call.group;
  task.scheduling_class = actor.scheduling_class;
  task.retries_left = call.max_task_retries.value_or(actor.options.max_task_retries);
  task.parent = caller.run_number();
  task.submitted = caller.now();
  task.path = caller.path();
  task.duration = call.duration ? *call.duration : runtime_.draw_duration(method, job());
  task.unresolved = 1;
  const auto index = tasks_.add_task(task, method.references());
  add_arguments(index, call.args, {}, caller);
  tasks_.task(index).input->keeps = call.actor.life();
  open_stream(index, method, call.generator_backpressure);
  if (!method.in_background) runtime_.record.on_submitted(1, reported_job());
  if (tensors_ || call.transport != TensorTransport::object_store) tensors().called(caller.thread(), index, call);
  return index;
}

// The creation of an actor waits for its arguments like a task, and is then the GCS's.
ActorId CoreWorker::create_actor(FunctionId constructor, ActorOptions options, std::vector<Argument> args,
                                 TaskContext& caller) {
  const ActorId actor{static_cast<std::uint32_t>(runtime_.actors.size())};
  OwnedTask task;
  task.function = constructor;
  task.actor = actor;
  task.creates_actor = true;
  task.parent = caller.run_number();
  task.submitted = caller.now();
  task.path = caller.path();
  task.unresolved = 1;
  const auto index = tasks_.add_task(task, 0);
  add_arguments(index, std::move(args), {}, caller);
  creations_[actor] = index;
  ActorSpec spec;
  spec.constructor = constructor;
  spec.scheduling_class = class_of({constructor, options.resources, options.strategy, options.label_selector,
                                    options.fallback_selectors, 1, options.placement, true, 0},
                                   options.strategy_given, caller);
  spec.input = tasks_.task(index).input;
  spec.owner = io_.id();
  spec.owner_node = node_;
  spec.options = std::move(options);
  spec.job = spec.options.detached ? job_of_detached() : job();
  if (spec.options.name_space.empty()) spec.options.name_space = runtime_.jobs[job().index].name_space;
  runtime_.actors.push_back(std::move(spec));
  return actor;
}

// A detached actor outlives this job: what it starts is not for this job's workers.
JobId CoreWorker::job_of_detached() {
  Job own = runtime_.jobs[job().index];
  own.driver = {};
  runtime_.jobs.push_back(std::move(own));
  return {static_cast<std::uint32_t>(runtime_.jobs.size() - 1)};
}

void CoreWorker::creation_resolved(std::uint32_t index) {
  const OwnedTask& task = tasks_.task(index);
  creations_.erase(task.actor);
  tasks_.end(index);
  if (task.argument_error == ErrorType::none)
    io_.send(runtime_.gcs, CreateActor{task.actor});
  else
    io_.send(runtime_.gcs, KillActor{task.actor, true});
}

void CoreWorker::add_arguments(std::uint32_t index, std::vector<Argument> args, EnvironmentId environment,
                               TaskContext& caller) {
  tasks_.task(index).input = new TaskInput;
  TaskInput& input = *tasks_.task(index).input;
  input.luck = caller.next_luck();
  input.args = std::move(args);
  input.first_return = tasks_.task(index).first_object;
  if (environment != EnvironmentId{}) tasks_.set_key(index, {tasks_.task(index).scheduling_class, {}, environment});
  const Bytes all_inlined = runtime_.profile.system.task_rpc_inlined_bytes_limit;
  Bytes bytes;
  std::vector<ObjectRef> held;
  // Those that nobody has held are never freed.
  const auto hold = [&](ObjectRef ref) {
    if (ref.owner != io_.id() || references_->is_used(ref)) held.push_back(ref);
  };
  for (Argument& arg : input.args) {
    // Large values go by reference, to an object that is put for that.
    const bool large = !arg.ref && (arg.value.size > inline_limit() || bytes + arg.value.size > all_inlined);
    if (large) {
      arg.ref = caller.put(arg.value);
      held.push_back(*arg.ref);
    }
    if (!arg.ref) {
      bytes += arg.value.size;
      std::ranges::for_each(arg.value.inner(), hold);
      continue;
    }
    if (!large) hold(*arg.ref);
    const std::uint32_t slot = borrow(caller.thread(), *arg.ref);
    const OwnedObject& object = tasks_.object(slot);
    OwnedTask& task = tasks_.task(index);
    if (!object.in_store && object.task != OwnedObject::no_task)
      runtime_.record.on_argument(task_number(index), task_number(object.task));
    if (object.ready) {
      task.path = std::max(task.path, object.path);
      if (object.error != ErrorType::none) task.argument_error = object.error;
    } else {
      ++task.unresolved;
      tasks_.await(slot, {TaskManager::Waiter::Kind::task, index});
    }
  }
  input.held = HeldRefs(references_, std::move(held));
}

// All arguments exist: some are in the object store, the values of the others go along with the task.
void CoreWorker::place_arguments(std::uint32_t index) {
  OwnedTask& task = tasks_.task(index);
  TaskInput& input = *task.input;
  input.path = task.path;
  input.store_args.clear();
  input.tensors.clear();
  Bytes bytes;
  for (Argument& arg : input.args) {
    if (arg.ref) {
      const std::uint32_t object = index_of(*arg.ref);
      arg.value = tasks_.value(object);
      if (tasks_.object(object).in_store) input.store_args.push_back(*arg.ref);
      if (tasks_.object(object).in_store) continue;
      if (arg.ref->owner == io_.id() && is_tensor(object)) {
        if (std::find(input.tensors.begin(), input.tensors.end(), *arg.ref) == input.tensors.end())
          input.tensors.push_back(*arg.ref);
        continue;
      }
    }
    bytes += arg.value.size;
  }
  task.argument_kib = in_kib(bytes);
  if (input.store_args.empty()) return;
  const SchedulingKey* key = tasks_.key_of(index);
  tasks_.set_key(index, {task.scheduling_class, input.store_args, key != nullptr ? key->runtime_env : EnvironmentId{}});
}

// A task in a placement group, its own or one that captures its caller's children, asks for the group's resources.
SchedulingClassId CoreWorker::class_of(SchedulingClass wanted, bool strategy_given, const TaskContext& body) {
  if (role_ != Role::driver) {
    const SchedulingClass& caller = executed_class(body.slot());
    wanted.depth = caller.depth + 1;
    if (!strategy_given && caller.strategy.capture_child_tasks) {
      wanted.strategy = caller.strategy;
      wanted.strategy.bundle = -1;
    }
  }
  if (wanted.strategy.kind == SchedulingStrategy::Kind::placement_group) {
    const auto in_group = [&](const ResourceSet& demand) {
      return demand_in_group(demand, wanted.strategy.group, wanted.strategy.bundle, runtime_.resource_names);
    };
    wanted.resources = in_group(wanted.resources);
    if (wanted.placement) wanted.placement = in_group(*wanted.placement);
  }
  return runtime_.classes.id_of(wanted);
}

SchedulingClassId CoreWorker::class_of_task(const TaskCall& call, const TaskContext& body) {
  const TaskOptions& options = call.options;
  const SchedulingClassId caller =
      role_ == Role::driver ? SchedulingClassId{} : executions_[body.slot()].push.scheduling_class;
  auto& last = owner().last_call;
  if (last.of && last.function == call.function && last.caller == caller && last.options == options) return *last.of;
  const SchedulingClassId of = class_of({call.function,
                                         options.resources,
                                         options.strategy,
                                         options.label_selector,
                                         options.fallback_selectors,
                                         1,
                                         {},
                                         false,
                                         runtime_.sees_priorities ? options.priority : 0},
                                        options.strategy_given, body);
  last = {caller, call.function, options, of};
  return of;
}

void CoreWorker::on(SubmitTask submit) {
  if (tasks_.task(submit.task).ended) return;  // it was cancelled
  if (--tasks_.task(submit.task).unresolved == 0) enqueue(submit.task);
}

void CoreWorker::enqueue(std::uint32_t index) {
  OwnedTask& task = tasks_.task(index);
  task.resolved = io_.now();
  if (task.creates_actor && task.argument_error != ErrorType::none) return creation_resolved(index);
  if (task.argument_error != ErrorType::none) {
    runtime_.record.on_failed_unstarted(task.function.index, reported_job());
    if (task.actor != no_actor) owner().actors.withdraw(task.actor, index);
    return finish(index, ErrorType::task_error, task.path);
  }
  if (task.input) place_arguments(index);
  if (task.creates_actor) return creation_resolved(index);
  if (task.actor != no_actor) return owner().actors.resolved(task.actor, index);
  if (const SchedulingKey* key = tasks_.key_of(index))
    submitter().submit(index, *key);
  else
    submitter().submit(index, task.scheduling_class);
}

void CoreWorker::on(TaskReply reply) {
  owner().ranks.ran(tasks_.task(reply.task).function, reply.ended - reply.started);
  const LeasedWorker worker = submitter().task_done(tasks_.task(reply.task).lease, reply.worker_exiting);
  replied(reply, worker);
}

void CoreWorker::replied(TaskReply& reply, const LeasedWorker& worker) {
  if (reply.unstarted) return owner().fail_task(reply.task, reply.error);
  OwnedTask& task = tasks_.task(reply.task);
  // New borrowers first: what is inside of an argument must not be without any use in between.
  if (reply.output && !reply.output->borrowed.empty())
    references_->task_finished(worker.address.station, reply.output->borrowed);
  if (reply.error == ErrorType::task_error && task.retry_exceptions && task.retries_left != 0 && !task.cancelled) {
    record_attempt(reply.task, worker, reply.started, reply.ended, AttemptOutcome::retried);
    if (task.retries_left > 0) --task.retries_left;
    return try_again(reply.task, runtime_.profile.system.task_retry_delay);
  }
  record_attempt(reply.task, worker, reply.started, reply.ended,
                 reply.error == ErrorType::none ? AttemptOutcome::finished : AttemptOutcome::failed);
  if (reply.error != ErrorType::none)
    free_returns(reply.task);
  else if (reply.output)
    learn_places(reply.task, *reply.output, worker.node);
  finish(reply.task, reply.error, tasks_.task(reply.task).path + reply.path, std::move(reply.output));
}

// The task's returns become ready; whoever waits for them is told. Tasks that fail with their arguments end here as well, one
// after the other: a chain of them may be long.
void CoreWorker::finish(std::uint32_t index, ErrorType error, Duration path, std::unique_ptr<TaskOutput> output) {
  ending_.push_back({index, error, path, std::move(output)});
  if (ending_.size() > 1) return;  // the loop below is running
  for (std::size_t i = 0; i < ending_.size(); ++i) {
    const Ending end = std::move(ending_[i]);
    tasks_.end(end.task);
    tasks_.task(end.task).input.reset();
    if (tensors_) tensors_->call_ended(end.task, end.error, end.output.get());
    const OwnedTask& task = tasks_.task(end.task);  // that may have made calls, which are tasks as well
    if (runtime_.functions[task.function.index].num_returns < 0) {
      finish_generator(end);
      continue;
    }
    const std::uint32_t first = task.first_object;
    const std::uint32_t count = runtime_.functions[task.function.index].references();
    for (std::uint32_t r = 0; r < count; ++r) {
      if (end.output && r < end.output->returns.size()) set_value(first + r, end.output->returns[r]);
      if (end.output && !end.output->message.empty()) tasks_.set_error_text(first + r, end.output->message);
      make_ready(first + r, end.error, end.path);
    }
  }
  ending_.clear();
  if (retiring_ && tasks_.unfinished() == 0) leave();
}

void CoreWorker::make_ready(std::uint32_t object, ErrorType error, Duration path) {
  TaskManager::Waiters waiters = tasks_.make_ready(object, error, path, io_.now());
  while (const auto waiter = tasks_.next_waiter(waiters)) notify(*waiter, object);
  if (error == ErrorType::none) return;
  for (const auto& context : contexts_) context->object_failed(io_, object);
}

void CoreWorker::notify(TaskManager::Waiter waiter, std::uint32_t object) {
  using Kind = TaskManager::Waiter::Kind;
  if (waiter.kind == Kind::get) return context_of_wait(waiter.number).object_ready(io_, waiter.number);
  if (waiter.kind == Kind::wait) return context_of_wait(waiter.number).ticket_ready(io_, waiter.number);
  if (waiter.kind == Kind::borrower) return tell_borrower({static_cast<std::uint32_t>(waiter.number)}, object);
  const auto next = static_cast<std::uint32_t>(waiter.number);
  OwnedTask& task = tasks_.task(next);
  if (task.ended) return;  // it was cancelled
  task.path = std::max(task.path, tasks_.object(object).path);
  if (tasks_.object(object).error != ErrorType::none) task.argument_error = tasks_.object(object).error;
  if (--task.unresolved == 0) enqueue(next);
}

void CoreWorker::record_attempt(std::uint32_t index, const LeasedWorker& worker, Time started, Time ended,
                                AttemptOutcome outcome) {
  const OwnedTask& task = tasks_.task(index);
  if (runtime_.functions[task.function.index].in_background) return;
  AttemptRecord record;
  record.task = task_number(index);
  record.job = reported_job();
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
