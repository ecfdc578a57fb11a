// The steps of bodies, as plain data.
//
// Models: Ray's verbs, variables, conditions, loops, calls of functions. Leaves out: where names and tasks are looked up: they are
// slots and indices here. Invariants: those of ScenarioProgram.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "models/cluster.hpp"
#include "models/sharded_store/store_messages.hpp"
#include "models/tensor_transport.hpp"
#include "scenarios/options.hpp"
#include "sim/distribution.hpp"

namespace raysim {

// A quantity of time (in seconds) or data (in bytes): drawn, or computed from what a body knows.
struct Amount {
  Distribution drawn;
  std::optional<Expression> computed;  // over `drawn`
  double unit = 1;                     // of `computed`

  static Amount constant(double value) { return {Distribution::constant(value), {}, 1}; }
  // Nobody need evaluate anything to know it.
  [[nodiscard]] bool is_constant() const { return !computed && drawn.kind == Distribution::Kind::constant; }
};

struct Step;
using Steps = std::vector<Step>;
using Slot = std::uint32_t;  // of a name in its body

// Steps and the names that they use; the first of these are the parameters.
struct BodySpec {
  std::vector<std::string> names;
  std::uint32_t parameters = 0;
  bool takes_rest = false;  // the last parameter is the list of all further arguments
  Steps steps;
  std::optional<Expression> result;  // what it returns when no step does
  std::optional<Slot> self;          // of the name `self`, the actor's own handle
};

// Where the result of a step goes: nowhere, into a name, or to the end of the list that a name holds.
struct Target {
  std::optional<Variable> name;
  bool append = false;
};

// An argument: a value, or data of some size. A reference is passed as one, and its function gets the value.
struct ArgumentSpec {
  Expression value;
  bool spread = false;  // each element of the list is an argument
  std::optional<Amount> size;
};

// How often something is called, and with what: `count` times, or once for each `group` elements of `over`, which then are its
// last arguments.
struct CallSpec {
  std::vector<ArgumentSpec> args;
  std::optional<Expression> count;
  std::optional<Expression> over;
  std::optional<Expression> group;
  Target as;
  std::optional<Amount> duration;  // seconds; over the function's own
};

struct SubmitStep {
  std::size_t task = 0;  // index in ScenarioProgram::tasks
  CallSpec call;
  TaskOptionsSpec options;
};
struct GetStep {
  Expression refs;
  std::optional<Amount> timeout;
  Target as;
  bool through_store = false;  // also tensors that are on devices
};
struct WaitStep {
  Expression refs;
  Expression num_returns{std::int64_t{1}};
  std::optional<Amount> timeout;
  bool fetch_local = true;
  std::optional<Variable> ready;
  std::optional<Variable> pending;
};
struct PutStep {
  std::optional<Expression> value;
  std::optional<Amount> size;  // instead of the value's own
  std::optional<Expression> count;
  Target as;
  TensorTransport transport = TensorTransport::object_store;
};
// sleep: time passes; compute: a core of the machine works.
struct WorkStep {
  bool compute = false;
  Amount duration;  // seconds
};
// The body reads or writes so much on its machine's disk.
struct DiskStep {
  DiskUse use = DiskUse::read;
  Amount size;
};
// A node takes nothing new from a moment of the run on.
struct DrainStep {
  NodeId node;
  Amount at = Amount::constant(0);  // since the start; what has passed counts as now
};
struct LetStep {
  std::vector<std::pair<Variable, Expression>> values;
};
struct IfStep {
  Expression condition;
  Steps then;
  Steps otherwise;
};
struct WhileStep {
  Expression condition;
  Steps body;
};
struct RepeatStep {
  Expression count{std::int64_t{1}};
  std::optional<Slot> as;  // the number of the round, from 0
  Steps body;
};
// For each element of a list, or item of a generator: `as` holds it while the body runs.
struct ForEachStep {
  Expression in;
  Slot as = 0;
  Steps body;
};
// What to do when a step of `body` fails: `as` then holds the error's type and its message.
struct TryStep {
  Steps body;
  Steps handler;
  std::optional<Slot> as;
};
// Runs the steps at moments of an arrival process, from this step on.
struct ArrivalsStep {
  enum class Process : std::uint8_t { poisson, periodic, trace } process = Process::periodic;
  Amount every = Amount::constant(0);  // seconds between two, on average
  std::vector<Amount> trace;           // seconds after this step
  std::optional<Amount> until;         // seconds after this step
  std::optional<Expression> count;
  std::optional<Slot> as;  // the number of the arrival, from 0
  Steps body;
};
struct FlowStep {
  enum class Kind : std::uint8_t { break_loop, next_round, exit_actor } kind = Kind::break_loop;
};
struct ReturnStep {
  Expression value;
};
struct RaiseStep {
  Text message;
};
struct PrintStep {
  Text text;
};
// A function of steps, in the same body's time.
struct CallStep {
  std::size_t function = 0;  // index in ScenarioProgram::functions
  std::vector<ArgumentSpec> args;
  Target as;
};

// create: places it; wait: for its creation, as long as the timeout says; ready: a reference that is there when it is; remove: gives
// its bundles back.
struct PlacementGroupStep {
  enum class Verb : std::uint8_t { create, wait, ready, remove } verb = Verb::create;
  std::size_t group = 0;                 // index in ScenarioProgram::placement_groups
  Amount timeout = Amount::constant(0);  // wait
  Target as = {};                        // ready
};

struct CreateStep {
  std::size_t actor = 0;  // index in ScenarioProgram::actors
  std::vector<ArgumentSpec> args;
  std::optional<Expression> count;
  Target as;
  ActorOptionsSpec options;
};
// Calls a method of an actor, or of each in a list.
struct InvokeStep {
  Expression actor;
  std::string method;
  CallSpec call;
  std::optional<std::int64_t> backpressure;  // over the method's own
  std::optional<std::string> concurrency_group;
  std::optional<int> max_task_retries;
  std::optional<TensorTransport> transport;
};
struct KillStep {
  Expression actor;
  bool no_restart = true;
};
struct GetActorStep {
  Text name;
  std::optional<Text> name_space;
  Target as;
};
struct CancelStep {
  Expression refs;
  bool force = false;
  bool recursive = true;
};
struct YieldStep {
  Expression value;
  std::optional<Amount> size;
};
// The next item of a generator, as a reference; nothing when it has ended.
struct NextStep {
  Expression of;
  Target as;
};

// A command to the distributed store, from the node where the body runs. The names then hold what it came to.
struct StoreStep {
  StoreCommand::Verb verb = StoreCommand::Verb::list;
  Text object;
  Amount size = Amount::constant(0);
  Amount offset = Amount::constant(0);
  NodeId node;  // fail, join
  enum class Finding : std::uint8_t { seconds, moved, rebuilt, objects, size, pieces, missing, readable, nodes };
  std::vector<std::pair<Finding, Variable>> found = {};
};

struct Step {
  SourcePlace place;
  std::string_view name;  // its key
  std::variant<SubmitStep, GetStep, WaitStep, PutStep, WorkStep, DiskStep, RepeatStep, ForEachStep, DrainStep,
               PlacementGroupStep, LetStep, IfStep, WhileStep, ArrivalsStep, FlowStep, ReturnStep, RaiseStep, PrintStep,
               TryStep, CallStep, CreateStep, InvokeStep, KillStep, GetActorStep, CancelStep, YieldStep, NextStep,
               StoreStep>
      what;
};

}  // namespace raysim
