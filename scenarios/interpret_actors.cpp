// Steps that make actors, call them and end them; cancellation and generators.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "platforms/input_error.hpp"
#include "scenarios/interpreter.hpp"

namespace raysim {

namespace {

constexpr std::int64_t most_repeats = 100'000'000;

template <class T>
void take_over(std::optional<T>& option, const std::optional<T>& call) {
  if (call) option = call;
}

// The options of one actor: what its creator says, and the class's for the rest.
ActorOptions resolve_actor_options(Frame& frame, const ActorClassSpec& actor, const ActorOptionsSpec& call) {
  Interpreter& self = frame.self;
  ActorOptionsSpec all = actor.options;
  all.task = computed_options(frame, merged(all.task, call.task));
  take_over(all.max_restarts, call.max_restarts);
  take_over(all.max_task_retries, call.max_task_retries);
  take_over(all.max_pending_calls, call.max_pending_calls);
  take_over(all.max_concurrency, call.max_concurrency);
  take_over(all.name, call.name);
  take_over(all.name_space, call.name_space);
  take_over(all.detached, call.detached);
  take_over(all.get_if_exists, call.get_if_exists);
  // Without any of them it needs a CPU to be placed and none to live (python/ray/actor.py).
  const bool is_plain = !all.task.num_cpus && !all.task.num_gpus && all.task.resources.empty() && !all.task.memory &&
                        !all.task.accelerator_type;
  TaskOptionsSpec needs = all.task;
  if (is_plain) needs.num_cpus = 0;
  TaskOptions task = resolve_options(needs, self.cluster, 0);
  constexpr int calls_of_async_actors = 1000;
  ActorOptions options;
  options.resources = task.resources;
  if (is_plain) {
    options.placement.emplace();
    options.placement->set(cpu_resource, ResourceAmount::of(1));
  }
  options.strategy = task.strategy;
  if (options.strategy.kind == SchedulingStrategy::Kind::placement_group)
    options.strategy.group = self.group(frame.context, options.strategy.group.index);
  options.strategy_given = task.strategy_given;
  options.runtime_env = task.runtime_env;
  options.label_selector = std::move(task.label_selector);
  options.fallback_selectors = std::move(task.fallback_selectors);
  options.max_restarts = all.max_restarts.value_or(0);
  options.max_task_retries = all.max_task_retries.value_or(0);
  options.max_concurrency = all.max_concurrency.value_or(actor.is_async ? calls_of_async_actors : 1);
  options.async_actor = actor.is_async;
  options.tensor_transport = actor.tensor_transport;
  for (const auto& [name, most] : actor.concurrency_groups) options.concurrency_groups.push_back({name, most});
  options.max_pending_calls = all.max_pending_calls.value_or(-1);
  if (all.name) options.name = frame.text(*all.name);
  if (all.name_space) options.name_space = frame.text(*all.name_space);
  options.detached = all.detached.value_or(false);
  options.get_if_exists = all.get_if_exists.value_or(false);
  return options;
}

std::vector<Argument> arguments_of(std::vector<Value> values) {
  std::vector<Argument> args;
  for (const Value& value : values) {
    if (const auto* ref = value.as<HeldRef>())
      args.emplace_back(ref->ref());
    else
      args.emplace_back(payload_of(value));
  }
  return args;
}

const ActorHandle& handle_in(const Value& value, std::string_view step) {
  const auto* handle = value.as<ActorHandle>();
  if (handle == nullptr) throw ExpressionError(fmt::format("{} of {}, expected an actor", step, kind_of(value)));
  return *handle;
}

// The actors of a value that is one or a list of some.
std::vector<ActorHandle> actors_in(const Value& value, std::string_view step) {
  const auto* list = value.as<List>();
  if (list == nullptr) return {handle_in(value, step)};
  std::vector<ActorHandle> actors;
  for (std::size_t i = 0; i < list->size(); ++i) actors.push_back(handle_in((*list)[i], step));
  return actors;
}

struct Method {
  const ActorClassSpec* actor;
  const MethodSpec* spec;
  FunctionId function;
};

Method method_of(const Interpreter& self, const ActorHandle& handle, const std::string& name) {
  const std::size_t index = self.classes.at(handle.actor().index);
  const ActorClassSpec& actor = self.program.actors[index];
  const auto found = std::find_if(actor.methods.begin(), actor.methods.end(),
                                  [&](const MethodSpec& method) { return method.name == name; });
  if (found == actor.methods.end()) {
    std::vector<std::string_view> known;
    for (const MethodSpec& method : actor.methods) known.push_back(method.name);
    throw ExpressionError(fmt::format("`{}` has no method {}, expected one of {}{}", actor.name, in_quotes(name),
                                      listed(known), suggestion(name, known)));
  }
  const auto number = static_cast<std::uint32_t>(found - actor.methods.begin());
  return {&actor, &*found, {self.first_method[index] + 1 + number}};
}

std::uint32_t group_number(const ActorClassSpec& actor, const std::string& name) {
  if (name.empty()) return default_group;
  const auto& groups = actor.concurrency_groups;
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == name; });
  if (found == groups.end())
    throw ExpressionError(fmt::format("`{}` has no concurrency group {}", actor.name, in_quotes(name)));
  return static_cast<std::uint32_t>(found - groups.begin()) + 1;
}

void set_class(Interpreter& self, ActorId actor, std::size_t index) {
  if (self.classes.size() <= actor.index) self.classes.resize(actor.index + 1);
  self.classes[actor.index] = static_cast<std::uint32_t>(index);
}

}  // namespace

Body run_create(Frame& frame, const Step& step, const CreateStep& create) {
  const ActorClassSpec& actor = frame.self.program.actors[create.actor];
  std::vector<Value> values = evaluate_arguments(frame, create.args, step.place);
  if (actor.constructor.body.parameters > 0) check_count(values.size(), actor.constructor.body, actor.name);
  const std::vector<Argument> args = arguments_of(std::move(values));
  const std::int64_t count = create.count ? frame.whole(*create.count, "count", 0, most_repeats) : 1;
  std::vector<Value> handles;
  for (std::int64_t i = 0; i < count; ++i) {
    ActorHandle made;
    Body creating = frame.context.create_actor({frame.self.first_method[create.actor]},
                                               resolve_actor_options(frame, actor, create.options), args, made);
    co_await creating;
    set_class(frame.self, made.actor(), create.actor);
    handles.emplace_back(std::move(made));
  }
  if (create.count)
    frame.store(create.as, List(std::move(handles)));
  else
    frame.store(create.as, std::move(handles.front()));
}

Body run_invoke(Frame& frame, const Step& step, const InvokeStep& invoke) {
  const Value wanted = invoke.actor.evaluate(frame);
  const std::vector<ActorHandle> actors = actors_in(wanted, "invoke");
  if (actors.empty()) throw ExpressionError("invoke of an empty list of actors");
  const Method method = method_of(frame.self, actors.front(), invoke.method);
  const CallSpec& spec = invoke.call;
  Calls calls(frame, step, spec, *method.spec, wanted.as<List>() != nullptr);
  ActorCall call;
  call.max_task_retries = invoke.max_task_retries;
  // Each actor of a list is called; elements of `over` go to them in turn.
  const std::size_t rounds = spec.over ? 1 : actors.size();
  for (std::size_t i = 0; i < calls.size() * rounds; ++i) {
    call.actor = actors[i % actors.size()];
    const Method each = method_of(frame.self, call.actor, invoke.method);
    call.method = each.function;
    call.group = group_number(*each.actor, invoke.concurrency_group.value_or(each.spec->concurrency_group));
    call.transport = invoke.transport.value_or(each.spec->transport);
    call.generator_backpressure = invoke.backpressure.value_or(each.spec->backpressure);
    calls.set_arguments(i / rounds, call.args);
    if (spec.duration) call.duration = frame.duration(*spec.duration, step.place);
    calls.add(frame.context.call(call));
    const auto pause = frame.context.pause();
    co_await pause;
  }
  calls.store();
}

Body run_get_actor(Frame& frame, const GetActorStep& get) {
  ActorHandle found;
  Body finding =
      frame.context.get_actor(frame.text(get.name), get.name_space ? frame.text(*get.name_space) : "", found);
  co_await finding;
  frame.store(get.as, found);
}

void kill_actors(Frame& frame, const KillStep& kill) {
  for (const ActorHandle& actor : actors_in(kill.actor.evaluate(frame), "kill"))
    frame.context.kill(actor, kill.no_restart);
}

void cancel_calls(Frame& frame, const CancelStep& cancel) {
  const Value wanted = cancel.refs.evaluate(frame);
  for (const ObjectRef ref : refs_of(wanted, "cancel")) frame.context.cancel(ref, cancel.force, cancel.recursive);
}

Body run_yield(Frame& frame, const Step& step, const YieldStep& yield) {
  Payload item = payload_of(yield.value.evaluate(frame));
  if (yield.size) item.size = frame.bytes(*yield.size, step.place);
  Body handing_out = frame.context.yield(std::move(item));
  co_await handing_out;
}

Body run_next(Frame& frame, const NextStep& next) {
  const Value of = next.of.evaluate(frame);
  const auto* generator = of.as<Generator>();
  if (generator == nullptr || generator->dynamic)
    throw ExpressionError(fmt::format("next of {}, expected a streaming generator", kind_of(of)));
  std::optional<ObjectRef> item;
  Body waiting = frame.context.next(generator->ref.ref(), item);
  co_await waiting;
  frame.store(next.as, item ? Value(frame.context.hold(*item)) : Value());
}

}  // namespace raysim
