// Steps of variables, conditions, loops and time.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/load_body.hpp"
#include "scenarios/load_keys.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t most_repeats = 100'000'000;

// Keys that stand beside another one.
struct Companion {
  std::string_view key;
  std::string_view of;
};
constexpr std::array<Companion, 5> companions{Companion{"then", "if"}, Companion{"else", "if"},
                                              Companion{"do", "while"}, Companion{"except", "try"},
                                              Companion{"as", "try"}};

bool is_companion(std::string_view key) {
  return std::any_of(companions.begin(), companions.end(),
                     [&](const Companion& companion) { return companion.key == key; });
}

std::string step_names() {
  std::string names;
  for (const KeySpec& key : keys::step.keys)
    if (!is_companion(key.name)) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

// The name as it stands in the table, which lives as long as the program.
std::string_view lasting_name(std::string_view name) {
  for (const KeySpec& key : keys::step.keys)
    if (key.name == name) return key.name;
  return name;
}

}  // namespace

Steps BodyReader::steps(const YamlReader& value) {
  Steps result;
  for (const YamlReader& item : value.list("a list of steps, such as [{submit: TASK}, {sleep: 1 s}]"))
    result.push_back(item.is_scalar() ? flow_step(item) : step(item));
  return result;
}

// A step of one word.
Step BodyReader::flow_step(const YamlReader& value) {
  using Kind = FlowStep::Kind;
  const std::string word = value.scalar();
  const auto made = [&](std::string_view name, auto what) { return Step{place_of(value), name, std::move(what)}; };
  if (word == "break" || word == "continue") {
    if (loops_ == 0)
      value.fail(in_quotes(word) + " outside of a loop", "it in the steps of repeat, while, for_each or arrivals");
    return word == "break" ? made("break", FlowStep{Kind::break_loop}) : made("continue", FlowStep{Kind::next_round});
  }
  if (word == "return") {
    if (!kind_.returns) value.fail("'return' in a driver", "it in a task, method or function");
    return made("return", ReturnStep{});
  }
  if (word == "exit_actor") {
    if (!kind_.of_actor) value.fail("'exit_actor' outside of an actor", "it in a method");
    return made("exit_actor", FlowStep{Kind::exit_actor});
  }
  return step(value);  // which says what is wrong
}

Step BodyReader::step(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::step);
  std::optional<YamlReader> what;
  for (const KeySpec& key : keys::step.keys) {
    const auto found = mapping.find(key.name);
    if (!found || is_companion(key.name)) continue;
    if (what) value.fail("more than one key in a step", "one step in each element of the list");
    what = found;
  }
  if (!what) value.fail("empty step", "one of " + step_names());
  for (const auto& [key, of] : companions)
    if (mapping.has(key) && what->key() != of)
      mapping.fail_at_key(key, fmt::format("'{}' next to {}", key, in_quotes(what->key())),
                          fmt::format("it next to '{}', or inside of the mapping of this step", of));
  return {place_of(value), lasting_name(what->key()), read(*what, mapping)};
}

decltype(Step::what) BodyReader::read(const YamlReader& value, const YamlMapping& step) {
  using Verb = PlacementGroupStep::Verb;
  const std::string_view name = value.key();
  if (name == "let") return let(value);
  if (name == "if") return choose(value, step);
  if (name == "while") return loop(value, step);
  if (name == "try") return attempt(value, step);
  if (name == "repeat") return repeat(value);
  if (name == "for_each") return for_each(value);
  if (name == "arrivals") return arrivals(value);
  if (name == "return") return return_value(value);
  if (name == "yield") return yield(value);
  if (name == "raise") return RaiseStep{read_.text(value)};
  if (name == "print") return PrintStep{read_.text(value)};
  if (name == "sleep" || name == "compute") return WorkStep{name == "compute", read_.durations(value)};
  if (name == "read_disk" || name == "write_disk")
    return DiskStep{name == "read_disk" ? DiskUse::read : DiskUse::write, read_.sizes(value)};
  if (name == "drain") return drain(value);
  if (name == "wait_placement_group") return wait_placement_group(value);
  if (name == "placement_group_ready") {
    const YamlMapping mapping = value.mapping(keys::placement_group_ready);
    return PlacementGroupStep{Verb::ready, context_.placement_group(mapping.at("group")), {}, target(mapping)};
  }
  if (name == "create_placement_group") return PlacementGroupStep{Verb::create, context_.placement_group(value)};
  if (name == "remove_placement_group") return PlacementGroupStep{Verb::remove, context_.placement_group(value)};
  if (name.starts_with("store_")) return store(value);
  return read_call(value);
}

LetStep BodyReader::let(const YamlReader& value) {
  LetStep result;
  for (const YamlReader& entry : value.named_values("values by name")) {
    Expression expression = read_.value(entry);  // before the name is known
    result.values.emplace_back(read_.target_at_key(entry), std::move(expression));
  }
  if (result.values.empty()) value.fail("no name to set", "a name and an expression, as in {n: n + 1}");
  return result;
}

IfStep BodyReader::choose(const YamlReader& value, const YamlMapping& step) {
  IfStep result;
  result.condition = read_.value(value);
  const auto then = step.find("then");
  if (!then) value.fail_at_key("'if' without 'then'", "the steps to run in 'then'");
  result.then = steps(*then);
  if (const auto otherwise = step.find("else")) result.otherwise = steps(*otherwise);
  return result;
}

Steps BodyReader::loop_body(const YamlReader& value) {
  ++loops_;
  Steps result = steps(value);
  --loops_;
  return result;
}

WhileStep BodyReader::loop(const YamlReader& value, const YamlMapping& step) {
  WhileStep result;
  result.condition = read_.value(value);
  const auto body = step.find("do");
  if (!body) value.fail_at_key("'while' without 'do'", "the steps to repeat in 'do'");
  result.body = loop_body(*body);
  return result;
}

TryStep BodyReader::attempt(const YamlReader& value, const YamlMapping& step) {
  TryStep result;
  result.body = steps(value);
  const auto handler = step.find("except");
  if (!handler) value.fail_at_key("'try' without 'except'", "what to do after an error in 'except'");
  const auto as = step.find("as");
  if (as) result.as = read_.loop_name(*as);
  result.handler = steps(*handler);
  if (as) read_.names().forget(as->scalar());
  return result;
}

RepeatStep BodyReader::repeat(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::repeat);
  RepeatStep result;
  result.count = read_.whole(mapping.at("count"), 0, most_repeats);
  const auto as = mapping.find("as");
  if (as) result.as = read_.loop_name(*as);
  result.body = loop_body(mapping.at("do"));
  if (as) read_.names().forget(as->scalar());
  return result;
}

ForEachStep BodyReader::for_each(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::for_each);
  ForEachStep result;
  result.in = read_.value(mapping.at("in"));
  const YamlReader as = mapping.at("as");
  result.as = read_.loop_name(as);
  result.body = loop_body(mapping.at("do"));
  read_.names().forget(as.scalar());
  return result;
}

ArrivalsStep BodyReader::arrivals(const YamlReader& value) {
  using Process = ArrivalsStep::Process;
  const YamlMapping mapping = value.mapping(keys::arrivals);
  ArrivalsStep result;
  std::optional<YamlReader> process;
  for (const std::string_view key : {"poisson", "every", "trace"}) {
    const auto found = mapping.find(key);
    if (found && process) found->fail_at_key("more than one of poisson, every and trace", "exactly one of them");
    if (found) process = found;
  }
  if (!process) value.fail("no process in 'arrivals'", "one of poisson, every, trace");
  if (process->key() == "poisson") {
    result.process = Process::poisson;
    result.every = read_.period_of_rate(*process);
  } else if (process->key() == "every") {
    result.every = read_.duration(*process);
  } else {
    result.process = Process::trace;
    for (const YamlReader& moment : process->list("a list of moments, as durations after this step"))
      result.trace.push_back(read_.duration(moment));
  }
  if (const auto until = mapping.find("until")) result.until = read_.duration(*until);
  if (const auto count = mapping.find("count")) result.count = read_.whole(*count, 0, most_repeats);
  if (result.process != Process::trace && !result.until && !result.count)
    value.fail("arrivals without an end", "'until' or 'count'");
  const auto as = mapping.find("as");
  if (as) result.as = read_.loop_name(*as);
  result.body = loop_body(mapping.at("do"));
  if (as) read_.names().forget(as->scalar());
  return result;
}

ReturnStep BodyReader::return_value(const YamlReader& value) {
  if (!kind_.returns) value.fail_at_key("'return' in a driver", "it in a task, method or function");
  if (kind_.yields) value.fail_at_key("a value to return from a generator", "the word 'return' alone, or 'yield'");
  return {value.is_null() ? Expression() : read_.value(value)};
}

YieldStep BodyReader::yield(const YamlReader& value) {
  if (!kind_.yields)
    value.fail_at_key("'yield' in what is no generator", "it in a task or method with 'num_returns: streaming'");
  if (!value.is_mapping()) return {read_.value(value), {}};
  const YamlMapping mapping = value.mapping(keys::yield);
  YieldStep result;
  if (const auto item = mapping.find("value")) result.value = read_.value(*item);
  result.size = read_.size(mapping.at("size"));
  return result;
}

DrainStep BodyReader::drain(const YamlReader& value) {
  DrainStep result;
  std::optional<YamlReader> node = value;
  if (value.is_mapping()) {
    const YamlMapping mapping = value.mapping(keys::drain);
    node = mapping.at("node");
    if (const auto at = mapping.find("at")) result.at = read_.duration(*at);
  }
  result.node = context_.node(*node);
  return result;
}

PlacementGroupStep BodyReader::wait_placement_group(const YamlReader& value) {
  using Verb = PlacementGroupStep::Verb;
  const Amount as_in_ray = Amount::constant(30);  // python/ray/util/placement_group.py
  if (!value.is_mapping()) return {Verb::wait, context_.placement_group(value), as_in_ray};
  const YamlMapping mapping = value.mapping(keys::wait_placement_group);
  return {Verb::wait, context_.placement_group(mapping.at("group")), timeout(mapping).value_or(as_in_ray)};
}

std::optional<Amount> BodyReader::timeout(const YamlMapping& mapping) const {
  const auto value = mapping.find("timeout");
  return value ? std::optional(read_.duration(*value)) : std::nullopt;
}

}  // namespace raysim
