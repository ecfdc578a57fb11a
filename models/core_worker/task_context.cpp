#include "models/core_worker/task_context.hpp"

#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

namespace {
// How far a thread with a core of its own may run ahead of the clock before it lets others act. Its own order is not touched.
constexpr Duration run_ahead = Duration::milliseconds(1);

}  // namespace

TaskContext::TaskContext(Runtime& runtime, CoreWorker& worker, BodyThread& thread, std::uint32_t id, std::uint32_t slot)
    : runtime_(runtime),
      worker_(worker),
      thread_(thread.station()),
      address_(thread.address()),
      id_(id),
      slot_(slot),
      wait_(static_cast<std::uint64_t>(id) << wait_bits) {}

RandomStream TaskContext::stream(std::string_view name) const { return runtime_.engine.stream(name); }

NodeId TaskContext::node() const { return worker_.node_; }

const ClusterSpec& TaskContext::cluster() const { return runtime_.cluster; }

FunctionId TaskContext::define(RemoteFunction function) {
  const FunctionId id{static_cast<std::uint32_t>(runtime_.functions.size())};
  runtime_.record.on_function(function.name);
  runtime_.functions.push_back(std::move(function));
  return id;
}

ResourceId TaskContext::resource(std::string_view name) { return runtime_.resource_names.id_of(name); }

const ActorSpec& TaskContext::spec(const ActorHandle& actor) const { return runtime_.actors[actor.actor().index]; }

const std::string& TaskContext::name_space() const { return runtime_.jobs[worker_.job().index].name_space; }

void TaskContext::run(const BodyMaker& maker, TaskInputRef input, std::uint32_t run_number) {
  run_ = run_number;
  interrupted_ = false;
  window_.clear();
  generated_ = consumed_ = unanswered_ = 0;
  maker_ = maker;
  input_ = std::move(input);
  path_ = input_ ? input_->path : Duration{};
  outcome_ = ErrorType::none;
  message_.clear();
  returns_.clear();
  calls_ = 0;
  worker_.io_.hand_over(address_, StartBody{id_});
}

std::optional<Duration> TaskContext::duration() const {
  const Duration drawn = worker_.executions_[slot_].push.duration;
  return drawn < Duration{} ? std::nullopt : std::optional(drawn);
}

const std::vector<Argument>& TaskContext::arguments() const {
  static const std::vector<Argument> none;
  return input_ ? input_->args : none;
}

void TaskContext::set_return(std::size_t index, Payload value) {
  if (returns_.size() <= index) returns_.resize(index + 1);
  charge_references(value);
  if (value.contains) returned_.push_back(hold(*value.contains));
  returns_[index] = std::move(value);
}

Payload TaskContext::value(ObjectRef ref) const { return worker_.tasks_.value(worker_.index_of(ref)); }

void TaskContext::on(StartBody) {
  body_ = maker_(*this);
  body_.start();
  after_step();
}

void TaskContext::on(ResumeBody resume) {
  if (resume.wait != wait_) return;
  ++wait_;
  doing_ = Doing::running;
  timed_out_ = resume.why == ResumeBody::Why::timeout;
  if (resume.why == ResumeBody::Why::slept) thread_.charge(runtime_.profile.costs.wake_after_sleep);
  std::exchange(suspended_, {}).resume();
  after_step();
}

// The body waits again, or has ended: then its end counts when its costs are paid.
void TaskContext::after_step() {
  if (!body_.done()) return;
  if (const auto error = body_.error()) {
    try {
      std::rethrow_exception(error);
    } catch (const RayError& e) {
      outcome_ = e.type();
      message_ = e.what();
    }
  }
  if (!ends_later()) thread_.after<BodyThread>({}, BodyEnded{id_});
}

void TaskContext::on(BodyEnded) {
  body_ = Body{};
  worker_.execution_over(*this);
  returned_.clear();
  input_.reset();  // a handle may have come with it
}

// The first call of a function from this process.
void TaskContext::export_function(FunctionId function) {
  auto& exported = worker_.exported_;
  if (std::find(exported.begin(), exported.end(), function) != exported.end()) return;
  exported.push_back(function);
  thread_.charge(runtime_.profile.costs.function_export);
  thread_.send(runtime_.gcs, ExportFunction{});
}

ObjectRef TaskContext::submit(const TaskCall& call) {
  thread_.charge(runtime_.profile.costs.task_submit);
  charge_references(call.args);
  export_function(call.function);
  const Duration* duration = call.duration ? &*call.duration : nullptr;
  const std::uint32_t task = worker_.create_task(call, duration, *this);
  thread_.hand_over(worker_.address_, SubmitTask{task});
  return {worker_.io_.id(), worker_.tasks_.task(task).first_object};
}

void TaskContext::charge_references(std::span<const Argument> args) {
  for (const Argument& arg : args)
    if (!arg.ref) charge_references(arg.value);
}

void TaskContext::charge_references(const Payload& written) {
  thread_.charge(runtime_.profile.costs.reference_write * static_cast<std::int64_t>(written.inner().size()));
}

ObjectRef TaskContext::put(Payload value, TensorTransport transport) {
  if (transport != TensorTransport::object_store) return put_tensor(std::move(value), transport);
  thread_.charge(runtime_.profile.costs.put_object);
  charge_references(value);
  const std::uint32_t object = worker_.tasks_.add_put(in_kib(value.size), path_);
  const ObjectRef ref{worker_.io_.id(), object};
  worker_.stored().add(ref, value.size, worker_.node_);
  worker_.create_in_store(thread_, ref, value.size, {id_, 0});
  ++putting_;
  worker_.set_value(object, std::move(value));
  return ref;
}

HeldRef TaskContext::hold(ObjectRef ref) const { return {worker_.references_, ref}; }

HeldRefs TaskContext::hold(std::vector<ObjectRef> refs) const { return {worker_.references_, std::move(refs)}; }

const ReferenceCounterRef& TaskContext::counter() const { return worker_.references_; }

void TaskContext::on(const CopyObject& copy) {
  if (!worker_.write_and_seal(thread_, copy)) put_error_ = ErrorType::out_of_disk;
  if (--putting_ > 0 || !std::exchange(waits_for_puts_, false)) return;
  thread_.after<BodyThread>({}, ResumeBody{wait_, id_, ResumeBody::Why::go_on});
}

void TaskContext::raise_put_error() {
  const ErrorType error = std::exchange(put_error_, ErrorType::none);
  if (error != ErrorType::none)
    throw RayError(error, "the object cannot be put: the object store of the node and its disk are full");
}

void TaskContext::drain(NodeId node, Time when) {
  thread_.send_later(runtime_.gcs, std::max(Duration{}, when - thread_.now()), DrainNode{node});
}

TaskContext::Pause TaskContext::pause() {
  if (putting_ > 0) {
    ++wait_;
    waits_for_puts_ = true;
    return {*this};
  }
  const bool needed = thread_.contended() || thread_.now() - runtime_.engine.now() > run_ahead;
  if (needed) thread_.after<BodyThread>({}, ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
  return {*this, needed};
}

TaskContext::Pause TaskContext::sleep(Duration duration) {
  path_ += duration;
  doing_ = Doing::sleeping;
  thread_.after<BodyThread>(duration, ResumeBody{++wait_, id_, ResumeBody::Why::slept});
  return {*this};
}

TaskContext::Pause TaskContext::compute(Duration duration) {
  path_ += duration;
  thread_.compute<BodyThread>(duration, ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
  return {*this};
}

Body TaskContext::use_disk(DiskUse use, Bytes size) {
  const DiskId disk{thread_.place(), 0};
  if (use == DiskUse::write && !runtime_.engine.disk(disk).take(size))
    throw RayError(ErrorType::plain, "OSError: [Errno 28] No space left on device");
  const Time start = thread_.now();
  thread_.use_disk<BodyThread>(disk, use, size, ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
  const Pause pause{*this};
  co_await pause;
  path_ += thread_.now() - start;
}

bool TaskContext::is_ready(std::uint32_t object) const { return worker_.tasks_.object(object).ready; }

bool TaskContext::failed(std::uint32_t object) const {
  return is_ready(object) && worker_.tasks_.object(object).error != ErrorType::none;
}

bool TaskContext::is_known(std::uint32_t object) const {
  return is_ready(object) && worker_.tasks_.object(object).heard <= thread_.now();
}

std::vector<std::uint32_t> TaskContext::indices_of(std::span<const ObjectRef> refs) {
  std::vector<std::uint32_t> indices;
  indices.reserve(refs.size());
  for (const ObjectRef ref : refs) indices.push_back(worker_.borrow(thread_, ref));
  return indices;
}

std::vector<ObjectRef> TaskContext::waits_for() const {
  std::vector<ObjectRef> missing;
  for (const ObjectRef ref : awaited_)
    if (!is_ready(worker_.index_of(ref))) missing.push_back(ref);
  return missing;
}

RayError TaskContext::error_of(std::uint32_t index) const {
  const OwnedObject& object = worker_.tasks_.object(index);
  const std::string& text = worker_.tasks_.error_text(index);
  if (!text.empty()) return {object.error, text};
  const std::string what = object.task == OwnedObject::no_task
                               ? std::string("object")
                               : "task " + runtime_.functions[worker_.tasks_.task(object.task).function.index].name;
  return {object.error, what + " failed with " + std::string(name_of(object.error))};
}

// The io loop may be ahead of the clock with what it has taken on; this thread waits for it.
TaskContext::Pause TaskContext::pause_until(Time when) {
  const bool needed = when > thread_.now();
  if (needed) thread_.after<BodyThread>(when - thread_.now(), ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
  return {*this, needed};
}

// A worker that waits tells its raylet, which lends its CPU to others meanwhile.
void TaskContext::block(bool blocked) {
  if (blocked) {
    doing_ = Doing::blocked;
    blocked_since_ = thread_.now();
  }
  if (worker_.role_ == CoreWorker::Role::driver) return;
  const auto raylet = runtime_.raylets[worker_.node_.index];
  if (blocked)
    thread_.send(raylet, TaskBlocked{worker_.process()});
  else
    thread_.send(raylet, TaskUnblocked{worker_.process()});
}

void TaskContext::arm_timeout(std::optional<Duration> timeout) {
  timed_out_ = false;
  if (timeout) thread_.after<BodyThread>(*timeout, ResumeBody{wait_, id_, ResumeBody::Why::timeout});
}

void TaskContext::wake(Station& io) { io.hand_over(address_, ResumeBody{wait_, id_, ResumeBody::Why::go_on}); }

// Moves on to the first object that is not there and asks to be told of it; true when there is none.
bool TaskContext::advance_get() {
  while (got_ < getting_.size() && is_ready(getting_[got_])) ++got_;
  if (got_ == getting_.size()) return true;
  worker_.tasks_.await(getting_[got_], {TaskManager::Waiter::Kind::get, wait_});
  return false;
}

Body TaskContext::get(std::vector<ObjectRef> refs, std::optional<Duration> timeout, bool tensors_too) {
  thread_.charge(runtime_.profile.costs.get_call);
  const std::optional<Time> until = timeout ? std::optional(thread_.now() + *timeout) : std::nullopt;
  TaskManager& tasks = worker_.tasks_;
  const std::vector<std::uint32_t> objects = indices_of(refs);
  const auto has_failed = [&](std::uint32_t object) { return failed(object); };
  ++wait_;
  getting_ = objects;
  got_ = 0;
  const bool some_failed = std::any_of(objects.begin(), objects.end(), has_failed);
  if (!some_failed && !advance_get()) {
    arm_timeout(timeout);
    block(true);
    awaited_ = refs;
    const Pause waiting{*this, true, false};
    co_await waiting;
    awaited_ = {};
    block(false);
  }
  getting_ = {};
  check_signals();
  const bool in_time = !std::exchange(timed_out_, false);
  const auto error = std::find_if(objects.begin(), objects.end(), has_failed);
  Time heard = error != objects.end() ? tasks.object(*error).heard : Time{};
  if (in_time && error == objects.end())
    for (const std::uint32_t object : objects) heard = std::max(heard, tasks.object(object).heard);
  const Pause hearing = pause_until(heard);
  co_await hearing;
  if (error != objects.end()) throw error_of(*error);
  if (!in_time) throw RayError(ErrorType::get_timeout, "get timed out");
  if (!tensors_too) worker_.check_no_tensors(refs);
  worker_.record_reads(thread_, refs);
  if (worker_.missing_of(refs)) {
    Body fetching = fetch(refs, until);
    co_await fetching;
  }
  const Costs& costs = runtime_.profile.costs;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::span<const ObjectRef> inner = tasks.inner(objects[i]);
    thread_.charge(costs.get_object + costs.reference_read * static_cast<std::int64_t>(inner.size()));
    worker_.references_->add_borrowed(inner, refs[i]);
  }
  for (const std::uint32_t object : objects) path_ = std::max(path_, tasks.object(object).path);
}

// What exists but lies in other nodes' stores comes to this one.
Body TaskContext::fetch(std::span<const ObjectRef> refs, std::optional<Time> until) {
  fetch_error_ = ErrorType::none;
  const std::uint64_t number = ++wait_;
  worker_.fetch(thread_, worker_.missing_of(refs), PullPriority::get, number);
  arm_timeout(until ? std::optional(std::max(Duration{}, *until - thread_.now())) : std::nullopt);
  block(true);
  awaited_ = refs;
  const Pause waiting{*this};
  co_await waiting;
  awaited_ = {};
  block(false);
  if (std::exchange(timed_out_, false)) {
    thread_.send(runtime_.raylets[worker_.node_.index], CancelFetch{worker_.address_, number});
    throw RayError(ErrorType::get_timeout, "get timed out");
  }
  if (fetch_error_ == ErrorType::none) co_return;
  throw RayError(fetch_error_, "an object did not come to this node: " + std::string(name_of(fetch_error_)));
}

void TaskContext::objects_local(Station& io, const ObjectsLocal& local) {
  if (local.wait != wait_) return;
  fetch_error_ = local.error;
  were_here_ = local.were_here;
  wake(io);
}

void TaskContext::object_ready(Station& io, std::uint64_t wait) {
  if (wait == wait_ && advance_get()) wake(io);
}

void TaskContext::object_failed(Station& io, std::uint32_t object) {
  if (std::find(getting_.begin(), getting_.end(), object) != getting_.end()) wake(io);
}

}  // namespace raysim
