#include "scenarios/interpret.hpp"

#include <algorithm>
#include <unordered_map>

namespace raysim {

namespace {

// What every body of one program shares.
struct Interpreter {
  const ScenarioProgram& program;
  ClusterSpec& cluster;
  int default_retries;
  std::unordered_map<const Step*, std::uint64_t> draws;  // number of the next draw of a step
  // The last group of each entry of ScenarioProgram::placement_groups; whoever knows its name finds it.
  std::vector<PlacementGroupId> groups;

  PlacementGroupId group(std::size_t index) const {
    if (groups[index] == no_placement_group)
      throw RayError(ErrorType::value_error,
                     "failed to look up placement group " + program.placement_groups[index].name);
    return groups[index];
  }
};
using Names = std::unordered_map<std::string, std::vector<ObjectRef>>;

TaskCall prepare_call(Interpreter& self, const SubmitStep& step) {
  TaskCall call;
  call.function = {static_cast<std::uint32_t>(step.task)};
  const TaskOptionsSpec options = merged(self.program.tasks[step.task].options, step.options);
  call.options = resolve_options(options, self.cluster, self.default_retries);
  if (call.options.strategy.kind == SchedulingStrategy::Kind::placement_group)
    call.options.strategy.group = self.group(call.options.strategy.group.index);
  return call;
}

Duration draw(Interpreter& self, TaskContext& context, const Step& step, const Distribution& distribution) {
  const std::uint64_t ordinal = self.draws[&step]++;
  RandomStream stream = context.stream("step " + std::to_string(step.place.line) + ":" +
                                       std::to_string(step.place.column) + "/" + std::to_string(ordinal));
  return Duration::seconds(distribution.draw(stream, ordinal));
}

void store(Names& names, const std::string& name, bool append, std::vector<ObjectRef> refs) {
  if (name.empty()) return;
  auto& held = names[name];
  if (append)
    held.insert(held.end(), refs.begin(), refs.end());
  else
    held = std::move(refs);
}

Body run_submit(Interpreter& self, TaskContext& context, const Step& step, const SubmitStep& submit, Names& names) {
  TaskCall call = prepare_call(self, submit);
  for (const ArgumentSpec& arg : submit.args) {
    if (arg.name.empty())
      call.args.emplace_back(Payload{nullptr, arg.value});
    else
      call.args.insert(call.args.end(), names[arg.name].begin(), names[arg.name].end());
  }
  const std::vector<ObjectRef> over = submit.over.empty() ? std::vector<ObjectRef>{} : names[submit.over];
  const auto group = static_cast<std::size_t>(submit.group);
  const std::size_t calls =
      submit.over.empty() ? static_cast<std::size_t>(submit.count) : (over.size() + group - 1) / group;
  const auto returns = static_cast<std::uint32_t>(self.program.tasks[submit.task].num_returns);
  const std::size_t fixed_args = call.args.size();
  std::vector<ObjectRef> refs;
  refs.reserve(calls * returns);
  for (std::size_t i = 0; i < calls; ++i) {
    call.args.erase(call.args.begin() + static_cast<std::ptrdiff_t>(fixed_args), call.args.end());
    for (std::size_t j = i * group; j < std::min((i + 1) * group, over.size()); ++j) call.args.push_back(over[j]);
    if (submit.duration) call.duration = draw(self, context, step, *submit.duration);
    const ObjectRef first = context.submit(call);
    for (std::uint32_t r = 0; r < returns; ++r) refs.push_back({first.owner, first.index + r});
    const auto pause = context.pause();
    co_await pause;
  }
  store(names, submit.as, submit.append, std::move(refs));
}

Body run_put(TaskContext& context, const PutStep& put, Names& names) {
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < put.count; ++i) {
    refs.push_back(context.put(put.size));
    const auto pause = context.pause();
    co_await pause;
  }
  store(names, put.as, put.append, std::move(refs));
}

Body run_wait(TaskContext& context, const WaitStep& wait, Names& names) {
  WaitResult result;
  Body waiting = context.wait(names[wait.refs], static_cast<std::size_t>(wait.num_returns), wait.timeout, result);
  co_await waiting;
  store(names, wait.ready, false, std::move(result.ready));
  store(names, wait.pending, false, std::move(result.pending));
}

Body run_group_step(Interpreter& self, TaskContext& context, const PlacementGroupStep& step) {
  using Verb = PlacementGroupStep::Verb;
  Body call;
  bool ready = false;
  if (step.verb == Verb::create) {
    const PlacementGroupId id = context.new_group_id();
    call = context.create_group(id, self.program.placement_groups[step.group].spec);
    co_await call;
    self.groups[step.group] = id;
    co_return;
  }
  const PlacementGroupId group = self.group(step.group);
  call = step.verb == Verb::wait ? context.wait_group(group, step.timeout, ready) : context.remove_group(group);
  co_await call;
}

Body run_steps(Interpreter& self, TaskContext& context, const Steps& steps, Names& names);

Body run_for_each(Interpreter& self, TaskContext& context, const ForEachStep& loop, Names& names) {
  const std::vector<ObjectRef> items = names[loop.in];
  for (const ObjectRef item : items) {
    names[loop.as] = {item};
    Body body = run_steps(self, context, loop.body, names);
    co_await body;
  }
}

Body run_steps(Interpreter& self, TaskContext& context, const Steps& steps, Names& names) {
  for (const Step& step : steps) {
    Body nested;
    if (const auto* submit = std::get_if<SubmitStep>(&step.what)) {
      nested = run_submit(self, context, step, *submit, names);
    } else if (const auto* get = std::get_if<GetStep>(&step.what)) {
      nested = context.get(names[get->refs], get->timeout);
    } else if (const auto* wait = std::get_if<WaitStep>(&step.what)) {
      nested = run_wait(context, *wait, names);
    } else if (const auto* put = std::get_if<PutStep>(&step.what)) {
      nested = run_put(context, *put, names);
    } else if (const auto* group = std::get_if<PlacementGroupStep>(&step.what)) {
      nested = run_group_step(self, context, *group);
    } else if (const auto* loop = std::get_if<ForEachStep>(&step.what)) {
      nested = run_for_each(self, context, *loop, names);
    } else if (const auto* drain = std::get_if<DrainStep>(&step.what)) {
      context.drain(drain->node, Time{} + drain->at);
      continue;
    } else if (const auto* work = std::get_if<WorkStep>(&step.what)) {
      const Duration duration = draw(self, context, step, work->duration);
      const auto pause = work->compute ? context.compute(duration) : context.sleep(duration);
      co_await pause;
      continue;
    } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
      for (std::int64_t i = 0; i < repeat->count; ++i) {
        Body round = run_steps(self, context, repeat->body, names);
        co_await round;
      }
      continue;
    }
    co_await nested;
  }
}

// A whole body, with its names.
Body run_body(std::shared_ptr<Interpreter> self, TaskContext& context, const Steps& steps) {
  Names names;
  Body all = run_steps(*self, context, steps, names);
  co_await all;
}

}  // namespace

TaskOptions resolve_options(const TaskOptionsSpec& spec, ClusterSpec& cluster, int default_retries) {
  TaskOptions options;
  options.max_retries = spec.max_retries.value_or(default_retries);
  options.priority = spec.priority.value_or(0);
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

ProgramBodies make_bodies(const ScenarioProgram& program, ClusterSpec& cluster, int default_retries) {
  const auto interpreter = std::make_shared<Interpreter>(Interpreter{
      program, cluster, default_retries, {}, std::vector<PlacementGroupId>(program.placement_groups.size())});
  std::vector<RemoteFunction> functions;
  for (const TaskSpec& task : program.tasks) {
    RemoteFunction function;
    function.name = task.name;
    function.options = resolve_options(task.options, cluster, default_retries);
    function.num_returns = task.num_returns;
    function.return_size = task.return_size;
    function.duration = task.duration;
    function.computes = task.compute;
    function.on_gpu = task.on_gpu;
    function.device_copy = task.device_copy;
    function.crash_attempts = task.crash_attempts;
    if (!task.body.empty())
      function.body = [interpreter, &task](TaskContext& context) { return run_body(interpreter, context, task.body); };
    functions.push_back(std::move(function));
  }
  BodyMaker driver = [interpreter](TaskContext& context) {
    return run_body(interpreter, context, interpreter->program.driver);
  };
  return {std::move(functions), std::move(driver)};
}

}  // namespace raysim
