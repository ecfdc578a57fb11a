// libFuzzer over all loaders: any text ends in a valid scenario, sweep or cluster, or an InputError of one line.
//
// A comment line `#set KEY=VALUE` in the text is an override. Start it in the source folder, so that scenarios find the
// shipped platforms, with the shipped files and tests/bad_input as seeds:   raysim_fuzz -dict=tests/fuzz/load.dict
// CORPUS scenarios platforms tests/bad_input
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/load.hpp"
#include "scenarios/load.hpp"
#include "scenarios/sweep.hpp"

namespace raysim {

namespace {

constexpr std::size_t most_overrides = 4;

void require(bool is_true, const char* what) {
  if (is_true) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

std::vector<std::string> overrides_in(std::string_view text) {
  constexpr std::string_view mark = "#set ";
  std::vector<std::string> overrides;
  for (std::size_t at = text.find(mark); at != std::string_view::npos && overrides.size() < most_overrides;
       at = text.find(mark, at + 1))
    overrides.emplace_back(text.substr(at + mark.size(), text.find('\n', at) - at - mark.size()));
  return overrides;
}

void check_error(const InputError& error) {
  const std::string_view message = error.what();
  require(message.find('\n') == std::string_view::npos, "a message is one line");
  require(message.find(", expected ") != std::string_view::npos, "a message says what was expected");
  require((error.line() > 0) == (error.column() > 0), "line and column come together");
  require(error.line() > 0 || error.file().starts_with("--set "), "a mistake in a file has a place");
}

void check_cluster(const ClusterSpec& cluster) {
  int heads = 0;
  for (const NodeSpec& node : cluster.nodes) {
    heads += node.head ? 1 : 0;
    require(node.machine.index < cluster.platform.machines.size(), "a node stands on a machine");
    for (const auto& [id, amount] : node.total.entries()) require(amount.ticks > 0, "totals are positive");
  }
  require(heads == 1, "a cluster has one head");
}

void check_steps(const Steps& steps, const BodySpec& body, const ScenarioProgram& program) {
  const auto knows = [&](Slot slot) { return slot < body.names.size(); };
  for (const Step& step : steps) {
    require(!step.name.empty(), "a step has a name");
    if (const auto* submit = std::get_if<SubmitStep>(&step.what)) {
      require(submit->task < program.tasks.size(), "a submitted task exists");
    } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
      check_steps(repeat->body, body, program);
    } else if (const auto* loop = std::get_if<WhileStep>(&step.what)) {
      check_steps(loop->body, body, program);
    } else if (const auto* choice = std::get_if<IfStep>(&step.what)) {
      check_steps(choice->then, body, program);
      check_steps(choice->otherwise, body, program);
    } else if (const auto* attempt = std::get_if<TryStep>(&step.what)) {
      check_steps(attempt->body, body, program);
      check_steps(attempt->handler, body, program);
    } else if (const auto* each = std::get_if<ForEachStep>(&step.what)) {
      require(knows(each->as), "a loop has a name");
      check_steps(each->body, body, program);
    }
  }
}

void check_program(const ScenarioProgram& program) {
  for (const DriverSpec& driver : program.drivers) check_steps(driver.body.steps, driver.body, program);
  for (const TaskSpec& task : program.tasks) check_steps(task.body.steps, task.body, program);
  for (const SubroutineSpec& function : program.functions) check_steps(function.body.steps, function.body, program);
  for (const ActorClassSpec& actor : program.actors) {
    require(actor.state.size() == actor.initial.size(), "a state has first values");
    check_steps(actor.constructor.body.steps, actor.constructor.body, program);
    for (const MethodSpec& method : actor.methods) check_steps(method.body.steps, method.body, program);
  }
}

}  // namespace

}  // namespace raysim

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace raysim;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // SimGrid loads one platform a process.
  if (text.find(".xml") != std::string_view::npos) return 0;
  const std::vector<std::string> overrides = overrides_in(text);
  try {
    const Scenario scenario = load_scenario_text(text, "scenarios/fuzz.yaml", overrides);
    check_cluster(scenario.cluster);
    check_program(scenario.program);
  } catch (const InputError& error) {
    check_error(error);
  }
  try {
    const SweepSpec sweep = load_sweep_text(text, "scenarios/fuzz.yaml", {});
    for (const SweepAxis& axis : sweep.grid) require(!axis.values.empty(), "an axis has values");
  } catch (const InputError& error) {
    check_error(error);
  }
  try {
    check_cluster(load_cluster_text(text, "platforms/fuzz.yaml", overrides));
  } catch (const InputError& error) {
    check_error(error);
  }
  return 0;
}
