// Ray's options of tasks and actors as a scenario says them.
//
// Models: each option is set only where the scenario says so; a call's options go over those of the task or class. Leaves out: Ray's
// defaults, which the interpreter knows. Invariants: those of ScenarioProgram.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/labels.hpp"
#include "models/scheduling/strategy.hpp"
#include "models/task.hpp"
#include "scenarios/expression.hpp"
#include "sim/time.hpp"

namespace raysim {

// Text with expressions in it.
struct Text {
  std::vector<std::variant<std::string, Expression>> parts;
  SourcePlace place = {};
};

// A number among the options of a call that is computed when the call is made.
struct ComputedOption {
  enum class What : std::uint8_t { num_cpus, num_gpus, memory, resource, max_retries, priority } what = What::num_cpus;
  std::string resource;  // its name
  Expression value;
  double unit = 1;  // of memory, in bytes
};

// Ray's options of a task.
struct TaskOptionsSpec {
  std::optional<double> num_cpus;
  std::optional<double> num_gpus;
  std::optional<std::string> accelerator_type;  // the model of a GPU
  std::optional<Bytes> memory;
  std::map<std::string, double> resources;  // custom ones
  std::optional<int> max_retries;           // -1 = without end
  std::optional<bool> retry_exceptions;
  std::optional<int> priority;               // not Ray's: for policies that have an order
  std::optional<std::int64_t> backpressure;  // of a generator: items that nobody has taken yet, at most
  // A placement group stands there as its index in ScenarioProgram::placement_groups.
  std::optional<SchedulingStrategy> scheduling_strategy;
  std::optional<Text> affinity_node;  // of a call: the node of its affinity, when only the call knows it
  std::optional<LabelSelector> label_selector;
  std::optional<std::vector<LabelSelector>> fallback_strategy;
  std::optional<RuntimeEnv> runtime_env;
  std::vector<ComputedOption> computed;  // of a call; they go over the others
};

// The options of one call: what the call says, and the task's for the rest. Custom resources are replaced as a whole,
// as Ray does.
inline TaskOptionsSpec merged(const TaskOptionsSpec& task, const TaskOptionsSpec& call) {
  TaskOptionsSpec result = task;
  if (call.num_cpus) result.num_cpus = call.num_cpus;
  if (call.num_gpus) result.num_gpus = call.num_gpus;
  if (call.accelerator_type) result.accelerator_type = call.accelerator_type;
  if (call.memory) result.memory = call.memory;
  if (!call.resources.empty()) result.resources = call.resources;
  if (call.max_retries) result.max_retries = call.max_retries;
  if (call.retry_exceptions) result.retry_exceptions = call.retry_exceptions;
  if (call.priority) result.priority = call.priority;
  if (call.backpressure) result.backpressure = call.backpressure;
  if (call.scheduling_strategy) result.scheduling_strategy = call.scheduling_strategy;
  result.affinity_node = call.affinity_node;
  if (call.label_selector) result.label_selector = call.label_selector;
  if (call.fallback_strategy) result.fallback_strategy = call.fallback_strategy;
  if (call.runtime_env) result.runtime_env = call.runtime_env;
  result.computed = call.computed;
  return result;
}

// Ray's options of an actor beyond those that tasks have too.
struct ActorOptionsSpec {
  TaskOptionsSpec task;  // without max_retries and priority
  std::optional<int> max_restarts;
  std::optional<int> max_task_retries;
  std::optional<std::int64_t> max_pending_calls;
  std::optional<int> max_concurrency;
  std::optional<Text> name;
  std::optional<Text> name_space;
  std::optional<bool> detached;
  std::optional<bool> get_if_exists;
};

}  // namespace raysim
