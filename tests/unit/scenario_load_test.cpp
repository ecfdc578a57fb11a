#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/scenario_checks.hpp"

namespace raysim {

namespace {

Distribution duration_of(const std::string& text) {
  return scenario_of("tasks: {work: {duration: " + text + "}}\ndriver: []\n").program.tasks[0].duration.drawn;
}

std::int64_t whole_in(const std::optional<Expression>& expression) {
  REQUIRE(expression);
  REQUIRE(expression->constant() != nullptr);
  return *expression->constant()->as<std::int64_t>();
}

// The name that an expression is, or that a step sets.
std::string name_in(const BodySpec& body, const std::optional<Expression>& expression) {
  REQUIRE(expression);
  REQUIRE(expression->name() != nullptr);
  return body.names[expression->name()->slot];
}
std::string name_in(const BodySpec& body, const Target& target) {
  REQUIRE(target.name);
  return body.names[target.name->slot];
}

}  // namespace

TEST_CASE("the head of a scenario is read") {
  const ScenarioProgram program = scenario_of(R"(
title: A test
seed: 7
warm_workers: true
ray:
  architecture: raylet
  profile: mine
  policy: spread
  system_config: {scheduler_spread_threshold: 0.5, gcs_pull_resource_loads_period_milliseconds: 1000}
driver: []
)")
                                      .program;
  CHECK(program.title == "A test");
  CHECK(program.file == "x.yaml");
  CHECK(program.seed == 7);
  CHECK(program.warm_workers);
  CHECK(program.ray.profile == "mine");
  CHECK(program.ray.policy == "spread");
  CHECK(program.ray.system_config.at("scheduler_spread_threshold").text == "0.5");
  CHECK(program.ray.system_config.size() == 2);
}

TEST_CASE("what a scenario leaves out has defaults") {
  const ScenarioProgram program = scenario_of("tasks: {work: {}}\ndriver: []\n").program;
  CHECK(program.ray.policy == "hybrid");
  CHECK(program.seed == 0);
  CHECK_FALSE(program.warm_workers);
  const TaskSpec& work = program.tasks[0];
  CHECK_FALSE(work.options.num_cpus);
  CHECK(work.num_returns == 1);
  CHECK(work.return_size.drawn.a == 16);
  CHECK(work.compute);
  CHECK(work.duration.drawn.a == 0);
  CHECK(work.crash_attempts == 0);
  CHECK_FALSE(program.expect.outcome);
}

TEST_CASE("every key of a task is read") {
  const ScenarioProgram program = scenario_of(R"(
tasks:
  work:
    num_cpus: 0.5
    num_gpus: 2
    memory: 1 GiB
    resources: {bob: 1}
    scheduling_strategy: {node_affinity: {node: bob, soft: true, spill_on_unavailable: true}}
    label_selector: {zone: a, spot: '!yes', disk: 'in(ssd,nvme)'}
    fallback_strategy:
      - label_selector: {zone: '!in(b,c)'}
      - label_selector: {}
    max_retries: -1
    duration: 93 us
    sleep: true
    returns: 64 KB
    num_returns: 3
    crash: {attempts: 2}
  spread: {scheduling_strategy: SPREAD}
  labelled: {scheduling_strategy: {node_labels: {hard: {spot: does_not_exist()}, soft: {zone: exists(), disk: ssd}}}}
  failing: {scheduling_strategy: {node_affinity: {node: bob, fail_on_unavailable: true}}}
driver: []
)")
                                      .program;
  const TaskSpec& work = program.tasks[0];
  CHECK(work.name == "work");
  CHECK(work.options.num_cpus == 0.5);
  CHECK(work.options.num_gpus == 2);
  CHECK(work.options.memory->count == 1'073'741'824);
  CHECK(work.options.resources.at("bob") == 1);
  using Op = LabelConstraint::Op;
  SchedulingStrategy affinity;
  affinity.kind = SchedulingStrategy::Kind::node_affinity;
  affinity.node = {0};
  affinity.soft = affinity.spill_on_unavailable = true;
  CHECK(work.options.scheduling_strategy == affinity);
  CHECK(work.options.label_selector ==
        LabelSelector({{"zone", Op::in, {"a"}}, {"spot", Op::not_in, {"yes"}}, {"disk", Op::in, {"nvme", "ssd"}}}));
  CHECK(work.options.fallback_strategy->size() == 2);
  CHECK(work.options.fallback_strategy->front() == LabelSelector({{"zone", Op::not_in, {"b", "c"}}}));
  CHECK(work.options.max_retries == -1);
  CHECK(work.duration.drawn.a == doctest::Approx(93e-6));
  CHECK_FALSE(work.compute);
  CHECK(work.return_size.drawn.a == 64'000);
  CHECK(work.num_returns == 3);
  CHECK(work.crash_attempts == 2);
  CHECK(program.tasks[1].options.scheduling_strategy->kind == SchedulingStrategy::Kind::spread);
  const SchedulingStrategy labels = *program.tasks[2].options.scheduling_strategy;
  CHECK(labels.kind == SchedulingStrategy::Kind::node_labels);
  CHECK(labels.hard_labels == LabelSelector({{"spot", Op::does_not_exist}}));
  CHECK(labels.soft_labels == LabelSelector({{"zone", Op::exists}, {"disk", Op::in, {"ssd"}}}));
  CHECK(program.tasks[3].options.scheduling_strategy->fail_on_unavailable);
}

TEST_CASE("every kind of distribution is read") {
  using Kind = Distribution::Kind;
  CHECK(duration_of("0.5 s").kind == Kind::constant);
  CHECK(duration_of("[1 s, 250 ms]").kind == Kind::list);
  CHECK(duration_of("[1 s, 250 ms]").values == std::vector<double>{1, 0.25});
  const Distribution uniform = duration_of("{uniform: {min: 1 s, max: 2 s}}");
  CHECK(uniform.kind == Kind::uniform);
  CHECK(uniform.a == 1);
  CHECK(uniform.b == 2);
  const Distribution normal = duration_of("{normal: {mean: 1 s, deviation: 100 ms, max: 2 s}}");
  CHECK(normal.kind == Kind::normal);
  CHECK(normal.b == 0.1);
  CHECK(normal.max == 2);
  const Distribution lognormal = duration_of("{lognormal: {median: 2 s, sigma: 0.7}}");
  CHECK(lognormal.kind == Kind::lognormal);
  CHECK(lognormal.a == std::log(2.0));
  CHECK(lognormal.b == 0.7);
  CHECK(lognormal.max == 0);
  CHECK(duration_of("{exponential: {mean: 3 s}}").a == 3);
  const Distribution pareto = duration_of("{pareto: {min: 1 ms, shape: 1.5}}");
  CHECK(pareto.kind == Kind::pareto);
  CHECK(pareto.a == 0.001);
  CHECK(pareto.b == 1.5);
  CHECK(duration_of("{empirical: [1 s, 2 s]}").kind == Kind::empirical);
}

TEST_CASE("every kind of step is read") {
  const ScenarioProgram program = scenario_of(R"(
tasks:
  work: {duration: 1 s}
driver:
  - submit: work
  - put: {size: 1 MB, count: 4, as: blocks}
  - submit:
      task: work
      over: blocks
      group: 2
      args: [blocks, 8 B]
      as: results
      append: true
      options: {num_cpus: 2}
      duration: 2 s
  - get: results
  - get: {refs: results, timeout: 5 s}
  - wait: {refs: results, num_returns: 2, timeout: 1 s, ready: done, pending: rest}
  - sleep: 0.5 s
  - compute: {uniform: {min: 1 s, max: 2 s}}
  - repeat:
      count: 3
      do: [{get: done}]
  - for_each: {in: rest, as: one, do: [{get: one}, {submit: {task: work, args: [one], as: last}}]}
  - get: last
)")
                                      .program;
  const BodySpec& body = program.drivers.front().body;
  const Steps& driver = body.steps;
  REQUIRE(driver.size() == 11);
  CHECK_FALSE(step_of<SubmitStep>(driver, 0).call.count);
  CHECK(step_of<PutStep>(driver, 1).size->drawn.a == 1'000'000);
  CHECK(whole_in(step_of<PutStep>(driver, 1).count) == 4);
  const SubmitStep& submit = step_of<SubmitStep>(driver, 2);
  CHECK(name_in(body, submit.call.over) == "blocks");
  CHECK(whole_in(submit.call.group) == 2);
  REQUIRE(submit.call.args.size() == 2);
  CHECK(name_in(body, submit.call.args[0].value) == "blocks");
  CHECK_FALSE(submit.call.args[0].size);
  CHECK(submit.call.args[1].size->drawn.a == 8);
  CHECK(name_in(body, submit.call.as) == "results");
  CHECK(submit.call.as.append);
  CHECK(submit.options.num_cpus == 2);
  CHECK(submit.call.duration->drawn.a == 2);
  CHECK(driver[2].place.line == 9);
  CHECK(driver[2].place.column == 5);
  CHECK(driver[2].name == "submit");
  CHECK(name_in(body, step_of<GetStep>(driver, 3).refs) == "results");
  CHECK(step_of<GetStep>(driver, 4).timeout->drawn.a == 5);
  const WaitStep& wait = step_of<WaitStep>(driver, 5);
  CHECK(whole_in(wait.num_returns) == 2);
  CHECK(wait.timeout->drawn.a == 1);
  CHECK(body.names[wait.ready->slot] == "done");
  CHECK(body.names[wait.pending->slot] == "rest");
  CHECK_FALSE(step_of<WorkStep>(driver, 6).compute);
  CHECK(step_of<WorkStep>(driver, 7).compute);
  CHECK(step_of<RepeatStep>(driver, 8).body.size() == 1);
  CHECK(body.names[step_of<ForEachStep>(driver, 9).as] == "one");
}

TEST_CASE("bodies may submit any task, themselves too") {
  const ScenarioProgram program = scenario_of(R"(
tasks:
  parent:
    body:
      - submit: {task: child, count: 2, as: children}
      - submit: parent
      - get: children
  child: {duration: 1 s}
driver:
  - submit: parent
)")
                                      .program;
  CHECK(step_of<SubmitStep>(program.tasks[0].body.steps, 0).task == 1);
  CHECK(step_of<SubmitStep>(program.tasks[0].body.steps, 1).task == 0);
}

TEST_CASE("expectations are read") {
  const ExpectSpec expect = scenario_of(R"(
driver: [{let: {n: 1, l: [n]}}]
expect:
  values: {l: [1], n: 2 - 1}
  outcome: WorkerCrashedError
  makespan: {min: 1 s, max: 2 s}
  tasks_per_node: {bob: 10, alice: [2, 4]}
  finished: 12
  retried: 1
  failed: 0
)")
                                .program.expect;
  CHECK(expect.outcome == "WorkerCrashedError");
  CHECK(expect.makespan.min == Duration::milliseconds(1'000));
  CHECK(expect.makespan.max == Duration::milliseconds(2'000));
  CHECK(expect.tasks_per_node.at("bob") == std::pair<std::int64_t, std::int64_t>{10, 10});
  CHECK(expect.tasks_per_node.at("alice") == std::pair<std::int64_t, std::int64_t>{2, 4});
  CHECK(expect.finished == 12);
  CHECK(expect.retried == 1);
  CHECK(expect.failed == 0);
  REQUIRE(expect.values.size() == 2);
  CHECK(expect.values[0].slot == 1);
  CHECK(to_text(expect.values[0].value) == "[1]");
  CHECK(expect.values[1].value == Value(1));
}

TEST_CASE("options of a call go over those of the task") {
  TaskOptionsSpec task;
  task.num_cpus = 2;
  task.max_retries = 5;
  task.resources = {{"bob", 1}, {"disk", 2}};
  TaskOptionsSpec call;
  call.num_cpus = 0;
  call.resources = {{"bob", 3}};
  const TaskOptionsSpec both = merged(task, call);
  CHECK(both.num_cpus == 0);
  CHECK(both.max_retries == 5);
  CHECK(both.resources == std::map<std::string, double>{{"bob", 3}});
}

TEST_CASE("overrides reach into the scenario and its platform") {
  const std::vector<std::string> overrides{"tasks.work.duration=3 s", "ray.policy=spread",
                                           "driver.0.submit={task: work, count: 9}", "cluster.nodes.bob.cpus=5",
                                           "cluster.nodes.alice.count=2"};
  const Scenario scenario = scenario_of("tasks: {work: {duration: 1 s}}\ndriver: [{submit: work}]\n", overrides);
  CHECK(scenario.program.tasks[0].duration.drawn.a == 3);
  CHECK(scenario.program.ray.policy == "spread");
  const Steps& driver = scenario.program.drivers.front().body.steps;
  CHECK(whole_in(step_of<SubmitStep>(driver, 0).call.count) == 9);
  CHECK(driver[0].place.line > 0);
  CHECK(scenario.cluster.nodes[0].total.get(cpu_resource).value() == 5);
  CHECK(scenario.cluster.nodes.size() == 3);
  const std::vector<std::string> larger{"cluster.nodes.worker.count=199"};
  const std::string text = "raysim: 1\ncluster: ../platforms/hundred.yaml\ndriver: []\n";
  CHECK(load_scenario_text(text, "scenarios/x.yaml", larger).cluster.nodes.size() == 200);
}

TEST_CASE("every shipped scenario loads, is short and says what it expects") {  // scenarios/*.yaml
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    const Scenario scenario = load_scenario(entry.path().string());
    CHECK_FALSE(scenario.program.title.empty());
    CHECK(scenario.program.expect.outcome);
    std::ifstream file(entry.path());
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    CHECK(lines <= 60);
    ++count;
  }
  CHECK(count >= 11);
}

}  // namespace raysim
