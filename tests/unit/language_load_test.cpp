#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/scenario_checks.hpp"

namespace raysim {

TEST_CASE("the steps of variables, conditions, loops and functions are read") {
  const ScenarioProgram program = scenario_of(R"(
functions:
  double: {parameters: [x], return: 2 * x}
driver:
  - let: {n: 3, list: [n, n + 1]}
  - if: n > 2
    then: [{print: "{n} is more"}]
    else: [{raise: too few}]
  - while: n < 5
    do: [{let: {n: n + 1}}, break, continue]
  - repeat: {count: n, as: i, do: [{sleep: (i * 2) ms}]}
  - arrivals: {poisson: 100 per s, until: 2 s, as: k, do: []}
  - arrivals: {trace: [1 s, 2 s], do: []}
  - call: {function: double, args: [n], as: m}
)")
                                      .program;
  const BodySpec& body = program.drivers.front().body;
  CHECK(body.names == std::vector<std::string>{"n", "list", "i", "k", "m"});
  const Steps& driver = body.steps;
  CHECK(step_of<LetStep>(driver, 0).values.size() == 2);
  CHECK(step_of<IfStep>(driver, 1).then.size() == 1);
  CHECK(step_of<PrintStep>(step_of<IfStep>(driver, 1).then, 0).text.parts.size() == 2);
  CHECK(step_of<RaiseStep>(step_of<IfStep>(driver, 1).otherwise, 0).message.parts.size() == 1);
  const Steps& loop = step_of<WhileStep>(driver, 2).body;
  CHECK(step_of<FlowStep>(loop, 1).kind == FlowStep::Kind::break_loop);
  CHECK(step_of<FlowStep>(loop, 2).kind == FlowStep::Kind::next_round);
  CHECK(step_of<WorkStep>(step_of<RepeatStep>(driver, 3).body, 0).duration.unit == 1e-3);
  CHECK(step_of<ArrivalsStep>(driver, 4).process == ArrivalsStep::Process::poisson);
  CHECK(step_of<ArrivalsStep>(driver, 4).every.drawn.a == 0.01);
  CHECK(step_of<ArrivalsStep>(driver, 5).trace.size() == 2);
  CHECK(step_of<CallStep>(driver, 6).args.size() == 1);
}

TEST_CASE("actors, their options and the steps that use them are read") {
  const ScenarioProgram program = scenario_of(R"(
tasks:
  items: {num_returns: streaming, body: [{yield: 1}, {yield: {value: 2, size: 1 MB}}]}
actors:
  Counter:
    num_cpus: 1
    max_restarts: -1
    max_task_retries: 2
    max_pending_calls: 10
    max_concurrency: 4
    concurrency_groups: {io: 2}
    parameters: [start]
    state: {total: start, calls: 0}
    init: [{let: {self.calls: self.total - start}}]
    methods:
      inc: {parameters: [n], body: [{let: {self.total: self.total + n}}], return: self.total, concurrency_group: io}
      leave: {body: [exit_actor]}
driver:
  - create: {actor: Counter, args: [5], as: counter, options: {name: 'c{1 + 1}', lifetime: detached, get_if_exists: true}}
  - invoke: {actor: counter, method: inc, over: "[1, 2]", as: sums, concurrency_group: io, max_task_retries: 1}
  - get_actor: {name: c2, as: same}
  - kill: {actor: same, no_restart: false}
  - submit: {task: items, as: generator}
  - next: {of: generator, as: item}
  - cancel: {refs: generator, force: true}
)")
                                      .program;
  const ActorClassSpec& counter = program.actors.at(0);
  CHECK(counter.options.task.num_cpus == 1);
  CHECK(counter.options.max_restarts == -1);
  CHECK(counter.options.max_pending_calls == 10);
  CHECK(counter.options.max_concurrency == 4);
  CHECK(counter.concurrency_groups.at(0).second == 2);
  CHECK(counter.state == std::vector<std::string>{"total", "calls"});
  CHECK(counter.constructor.body.parameters == 1);
  CHECK(counter.constructor.has_steps);
  REQUIRE(counter.methods.size() == 2);
  CHECK(counter.methods[0].concurrency_group == "io");
  CHECK(step_of<LetStep>(counter.methods[0].body.steps, 0).values[0].first.of_state);
  CHECK(step_of<FlowStep>(counter.methods[1].body.steps, 0).kind == FlowStep::Kind::exit_actor);
  CHECK(program.tasks[0].num_returns == streaming_returns);
  const Steps& driver = program.drivers.front().body.steps;
  CHECK(step_of<CreateStep>(driver, 0).options.name->parts.size() == 2);
  CHECK(step_of<CreateStep>(driver, 0).options.detached == true);
  CHECK(step_of<InvokeStep>(driver, 1).concurrency_group == "io");
  CHECK(step_of<InvokeStep>(driver, 1).max_task_retries == 1);
  CHECK_FALSE(step_of<KillStep>(driver, 3).no_restart);
  CHECK(step_of<CancelStep>(driver, 6).force);
}

}  // namespace raysim
