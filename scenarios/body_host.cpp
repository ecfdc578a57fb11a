#include "scenarios/body_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/body_step.hpp"
#include "scenarios/program_options.hpp"

namespace raysim {

using ray::host::Failure;
using ray::host::Made;

namespace {

// A name that the models do not have is an exception of the program's own.
ErrorType error_named(std::string_view name) {
  for (int i = 0; i < static_cast<int>(ErrorType::plain); ++i)
    if (const auto type = static_cast<ErrorType>(i); name_of(type) == name) return type;
  return ErrorType::plain;
}

class Draws final : public ray::host::RandomBits {
 public:
  explicit Draws(RandomStream stream) : stream_(stream) {}
  std::uint64_t next() override { return stream_.next(); }

 private:
  RandomStream stream_;
};

const ActorHandle& handle_in(const ray::host::ActorHandle& actor) {
  if (!actor) throw RayError(ErrorType::value_error, "the handle is of no actor");
  return *static_cast<const ActorHandle*>(actor.get());
}

}  // namespace

// --- references

ray::host::Lives* ProgramLives::add(ray::host::ObjectId object) {
  const ObjectRef ref{{object.owner}, object.index};
  ProgramLives* counts = now_->process != nullptr ? now_->process : this;
  if (now_->packing != nullptr) {
    now_->packing->push_back(ref);
    counts = now_->packed;
  }
  ++counts->users_;
  if (counts->counter_) counts->counter_->add(ref);
  return counts;
}

ProgramLives& ProgramRun::lives_of(const ReferenceCounterRef& counter) {
  Lives& found = lives[counter.get()];
  if (!found) found.reset(new ProgramLives(counter, now));
  return *found;
}

Payload ProgramRun::payload_of(const ray::host::Value& value) {
  Payload payload{value.data, {value.bytes}};
  if (value.copy == nullptr) return payload;
  std::vector<ObjectRef> refs;
  struct Packing {
    LivesNow& now;
    Packing(LivesNow& the_now, std::vector<ObjectRef>& refs) : now(the_now) { now.packing = &refs; }
    Packing(const Packing&) = delete;
    Packing& operator=(const Packing&) = delete;
    ~Packing() { now.packing = nullptr; }
  };
  now->packed = &lives_of(nullptr);
  {
    const Packing packing(*now, refs);
    payload.data = value.copy(value.data.get());
  }
  if (!refs.empty()) payload.contains = std::make_shared<const std::vector<ObjectRef>>(std::move(refs));
  return payload;
}

std::vector<Argument> arguments_of(ProgramRun& run, const std::vector<ray::host::Argument>& given) {
  std::vector<Argument> args;
  args.reserve(given.size());
  for (const ray::host::Argument& arg : given) {
    if (arg.by_reference)
      args.emplace_back(ObjectRef{{arg.ref.owner}, arg.ref.index});
    else
      args.emplace_back(run.payload_of(arg.value));
  }
  return args;
}

// --- verbs

// Whoever gets the result of a task sees one error: RayTaskError, with what it was in the text.
void BodyHost::fail(Failure failure) {
  const ErrorType type = error_named(failure.error);
  const bool named = function_ != nullptr && !failure.error.empty() && type != ErrorType::task_error &&
                     type != ErrorType::keyboard_interrupt;
  const std::string text = named ? fmt::format("{}: {}", failure.error, failure.message) : failure.message;
  end_ = std::make_unique<RayError>(type, text);
}

void BodyHost::conclude() {
  const char* verb = unpaused_ > 0 ? "remote" : forgotten_;
  if (verb != nullptr && !end_)
    fail({{},
          fmt::format("a call of {} was not awaited, expected `co_await ray.{}(...)`",
                      unpaused_ > 0 ? "remote, call, put, kill or ready" : verb, verb)});
  if (end_) throw RayError(*end_);
}

// A function gets its number when it is called for the first time.
FunctionId BodyHost::number_of(const ray::host::Function& function, int max_calls) {
  const auto [entry, fresh] = run_.numbers.try_emplace(&function);
  if (fresh) {
    RemoteFunction made;
    made.name = full_name(function);
    made.num_returns = function.num_returns == ray::host::streaming_returns ? streaming_returns : function.num_returns;
    made.max_calls = max_calls;
    made.duration = Distribution::constant(0);
    made.body = [run = &run_, called = &function](TaskContext& context) { return run_body(*run, context, called); };
    entry->second = context_.define(std::move(made));
  }
  return entry->second;
}

template <class Verb>
Made BodyHost::done(const Verb& verb) {
  try {
    const ObjectRef first = verb();
    ++unpaused_;
    return {{first.owner.index, first.index}, std::nullopt};
  } catch (const RayError& error) {
    return {{}, failure_of(error)};
  }
}

Made BodyHost::submit(const ray::host::Function& function, const ray::TaskOptions& options,
                      std::vector<ray::host::Argument> args) {
  return done([&] {
    return context_.submit({number_of(function, options.max_calls),
                            task_options(options, context_, run_.default_retries), arguments_of(run_, args),
                            std::nullopt});
  });
}

Made BodyHost::call(const ray::host::ActorHandle& actor, const ray::host::Function& method,
                    const ray::CallOptions& options, std::vector<ray::host::Argument> args) {
  return done([&] {
    const ActorHandle& called = handle_in(actor);
    const std::uint32_t group = concurrency_group(options.concurrency_group, context_.spec(called));
    const TensorTransport transport = transport_of(options.tensor_transport);
    if (transport != TensorTransport::object_store && method.num_returns != 1)
      throw RayError(ErrorType::value_error, "a call with a tensor_transport gives one value");
    return context_.call({called, number_of(method), arguments_of(run_, args), std::nullopt, group,
                          options.max_task_retries, -1, transport});
  });
}

Made BodyHost::put(ray::host::Value value, const ray::PutOptions& options) {
  return done([&] { return context_.put(run_.payload_of(value), transport_of(options.tensor_transport)); });
}

Made BodyHost::kill(const ray::host::ActorHandle& actor, bool no_restart) {
  return done([&] {
    context_.kill(handle_in(actor), no_restart);
    return ObjectRef{};
  });
}

Made BodyHost::cancel(ray::host::ObjectId ref, const ray::CancelOptions& options) {
  return done([&] {
    context_.cancel({{ref.owner}, ref.index}, options.force, options.recursive);
    return ObjectRef{};
  });
}

Made BodyHost::group_ready(ray::PlacementGroup group, ray::host::Value handle) {
  return done([&] { return context_.group_ready({group.id}, run_.payload_of(handle)); });
}

// Nothing to await after it.
Made BodyHost::peek(ray::host::ObjectId generator) {
  Made made = done([&] { return context_.peek({{generator.owner}, generator.index}); });
  if (!made.failure) --unpaused_;
  return made;
}

bool BodyHost::pause() {
  --unpaused_;
  pause_.emplace(context_.pause());
  return pause_->await_ready();
}

std::optional<Failure> BodyHost::resume() {
  enter();
  try {
    pause_->await_resume();
  } catch (const RayError& error) {
    return failure_of(error);
  }
  return std::nullopt;
}

const ray::host::Parameter* BodyHost::parameter(std::string_view name) const {
  const auto& parameters = run_.program.parameters;
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const ray::host::Parameter& parameter) { return parameter.name == name; });
  return found != parameters.end() ? &*found : nullptr;
}

std::unique_ptr<ray::host::RandomBits> BodyHost::random(std::string_view name) const {
  return std::make_unique<Draws>(context_.stream(fmt::format("program/{}/{}", context_.luck(), name)));
}

}  // namespace raysim
