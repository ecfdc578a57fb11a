// What the background group of an actor does with tensors, and a get of them through the object store. Mirrors
// python/ray/experimental/rdt/rdt_store.py (2.60).
#include <algorithm>
#include <utility>

#include "models/core_worker/tensors.hpp"

namespace raysim {

namespace {

TensorPlanRef plan_in(const std::vector<Argument>& arguments) {
  return std::static_pointer_cast<const TensorPlan>(arguments.front().value.data);
}

// Of a receiver that has no copy.
std::string text_of(TensorsArrived::Outcome outcome) {
  switch (outcome) {
    case TensorsArrived::Outcome::arrived: return "";
    case TensorsArrived::Outcome::lost: return "RuntimeError: the actor that had the tensor has died";
    case TensorsArrived::Outcome::other_device:
      return "ValueError: the CUDA IPC transport only supports tensors on the same GPU of the same node";
    case TensorsArrived::Outcome::same_device:
      return "NcclError: NCCL_ERROR_INVALID_USAGE: two ranks have the same GPU";
  }
  return "";
}

// `why` begins with the name of Python's error.
std::string text_of_task_error(const std::string& function, const std::string& why) {
  const std::string type = why.substr(0, why.find(':'));
  return "RayTaskError(" + type.substr(type.rfind('.') + 1) + "): " + function + ": " + why;
}

// Of a tensor that has come; within a device or main memory nothing is recorded.
void record_copy(RecordSink& record, const TensorsArrived& arrived, MemoryPlace to, Time now, Bytes size) {
  using Cause = CopyRecord::Cause;
  const bool from_device = arrived.from.gpu != main_memory;
  const bool to_device = to.gpu != main_memory;
  if (arrived.from == to || (!from_device && !to_device)) return;
  const Cause cause = !to_device    ? Cause::device_to_host
                      : from_device ? Cause::device_to_device
                                    : Cause::host_to_device;
  const MemoryPlace device = to_device ? to : arrived.from;
  record.on_copy({cause, device.node.index, device.gpu, arrived.started, now, size});
}

}  // namespace

// __ray_send__ of a collective transport: it takes until the receiver has the bytes.
Body TaskContext::send_tensors() {
  const TensorPlanRef plan = plan_in(arguments());
  auto& sending = worker_.tensors().sending;
  const auto it = sending.try_emplace({plan->object.owner, plan->number}).first;
  if (it->second.taken) {
    sending.erase(it);
    co_return;
  }
  it->second.begun = true;
  it->second.wait = ++wait_;
  if (it->second.request) worker_.tensors().start_copy(*it->second.request);
  const Pause waiting{*this, true, false};
  co_await waiting;
}

// __ray_recv__: what goes wrong is for the call that takes the tensor to find.
Body TaskContext::receive_tensors() {
  const TensorPlanRef plan = plan_in(arguments());
  CoreWorker::Tensors& tensors = worker_.tensors();
  const MemoryPlace place = tensors.place(plan->transport);
  const Bytes own = plan->transport == TensorTransport::cuda_ipc ? Bytes{} : plan->size;
  std::string error = tensors.take(place, own, thread_.now());
  if (error.empty()) {
    const std::uint64_t number = ++wait_;
    const ProcessId source = runtime_.engine.process_of(plan->source.station);
    tensors.receiving[number] = source;
    auto request = std::make_unique<TensorRequest>(TensorRequest{plan, worker_.address_, place, number});
    thread_.send(plan->source, TensorsWanted{std::move(request)});
    tensors.watch(source);
    const Pause waiting{*this, true, false};
    co_await waiting;
    tensors.receiving.erase(number);
    error = text_of(arrived_.outcome);
    if (!error.empty())
      tensors.give_back(place, own, thread_.now());
    else if (own > Bytes{})
      record_copy(runtime_.record, arrived_, place, thread_.now(), own);
  }
  const Bytes held = error.empty() ? own : Bytes{};
  tensors.keep(thread_, plan->object, {place, held, false, std::move(error)});
  if (!is_one_sided(plan->transport)) thread_.send(plan->source, TensorsTaken{plan});
}

void TaskContext::tensors_arrived(Station& io, const TensorsArrived& arrived) {
  if (arrived.wait != wait_) return;
  arrived_ = arrived;
  wake(io);
}

// __ray_fetch_rdt_object__: its return is an object like others.
Body TaskContext::fetch_tensors() {
  const TensorPlanRef plan = plan_in(arguments());
  const auto* kept = worker_.tensors().find(plan->object);
  if (kept == nullptr) throw RayError(ErrorType::value_error, "ValueError: the actor has lost the tensor");
  const MemoryPlace from = kept->place;
  const MemoryPlace to{from.node, main_memory};
  if (from != to) {
    const Time started = thread_.now();
    const ClusterSpec& cluster = runtime_.cluster;
    thread_.copy(cluster.device_of(from), cluster.device_of(to), plan->size, address_,
                 ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
    const Pause copying{*this, true, false};
    co_await copying;
    runtime_.record.on_copy(
        {CopyRecord::Cause::device_to_host, from.node.index, from.gpu, started, thread_.now(), plan->size});
  }
  set_return(0, Payload{nullptr, plan->size});
}

// __ray_free__
Body TaskContext::free_tensors() {
  worker_.tensors().release(plan_in(arguments())->object, thread_.now());
  co_return;
}

// ray.put with _tensor_transport.
ObjectRef TaskContext::put_tensor(Payload value, TensorTransport transport) {
  if (!is_one_sided(transport))
    throw RayError(ErrorType::value_error,
                   "ray.put is not supported for the two-sided transport " + std::string(name_of(transport)) +
                       "; use a one-sided one, or return the value from a method with this tensor_transport");
  thread_.charge(runtime_.profile.costs.put_object);
  charge_references(value);
  const std::uint32_t object = worker_.tensors().put(thread_, value.size, transport, path_);
  worker_.tasks_.set_value(object, std::move(value));
  return {worker_.io_.id(), object};
}

Body TaskContext::get_through_store(std::vector<ObjectRef> refs, std::optional<Duration> timeout) {
  const std::optional<Time> until = timeout ? std::optional(thread_.now() + *timeout) : std::nullopt;
  Body created = get(refs, timeout, true);
  co_await created;
  std::vector<ObjectRef> fetched;
  for (const ObjectRef ref : refs) {
    if (ref.owner != worker_.io_.id() || !worker_.is_tensor(ref.index)) continue;
    CoreWorker::Tensors& tensors = worker_.tensors();
    const ActorHandle& source = tensors.owned.at(ref.index).source;
    if (!source.valid() && !worker_.actor_)
      throw RayError(ErrorType::value_error,
                     "use_object_store is not supported for RDT objects that no actor has put; get them without");
    ActorCall fetching;
    fetching.actor = source.valid() ? source : own_handle();
    fetching.method = tensors.function_of(CoreWorker::Tensors::Call::fetch);
    fetching.group = spec(fetching.actor).options.background_group();
    fetching.max_task_retries = 0;
    fetching.args.emplace_back(Payload{tensors.plan_of(ref.index, 0), Bytes{512}});
    fetched.push_back(call(fetching));
  }
  if (fetched.empty()) co_return;
  const HeldRefs held = hold(fetched);
  const auto left = until ? std::optional(std::max(Duration{}, *until - thread_.now())) : std::nullopt;
  Body reading = get(std::move(fetched), left);
  co_await reading;
}

// --- executions that take tensors, or memory of their devices

// False: all are here.
bool CoreWorker::await_tensors(std::uint32_t slot) {
  Execution& execution = executions_[slot];
  if (!execution.push.input || execution.push.input->tensors.empty() || !tensors().missing(slot)) return false;
  execution.waits_for_tensors = true;
  main_->after<CoreWorker>(runtime_.profile.system.rdt_fetch_fail_timeout, TensorsMissing{slot, execution.run});
  return true;
}

// A transfer that never comes: Ray gives up as well.
void CoreWorker::on(TensorsMissing missing) {
  Execution& execution = executions_[missing.slot];
  if (!goes_on(execution, missing.run) || !execution.waits_for_tensors) return;
  execution.waits_for_tensors = false;
  execution.started = main_->now();
  fail_execution(missing.slot, "TimeoutError: a tensor among the arguments was not found in the RDT store after " +
                                   std::to_string(runtime_.profile.system.rdt_fetch_fail_timeout.ns / 1'000'000'000) +
                                   " s: its transfer has failed, or was never begun");
}

// Tensors that were received, and what the function says that it uses. False: the execution has failed for lack of them.
bool CoreWorker::take_devices(std::uint32_t slot) {
  Execution& execution = executions_[slot];
  const bool has_tensors = execution.push.input && !execution.push.input->tensors.empty();
  std::string error = has_tensors ? tensors().hand_over(slot) : std::string();
  const Bytes wanted = executed_function(slot).device_memory;
  if (error.empty() && wanted > Bytes{} && !execution.cancelled && execution.push.devices != DeviceListId{}) {
    const auto& gpus = runtime_.device_lists[execution.push.devices];
    const auto count = static_cast<std::int64_t>(gpus.size());
    const Bytes part{(wanted.count + count - 1) / count};
    for (const std::uint32_t gpu : gpus) {
      const MemoryPlace place{node_, gpu};
      if (error.empty()) error = tensors().take(place, part, main_->now());
      if (error.empty()) execution.device_memory.emplace_back(place, part);
    }
  }
  if (!error.empty()) fail_execution(slot, error);
  return error.empty();
}

// An actor keeps what its constructor has taken.
void CoreWorker::give_devices_back(std::uint32_t slot, Time now) {
  const auto held = std::exchange(executions_[slot].device_memory, {});
  if (actor_ && !actor_->created) return;
  for (const auto& [place, size] : held) tensors().give_back(place, size, now);
}

void CoreWorker::fail_execution(std::uint32_t slot, const std::string& why) {
  auto output = std::make_unique<TaskOutput>();
  output->message = text_of_task_error(executed_function(slot).name, why);
  reply(*main_, slot, ErrorType::task_error, {}, executions_[slot].started, std::move(output));
}

// What it has made has no place.
void CoreWorker::refuse_return(std::uint32_t slot, const std::string& why) {
  TaskReply& reply = executions_[slot].reply;
  reply.error = ErrorType::task_error;
  reply.output = std::make_unique<TaskOutput>();
  reply.output->message = text_of_task_error(executed_function(slot).name, why);
}

}  // namespace raysim
