#include "scenarios/body_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/program_options.hpp"

namespace raysim {

using ray::host::Failure;
using ray::host::ObjectId;

namespace {

ObjectRef ref_of(ObjectId id) { return {{id.owner}, id.index}; }
ObjectId id_of(ObjectRef ref) { return {ref.owner.index, ref.index}; }
std::vector<ObjectRef> refs_of(std::span<const ObjectId> ids) {
  std::vector<ObjectRef> refs(ids.size());
  std::transform(ids.begin(), ids.end(), refs.begin(), ref_of);
  return refs;
}

std::vector<Argument> arguments_of(std::vector<ray::host::Argument> given) {
  std::vector<Argument> args;
  args.reserve(given.size());
  for (ray::host::Argument& arg : given) {
    if (arg.by_reference)
      args.emplace_back(ref_of(arg.ref));
    else
      args.emplace_back(Payload{std::move(arg.value.data), {arg.value.bytes}});
  }
  return args;
}

std::optional<Duration> timeout_of(std::optional<ray::Duration> timeout) {
  if (!timeout) return std::nullopt;
  return checked_duration(*timeout, "the timeout");
}

// A name that the models do not have is an exception of the program's own.
ErrorType error_named(std::string_view name) {
  for (int i = 0; i < static_cast<int>(ErrorType::plain); ++i)
    if (const auto type = static_cast<ErrorType>(i); name_of(type) == name) return type;
  return ErrorType::plain;
}

Failure not_awaited(std::string_view verb) {
  return {{}, fmt::format("a call of {} was not awaited, expected `co_await ray.{}(...)`", verb, verb)};
}

class Draws final : public ray::host::RandomBits {
 public:
  explicit Draws(RandomStream stream) : stream_(stream) {}
  std::uint64_t next() override { return stream_.next(); }

 private:
  RandomStream stream_;
};

}  // namespace

// Carries out what begins a verb. It leaves what is to be awaited in step_ or pause_, or its error in failure_.
template <class Verb>
void BodyHost::begin(const char* name, const Verb& verb) {
  step_ = Body{};
  pause_.reset();
  failure_.reset();
  if (const char* forgotten = std::exchange(begun_, name)) {
    failure_.emplace(not_awaited(forgotten));
    return;
  }
  try {
    verb();
  } catch (const RayError& error) {
    set_failure(error);
  }
}

bool BodyHost::ready() {
  begun_ = nullptr;
  return failure_ || (!step_.valid() && pause_->await_ready());
}

bool BodyHost::suspend(std::coroutine_handle<> body) {
  if (!step_.valid()) {
    pause_->await_suspend(body);
    return true;
  }
  const Body::Awaiter step = step_.operator co_await();
  step.inner.resume();
  if (step.inner.done()) return false;
  step.inner.promise().continuation = body;
  return true;
}

const Failure* BodyHost::finish() {
  if (failure_) return &*failure_;
  try {
    if (!step_.valid())
      pause_->await_resume();
    else if (const auto error = step_.error())
      std::rethrow_exception(error);
  } catch (const RayError& error) {
    set_failure(error);
  }
  return failure_ ? &*failure_ : nullptr;
}

// Whoever gets the result of a task sees one error: RayTaskError, with what it was in the text.
void BodyHost::fail(Failure failure) {
  const bool named = function_ != nullptr && !failure.error.empty() && failure.error != name_of(ErrorType::task_error);
  const std::string text = named ? fmt::format("{}: {}", failure.error, failure.message) : failure.message;
  end_ = std::make_unique<RayError>(error_named(failure.error), text);
}

void BodyHost::conclude() {
  if (begun_ != nullptr && !end_) fail(not_awaited(begun_));
  if (end_) throw RayError(*end_);
}

// A function gets its number when it is called for the first time.
FunctionId BodyHost::number_of(const ray::host::Function& function) {
  const auto [entry, fresh] = run_.numbers.try_emplace(&function);
  if (fresh) {
    RemoteFunction made;
    made.name = full_name(&function);
    made.num_returns = static_cast<int>(function.num_returns);
    made.duration = Distribution::constant(0);
    made.body = [run = &run_, called = &function](TaskContext& context) { return run_body(*run, context, called); };
    entry->second = context_.define(std::move(made));
  }
  return entry->second;
}

ObjectId BodyHost::submit(const ray::host::Function& function, const ray::TaskOptions& options,
                          std::vector<ray::host::Argument> args) {
  ObjectId first;
  begin("remote", [&] {
    TaskCall call{number_of(function), task_options(options, context_, run_.default_retries),
                  arguments_of(std::move(args)), std::nullopt};
    first = id_of(context_.submit(call));
    pause_.emplace(context_.pause());
  });
  return first;
}

ObjectId BodyHost::call(const ray::host::ActorHandle& actor, const ray::host::Function& method,
                        const ray::CallOptions& options, std::vector<ray::host::Argument> args) {
  ObjectId first;
  begin("call", [&] {
    ActorCall call;
    call.actor = handle_in(actor);
    call.method = number_of(method);
    call.args = arguments_of(std::move(args));
    call.group = concurrency_group(options.concurrency_group, context_.spec(call.actor));
    call.max_task_retries = options.max_task_retries;
    first = id_of(context_.call(call));
    pause_.emplace(context_.pause());
  });
  return first;
}

ObjectId BodyHost::put(ray::host::Value value) {
  ObjectId made;
  begin("put", [&] {
    made = id_of(context_.put({std::move(value.data), {value.bytes}}));
    pause_.emplace(context_.pause());
  });
  return made;
}

void BodyHost::get(std::span<const ObjectId> refs, std::optional<ray::Duration> timeout) {
  begin("get", [&] {
    refs_ = refs_of(refs);
    step_ = context_.get(refs_, timeout_of(timeout));
  });
}

void BodyHost::wait(std::span<const ObjectId> refs, const ray::WaitOptions& options) {
  begin("wait", [&] {
    waited_ = {};
    step_ = context_.wait(refs_of(refs), options.num_returns, timeout_of(options.timeout), waited_);
  });
}

std::vector<ObjectId> BodyHost::waited(bool ready) const {
  const std::vector<ObjectRef>& refs = ready ? waited_.ready : waited_.pending;
  std::vector<ObjectId> ids(refs.size());
  std::transform(refs.begin(), refs.end(), ids.begin(), id_of);
  return ids;
}

void BodyHost::sleep(ray::Duration duration) {
  begin("sleep", [&] { pause_.emplace(context_.sleep(checked_duration(duration, "the time to sleep"))); });
}

void BodyHost::compute(ray::Duration duration) {
  begin("compute", [&] { pause_.emplace(context_.compute(checked_duration(duration, "the time to compute"))); });
}

const ActorHandle& BodyHost::handle_in(const ray::host::ActorHandle& actor) const {
  if (!actor) throw RayError(ErrorType::value_error, "the handle is of no actor");
  return *static_cast<const ActorHandle*>(actor.get());
}

// After `call`, which has found actor_.
Body BodyHost::check_class(Body call, const void* of_class) {
  co_await call;
  const ActorSpec& spec = context_.spec(actor_);
  const auto made_by = [&](const auto& entry) { return entry.second == spec.constructor; };
  const auto constructor = std::find_if(run_.numbers.begin(), run_.numbers.end(), made_by);
  if (constructor->first->class_tag != of_class)
    throw RayError(ErrorType::value_error,
                   fmt::format("the actor named {} is a {}", spec.options.name, spec.class_name));
}

void BodyHost::create_actor(const ray::host::Function& constructor, const ray::ActorOptions& options,
                            std::vector<ray::host::Argument> args) {
  begin("create_actor", [&] {
    Body call = context_.create_actor(number_of(constructor), actor_options(options, context_),
                                      arguments_of(std::move(args)), actor_);
    step_ = options.get_if_exists ? check_class(std::move(call), constructor.class_tag) : std::move(call);
  });
}

void BodyHost::get_actor(std::string_view name, std::string_view name_space, const void* of_class) {
  begin("get_actor",
        [&] { step_ = check_class(context_.get_actor(std::string(name), std::string(name_space), actor_), of_class); });
}

void BodyHost::kill(const ray::host::ActorHandle& actor, bool no_restart) {
  begin("kill", [&] {
    context_.kill(handle_in(actor), no_restart);
    pause_.emplace(context_.pause());
  });
}

void BodyHost::create_group(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options) {
  begin("placement_group", [&] {
    auto spec = std::make_shared<const PlacementGroupSpec>(group_spec(bundles, options, context_));
    group_ = context_.new_group_id();
    step_ = context_.create_group(group_, std::move(spec));
  });
}

void BodyHost::wait_group(ray::PlacementGroup group, ray::Duration timeout) {
  begin("wait",
        [&] { step_ = context_.wait_group({group.id}, checked_duration(timeout, "the timeout"), group_ready_); });
}

void BodyHost::look_up_group(ray::PlacementGroup group) {
  begin("nodes_of", [&] { step_ = context_.look_up_group({group.id}, nodes_); });
}

void BodyHost::remove_group(ray::PlacementGroup group) {
  begin("remove", [&] { step_ = context_.remove_group({group.id}); });
}

std::vector<std::string> BodyHost::group_nodes() const {
  const auto name = [&](NodeId node) {
    return node == no_node ? std::string() : context_.cluster().nodes[node.index].name;
  };
  std::vector<std::string> names(nodes_.size());
  std::transform(nodes_.begin(), nodes_.end(), names.begin(), name);
  return names;
}

std::unique_ptr<ray::host::RandomBits> BodyHost::random(std::string_view name) const {
  return std::make_unique<Draws>(context_.stream("program/" + std::string(name)));
}

}  // namespace raysim
