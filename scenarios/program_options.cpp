#include "scenarios/program_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

constexpr double most_units = 1e9;
constexpr double least_unit = 0.0001;  // below it Ray's fixed point has no amount

[[noreturn]] void fail(const std::string& what) { throw RayError(ErrorType::value_error, what); }

void set_amount(ResourceSet& set, ResourceId id, double amount, std::string_view what) {
  if (!(amount == 0 || (amount >= least_unit && amount <= most_units)))
    fail(fmt::format("{} is {}, expected 0 or an amount from {} to {}", what, amount, least_unit, most_units));
  set.set(id, ResourceAmount::of(amount));
}

void set_gpus(ResourceSet& set, double amount) {
  if (amount > 1 && amount != std::floor(amount))
    fail(fmt::format("num_gpus is {}, expected a whole number when above 1, as Ray shares only single GPUs", amount));
  set_amount(set, gpu_resource, amount, "num_gpus");
}

void set_memory(ResourceSet& set, std::int64_t bytes) {
  if (bytes < 0) fail(fmt::format("memory is {}, expected 0 or more bytes", bytes));
  if (bytes > 0) set.set(memory_resource, ResourceAmount::of(static_cast<double>(bytes)));
}

void set_custom(ResourceSet& set, std::span<const ray::Resource> resources, TaskContext& context) {
  for (const ray::Resource& resource : resources) {
    if (resource.name.empty() || resource.name == "CPU" || resource.name == "GPU" || resource.name == "memory")
      fail(fmt::format("resources names {}, expected a custom resource", in_quotes(resource.name)));
    set_amount(set, context.resource(resource.name), resource.amount, fmt::format("resource {}", resource.name));
  }
}

// Of what tasks and actors have in common, all but CPUs.
template <class Options>
void set_resources(ResourceSet& set, const Options& options, TaskContext& context) {
  if (options.num_gpus) set_gpus(set, *options.num_gpus);
  set_memory(set, options.memory);
  set_custom(set, options.resources, context);
  if (!options.accelerator_type.empty())
    set.set(context.resource(accelerator_resource(options.accelerator_type)), accelerator_demand);
}

SchedulingStrategy strategy_of(const ray::SchedulingStrategy& given, const TaskContext& context) {
  using Kind = ray::SchedulingStrategy::Kind;
  SchedulingStrategy strategy;
  switch (given.kind) {
    case Kind::standard: break;
    case Kind::spread: strategy.kind = SchedulingStrategy::Kind::spread; break;
    case Kind::node_affinity:
      strategy.kind = SchedulingStrategy::Kind::node_affinity;
      strategy.node = node_named(given.node, context.cluster());
      strategy.soft = given.soft;
      break;
    case Kind::placement_group:
      strategy.kind = SchedulingStrategy::Kind::placement_group;
      strategy.group = {given.group.id};
      strategy.bundle = given.bundle;
      strategy.capture_child_tasks = given.capture_child_tasks;
      break;
  }
  return strategy;
}

LabelSelector selector_of(ray::LabelSelector labels) {
  LabelSelector selector;
  for (const ray::Label& label : labels) {
    try {
      selector.add(parse_label_constraint(label.key, label.value));
    } catch (const LabelError& error) {
      fail(fmt::format("label_selector: {}, expected {}", error.what(), error.expected));
    }
  }
  return selector;
}

RuntimeEnv environment_of(const ray::RuntimeEnv& given) {
  if (given.name.empty() && (given.setup.count() != 0 || given.fails))
    fail("a runtime_env without a name, expected one that tells it from others");
  return {std::string(given.name), checked_duration(given.setup, "setup of a runtime_env"), given.fails};
}

int count_or_endless(int count, std::string_view what) {
  if (count < -1) fail(fmt::format("{} is {}, expected 0 or more, or -1 for without end", what, count));
  return count;
}

}  // namespace

TensorTransport transport_of(ray::TensorTransport transport) { return static_cast<TensorTransport>(transport); }

NodeId node_named(std::string_view name, const ClusterSpec& cluster) {
  for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i)
    if (cluster.nodes[i].name == name) return {i};
  std::vector<std::string_view> known;
  for (const NodeSpec& node : cluster.nodes) known.push_back(node.name);
  fail(fmt::format("there is no node {}, expected one of {}{}", in_quotes(name), listed(known),
                   suggestion(name, known)));
}

TaskOptions task_options(const ray::TaskOptions& options, TaskContext& context, int default_retries) {
  TaskOptions made;
  made.max_retries = count_or_endless(options.max_retries.value_or(default_retries), "max_retries");
  made.priority = options.priority;
  set_amount(made.resources, cpu_resource, options.num_cpus.value_or(1), "num_cpus");
  set_resources(made.resources, options, context);
  if (options.scheduling_strategy) made.strategy = strategy_of(*options.scheduling_strategy, context);
  made.strategy_given = options.scheduling_strategy.has_value();
  made.label_selector = selector_of(options.label_selector);
  made.runtime_env = environment_of(options.runtime_env);
  if (options.generator_backpressure < -1 || options.generator_backpressure == 0)
    fail(fmt::format("generator_backpressure is {}, expected at least 1, or -1 for none",
                     options.generator_backpressure));
  made.generator_backpressure = options.generator_backpressure;
  if (options.max_calls < 0) fail(fmt::format("max_calls is {}, expected 0 or more", options.max_calls));
  return made;
}

ActorOptions actor_options(const ray::ActorOptions& options, TaskContext& context) {
  constexpr int calls_of_async_actors = 1000;
  ActorOptions made;
  set_resources(made.resources, options, context);
  // Without any of them it needs a CPU to be placed and none to live.
  if (options.num_cpus)
    set_amount(made.resources, cpu_resource, *options.num_cpus, "num_cpus");
  else if (made.resources.entries().empty() && !options.num_gpus)
    made.placement.emplace().set(cpu_resource, ResourceAmount::of(1));
  else
    made.resources.set(cpu_resource, ResourceAmount::of(1));
  if (options.scheduling_strategy) made.strategy = strategy_of(*options.scheduling_strategy, context);
  made.strategy_given = options.scheduling_strategy.has_value();
  made.label_selector = selector_of(options.label_selector);
  made.runtime_env = environment_of(options.runtime_env);
  made.name = options.name;
  made.name_space = options.name_space;
  made.detached = options.detached;
  made.get_if_exists = options.get_if_exists;
  made.max_restarts = count_or_endless(options.max_restarts, "max_restarts");
  made.max_task_retries = count_or_endless(options.max_task_retries, "max_task_retries");
  made.max_pending_calls = options.max_pending_calls;
  made.async_actor = options.is_async;
  made.max_concurrency = options.max_concurrency.value_or(options.is_async ? calls_of_async_actors : 1);
  if (made.max_concurrency < 1) fail(fmt::format("max_concurrency is {}, expected at least 1", made.max_concurrency));
  made.tensor_transport = options.enable_tensor_transport;
  for (const ray::ConcurrencyGroup& group : options.concurrency_groups) {
    if (group.name.empty() || group.max_concurrency < 1)
      fail("a concurrency group has no name or less than 1 call at a time");
    made.concurrency_groups.push_back({std::string(group.name), group.max_concurrency});
  }
  return made;
}

std::uint32_t concurrency_group(std::string_view name, const ActorSpec& actor) {
  if (name.empty()) return default_group;
  std::vector<std::string_view> known;
  for (const ConcurrencyGroup& group : actor.options.concurrency_groups) known.push_back(group.name);
  const auto found = std::find(known.begin(), known.end(), name);
  if (found == known.end())
    fail(fmt::format("the actor has no concurrency group {}{}", in_quotes(name), suggestion(name, known)));
  return static_cast<std::uint32_t>(found - known.begin()) + 1;
}

PlacementGroupSpec group_spec(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options,
                              TaskContext& context) {
  if (bundles.empty()) fail("a placement group without bundles, expected at least one");
  PlacementGroupSpec spec;
  spec.name = options.name;
  spec.strategy = static_cast<PlacementStrategy>(options.strategy);
  spec.detached = options.detached;
  for (const ray::Bundle& bundle : bundles) {
    Bundle made;
    if (bundle.num_cpus != 0) set_amount(made.resources, cpu_resource, bundle.num_cpus, "num_cpus of a bundle");
    if (bundle.num_gpus != 0) set_gpus(made.resources, bundle.num_gpus);
    set_memory(made.resources, bundle.memory);
    set_custom(made.resources, bundle.resources, context);
    if (made.resources.entries().empty()) fail("a bundle without resources, expected at least one");
    spec.bundles.push_back(std::move(made));
  }
  return spec;
}

Duration checked_duration(ray::Duration duration, std::string_view what) {
  const double seconds = duration.count();
  if (!(seconds >= 0)) fail(fmt::format("{} is {} s, expected 0 s or more", what, seconds));
  return seconds < Duration::max().in_seconds() ? Duration::seconds(seconds) : Duration::max();
}

}  // namespace raysim
