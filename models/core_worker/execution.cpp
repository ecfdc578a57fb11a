// What a worker does with a task that is pushed to it. Mirrors task_execution/ of the core worker (2.60).
#include <algorithm>
#include <utility>

#include "models/core_worker/tensors.hpp"

namespace raysim {

void CoreWorker::on(PushTask push) {
  Execution& execution = executions_.front();
  execution.push = std::move(push);
  execution.function = executed_class(0).function;
  execution.started = io_.now();
  start_execution(io_, 0);
}

void CoreWorker::start_execution(Station& thread, std::uint32_t slot) {
  Execution& execution = executions_[slot];
  execution.extra = {};
  execution.run = ++runs_;
  execution.running = true;
  execution.cancelled = false;
  wake_main(thread, slot);
}

void CoreWorker::wake_main(Station& thread, std::uint32_t slot) {
  if (&thread == main_)
    on(RunTask{slot});
  else
    thread.hand_over(Address<CoreWorker>{main_->id()}, RunTask{slot});
}

// The same for each attempt.
Bytes CoreWorker::memory_use_of(std::uint32_t slot) const {
  const RemoteFunction& function = executed_function(slot);
  const Distribution& use = function.memory_use;
  if (use.kind == Distribution::Kind::constant) return {static_cast<std::int64_t>(use.a)};
  const std::uint32_t task = executions_[slot].push.task;
  RandomStream stream(runtime_.engine.seed() + task, "memory/" + function.name);
  return {static_cast<std::int64_t>(use.draw(stream, task))};
}

void CoreWorker::take_memory(std::uint32_t slot, Bytes size) {
  if (size == Bytes{}) return;
  executions_[slot].memory += size;
  runtime_.heap.add(node_, process(), size);
  runtime_.engine.post(runtime_.raylets[node_.index], MemoryTaken{});
}

void TaskContext::use_memory(Bytes size) {
  if (worker_.role_ == CoreWorker::Role::worker) worker_.take_memory(slot_, size);
}

// An actor keeps what its constructor has taken.
void CoreWorker::give_memory_back(std::uint32_t slot) {
  const Bytes size = std::exchange(executions_[slot].memory, {});
  const bool stays = actor_ && !actor_->created;
  if (size > Bytes{} && !stays) runtime_.heap.add(node_, process(), {-size.count});
}

void CoreWorker::on(RunTask run) {
  const FunctionId function = executions_[run.slot].function;
  const bool method = actor_ && actor_->created;  // came with its class
  const auto is_it = [&](const Loaded& loaded) { return loaded.function == function; };
  if (!method && std::none_of(loaded_.begin(), loaded_.end(), is_it))
    main_->send(runtime_.gcs, FetchFunction{address_, run.slot});
  else
    begin_task(run.slot);
}

void CoreWorker::on(FunctionCode code) {
  const Costs& costs = runtime_.profile.costs;
  loaded_.push_back({executions_[code.slot].function});
  const Duration first = std::exchange(used_, true) ? Duration{} : costs.worker_first_task;
  executions_[code.slot].extra = costs.function_load + first;
  wake_main(io_, code.slot);
}

void CoreWorker::begin_task(std::uint32_t slot) {
  if (!fetch_arguments(slot) && !await_tensors(slot)) start_task(slot);
}

void CoreWorker::start_task(std::uint32_t slot) {
  const Costs& costs = runtime_.profile.costs;
  Execution& execution = executions_[slot];
  const TaskInput* input = execution.push.input.get();
  const Duration arguments = input != nullptr && !input->args.empty() ? costs.arguments_load : Duration{};
  const std::int64_t from_store = input != nullptr ? static_cast<std::int64_t>(input->store_args.size()) : 0;
  const bool method = actor_ && actor_->created;
  const bool in_event_loop = method && runtime_.actors[actor_->creation.actor.index].options.async_actor;
  std::int64_t references = 0;
  if (input != nullptr)
    for (const Argument& arg : input->args) references += static_cast<std::int64_t>(arg.value.inner().size());
  if (references > 0) read_arguments(slot);
  main_->charge((method ? costs.actor_execute_before : costs.task_execute_before) + execution.extra + arguments +
                costs.store_get * from_store + costs.reference_read * references +
                (in_event_loop ? costs.async_call : Duration{}));
  const RemoteFunction& function = executed_function(slot);
  execution.started = main_->now();
  if (!take_devices(slot)) return;
  if (!execution.cancelled) take_memory(slot, memory_use_of(slot));
  if (execution.cancelled) {
    reply(*main_, slot, ErrorType::task_cancelled, {}, execution.started, nullptr);
  } else if (function.body) {
    if (execution.context == nullptr) execution.context = &add_context(slot);
    execution.context->run(function.body, execution.push.input, execution.run);
  } else if (main_->contended()) {
    main_->after<CoreWorker>({}, ExecutionStarted{slot, execution.run});  // when the cost is paid
  } else {
    on(ExecutionStarted{slot, execution.run});
  }
}

void CoreWorker::on(ExecutionStarted started) {
  Execution& execution = executions_[started.slot];
  if (!goes_on(execution, started.run)) return;
  execution.started = main_->now();
  const RemoteFunction& function = executed_function(started.slot);
  if (function.on_gpu && execution.push.devices != DeviceListId{}) {
    const Bytes part = part_of_device(started.slot, function.device_copy);
    const DeviceFilled filled{started.slot, started.run};
    if (part.count == 0) return on(filled);
    const DeviceId device = slowest_device(started.slot);
    return main_->copy({device.machine, main_memory}, device, part, Address<CoreWorker>{main_->id()}, filled);
  }
  if (function.computes)
    main_->compute<CoreWorker>(execution.push.duration, ExecutionEnded{started.slot, execution.run});
  else
    main_->after<CoreWorker>(execution.push.duration, ExecutionEnded{started.slot, execution.run});
}

void CoreWorker::on(DeviceFilled filled) {
  const Execution& execution = executions_[filled.slot];
  if (!goes_on(execution, filled.run)) return;
  const RemoteFunction& function = executed_function(filled.slot);
  record_device_copy(filled.slot, CopyRecord::Cause::host_to_device, execution.started, function.device_copy);
  const DeviceId device = slowest_device(filled.slot);
  if (function.device_copy_back == Bytes{})
    main_->compute_on<CoreWorker>(device, execution.push.duration, ExecutionEnded{filled.slot, execution.run});
  else
    main_->compute_on<CoreWorker>(device, execution.push.duration, DeviceDone{filled.slot, execution.run});
}

void CoreWorker::on(DeviceDone done) {
  if (!goes_on(executions_[done.slot], done.run)) return;
  const Bytes part = part_of_device(done.slot, executed_function(done.slot).device_copy_back);
  const DeviceId device = slowest_device(done.slot);
  main_->copy(device, {device.machine, main_memory}, part, Address<CoreWorker>{main_->id()},
              DeviceEmptied{done.slot, done.run, main_->now()});
}

void CoreWorker::on(DeviceEmptied emptied) {
  if (!goes_on(executions_[emptied.slot], emptied.run)) return;
  record_device_copy(emptied.slot, CopyRecord::Cause::device_to_host, emptied.since,
                     executed_function(emptied.slot).device_copy_back);
  on(ExecutionEnded{emptied.slot, emptied.run});
}

Bytes CoreWorker::part_of_device(std::uint32_t slot, Bytes all) const {
  const auto devices = static_cast<std::int64_t>(runtime_.device_lists[executions_[slot].push.devices].size());
  return {(all.count + devices - 1) / devices};
}

void CoreWorker::record_device_copy(std::uint32_t slot, CopyRecord::Cause cause, Time since, Bytes size) {
  const std::uint32_t first = runtime_.device_lists[executions_[slot].push.devices].front();
  if (size > Bytes{}) runtime_.record.on_copy({cause, node_.index, first, since, main_->now(), size});
}

// Several devices of a lease work on even parts at the same time, so the slowest is done last.
DeviceId CoreWorker::slowest_device(std::uint32_t slot) const {
  const NodeSpec& node = runtime_.cluster.nodes[node_.index];
  DeviceId slowest{node.machine, ~std::uint32_t{0}};
  for (const std::uint32_t gpu : runtime_.device_lists[executions_[slot].push.devices]) {
    const DeviceId device{node.machine, node.gpus[gpu].device};
    if (slowest.index == ~std::uint32_t{0} ||
        runtime_.engine.device(device).speed < runtime_.engine.device(slowest).speed)
      slowest = device;
  }
  return slowest;
}

void CoreWorker::on(ExecutionEnded over) {
  const Execution& execution = executions_[over.slot];
  if (!goes_on(execution, over.run)) return;
  const RemoteFunction& function = executed_function(over.slot);
  const Time ended = main_->now();
  if (execution.push.attempt < function.crash_attempts) return runtime_.engine.kill(process());
  const bool on_device = function.on_gpu && execution.push.devices != DeviceListId{};
  if ((on_device || !function.computes) && execution.push.duration > Duration{})
    main_->charge(runtime_.profile.costs.wake_after_sleep);
  Duration work = execution.push.duration;
  if (on_device) work = alone_on(runtime_.engine.device(slowest_device(over.slot)), work);
  if (execution.cancelled && interruptible())
    reply(*main_, over.slot, ErrorType::task_cancelled, std::min(work, ended - execution.started), ended,
          interrupted_output(over.slot));
  else
    reply(*main_, over.slot, ErrorType::none, work, ended, nullptr);
}

// The body of a driver or of a task has ended.
void CoreWorker::execution_over(TaskContext& body) {
  if (role_ == Role::driver) return runtime_.driver_ended(job(), body.message(), body.outcome());
  const std::uint32_t slot = body.slot();
  if (executions_[slot].push.attempt < executed_function(slot).crash_attempts) return runtime_.engine.kill(process());
  if (body.outcome() == ErrorType::keyboard_interrupt) {
    std::unique_ptr<TaskOutput> interrupted = interrupted_output(slot);
    interrupted->yielded = body.yielded();
    return reply(body.thread(), slot, ErrorType::task_cancelled, body.added_path(), body.thread().now(),
                 std::move(interrupted));
  }
  std::unique_ptr<TaskOutput> output;
  std::vector<Payload> returns = body.take_returns();
  if (!returns.empty() || !body.message().empty() || executed_function(slot).num_returns == streaming_returns)
    output = std::make_unique<TaskOutput>(TaskOutput{std::move(returns), body.message(), body.yielded()});
  const ErrorType error = body.outcome() == ErrorType::none ? ErrorType::none : ErrorType::task_error;
  reply(body.thread(), slot, error, body.added_path(), body.thread().now(), std::move(output));
}

void CoreWorker::reply(Station& thread, std::uint32_t slot, ErrorType error, Duration path, Time ended,
                       std::unique_ptr<TaskOutput> output) {
  const Costs& costs = runtime_.profile.costs;
  thread.charge(actor_ && actor_->created ? costs.actor_execute_after : costs.task_execute_after);
  Execution& execution = executions_[slot];
  const bool unstarted = execution.cancelled && error == ErrorType::task_cancelled && !output;
  give_memory_back(slot);
  give_devices_back(slot, thread.now());
  execution.reply = {execution.push.task, error, unstarted, false, execution.started, ended, path, std::move(output)};
  lend_returns(slot);
  if (error == ErrorType::none && returns_tensor(slot)) {
    const std::string why = tensors().keep_return(thread, slot);
    if (!why.empty()) refuse_return(slot, why);
  }
  if (!store_returns(thread, slot)) send_reply(thread, slot);
}

void CoreWorker::send_reply(Station& thread, std::uint32_t slot) {
  if (actor_ && actor_->created) return call_ended(thread, slot);
  if (&thread == &io_)
    on(SendReply{slot});
  else
    thread.hand_over(address_, SendReply{slot});
}

void CoreWorker::on(SendReply send) {
  Execution& execution = executions_[send.slot];
  const Bytes size = size_of_reply(send.slot);
  tell_borrowed(send.slot);
  execution.running = false;
  execution.push.input.reset();
  if (actor_) {
    actor_created(execution.reply);
  } else {
    retiring_ = execution.reply.worker_exiting = was_last_call(send.slot);
    io_.send(execution.push.owner, std::move(execution.reply), size);
  }
  count_task_event();
  if (retiring_ && tasks_.unfinished() == 0) leave();
}

// A worker exits when it has run a function so often as the function allows; it stays until what it has submitted has ended.
bool CoreWorker::was_last_call(std::uint32_t slot) {
  const Execution& execution = executions_[slot];
  const int most = executed_function(slot).max_calls;
  if (most == 0) return false;
  const auto is_it = [&](const Loaded& loaded) { return loaded.function == execution.function; };
  return ++std::find_if(loaded_.begin(), loaded_.end(), is_it)->calls >= most;
}

// Returns that the body has made have their own size, the others one that the function says.
std::vector<Bytes> CoreWorker::sizes_of_returns(std::uint32_t slot) const {
  const Execution& execution = executions_[slot];
  const RemoteFunction& function = executed_function(slot);
  const std::vector<Payload> none;
  const std::vector<Payload>& made = execution.reply.output ? execution.reply.output->returns : none;
  const Distribution& size = function.return_size;
  const bool constant = size.kind == Distribution::Kind::constant;
  std::optional<RandomStream> stream;
  std::vector<Bytes> sizes;
  const std::size_t count = function.num_returns < 0 ? made.size() : function.references();
  for (std::size_t i = 0; i < count; ++i) {
    if (i < made.size() && made[i].size.count > 0) {
      sizes.push_back(made[i].size);
    } else if (constant) {
      sizes.push_back({static_cast<std::int64_t>(size.a)});
    } else {
      if (!stream) stream.emplace(runtime_.engine.seed() + execution.push.task, "returns/" + function.name);
      sizes.push_back({static_cast<std::int64_t>(size.draw(*stream, execution.push.task))});
    }
  }
  return sizes;
}

// Where the body has made none and the function says one size for all.
std::optional<Bytes> CoreWorker::size_of_each_return(std::uint32_t slot) const {
  const Distribution& size = executed_function(slot).return_size;
  if (executions_[slot].reply.output || size.kind != Distribution::Kind::constant) return std::nullopt;
  return Bytes{static_cast<std::int64_t>(size.a)};
}

// What lies in the store does not travel with the reply.
Bytes CoreWorker::size_of_reply(std::uint32_t slot) const {
  if (executions_[slot].reply.error != ErrorType::none || returns_tensor(slot)) return {};
  if (const auto each = size_of_each_return(slot))
    return *each <= inline_limit() ? *each * std::max(executed_function(slot).num_returns, 0) : Bytes{};
  Bytes sum;
  for (const Bytes size : sizes_of_returns(slot))
    if (size <= inline_limit()) sum += size;
  return sum;
}

// Events go to the GCS at the ticks of a period; the message of the first of a period takes the others along.
void CoreWorker::count_task_event() {
  const Duration period = runtime_.profile.system.task_events_report_interval;
  if (period == Duration{} || io_.now() < next_events_) return;
  const Duration own_phase{
      static_cast<std::int64_t>(mix(runtime_.engine.seed(), process().index) % static_cast<std::uint64_t>(period.ns))};
  const Duration wait = until_tick(io_.now(), period, own_phase);
  next_events_ = io_.now() + wait;
  io_.send_later(runtime_.gcs, wait, TaskEvents{});
}

}  // namespace raysim
