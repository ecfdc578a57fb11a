#include "models/core_worker/task_context.hpp"

#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

namespace {
// How far a thread with a core of its own may run ahead of the clock before it lets others act. Its own order is not touched.
constexpr Duration run_ahead = Duration::milliseconds(1);

std::uint32_t in_kib(Bytes size) { return static_cast<std::uint32_t>((size.count + 1023) / 1024); }
}  // namespace

TaskContext::TaskContext(Runtime& runtime, CoreWorker& worker)
    : runtime_(runtime),
      worker_(worker),
      thread_(runtime.engine.add_station(
          worker.process(), worker.role_ == CoreWorker::Role::driver ? CpuPriority::normal : CpuPriority::low)),
      address_(thread_.bind(*this)) {}

RandomStream TaskContext::stream(std::string_view name) const { return runtime_.engine.stream(name); }

void TaskContext::run(const BodyMaker& maker, Duration path) {
  maker_ = maker;
  path_ = path;
  outcome_ = ErrorType::none;
  message_.clear();
  worker_.io_.hand_over(address_, StartBody{});
}

void TaskContext::on(StartBody) {
  body_ = maker_(*this);
  body_.start();
  after_step();
}

void TaskContext::on(ResumeBody resume) {
  if (resume.wait != wait_) return;
  ++wait_;
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
  thread_.after<TaskContext>({}, BodyEnded{});
}

void TaskContext::on(BodyEnded) {
  body_ = Body{};
  worker_.execution_over(this);
}

ObjectRef TaskContext::submit(const TaskCall& call) {
  thread_.charge(runtime_.profile.costs.task_submit);
  auto& exported = worker_.exported_;
  if (std::find(exported.begin(), exported.end(), call.function) == exported.end()) {
    exported.push_back(call.function);
    thread_.charge(runtime_.profile.costs.function_export);
    thread_.send(runtime_.gcs, ExportFunction{});
  }
  const Duration* duration = call.duration ? &*call.duration : nullptr;
  const std::uint32_t task =
      worker_.create_task(call.function, call.options, duration, call.args, call.values, path_, thread_.now());
  thread_.hand_over(worker_.address_, SubmitTask{task});
  return {worker_.io_.id(), worker_.tasks_.task(task).first_object};
}

ObjectRef TaskContext::put(Bytes size) {
  thread_.charge(runtime_.profile.costs.put_object);
  return {worker_.io_.id(), worker_.tasks_.add_put(in_kib(size), path_)};
}

void TaskContext::drain(NodeId node, Time when) {
  thread_.send_later(runtime_.gcs, std::max(Duration{}, when - thread_.now()), DrainNode{node});
}

TaskContext::Pause TaskContext::pause() {
  const bool needed = thread_.contended() || thread_.now() - runtime_.engine.now() > run_ahead;
  if (needed) thread_.after<TaskContext>({}, ResumeBody{++wait_, ResumeBody::Why::go_on});
  return {*this, needed};
}

TaskContext::Pause TaskContext::sleep(Duration duration) {
  path_ += duration;
  thread_.after<TaskContext>(duration, ResumeBody{++wait_, ResumeBody::Why::slept});
  return {*this};
}

TaskContext::Pause TaskContext::compute(Duration duration) {
  path_ += duration;
  thread_.compute<TaskContext>(duration, ResumeBody{++wait_, ResumeBody::Why::go_on});
  return {*this};
}

bool TaskContext::is_ready(ObjectRef ref) const { return worker_.tasks_.object(ref.index).ready; }

bool TaskContext::is_known(ObjectRef ref) const {
  return is_ready(ref) && worker_.tasks_.object(ref.index).heard <= thread_.now();
}

// The io loop may be ahead of the clock with what it has taken on; this thread waits for it.
TaskContext::Pause TaskContext::pause_until(Time when) {
  const bool needed = when > thread_.now();
  if (needed) thread_.after<TaskContext>(when - thread_.now(), ResumeBody{++wait_, ResumeBody::Why::go_on});
  return {*this, needed};
}

// A worker that waits tells its raylet, which lends its CPU to others meanwhile.
void TaskContext::block(bool blocked) {
  if (worker_.role_ == CoreWorker::Role::driver) return;
  const auto raylet = runtime_.raylets[worker_.node_.index];
  if (blocked)
    thread_.send(raylet, TaskBlocked{worker_.process()});
  else
    thread_.send(raylet, TaskUnblocked{worker_.process()});
}

void TaskContext::arm_timeout(std::optional<Duration> timeout) {
  timed_out_ = false;
  if (timeout) thread_.after<TaskContext>(*timeout, ResumeBody{wait_, ResumeBody::Why::timeout});
}

void TaskContext::wake(Station& io) { io.hand_over(address_, ResumeBody{wait_, ResumeBody::Why::go_on}); }

// Moves on to the first object that is not there and asks to be told of it; true when there is none.
bool TaskContext::advance_get() {
  while (got_ < getting_.size() && is_ready(getting_[got_])) ++got_;
  if (got_ == getting_.size()) return true;
  worker_.tasks_.await(getting_[got_].index, {TaskManager::Waiter::Kind::get, wait_});
  return false;
}

Body TaskContext::get(std::vector<ObjectRef> refs, std::optional<Duration> timeout) {
  thread_.charge(runtime_.profile.costs.get_call);
  TaskManager& tasks = worker_.tasks_;
  const auto failed = [&](ObjectRef ref) {
    return tasks.object(ref.index).ready && tasks.object(ref.index).error != ErrorType::none;
  };
  ++wait_;
  getting_ = refs;
  got_ = 0;
  const bool some_failed = std::any_of(refs.begin(), refs.end(), failed);
  if (!some_failed && !advance_get()) {
    arm_timeout(timeout);
    block(true);
    const Pause waiting{*this};
    co_await waiting;
    block(false);
  }
  getting_ = {};
  const bool in_time = !std::exchange(timed_out_, false);
  const auto error = std::find_if(refs.begin(), refs.end(), failed);
  Time heard = error != refs.end() ? tasks.object(error->index).heard : Time{};
  if (in_time && error == refs.end())
    for (const ObjectRef ref : refs) heard = std::max(heard, tasks.object(ref.index).heard);
  const Pause hearing = pause_until(heard);
  co_await hearing;
  if (error != refs.end()) {
    const OwnedObject& object = tasks.object(error->index);
    const std::string& function = runtime_.functions[tasks.task(object.task).function.index].name;
    throw RayError(object.error, "task " + function + " failed with " + std::string(name_of(object.error)));
  }
  if (!in_time) throw RayError(ErrorType::get_timeout, "get timed out");
  thread_.charge(runtime_.profile.costs.get_object * static_cast<std::int64_t>(refs.size()));
  for (const ObjectRef ref : refs) path_ = std::max(path_, tasks.object(ref.index).path);
}

Body TaskContext::wait(std::vector<ObjectRef> refs, std::size_t num_returns, std::optional<Duration> timeout,
                       WaitResult& result) {
  thread_.charge(runtime_.profile.costs.wait_call);
  const auto known = [&](ObjectRef ref) { return is_known(ref); };
  const auto known_now = static_cast<std::size_t>(std::count_if(refs.begin(), refs.end(), known));
  const std::size_t wanted = std::min(num_returns, refs.size());
  std::vector<Time> soon;  // when this thread will hear of the others that are ready
  for (const ObjectRef ref : refs)
    if (is_ready(ref) && !is_known(ref)) soon.push_back(worker_.tasks_.object(ref.index).heard);
  if (known_now < wanted && known_now + soon.size() >= wanted) {
    std::sort(soon.begin(), soon.end());
    const Pause hearing = pause_until(soon[wanted - known_now - 1]);
    co_await hearing;
  } else if (known_now < wanted) {
    ++wait_;
    missing_ = wanted - known_now - soon.size();
    for (const ObjectRef ref : refs)
      if (!is_ready(ref)) worker_.tasks_.await(ref.index, {TaskManager::Waiter::Kind::get, wait_});
    arm_timeout(timeout);
    block(true);
    const Pause waiting{*this};
    co_await waiting;
    block(false);
    timed_out_ = false;
  }
  for (const ObjectRef ref : refs) {
    const bool taken = is_known(ref) && result.ready.size() < wanted;
    if (taken) path_ = std::max(path_, worker_.tasks_.object(ref.index).path);
    (taken ? result.ready : result.pending).push_back(ref);
  }
}

void TaskContext::object_ready(Station& io, std::uint64_t wait) {
  if (wait != wait_) return;
  const bool over = getting_.empty() ? --missing_ == 0 : advance_get();
  if (over) wake(io);
}

void TaskContext::object_failed(Station& io, ObjectRef ref) {
  if (std::find(getting_.begin(), getting_.end(), ref) != getting_.end()) wake(io);
}

template <class Message>
void deliver(TaskContext& to, Message message) {
  to.on(message);
}
template void deliver(TaskContext&, StartBody);
template void deliver(TaskContext&, ResumeBody);
template void deliver(TaskContext&, BodyEnded);

}  // namespace raysim
