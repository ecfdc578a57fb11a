// What a scenario can say, as plain data: the tree that the YAML loader makes and the interpreter runs.
//
// Models: Ray Core programs of tasks: remote functions with options, placement groups, and bodies of steps for the driver and for
// tasks. Leaves out: actors, faults of nodes, variables and conditions.
// Invariants (kept by the loader): every step's indices are valid; a name is set before it is read in the same body
// (only a loop that runs zero times can leave it unset: it then holds no references); names of nodes and resources
// exist; each demand fits on some node; counts are >= 0; options are those of Ray. A name that `for_each` gives lives
// in its body only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/gcs/placement_group.hpp"
#include "models/resources.hpp"
#include "models/scheduling/strategy.hpp"
#include "sim/distribution.hpp"
#include "sim/time.hpp"

namespace raysim {

// Where in the scenario's file something was said, for messages at run time. line and column count from 1; 0 = on the
// command line.
struct SourcePlace {
  int line = 0;
  int column = 0;
};

// Ray's options of a task. Each is set only where the scenario says so; a call's options go over the task's.
struct TaskOptionsSpec {
  std::optional<double> num_cpus;
  std::optional<double> num_gpus;
  std::optional<std::string> accelerator_type;  // the model of a GPU
  std::optional<Bytes> memory;
  std::map<std::string, double> resources;  // custom ones
  std::optional<int> max_retries;           // -1 = without end
  std::optional<int> priority;              // not Ray's: for policies that have an order
  // A placement group stands there as its index in ScenarioProgram::placement_groups.
  std::optional<SchedulingStrategy> scheduling_strategy;
  std::optional<LabelSelector> label_selector;
  std::optional<std::vector<LabelSelector>> fallback_strategy;
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
  if (call.priority) result.priority = call.priority;
  if (call.scheduling_strategy) result.scheduling_strategy = call.scheduling_strategy;
  if (call.label_selector) result.label_selector = call.label_selector;
  if (call.fallback_strategy) result.fallback_strategy = call.fallback_strategy;
  return result;
}

struct Step;
using Steps = std::vector<Step>;

// Arguments of a submitted task: a name that holds references (all of them are passed), or a value of some bytes.
struct ArgumentSpec {
  std::string name;  // empty: a value
  Bytes value;
};

struct SubmitStep {
  std::size_t task = 0;  // index in ScenarioProgram::tasks
  std::int64_t count = 1;
  std::vector<ArgumentSpec> args;
  // One task for each `group` references of the list named `over` (in order; the last group may be shorter); with
  // `over` empty, `count` tasks.
  std::string over;
  std::int64_t group = 1;
  std::string as;       // name that then holds the references; empty = none
  bool append = false;  // add to what the name holds instead of replacing it
  TaskOptionsSpec options;
  std::optional<Distribution> duration;  // seconds; over the task's own
};
struct GetStep {
  std::string refs;
  std::optional<Duration> timeout;
};
struct WaitStep {
  std::string refs;
  std::int64_t num_returns = 1;
  std::optional<Duration> timeout;
  std::string ready;    // name for the ready references; empty = none
  std::string pending;  // name for the others
};
struct PutStep {
  Bytes size;
  std::int64_t count = 1;
  std::string as;
  bool append = false;
};
// sleep: time passes; compute: a core of the machine works.
struct WorkStep {
  bool compute = false;
  Distribution duration;  // seconds
};
// A node takes nothing new from a moment of the run on.
struct DrainStep {
  NodeId node;
  Duration at;  // since the start; what has passed counts as now
};
struct RepeatStep {
  std::int64_t count = 1;
  Steps body;
};
// For each reference of `in`: `as` holds it while the body runs.
struct ForEachStep {
  std::string in;
  std::string as;
  Steps body;
};

// create: places it; wait: for its creation, as long as the timeout says; remove: gives its bundles back.
struct PlacementGroupStep {
  enum class Verb : std::uint8_t { create, wait, remove } verb = Verb::create;
  std::size_t group = 0;  // index in ScenarioProgram::placement_groups
  Duration timeout;       // wait
};

struct Step {
  SourcePlace place;
  std::variant<SubmitStep, GetStep, WaitStep, PutStep, WorkStep, RepeatStep, ForEachStep, DrainStep, PlacementGroupStep>
      what;
};

struct TaskSpec {
  std::string name;
  SourcePlace place;
  TaskOptionsSpec options;
  int num_returns = 1;
  Distribution return_size = Distribution::constant(16);  // bytes, of each return
  bool on_gpu = false;                                    // `duration` keeps GPUs busy instead of a core
  Bytes device_copy;                                      // copied to them before
  bool compute = true;     // whether `duration` keeps a core busy (`sleep: true` in the task: it does not)
  Distribution duration;   // seconds; ignored when the task has a body
  Steps body;              // steps that run inside the task
  int crash_attempts = 0;  // the first so many attempts end their worker process at the end of the body
};

struct PlacementGroupEntry {
  std::string name;
  std::shared_ptr<const PlacementGroupSpec> spec;
};

// What the scenario expects of the run; checked after it.
struct ExpectSpec {
  SourcePlace place;
  std::optional<std::string> outcome;  // "ok" or Ray's error type
  std::optional<Duration> makespan_min;
  std::optional<Duration> makespan_max;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> tasks_per_node;  // node -> [min, max]
  std::optional<std::int64_t> finished;
  std::optional<std::int64_t> retried;
  std::optional<std::int64_t> failed;
  std::map<std::string, std::string> placement_groups;  // name -> its state at the end
};

// A value of `ray.system_config` as it was written; the profile knows its type.
struct ConfigSetting {
  std::string text;
  std::string source;  // the file, or `--set KEY=VALUE`
  SourcePlace place;
};

// `ray:` of a scenario.
struct RaySettings {
  std::string architecture = "raylet";
  std::string profile = "ray-2.60";
  std::string policy = "hybrid";
  Duration view_delay;                                 // on top of each report's way to the raylets
  Duration decision_time;                              // each time the policy is asked
  std::map<std::string, ConfigSetting> system_config;  // Ray's own names -> value as text, checked against the profile
};

struct ScenarioProgram {
  std::string title;
  std::string file;
  RaySettings ray;
  std::uint64_t seed = 0;
  bool warm_workers = false;  // true: as many idle workers as CPUs on every node before the driver starts
  std::vector<PlacementGroupEntry> placement_groups;
  std::vector<TaskSpec> tasks;
  Steps driver;
  ExpectSpec expect;
};

}  // namespace raysim
