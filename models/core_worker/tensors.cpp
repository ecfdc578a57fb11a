#include "models/core_worker/tensors.hpp"

#include <algorithm>

namespace raysim {

CoreWorker::Tensors& CoreWorker::tensors() {
  if (!tensors_) tensors_ = std::make_unique<Tensors>(*this);
  return *tensors_;
}

bool CoreWorker::is_tensor(std::uint32_t object) const { return tensors_ && tensors_->owned.contains(object); }

// --- the owner

std::uint32_t CoreWorker::Tensors::put(Station& thread, Bytes size, TensorTransport transport, Duration path) {
  if (const std::string why = unfit(transport); !why.empty()) throw RayError(ErrorType::value_error, why);
  const MemoryPlace where = place(transport);
  if (const std::string error = take(where, size, thread.now()); !error.empty())
    throw RayError(ErrorType::plain, error);
  const std::uint32_t object = worker.tasks_.add_put(in_kib(size), path);
  worker.tasks_.object(object).in_store = false;
  owned[object] = {{}, transport, true, size, {}};
  keep(thread, {worker.io_.id(), object}, {where, size, true, ""});
  return object;
}

bool CoreWorker::Tensors::has(const Owned& tensor, ActorId actor) const {
  if (tensor.source.valid()) return tensor.source.actor() == actor;
  return worker.actor_ && worker.actor_->creation.actor == actor;
}

void CoreWorker::Tensors::called(Station& thread, std::uint32_t task, const ActorCall& call) {
  if (call.transport != TensorTransport::object_store) {
    worker.tasks_.task(task).input->transport = call.transport;
    owned[worker.tasks_.task(task).first_object] = {call.actor, call.transport, false, {}, {}};
  }
  std::vector<std::uint32_t> seen;
  for (const Argument& arg : call.args) {
    if (!arg.ref || arg.ref->owner != worker.io_.id()) continue;
    const auto it = owned.find(arg.ref->index);
    if (it == owned.end() || has(it->second, call.actor.actor())) continue;
    if (std::find(seen.begin(), seen.end(), it->first) != seen.end()) continue;
    seen.push_back(it->first);
    if (it->second.created)
      transfer(thread, it->first, call.actor);
    else
      it->second.receivers.push_back(call.actor);
  }
}

void CoreWorker::Tensors::call_ended(std::uint32_t task, ErrorType error, const TaskOutput* output) {
  const OwnedTask& ended = worker.tasks_.task(task);
  if (const auto it = transfers_.find(task); it != transfers_.end()) {
    const Ends ends = it->second;
    transfers_.erase(it);
    // A collective that has lost one of its ends cannot be broken off otherwise.
    if (error != ErrorType::none)
      for (const ActorId actor : {ends.source, ends.receiver})
        worker.io_.send(worker.runtime_.gcs, KillActor{actor, true});
    return;
  }
  const auto it = owned.find(ended.first_object);
  if (it == owned.end()) return;
  if (error != ErrorType::none || output == nullptr) {
    owned.erase(it);
    return;
  }
  it->second.created = true;
  it->second.size = output->returns.front().size;
  for (const ActorHandle& receiver : std::exchange(it->second.receivers, {})) transfer(worker.io_, it->first, receiver);
  if (worker.tasks_.object(it->first).out_of_scope)
    worker.runtime_.engine.post(worker.address_, ObjectOutOfScope{it->first});
}

// The order in which an owner starts transfers is the same at all actors, so that none of them wait for each other.
void CoreWorker::Tensors::transfer(Station& thread, std::uint32_t object, const ActorHandle& receiver) {
  const Owned& tensor = owned.at(object);
  const TensorPlanRef plan = plan_of(object, started_++);
  const bool one_sided = is_one_sided(tensor.transport);
  const Ends ends{tensor.source.actor(), receiver.actor()};
  if (!one_sided) transfers_[call_in_background(thread, tensor.source, Call::send, plan)] = ends;
  const std::uint32_t task = call_in_background(thread, receiver, Call::receive, plan);
  if (!one_sided) transfers_[task] = ends;
}

TensorPlanRef CoreWorker::Tensors::plan_of(std::uint32_t object, std::uint32_t number) const {
  const Owned& tensor = owned.at(object);
  const Address<CoreWorker> source =
      tensor.source.valid() ? worker.owner().actors.location(tensor.source.actor()).worker : worker.address_;
  return std::make_shared<const TensorPlan>(
      TensorPlan{{worker.io_.id(), object}, tensor.transport, number, tensor.size, source});
}

std::uint32_t CoreWorker::Tensors::call_in_background(Station& thread, const ActorHandle& actor, Call call,
                                                      TensorPlanRef plan) {
  const ActorSpec& spec = worker.runtime_.actors[actor.actor().index];
  OwnedTask task;
  task.function = function_of(call);
  task.actor = actor.actor();
  task.group = spec.options.background_group();
  task.scheduling_class = spec.scheduling_class;
  task.submitted = thread.now();
  task.unresolved = 1;
  const std::uint32_t index = worker.tasks_.add_task(task, 1);
  constexpr Bytes as_pickled{512};
  worker.tasks_.task(index).input = new TaskInput;
  TaskInput& input = *worker.tasks_.task(index).input;
  input.args.emplace_back(Payload{std::move(plan), as_pickled});
  input.first_return = worker.tasks_.task(index).first_object;
  input.keeps = actor.life();
  thread.charge(worker.runtime_.profile.costs.actor_call);
  worker.owner().actors.announce(actor.actor());
  thread.hand_over(worker.address_, SubmitActorTask{index});
  return index;
}

FunctionId CoreWorker::Tensors::function_of(Call call) {
  Runtime& runtime = worker.runtime_;
  if (!runtime.tensor_calls) {
    runtime.tensor_calls = FunctionId{static_cast<std::uint32_t>(runtime.functions.size())};
    const auto add = [&](const char* name, BodyMaker body) {
      RemoteFunction function;
      function.name = name;
      function.in_background = true;
      function.body = std::move(body);
      runtime.record.on_function(function.name);
      runtime.functions.push_back(std::move(function));
    };
    add("__ray_send__", [](TaskContext& context) { return context.send_tensors(); });
    add("__ray_recv__", [](TaskContext& context) { return context.receive_tensors(); });
    add("__ray_fetch_rdt_object__", [](TaskContext& context) { return context.fetch_tensors(); });
    add("__ray_free__", [](TaskContext& context) { return context.free_tensors(); });
  }
  return {runtime.tensor_calls->index + static_cast<std::uint32_t>(call)};
}

// One that is not there yet is freed when it is.
void CoreWorker::Tensors::free(std::uint32_t object) {
  const auto it = owned.find(object);
  if (it == owned.end() || !it->second.created) return;
  if (it->second.source.valid())
    call_in_background(worker.io_, it->second.source, Call::release, plan_of(object, 0));
  else
    release({worker.io_.id(), object}, worker.io_.now());
  owned.erase(it);
}

// Of a get that goes by their transport.
void CoreWorker::check_no_tensors(std::span<const ObjectRef> refs) const {
  for (const ObjectRef ref : refs) {
    if (ref.owner != io_.id() || !is_tensor(ref.index) || tensors_->find(ref) != nullptr) continue;
    const TensorTransport transport = tensors_->owned.at(ref.index).transport;
    const std::string name(name_of(transport));
    if (is_one_sided(transport))
      throw RayError(ErrorType::value_error, "ray.get of an RDT object by " + name +
                                                 " needs a device in the process that gets it; pass use_object_store");
    throw RayError(ErrorType::value_error,
                   "ray.get is not allowed on RDT objects of the two-sided transport " + name +
                       "; use a one-sided one, or pass use_object_store to get it through the object store");
  }
}

// Without the option an actor has no group that transfers could run in.
void CoreWorker::check_takes_tensors(const ActorCall& call) const {
  if (runtime_.actors[call.actor.actor().index].options.tensor_transport) return;
  const auto is_one = [&](const Argument& arg) {
    return arg.ref && arg.ref->owner == io_.id() && is_tensor(arg.ref->index);
  };
  if (call.transport == TensorTransport::object_store && std::none_of(call.args.begin(), call.args.end(), is_one))
    return;
  throw RayError(ErrorType::value_error,
                 "the actor has no part in transfers of tensors: set enable_tensor_transport in its class");
}

// --- the executor

MemoryPlace CoreWorker::Tensors::place(TensorTransport transport) const {
  const DeviceListId devices =
      worker.actor_ ? worker.actor_->creation.devices : worker.executions_.front().push.devices;
  const auto& gpus = worker.runtime_.device_lists[devices];
  if (transport == TensorTransport::gloo || gpus.empty()) return {worker.node_, main_memory};
  return {worker.node_, gpus.front()};
}

std::string CoreWorker::Tensors::take(MemoryPlace place, Bytes size, Time now) const {
  Runtime& runtime = worker.runtime_;
  if (place.gpu != main_memory) {
    if (runtime.device_memory.take(place, worker.process(), size, now)) return "";
    return runtime.device_memory.out_of_memory(place, size);
  }
  runtime.heap.add(worker.node_, worker.process(), size);
  runtime.engine.post(runtime.raylets[worker.node_.index], MemoryTaken{});
  return "";
}

void CoreWorker::Tensors::give_back(MemoryPlace place, Bytes size, Time now) const {
  if (place.gpu != main_memory)
    worker.runtime_.device_memory.give_back(place, worker.process(), size, now);
  else
    worker.runtime_.heap.add(worker.node_, worker.process(), {-size.count});
}

const CoreWorker::Tensors::Kept* CoreWorker::Tensors::find(ObjectRef object) const {
  const auto it = kept.find(object);
  return it != kept.end() ? &it->second.front() : nullptr;
}

void CoreWorker::Tensors::keep(Station& thread, ObjectRef object, Kept tensor) {
  kept[object].push_back(std::move(tensor));
  for (std::uint32_t slot = 0; slot < worker.executions_.size(); ++slot) {
    Execution& execution = worker.executions_[slot];
    if (!execution.running || !execution.waits_for_tensors || missing(slot)) continue;
    execution.waits_for_tensors = false;
    thread.hand_over(Address<CoreWorker>{worker.main_->id()}, RunTask{slot});
  }
}

void CoreWorker::Tensors::release(ObjectRef object, Time now) {
  const auto it = kept.find(object);
  if (it == kept.end()) return;
  give_back(it->second.front().place, it->second.front().size, now);
  it->second.pop_front();
  if (it->second.empty()) kept.erase(it);
}

std::string CoreWorker::Tensors::unfit(TensorTransport transport) const {
  if (!needs_gpu(transport) || place(transport).gpu != main_memory) return "";
  return "tensor transport " + std::string(name_of(transport)) + " does not support tensors on device cpu";
}

std::string CoreWorker::Tensors::keep_return(Station& thread, std::uint32_t slot) {
  Execution& execution = worker.executions_[slot];
  const TensorTransport transport = execution.push.input->transport;
  const ObjectRef object{execution.push.owner.station, execution.push.first_return};
  const Bytes size = worker.sizes_of_returns(slot).front();
  const MemoryPlace where = place(transport);
  if (std::string why = unfit(transport); !why.empty()) return "ValueError: " + why;
  if (find(object) == nullptr) {  // a try before this one may have left it
    if (std::string error = take(where, size, thread.now()); !error.empty()) return error;
    keep(thread, object, {where, size, true, ""});
  }
  if (!execution.reply.output) execution.reply.output = std::make_unique<TaskOutput>();
  execution.reply.output->returns.resize(1);
  execution.reply.output->returns.front().size = size;
  return "";
}

bool CoreWorker::Tensors::missing(std::uint32_t slot) const {
  const auto& wanted = worker.executions_[slot].push.input->tensors;
  return std::any_of(wanted.begin(), wanted.end(), [&](ObjectRef object) { return find(object) == nullptr; });
}

std::string CoreWorker::Tensors::hand_over(std::uint32_t slot) {
  Execution& execution = worker.executions_[slot];
  std::string error;
  for (const ObjectRef object : execution.push.input->tensors) {
    const auto it = kept.find(object);
    if (it == kept.end() || it->second.front().primary) continue;
    Kept received = std::move(it->second.front());
    it->second.pop_front();
    if (it->second.empty()) kept.erase(it);
    if (!received.error.empty())
      error = received.error;
    else if (received.size > Bytes{})
      execution.device_memory.emplace_back(received.place, received.size);
  }
  return error;
}

// The receiver is ready, and the sender if its part is needed.
void CoreWorker::Tensors::start_copy(const TensorRequest& request) {
  using Outcome = TensorsArrived::Outcome;
  const TensorPlan& plan = *request.plan;
  const Kept* kept_here = find(plan.object);
  const MemoryPlace from = kept_here != nullptr ? kept_here->place : MemoryPlace{};
  const Time now = worker.io_.now();
  const auto answer = [&](Outcome outcome) {
    worker.io_.send(request.receiver, TensorsArrived{request.wait, now, from, outcome});
  };
  const bool on_gpu = from.gpu != main_memory;
  if (kept_here == nullptr) return answer(Outcome::lost);
  if (plan.transport == TensorTransport::cuda_ipc)
    return answer(from == request.to ? Outcome::arrived : Outcome::other_device);
  if (from == request.to && on_gpu && !is_one_sided(plan.transport)) return answer(Outcome::same_device);
  if (from == request.to && on_gpu) return answer(Outcome::arrived);  // within a device's memory
  const ClusterSpec& cluster = worker.runtime_.cluster;
  worker.io_.copy(cluster.device_of(from), cluster.device_of(request.to), plan.size, request.receiver,
                  TensorsArrived{request.wait, now, from, Outcome::arrived});
}

void CoreWorker::on(TensorsWanted wanted) {
  const TensorPlan& plan = *wanted.request->plan;
  if (is_one_sided(plan.transport)) return tensors().start_copy(*wanted.request);
  Tensors::Sending& sending = tensors().sending[{plan.object.owner, plan.number}];
  sending.request = std::move(wanted.request);
  if (sending.begun) tensors().start_copy(*sending.request);
}

void CoreWorker::on(const TensorsTaken& taken) {
  const auto it = tensors().sending.try_emplace({taken.plan->object.owner, taken.plan->number}).first;
  it->second.taken = true;
  if (!it->second.begun) return;
  const std::uint64_t wait = it->second.wait;
  tensors().sending.erase(it);
  context_of_wait(wait).tensors_arrived(io_, {wait, {}, {}, TensorsArrived::Outcome::arrived});
}

// Of a process that has died this tells at once.
void CoreWorker::Tensors::watch(ProcessId source) {
  Engine& engine = worker.runtime_.engine;
  if (watched_.insert(source).second || !engine.alive(source)) engine.watch(source, worker.address_);
}

void CoreWorker::Tensors::process_died(ProcessId process) {
  std::vector<std::uint64_t> waits;
  for (const auto& [wait, from] : receiving)
    if (from == process) waits.push_back(wait);
  for (const std::uint64_t wait : waits)
    worker.on(TensorsArrived{wait, worker.io_.now(), {}, TensorsArrived::Outcome::lost});
}

}  // namespace raysim
