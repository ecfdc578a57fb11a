#include "scenarios/load_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "scenarios/load_keys.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t most_repeats = 100'000'000;

class BodyReader {
 public:
  BodyReader(const ScenarioContext& context, const std::vector<TaskSpec>& tasks) : context_(context), tasks_(tasks) {}

  Steps steps(const YamlReader& value) {
    Steps result;
    for (const YamlReader& item : value.list("a list of steps, such as [{submit: TASK}, {sleep: 1 s}]"))
      result.push_back(step(item));
    return result;
  }

 private:
  using Verb = PlacementGroupStep::Verb;

  Step step(const YamlReader& value) {
    const YamlMapping mapping = value.mapping(keys::step);
    std::optional<YamlReader> what;
    for (const KeySpec& key : keys::step.keys) {
      const auto found = mapping.find(key.name);
      if (found && what) value.fail("more than one key in a step", "one step in each element of the list");
      if (found) what = found;
    }
    if (!what)
      value.fail("empty step",
                 "one of submit, get, wait, put, sleep, compute, repeat, for_each, drain, create_placement_group, "
                 "wait_placement_group, remove_placement_group");
    return {{value.place().line, value.place().column}, read(*what)};
  }

  decltype(Step::what) read(const YamlReader& value) {
    const std::string_view name = value.key();
    if (name == "submit") return submit(value);
    if (name == "get") return get(value);
    if (name == "wait") return wait(value);
    if (name == "put") return put(value);
    if (name == "repeat") return repeat(value);
    if (name == "for_each") return for_each(value);
    if (name == "drain") return drain(value);
    if (name == "wait_placement_group") return wait_placement_group(value);
    if (name == "create_placement_group" || name == "remove_placement_group")
      return PlacementGroupStep{
          name == "create_placement_group" ? Verb::create : Verb::remove, context_.placement_group(value), {}};
    return WorkStep{name == "compute", read_durations(value)};
  }

  SubmitStep submit(const YamlReader& value) {
    SubmitStep result;
    if (!value.is_mapping()) {
      result.task = context_.task(value);
      return result;
    }
    const YamlMapping mapping = value.mapping(keys::submit);
    result.task = context_.task(mapping.at("task"));
    if (const auto count = mapping.find("count")) result.count = count->whole(0, most_repeats);
    if (const auto over = mapping.find("over")) {
      if (mapping.has("count"))
        mapping.fail_at_key("count", "'count' next to 'over'", "one of the two, as 'over' says how many");
      result.over = known_name(*over);
    }
    if (const auto group = mapping.find("group")) {
      if (!mapping.has("over")) mapping.fail_at_key("group", "'group' without 'over'", "the name of a list in 'over'");
      result.group = group->whole(1, most_repeats);
    }
    if (const auto args = mapping.find("args"))
      for (const YamlReader& item : args->list("a list of names and sizes")) result.args.push_back(argument(item));
    if (const auto duration = mapping.find("duration")) {
      if (context_.has_body(result.task))
        mapping.fail_at_key("duration", "a duration for a task with a body",
                            "no duration, as the steps of the body take the time");
      result.duration = read_durations(*duration);
    }
    if (const auto options = mapping.find("options")) {
      result.options = read_options(options->mapping(keys::options), context_);
      const TaskSpec& task = tasks_[result.task];
      const TaskOptionsSpec all = merged(task.options, result.options);
      check_demand(all, task.name, *options, context_);
      if (task.on_gpu && all.num_gpus.value_or(0) == 0)
        options->fail("no GPUs for a task with 'runs_on: gpu'", "'num_gpus' above 0");
    }
    read_target(mapping, result.as, result.append);
    return result;
  }

  GetStep get(const YamlReader& value) {
    if (!value.is_mapping()) return {known_name(value), {}};
    const YamlMapping mapping = value.mapping(keys::get);
    return {known_name(mapping.at("refs")), timeout(mapping)};
  }

  WaitStep wait(const YamlReader& value) {
    const YamlMapping mapping = value.mapping(keys::wait);
    WaitStep result;
    result.refs = known_name(mapping.at("refs"));
    if (const auto count = mapping.find("num_returns")) result.num_returns = count->whole(1, most_repeats);
    result.timeout = timeout(mapping);
    if (const auto ready = mapping.find("ready")) result.ready = new_name(*ready);
    if (const auto pending = mapping.find("pending")) result.pending = new_name(*pending);
    if (!result.ready.empty() && result.ready == result.pending)
      mapping.at("pending").fail("'ready' and 'pending' have the same name", "names that differ");
    return result;
  }

  PutStep put(const YamlReader& value) {
    const YamlMapping mapping = value.mapping(keys::put);
    PutStep result;
    result.size = mapping.at("size").bytes();
    if (const auto count = mapping.find("count")) result.count = count->whole(0, most_repeats);
    read_target(mapping, result.as, result.append);
    return result;
  }

  RepeatStep repeat(const YamlReader& value) {
    const YamlMapping mapping = value.mapping(keys::repeat);
    return {mapping.at("count").whole(0, most_repeats), steps(mapping.at("do"))};
  }

  ForEachStep for_each(const YamlReader& value) {
    const YamlMapping mapping = value.mapping(keys::for_each);
    ForEachStep result;
    result.in = known_name(mapping.at("in"));
    const YamlReader as = mapping.at("as");
    result.as = as.name("a new name for one reference");
    if (!names_.insert(result.as).second)
      as.fail(fmt::format("{} holds references already", in_quotes(result.as)), "a name that is not yet in use");
    result.body = steps(mapping.at("do"));
    names_.erase(result.as);
    return result;
  }

  DrainStep drain(const YamlReader& value) {
    DrainStep result;
    std::optional<YamlReader> node = value;
    if (value.is_mapping()) {
      const YamlMapping mapping = value.mapping(keys::drain);
      node = mapping.at("node");
      if (const auto at = mapping.find("at")) result.at = at->duration();
    }
    result.node = context_.node(*node);
    return result;
  }

  PlacementGroupStep wait_placement_group(const YamlReader& value) {
    constexpr Duration as_in_ray = Duration::milliseconds(30'000);  // python/ray/util/placement_group.py
    if (!value.is_mapping()) return {Verb::wait, context_.placement_group(value), as_in_ray};
    const YamlMapping mapping = value.mapping(keys::wait_placement_group);
    return {Verb::wait, context_.placement_group(mapping.at("group")), timeout(mapping).value_or(as_in_ray)};
  }

  static std::optional<Duration> timeout(const YamlMapping& mapping) {
    const auto value = mapping.find("timeout");
    return value ? std::optional(value->duration()) : std::nullopt;
  }

  // `as` and `append` of a step that makes references.
  void read_target(const YamlMapping& mapping, std::string& as, bool& append) {
    const auto name = mapping.find("as");
    if (name) as = new_name(*name);
    const auto flag = mapping.find("append");
    if (flag && !name) flag->fail_at_key("'append' without 'as'", "the name to add to in 'as'");
    append = flag && flag->boolean();
  }

  std::string new_name(const YamlReader& value) {
    std::string name = value.name("a name for references");
    names_.insert(name);
    return name;
  }

  std::string known_name(const YamlReader& value) {
    std::string name = value.name("the name of references");
    if (names_.contains(name)) return name;
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    const std::string expected =
        known.empty() ? "an earlier step with 'as: " + on_one_line(name, 60) + "'" : "one of " + listed(known);
    value.fail(fmt::format("no earlier step of this body sets the name {}", in_quotes(name)),
               expected + suggestion(name, known));
  }

  ArgumentSpec argument(const YamlReader& value) {
    if (value.starts_with_digit()) return {{}, value.bytes()};
    return {known_name(value), {}};
  }

  const ScenarioContext& context_;
  const std::vector<TaskSpec>& tasks_;
  std::set<std::string> names_;  // that hold references so far, sorted for messages
};

}  // namespace

Steps read_body(const YamlReader& value, const ScenarioContext& context, const std::vector<TaskSpec>& tasks) {
  return BodyReader(context, tasks).steps(value);
}

}  // namespace raysim
