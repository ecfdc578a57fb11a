// Reading of bodies: lists of steps of a driver, task, method or function; a part of the scenario loader (load.hpp).
//
// Models: every kind of step, and which names hold values at each (load_steps.cpp: variables, conditions, loops; load_calls.cpp: calls
// of tasks, actors and functions, and what comes of them; load_store.cpp: commands to the distributed store). Leaves out: declarations
// of tasks and actors.
// Invariants: what steps refer to exists; a name is set by an earlier step of the same body before it is read. What a loop that
// runs zero times, or a branch that is not taken, would have set is nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/load_expressions.hpp"
#include "scenarios/load_options.hpp"

namespace raysim {

// What may stand in a body beyond the steps of all.
struct BodyKind {
  bool returns = false;   // not in a driver
  bool yields = false;    // its function has num_returns: streaming
  bool of_actor = false;  // a method
};

class BodyReader {
 public:
  // `names` has the parameters already.
  BodyReader(const ScenarioContext& context, NameTable& names, BodyKind kind)
      : context_(context), read_(context.engine(), names), kind_(kind) {}

  Steps steps(const YamlReader& value);

 private:
  Step step(const YamlReader& value);
  Step flow_step(const YamlReader& value);
  decltype(Step::what) read(const YamlReader& value, const YamlMapping& step);
  decltype(Step::what) read_call(const YamlReader& value);

  LetStep let(const YamlReader& value);
  IfStep choose(const YamlReader& value, const YamlMapping& step);
  WhileStep loop(const YamlReader& value, const YamlMapping& step);
  TryStep attempt(const YamlReader& value, const YamlMapping& step);
  RepeatStep repeat(const YamlReader& value);
  ForEachStep for_each(const YamlReader& value);
  ArrivalsStep arrivals(const YamlReader& value);
  ReturnStep return_value(const YamlReader& value);
  YieldStep yield(const YamlReader& value);
  DrainStep drain(const YamlReader& value);
  PlacementGroupStep wait_placement_group(const YamlReader& value);

  SubmitStep submit(const YamlReader& value);
  GetStep get(const YamlReader& value);
  WaitStep wait(const YamlReader& value);
  PutStep put(const YamlReader& value);
  CallStep call(const YamlReader& value);
  CreateStep create(const YamlReader& value);
  InvokeStep invoke(const YamlReader& value);
  KillStep kill(const YamlReader& value);
  GetActorStep get_actor(const YamlReader& value);
  CancelStep cancel(const YamlReader& value);
  NextStep next(const YamlReader& value);
  StoreStep store(const YamlReader& value);

  // Steps that run zero times or more.
  Steps loop_body(const YamlReader& value);
  // `args`, `count`, `over`, `group`, `duration`, `as` and `append` of a step that calls a function with these parameters.
  CallSpec call_spec(const YamlMapping& mapping, const FunctionSpec& function);
  std::vector<ArgumentSpec> arguments(const YamlMapping& mapping);
  ArgumentSpec argument(const YamlReader& value);
  // Fails where the number of arguments is known and cannot be right. `more`: arguments beyond `args`, if known.
  void check_arguments(const YamlMapping& mapping, const std::vector<ArgumentSpec>& args,
                       std::optional<std::size_t> more, const BodySpec& body, const std::string& function) const;
  std::optional<Amount> timeout(const YamlMapping& mapping) const;
  // `as` and `append` of a step that makes something.
  Target target(const YamlMapping& mapping);

  const ScenarioContext& context_;
  ExpressionReader read_;
  BodyKind kind_;
  int loops_ = 0;  // around the present step
};

}  // namespace raysim
