// What a worker does with a task that is pushed to it. Mirrors task_execution/ of the core worker (2.60).
#include <algorithm>
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

void CoreWorker::on(PushTask push) {
  execution_ = {push, {}, io_.now(), {}, true};
  wake_main();
}

void CoreWorker::wake_main() {
  if (main_ == &io_)
    on(RunTask{});
  else
    io_.hand_over(Address<CoreWorker>{main_->id()}, RunTask{});
}

void CoreWorker::on(RunTask) {
  const FunctionId function = executed_class().function;
  if (std::find(loaded_.begin(), loaded_.end(), function) == loaded_.end())
    main_->send(runtime_.gcs, FetchFunction{address_});
  else
    begin_task();
}

void CoreWorker::on(FunctionCode) {
  const Costs& costs = runtime_.profile.costs;
  loaded_.push_back(executed_class().function);
  const Duration first = std::exchange(used_, true) ? Duration{} : costs.worker_first_task;
  execution_.extra = costs.function_load + first;
  wake_main();
}

void CoreWorker::begin_task() {
  const Costs& costs = runtime_.profile.costs;
  const Duration arguments = execution_.push.has_args ? costs.arguments_load : Duration{};
  main_->charge(costs.task_execute_before + execution_.extra + arguments +
                costs.store_get * execution_.push.store_args);
  const RemoteFunction& function = executed_function();
  execution_.started = main_->now();
  if (function.body) {
    if (!context_) context_ = std::make_unique<TaskContext>(runtime_, *this);
    context_->run(function.body, execution_.push.path);
  } else if (main_->contended()) {
    main_->after<CoreWorker>({}, ExecutionStarted{});  // when the cost is paid
  } else {
    on(ExecutionStarted{});
  }
}

void CoreWorker::on(ExecutionStarted) {
  execution_.started = main_->now();
  const RemoteFunction& function = executed_function();
  if (function.on_gpu && execution_.push.devices != DeviceListId{}) {
    const auto devices = static_cast<std::int64_t>(runtime_.device_lists[execution_.push.devices].size());
    const Bytes part{(function.device_copy.count + devices - 1) / devices};
    if (part.count == 0) return on(DeviceFilled{});
    return main_->copy_to<CoreWorker>(slowest_device(), part, DeviceFilled{});
  }
  if (function.computes)
    main_->compute<CoreWorker>(execution_.push.duration, ExecutionEnded{});
  else
    main_->after<CoreWorker>(execution_.push.duration, ExecutionEnded{});
}

// With force the worker ends; without, the function's code would have to look for the interrupt, and goes on here.
void CoreWorker::on(CancelTask cancel) {
  const bool runs = execution_.running && execution_.push.owner == cancel.owner && execution_.push.task == cancel.task;
  if (runs && cancel.force) runtime_.engine.kill(process());
}

void CoreWorker::on(DeviceFilled) {
  main_->compute_on<CoreWorker>(slowest_device(), execution_.push.duration, ExecutionEnded{});
}

// Several devices of a lease work on even parts at the same time, so the slowest is done last.
DeviceId CoreWorker::slowest_device() const {
  const NodeSpec& node = runtime_.cluster.nodes[node_.index];
  DeviceId slowest{node.machine, ~std::uint32_t{0}};
  for (const std::uint32_t gpu : runtime_.device_lists[execution_.push.devices]) {
    const DeviceId device{node.machine, node.gpus[gpu].device};
    if (slowest.index == ~std::uint32_t{0} ||
        runtime_.engine.device(device).speed < runtime_.engine.device(slowest).speed)
      slowest = device;
  }
  return slowest;
}

void CoreWorker::on(ExecutionEnded) {
  const RemoteFunction& function = executed_function();
  const Time ended = main_->now();
  if (execution_.push.attempt < function.crash_attempts) return runtime_.engine.kill(process());
  const bool on_device = function.on_gpu && execution_.push.devices != DeviceListId{};
  if ((on_device || !function.computes) && execution_.push.duration > Duration{})
    main_->charge(runtime_.profile.costs.wake_after_sleep);
  Duration work = execution_.push.duration;
  if (on_device) work = alone_on(runtime_.engine.device(slowest_device()), work);
  reply(*main_, ErrorType::none, execution_.push.path + work, ended);
}

// The body of a driver or of a task has ended.
void CoreWorker::execution_over(TaskContext* body) {
  if (role_ == Role::driver) return runtime_.driver_ended(body->message(), body->outcome());
  const RemoteFunction& function = executed_function();
  if (execution_.push.attempt < function.crash_attempts) return runtime_.engine.kill(process());
  const ErrorType error = body->outcome() == ErrorType::none ? ErrorType::none : ErrorType::task_error;
  reply(body->thread(), error, body->path(), body->thread().now());
}

void CoreWorker::reply(Station& thread, ErrorType error, Duration path, Time ended) {
  thread.charge(runtime_.profile.costs.task_execute_after);
  const PushTask& push = execution_.push;
  execution_.reply = {push.task, execution_.started, ended, path, error};
  if (&thread == &io_)
    on(SendReply{});
  else
    thread.hand_over(address_, SendReply{});
}

void CoreWorker::on(SendReply) {
  const PushTask& push = execution_.push;
  const RemoteFunction& function = executed_function();
  double bytes = 0;
  if (execution_.reply.error == ErrorType::none) {
    if (function.return_size.kind == Distribution::Kind::constant) {
      bytes = function.return_size.a * function.num_returns;
    } else {
      RandomStream stream(runtime_.engine.seed() + push.task, "returns/" + function.name);
      for (int i = 0; i < function.num_returns; ++i) bytes += function.return_size.draw(stream, push.task);
    }
  }
  execution_.running = false;
  io_.send(push.owner, execution_.reply, Bytes{static_cast<std::int64_t>(bytes)});
  count_task_event();
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
