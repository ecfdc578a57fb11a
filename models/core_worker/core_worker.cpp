#include "models/core_worker/core_worker.hpp"

#include <algorithm>
#include <utility>

#include "models/core_worker/tensors.hpp"

namespace raysim {

CoreWorker::CoreWorker(Runtime& runtime, NodeId node, Role role)
    : runtime_(runtime),
      node_(node),
      role_(role),
      io_(make_station(runtime, node)),
      process_(io_.process()),
      address_(io_.bind(*this)),
      main_(&io_),
      executions_(1),
      references_(new ReferenceCounter(address_.station, *this)) {
  runtime.item_names[address_.station] = this;
  // The main thread of a worker lowers its own priority when it is up; the others keep theirs.
  if (role == Role::worker && io_.contended()) {
    main_ = &runtime.engine.add_station(io_.process(), CpuPriority::low);
    main_->bind(*this);
  }
}

CoreWorker::~CoreWorker() {
  references_->detach();
  runtime_.item_names.erase(address_.station);
}

bool CoreWorker::executes() const {
  return std::any_of(executions_.begin(), executions_.end(), [](const Execution& e) { return e.running; });
}

// A body's place on a thread of its own.
TaskContext& CoreWorker::add_context(std::uint32_t slot) {
  const CpuPriority priority = role_ == Role::driver ? CpuPriority::normal : CpuPriority::low;
  const bool shared = actor_ && runtime_.actors[actor_->creation.actor.index].options.async_actor && !threads_.empty();
  if (!shared) threads_.push_back(std::make_unique<BodyThread>(runtime_, *this, priority));
  const auto id = static_cast<std::uint32_t>(contexts_.size());
  contexts_.push_back(std::make_unique<TaskContext>(runtime_, *this, *threads_.back(), id, slot));
  return *contexts_.back();
}

CoreWorker::Owner& CoreWorker::owner() {
  if (!owner_) owner_ = std::make_unique<Owner>(*this);
  return *owner_;
}

void CoreWorker::start_worker() { io_.compute<CoreWorker>(runtime_.profile.costs.worker_start, WorkerStarted{}); }

void CoreWorker::on(WorkerStarted) {
  io_.send(runtime_.raylets[node_.index], RegisterWorker{process()});
  start_idle_work();
}

void CoreWorker::start_driver(BodyMaker body, Duration after) {
  if (after == Duration{}) return on(StartDriver{std::move(body)});
  io_.after<CoreWorker>(after, StartDriver{std::move(body)});
}

// The first driver's luck is the run's; each other one has its own.
void CoreWorker::on(const StartDriver& start) {
  io_.send(runtime_.raylets[node_.index], RegisterDriver{process()});
  TaskInputRef input;
  if (job().index > 0) {
    input = new TaskInput;
    input->luck = mix(~std::uint64_t{0}, job().index);
  }
  add_context(0).run(start.body, std::move(input), ++runs_);
  start_idle_work();
}

void CoreWorker::exit_driver() { contexts_.front()->thread().hand_over(address_, TimerTick{Tick::driver_exit}); }

void CoreWorker::start_idle_work() {
  if (!io_.contended()) return;
  const Costs& costs = runtime_.profile.costs;
  const Costs::Idle& idle = role_ == Role::driver ? costs.idle_driver : costs.idle_worker;
  main_->after<CoreWorker>(phase(runtime_.engine, "idle worker", process().index, idle.period),
                           TimerTick{Tick::idle_work}, true);
}

void CoreWorker::on(TimerTick tick) {
  const Costs& costs = runtime_.profile.costs;
  const Costs::Idle& idle = role_ == Role::driver ? costs.idle_driver : costs.idle_worker;
  switch (tick.tick) {
    case Tick::idle_work:
      // The main thread looks around only while it has no task.
      if (executes())
        main_->after<CoreWorker>(idle.period, TimerTick{Tick::idle_work}, true);
      else
        main_->compute<CoreWorker>(idle.work, TimerTick{Tick::idle_work_done}, true);
      return;
    case Tick::driver_exit: return io_.after<CoreWorker>(costs.driver_exit, WorkerExited{false});
    case Tick::idle_work_done: main_->after<CoreWorker>(idle.period, TimerTick{Tick::idle_work}, true); return;
    case Tick::owner: {
      owner().tick_armed = false;
      return retry_what_is_due();
    }
    case Tick::backlog: return owner().report_backlog_again();
    default: return;
  }
}

void CoreWorker::on(ProcessDied died) {
  if (tensors_) tensors_->process_died(died.process);
  owner().actors.connection_broke(died.process);
  for (const auto& [owner, process] : lenders_)
    if (process == died.process) owner_is_gone(owner);
  for (const StationId borrower : references_->borrowers())
    if (runtime_.engine.process_of(borrower) == died.process) references_->borrower_died(borrower);
  std::erase_if(borrowers_, [&](StationId one) { return runtime_.engine.process_of(one) == died.process; });
  for (const auto& broken : submitter().worker_died(died.process)) {
    owner().broken.push_back(broken);
    io_.send(runtime_.raylets[broken.worker.node.index], GetWorkerFailureCause{broken.worker.lease, address_});
  }
}

void CoreWorker::on(ExitWorker) {
  const bool refuses = executes() || actor_ || tasks_.unfinished() > 0 || references_->owns();
  io_.send(runtime_.raylets[node_.index], ExitAnswered{process(), refuses});
  if (refuses) return;
  main_->compute<CoreWorker>(runtime_.profile.costs.worker_exit, WorkerExited{});
}

// The worker is gone for its raylet; its process takes the machine's time once more when it ends.
void CoreWorker::on(WorkerExited exited) {
  const Costs& costs = runtime_.profile.costs;
  if (exited.lingers && io_.contended())
    runtime_.engine.work_aside_later(io_.place(), CpuPriority::low, costs.worker_exit_tail, costs.worker_linger);
  runtime_.engine.kill(process());
}

template <class Message>
void deliver(CoreWorker& to, Message message) {
  to.on(std::move(message));
}
template void deliver(CoreWorker&, PushTask);
template void deliver(CoreWorker&, PushActorCreation);
template void deliver(CoreWorker&, PushActorTask);
template void deliver(CoreWorker&, SubmitActorTask);
template void deliver(CoreWorker&, ActorTaskReply);
template void deliver(CoreWorker&, ExitActor);
template void deliver(CoreWorker&, TensorsWanted);
template void deliver(CoreWorker&, TensorsArrived);
template void deliver(CoreWorker&, TensorsTaken);
template void deliver(CoreWorker&, TensorsMissing);
template void deliver(CoreWorker&, ActorNews);
template void deliver(CoreWorker&, ActorReply);
template void deliver(CoreWorker&, ActorOutOfScope);
template void deliver(CoreWorker&, ObjectCreated);
template void deliver(CoreWorker&, CopyObject);
template void deliver(CoreWorker&, ObjectsLocal);
template void deliver(CoreWorker&, ObjectOutOfScope);
template void deliver(CoreWorker&, ReferencesChanged);
template void deliver(CoreWorker&, WaitForRefRemoved);
template void deliver(CoreWorker&, RefRemoved);
template void deliver(CoreWorker&, SubscribeLocations);
template void deliver(CoreWorker&, PollLocations);
template void deliver(CoreWorker&, ReportLocations);
template void deliver(CoreWorker&, ObjectsFreed);
template void deliver(CoreWorker&, GetObjectStatus);
template void deliver(CoreWorker&, ObjectStatus);
template void deliver(CoreWorker&, CancelTask);
template void deliver(CoreWorker&, RequestOwnerToCancelTask);
template void deliver(CoreWorker&, CancelTaskReply);
template void deliver(CoreWorker&, CancelAgain);
template void deliver(CoreWorker&, ReportGeneratorItem);
template void deliver(CoreWorker&, GeneratorItemReply);
template void deliver(CoreWorker&, ForceExit);
template void deliver(CoreWorker&, CheckSignals);
template void deliver(CoreWorker&, TaskReply);
template void deliver(CoreWorker&, LeaseReply);
template void deliver(CoreWorker&, CancelReply);
template void deliver(CoreWorker&, SubmitTask);
template void deliver(CoreWorker&, ExitWorker);
template void deliver(CoreWorker&, WorkerFailureCause);
template void deliver(CoreWorker&, ProcessDied);
template void deliver(CoreWorker&, TimerTick);
template void deliver(CoreWorker&, WorkerStarted);
template void deliver(CoreWorker&, StartDriver);
template void deliver(CoreWorker&, WorkerExited);
template void deliver(CoreWorker&, RunTask);
template void deliver(CoreWorker&, SendReply);
template void deliver(CoreWorker&, SendCallReply);
template void deliver(CoreWorker&, FunctionCode);
template void deliver(CoreWorker&, PlacementGroupReply);
template void deliver(CoreWorker&, DeviceFilled);
template void deliver(CoreWorker&, DeviceDone);
template void deliver(CoreWorker&, DeviceEmptied);
template void deliver(CoreWorker&, ExecutionStarted);
template void deliver(CoreWorker&, ExecutionEnded);

template <class Message>
void give_back(CoreWorker& to, Message message) {
  to.on_unreachable(std::move(message));
}
template void give_back(CoreWorker&, RequestWorkerLease);
template void give_back(CoreWorker&, CreateObject);
template void give_back(CoreWorker&, FetchObjects);
template void give_back(CoreWorker&, PushTask);
template void give_back(CoreWorker&, TaskReply);
template void give_back(CoreWorker&, ReportGeneratorItem);
template void give_back(CoreWorker&, GetObjectStatus);
template void give_back(CoreWorker&, PushActorTask);
template void give_back(CoreWorker&, ActorTaskReply);
template void give_back(CoreWorker&, GetWorkerFailureCause);

}  // namespace raysim
