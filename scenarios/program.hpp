// What a scenario can say, as plain data: the tree that the YAML loader makes and the interpreter runs.
//
// Models: Ray Core programs: remote functions and actors with options, placement groups, and bodies of steps for drivers, tasks,
// methods and functions. Leaves out: faults of nodes.
// Invariants (kept by the loader): every step's indices and slots are valid; a name is set in the text before it is read in the same
// body (what a loop or a branch has left unset is nothing); names of nodes and resources exist; each demand that is written
// down fits on some node; options are those of Ray. A name that `for_each` gives lives in its body only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/gcs/placement_group.hpp"
#include "models/sharded_store/sharded_store.hpp"
#include "models/task.hpp"
#include "models/tensor_transport.hpp"
#include "scenarios/step.hpp"

namespace raysim {

// What a task or method does and returns.
struct FunctionSpec {
  std::string name;
  SourcePlace place;
  BodySpec body;
  bool has_steps = false;                     // instead of a duration
  Amount duration = Amount::constant(0);      // seconds
  bool compute = true;                        // whether `duration` keeps a core busy (`sleep: true`: it does not)
  int num_returns = 1;                        // or streaming_returns, dynamic_returns
  Amount return_size = Amount::constant(16);  // bytes, of each return
  bool size_given = false;                    // else values have their own
  bool returns_value = false;                 // body.result says it, not only a step
  Amount memory_use = Amount::constant(0);    // bytes of heap, while it runs; of a constructor: while the actor lives
  bool on_gpu = false;                        // `duration` keeps GPUs busy instead of a core
  Bytes device_copy;                          // copied to them before
  Bytes device_copy_back;                     // copied from them after
  Bytes device_memory;                        // of theirs, as memory_use

  // It is a generator.
  [[nodiscard]] bool yields() const { return num_returns < 0; }
  // Something must be evaluated when it runs.
  [[nodiscard]] bool has_body() const {
    return has_steps || returns_value || duration.computed.has_value() || return_size.computed.has_value() ||
           memory_use.computed.has_value();
  }
};

struct TaskSpec : FunctionSpec {
  TaskOptionsSpec options;
  int max_calls = 0;       // a worker exits when it has run it so often; 0: never
  int crash_attempts = 0;  // the first so many attempts end their worker process at the end of the body
};

struct MethodSpec : FunctionSpec {
  std::string concurrency_group;   // empty: the one without a name
  std::int64_t backpressure = -1;  // of a generator
  TensorTransport transport = TensorTransport::object_store;
};

// A class: state, a constructor and methods. The names of the state are those of `state` in order.
struct ActorClassSpec {
  std::string name;
  SourcePlace place;
  ActorOptionsSpec options;
  bool is_async = false;
  bool tensor_transport = false;                                // it takes part in transfers of tensors
  std::vector<std::pair<std::string, int>> concurrency_groups;  // name and most calls at a time
  std::vector<std::string> state;
  std::vector<Expression> initial;  // of each, over the constructor's parameters
  FunctionSpec constructor;
  std::vector<MethodSpec> methods;
};

// Steps that bodies call.
struct SubroutineSpec {
  std::string name;
  SourcePlace place;
  BodySpec body;
};

struct DriverSpec {
  std::string name;            // empty: the only one, which has none
  Duration at;                 // when it connects
  std::optional<NodeId> node;  // else the head
  std::string name_space;      // of its job; empty: one of its own
  BodySpec body;
};

struct PlacementGroupEntry {
  std::string name;
  std::shared_ptr<const PlacementGroupSpec> spec;
};

struct ExpectedMakespan {
  std::optional<Duration> min;
  std::optional<Duration> max;
};

// What is expected of one of several drivers; the makespan is counted from its own start.
struct ExpectedDriver {
  std::size_t driver = 0;              // in ScenarioProgram::drivers
  std::optional<std::string> outcome;  // as ExpectSpec::outcome
  ExpectedMakespan makespan;
};

// What a name holds at the end of its driver.
struct ExpectedValue {
  std::size_t driver = 0;
  Slot slot = 0;
  Value value;
};

// What the scenario expects of the run; checked after it.
struct ExpectSpec {
  SourcePlace place;
  std::optional<std::string> outcome;  // "ok" or Ray's error type
  ExpectedMakespan makespan;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> tasks_per_node;  // node -> [min, max]
  std::optional<std::int64_t> finished;
  std::optional<std::int64_t> retried;
  std::optional<std::int64_t> failed;
  std::optional<std::int64_t> oom_kills;
  std::optional<Bytes> spilled;  // exactly so much, over all nodes,
  std::optional<Bytes> restored;
  std::optional<Bytes> fallback_peak;                   // on any node
  std::map<std::string, std::string> placement_groups;  // name -> its state at the end
  std::vector<ExpectedDriver> drivers;
  std::vector<ExpectedValue> values;
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

// A program in C++ instead of a driver of steps.
struct ProgramFile {
  std::string path;
  std::string source;  // where that is said: the file, or `--set KEY=VALUE`
  SourcePlace place;
  std::map<std::string, ConfigSetting> parameters;  // checked against those that the program declares
};

struct ScenarioProgram {
  std::string title;
  std::string file;
  RaySettings ray;
  std::uint64_t seed = 0;
  bool warm_workers = false;  // true: as many idle workers as CPUs on every node before the first driver starts
  std::optional<ShardedStoreSettings> store;  // the distributed store of the run
  std::vector<PlacementGroupEntry> placement_groups;
  std::vector<TaskSpec> tasks;
  std::vector<ActorClassSpec> actors;
  std::vector<SubroutineSpec> functions;
  std::optional<ProgramFile> in_cpp;  // then there are no tasks, actors, functions and drivers
  std::vector<DriverSpec> drivers;    // at least one; the run ends with the last of them
  std::shared_ptr<LuaEngine> engine;  // of all expressions
  ExpectSpec expect;
};

}  // namespace raysim
