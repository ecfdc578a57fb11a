// What a worker does with a task that is pushed to it. Mirrors task_execution/ of the core worker (2.60).
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

void CoreWorker::on(PushTask push) {
  io_.charge(runtime_.profile.costs.task_execute_before);
  const RemoteFunction& function = runtime_.functions[push.function.index];
  execution_ = {push, io_.now(), true, static_cast<bool>(function.body)};
  if (function.body) {
    if (!context_) context_ = std::make_unique<TaskContext>(runtime_, *this);
    context_->run(function.body, push.path);
    execution_.started = io_.now();
  } else if (io_.contended()) {
    io_.after<CoreWorker>({}, ExecutionStarted{});  // when the cost is paid
  } else {
    on(ExecutionStarted{});
  }
}

void CoreWorker::on(ExecutionStarted) {
  execution_.started = io_.now();
  if (runtime_.functions[execution_.push.function.index].computes)
    io_.compute<CoreWorker>(execution_.push.duration, ExecutionEnded{});
  else
    io_.after<CoreWorker>(execution_.push.duration, ExecutionEnded{});
}

void CoreWorker::on(ExecutionEnded) {
  const RemoteFunction& function = runtime_.functions[execution_.push.function.index];
  const Time ended = io_.now();
  if (execution_.push.attempt < function.crash_attempts) return runtime_.engine.kill(process());
  if (!function.computes && execution_.push.duration > Duration{}) io_.charge(runtime_.profile.costs.wake_after_sleep);
  reply(io_, ErrorType::none, execution_.push.path + execution_.push.duration, ended);
}

// The body of a driver or of a task has ended.
void CoreWorker::execution_over(TaskContext* body) {
  if (role_ == Role::driver) return runtime_.driver_ended(body->message(), body->outcome());
  const RemoteFunction& function = runtime_.functions[execution_.push.function.index];
  if (execution_.push.attempt < function.crash_attempts) return runtime_.engine.kill(process());
  const ErrorType error = body->outcome() == ErrorType::none ? ErrorType::none : ErrorType::task_error;
  reply(body->thread(), error, body->path(), body->thread().now());
}

void CoreWorker::reply(Station& from, ErrorType error, Duration path, Time ended) {
  from.charge(runtime_.profile.costs.task_execute_after);
  const PushTask& push = execution_.push;
  const RemoteFunction& function = runtime_.functions[push.function.index];
  double bytes = 0;
  if (error == ErrorType::none) {
    if (function.return_size.kind == Distribution::Kind::constant) {
      bytes = function.return_size.a * function.num_returns;
    } else {
      RandomStream stream(runtime_.engine.seed() + push.task, "returns/" + function.name);
      for (int i = 0; i < function.num_returns; ++i) bytes += function.return_size.draw(stream, push.task);
    }
  }
  TaskReply message{push.task, push.lease, execution_.started, ended, path, error};
  execution_.running = false;
  from.send(push.owner, message, Bytes{static_cast<std::int64_t>(bytes)});
  count_task_event();
}

void CoreWorker::count_task_event() {
  const Duration period = runtime_.profile.system.task_events_report_interval;
  ++unsent_events_;
  if (events_armed_ || period == Duration{}) return;
  events_armed_ = true;
  const Duration own_phase{static_cast<std::int64_t>(mix(runtime_.engine.seed(), process().index) % static_cast<std::uint64_t>(period.ns))};
  io_.after<CoreWorker>(until_tick(io_.now(), period, own_phase), TimerTick{Tick::task_events}, true);
}

}  // namespace raysim
