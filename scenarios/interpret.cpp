#include "scenarios/interpret.hpp"

#include <fmt/format.h>

#include <utility>

#include "scenarios/interpreter.hpp"

namespace raysim {

PlacementGroupId& Interpreter::group_entry(const TaskContext& context, std::size_t index) {
  std::vector<PlacementGroupId>& entries = groups[context.name_space()];
  entries.resize(program.placement_groups.size());
  return entries[index];
}

PlacementGroupId Interpreter::group(const TaskContext& context, std::size_t index) {
  const PlacementGroupId found = group_entry(context, index);
  if (found == no_placement_group)
    throw RayError(ErrorType::value_error, "failed to look up placement group " + program.placement_groups[index].name);
  return found;
}

namespace {

using Shared = std::shared_ptr<Interpreter>;

// What an actor keeps from call to call.
struct ActorState {
  std::vector<Value> values;
};

// What a body returns, as the task's returns. Without a result they are None, or data of a size, which its function knows unless it is
// computed.
void give_returns(Frame& frame, const FunctionSpec& function) {
  if (function.num_returns <= 0) return;
  const auto count = static_cast<std::size_t>(function.num_returns);
  if (!frame.has_result) {
    for (std::size_t i = 0; function.return_size.computed && i < count; ++i)
      frame.context.set_return(i, {{}, frame.bytes(function.return_size, function.place)});
    return;
  }
  const auto give = [&](std::size_t index, const Value& value) {
    Payload payload = payload_of(value);
    if (function.size_given)
      payload.size = function.return_size.computed ? frame.bytes(function.return_size, function.place) : Bytes{};
    frame.context.set_return(index, std::move(payload));
  };
  if (count == 1) return give(0, frame.result);
  const auto* list = frame.result.as<List>();
  if (list == nullptr || list->size() != count)
    throw ExpressionError(
        fmt::format("{} returned, expected a list of {} (num_returns)", kind_of(frame.result), count));
  for (std::size_t i = 0; i < count; ++i) give(i, (*list)[i]);
}

// Runs act and says of what it throws that it belongs to the declaration of a function.
template <class Act>
auto in_declaration(const Frame& frame, const FunctionSpec& function, Act act) {
  try {
    return act();
  } catch (const ExpressionError& error) {
    frame.fail(error, function.place, "");
  }
}

// A task, method or constructor from its arguments to its returns; the frame has its state.
Body run_function(Frame& frame, const FunctionSpec& function) {
  if (function.memory_use.computed)
    in_declaration(frame, function,
                   [&] { frame.context.use_memory(frame.bytes(function.memory_use, function.place)); });
  if (function.has_steps) {
    Body steps = run_steps(frame, function.body.steps);
    co_await steps;
  } else {
    const std::optional<Duration> given = frame.context.duration();
    const Duration duration =
        given ? *given
              : in_declaration(frame, function, [&] { return frame.duration(function.duration, function.place); });
    const auto pause = function.compute ? frame.context.compute(duration) : frame.context.sleep(duration);
    co_await pause;
  }
  in_declaration(frame, function, [&] {
    if (!frame.has_result && function.body.result) {
      frame.result = function.body.result->evaluate(frame);
      frame.has_result = true;
    }
    give_returns(frame, function);
  });
}

void bind_arguments(Frame& frame) {
  std::vector<Value> values;
  if (frame.spec.parameters > 0)
    for (const Argument& argument : frame.context.arguments())
      values.push_back(value_of(frame.context, argument.value));
  bind_parameters(frame, std::move(values));
}

Body run_task(Shared self, TaskContext& context, const TaskSpec& task) {
  Frame frame(*self, context, task.body, "task", task.name, context.luck());
  bind_arguments(frame);
  Body body = run_function(frame, task);
  co_await body;
}

void enter_actor(Frame& frame, std::shared_ptr<void> actor) {
  frame.state = &static_cast<ActorState*>(actor.get())->values;
  frame.actor = std::move(actor);
  if (frame.spec.self) frame.names[*frame.spec.self] = frame.context.own_handle();
}

Body run_constructor(Shared self, TaskContext& context, const ActorClassSpec& actor) {
  const FunctionSpec& constructor = actor.constructor;
  Frame frame(*self, context, constructor.body, "constructor", actor.name, context.luck());
  context.actor_state() = std::make_shared<ActorState>(ActorState{std::vector<Value>(actor.state.size())});
  enter_actor(frame, context.actor_state());
  bind_arguments(frame);
  in_declaration(frame, constructor, [&] {
    for (std::size_t i = 0; i < actor.initial.size(); ++i) {
      Value first = actor.initial[i].evaluate(frame);
      (*frame.state)[i] = std::move(first);
    }
  });
  Body body = run_function(frame, constructor);
  co_await body;
}

Body run_method(Shared self, TaskContext& context, const ActorClassSpec& actor, const MethodSpec& method) {
  const std::string name = actor.name + "." + method.name;
  Frame frame(*self, context, method.body, "method", name, context.luck());
  enter_actor(frame, context.actor_state());
  bind_arguments(frame);
  Body body = run_function(frame, method);
  co_await body;
}

// Keeps what the driver's names hold when it ends, however that is.
struct LastValues {
  Frame& frame;
  std::size_t driver;
  ~LastValues() {
    const auto& expected = frame.self.program.expect.values;
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (expected[i].driver == driver) (*frame.self.last_values)[i] = frame.names[expected[i].slot];
  }
};

Body run_driver(Shared self, TaskContext& context, std::size_t index) {
  const DriverSpec& driver = self->program.drivers[index];
  Frame frame(*self, context, driver.body, driver.name.empty() ? "the driver" : "driver", driver.name, context.luck());
  const LastValues keep{frame, index};
  Body steps = run_steps(frame, driver.body.steps);
  co_await steps;
}

// What the models run without us where they can.
RemoteFunction remote_function(const FunctionSpec& spec, std::string name) {
  RemoteFunction function;
  function.name = std::move(name);
  function.num_returns = spec.num_returns;
  function.return_size = spec.return_size.drawn;
  function.duration = spec.duration.computed ? Distribution::constant(-1) : spec.duration.drawn;
  function.computes = spec.compute;
  if (!spec.memory_use.computed) function.memory_use = spec.memory_use.drawn;
  function.on_gpu = spec.on_gpu;
  function.device_copy = spec.device_copy;
  function.device_copy_back = spec.device_copy_back;
  function.device_memory = spec.device_memory;
  return function;
}

void add_actor(const Shared& self, const ActorClassSpec& actor, std::vector<RemoteFunction>& functions) {
  const auto first = static_cast<std::uint32_t>(functions.size());
  self->first_method.push_back(first);
  functions.push_back(remote_function(actor.constructor, actor.constructor.name));
  functions.back().body = [self, &actor](TaskContext& context) { return run_constructor(self, context, actor); };
  for (const MethodSpec& method : actor.methods) {
    functions.push_back(remote_function(method, actor.name + "." + method.name));
    if (method.has_body())
      functions.back().body = [self, &actor, &method](TaskContext& context) {
        return run_method(self, context, actor, method);
      };
  }
}

}  // namespace

TaskOptions resolve_options(const TaskOptionsSpec& spec, ClusterSpec& cluster, int default_retries) {
  TaskOptions options;
  options.max_retries = spec.max_retries.value_or(default_retries);
  options.retry_exceptions = spec.retry_exceptions.value_or(false);
  options.priority = spec.priority.value_or(0);
  options.generator_backpressure = spec.backpressure.value_or(-1);
  if (spec.runtime_env) options.runtime_env = *spec.runtime_env;
  options.resources.set(cpu_resource, ResourceAmount::of(spec.num_cpus.value_or(1)));
  if (spec.num_gpus) options.resources.set(gpu_resource, ResourceAmount::of(*spec.num_gpus));
  if (spec.accelerator_type)
    options.resources.set(cluster.resource_names.id_of(accelerator_resource(*spec.accelerator_type)),
                          accelerator_demand);
  if (spec.memory) options.resources.set(memory_resource, ResourceAmount::of(static_cast<double>(spec.memory->count)));
  for (const auto& [name, amount] : spec.resources)
    options.resources.set(cluster.resource_names.id_of(name), ResourceAmount::of(amount));
  if (spec.scheduling_strategy) options.strategy = *spec.scheduling_strategy;
  if (spec.label_selector) options.label_selector = *spec.label_selector;
  if (spec.fallback_strategy) options.fallback_selectors = *spec.fallback_strategy;
  options.strategy_given = spec.scheduling_strategy.has_value();
  return options;
}

std::vector<std::string> function_names(const ScenarioProgram& program) {
  std::vector<std::string> names;
  for (const TaskSpec& task : program.tasks) names.push_back(task.name);
  for (const ActorClassSpec& actor : program.actors) {
    names.push_back(actor.constructor.name);
    for (const MethodSpec& method : actor.methods) names.push_back(actor.name + "." + method.name);
  }
  return names;
}

ProgramBodies make_bodies(const ScenarioProgram& program, ClusterSpec& cluster, int default_retries, PrintSink print) {
  const auto self = std::make_shared<Interpreter>(program, cluster, default_retries, std::move(print));
  std::vector<RemoteFunction> functions;
  for (const TaskSpec& task : program.tasks) {
    RemoteFunction function = remote_function(task, task.name);
    function.options = resolve_options(task.options, cluster, default_retries);
    function.max_calls = task.max_calls;
    function.crash_attempts = task.crash_attempts;
    if (task.has_body()) function.body = [self, &task](TaskContext& context) { return run_task(self, context, task); };
    functions.push_back(std::move(function));
  }
  for (const ActorClassSpec& actor : program.actors) add_actor(self, actor, functions);
  std::vector<JobOptions> jobs;
  for (std::size_t i = 0; i < program.drivers.size(); ++i) {
    const DriverSpec& driver = program.drivers[i];
    jobs.push_back({[self, i](TaskContext& context) { return run_driver(self, context, i); },
                    driver.name.empty() ? "driver" : driver.name, driver.at, driver.node, driver.name_space});
  }
  return {std::move(functions), std::move(jobs), self->last_values};
}

}  // namespace raysim
