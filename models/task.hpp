// Remote functions, their options, and what makes two tasks alike to the scheduler.
//
// Models: a function with Ray's options and either a plain amount of work or a body; scheduling classes, and the keys under
// which an owner queues its tasks. Leaves out: what runtime environments contain.
// Mirrors src/ray/common/task/task_spec.h and src/ray/common/scheduling/scheduling_class_util.h.
// Invariants: two calls with equal class are interchangeable for every scheduler.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/ids.hpp"
#include "models/labels.hpp"
#include "models/resources.hpp"
#include "models/scheduling/strategy.hpp"
#include "sim/body.hpp"
#include "sim/distribution.hpp"
#include "sim/random.hpp"
#include "sim/time.hpp"

namespace raysim {

class TaskContext;

// What a worker must have before it starts: packages, variables, a working directory.
struct RuntimeEnv {
  std::string hash;    // equal hashes are the same environment; empty: none
  Duration setup;      // what it takes on a node that does not have it
  bool fails = false;  // its setup does
  auto operator<=>(const RuntimeEnv&) const = default;
};

struct TaskOptions {
  ResourceSet resources;
  SchedulingStrategy strategy;
  bool strategy_given = false;  // else a caller in a placement group that captures its children decides
  LabelSelector label_selector;
  std::vector<LabelSelector> fallback_selectors;  // tried in order when no node takes it with the one before
  RuntimeEnv runtime_env;
  int max_retries = 3;            // -1: without end
  bool retry_exceptions = false;  // also when its body has raised an error
  int priority = 0;               // not Ray's: for policies that have an order
  // Of a streaming generator: it waits while so many of its items are not consumed; -1: never.
  std::int64_t generator_backpressure = -1;
  auto operator<=>(const TaskOptions&) const = default;
};

// What makes two tasks alike to the schedulers. Ray's class names the required resources only; the placement resources of an
// actor follow from its options and so belong to what its function stands for.
struct SchedulingClass {
  FunctionId function;
  ResourceSet resources;  // held while it runs
  SchedulingStrategy strategy;
  LabelSelector label_selector;
  std::vector<LabelSelector> fallback_selectors;
  std::int32_t depth = 0;                // of nested calls; the driver's tasks have 1
  std::optional<ResourceSet> placement;  // what a node must have to be chosen, where that is not `resources`
  bool creates_actor = false;
  int priority = 0;  // not Ray's, where it is always 0

  [[nodiscard]] const ResourceSet& placement_resources() const { return placement ? *placement : resources; }
  auto operator<=>(const SchedulingClass&) const = default;
};

// Tasks with equal key share an owner's leases.
struct SchedulingKey {
  SchedulingClassId scheduling_class;
  std::vector<ObjectRef> store_args;  // arguments that lie in the object store, in order; inlined ones do not count
  EnvironmentId runtime_env;
  auto operator<=>(const SchedulingKey&) const = default;
};

// How many tasks an owner has queued beyond its open lease requests.
using WorkerBacklogs = std::vector<std::pair<SchedulingClassId, std::int64_t>>;

// Makes the body of one execution; it runs in `context`.
using BodyMaker = std::function<Body(TaskContext& context)>;

// num_returns of a function whose body yields its items, one by one, and of one whose return is the list of what it has yielded.
inline constexpr int streaming_returns = -1;
inline constexpr int dynamic_returns = -2;

struct RemoteFunction {
  std::string name;
  TaskOptions options;
  int num_returns = 1;  // or streaming_returns, dynamic_returns
  Distribution return_size = Distribution::constant(16);
  Distribution duration;   // of a function without a body; its body may ask for it, but for -1
  bool computes = true;    // the duration keeps a core busy; false: it sleeps
  bool on_gpu = false;     // the duration keeps the lease's devices busy, which may be faster
  Bytes device_copy;       // to the devices before that
  Bytes device_copy_back;  // from them after it
  Bytes device_memory;  // on the lease's devices in even parts, while it runs; a constructor's: while the actor lives
  bool in_background = false;  // Ray's own, in the background group of an actor: no task of the program
  BodyMaker body;              // empty: the duration is all
  // Bytes of heap, while it runs; a constructor's: while the actor lives.
  Distribution memory_use = Distribution::constant(0);
  int max_calls = 0;                     // a worker exits when it has run it so often; 0: never
  int crash_attempts = 0;                // the first so many attempts end their worker at the end
  std::vector<std::uint64_t> submitted;  // by job: ordinal of the next duration

  // References that a call gives.
  [[nodiscard]] std::uint32_t references() const {
    return num_returns < 0 ? 1 : static_cast<std::uint32_t>(num_returns);
  }
};

// The runtime environments of a run. Naming only.
class Environments {
 public:
  EnvironmentId id_of(const RuntimeEnv& wanted) {
    const auto it = std::find_if(environments_.begin(), environments_.end(),
                                 [&](const RuntimeEnv& known) { return known.hash == wanted.hash; });
    const auto index = static_cast<std::uint32_t>(it - environments_.begin());
    if (it == environments_.end()) environments_.push_back(wanted);
    return {index};
  }
  [[nodiscard]] const RuntimeEnv& operator[](EnvironmentId id) const { return environments_[id.index]; }

 private:
  std::vector<RuntimeEnv> environments_{RuntimeEnv{}};
};

// The scheduling classes of a run. Naming only: it tells nobody anything about anybody's state.
class SchedulingClasses {
 public:
  SchedulingClassId id_of(const SchedulingClass& wanted) {
    const auto [it, fresh] = ids_.try_emplace(wanted, static_cast<std::uint32_t>(classes_.size()));
    if (fresh) classes_.push_back(wanted);
    return {it->second};
  }
  [[nodiscard]] const SchedulingClass& operator[](SchedulingClassId id) const { return classes_[id.index]; }
  [[nodiscard]] std::size_t size() const { return classes_.size(); }

 private:
  std::map<SchedulingClass, std::uint32_t> ids_;
  std::vector<SchedulingClass> classes_;
};

}  // namespace raysim
