// Steps that call tasks, actors and functions, and that get what comes of it.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "scenarios/load_body.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t most_repeats = 100'000'000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A number and letters, as "8 MB": a size, or meant as one.
bool looks_like_size(std::string_view text) {
  const std::size_t unit = std::min(text.find_first_not_of("0123456789. "), text.size());
  return unit > 0 && unit < text.size() &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(unit), text.end(), is_letter);
}

// "(EXPRESSION) UNIT"
bool looks_like_computed_size(std::string_view text) {
  const std::size_t end = text.rfind(')');
  if (!text.starts_with('(') || end == std::string_view::npos) return false;
  const std::size_t unit = std::min(text.find_first_not_of(' ', end + 1), text.size());
  return unit < text.size() && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(unit), text.end(), is_letter);
}

}  // namespace

decltype(Step::what) BodyReader::read_call(const YamlReader& value) {
  const std::string_view name = value.key();
  if (name == "submit") return submit(value);
  if (name == "get") return get(value);
  if (name == "wait") return wait(value);
  if (name == "put") return put(value);
  if (name == "call") return call(value);
  if (name == "create") return create(value);
  if (name == "invoke") return invoke(value);
  if (name == "kill") return kill(value);
  if (name == "get_actor") return get_actor(value);
  if (name == "cancel") return cancel(value);
  return next(value);
}

ArgumentSpec BodyReader::argument(const YamlReader& value) {
  ArgumentSpec result;
  const std::string text = value.is_scalar() ? value.scalar() : std::string();
  if (text.starts_with('*')) {
    result.value = read_.after_star(value);
    result.spread = true;
  } else if (!value.is_number() && (looks_like_size(text) || looks_like_computed_size(text))) {
    result.size = read_.size(value);
  } else {
    result.value = read_.value(value);
  }
  return result;
}

std::vector<ArgumentSpec> BodyReader::arguments(const YamlMapping& mapping) {
  std::vector<ArgumentSpec> result;
  if (const auto args = mapping.find("args"))
    for (const YamlReader& item : args->list("a list of names, expressions and sizes"))
      result.push_back(argument(item));
  return result;
}

void BodyReader::check_arguments(const YamlMapping& mapping, const std::vector<ArgumentSpec>& args,
                                 std::optional<std::size_t> more, const BodySpec& body,
                                 const std::string& function) const {
  const auto is_spread = [](const ArgumentSpec& arg) { return arg.spread; };
  if (!more || std::any_of(args.begin(), args.end(), is_spread)) return;
  const std::size_t given = args.size() + *more;
  const std::size_t needed = body.parameters - (body.takes_rest ? 1 : 0);
  if (given == needed || (body.takes_rest && given > needed)) return;
  std::string parameters;
  for (std::size_t i = 0; i < body.parameters; ++i)
    parameters +=
        fmt::format("{}{}{}", i > 0 ? ", " : "", i + 1 == body.parameters && body.takes_rest ? "*" : "", body.names[i]);
  const std::string wrong = fmt::format("{} argument{} for {}", given, given == 1 ? "" : "s", in_quotes(function));
  const std::string expected = parameters.empty() ? "none, as it has no parameters" : "its parameters: " + parameters;
  if (mapping.has("args")) mapping.fail_at_key("args", wrong, expected);
  mapping.fail(wrong, expected);
}

CallSpec BodyReader::call_spec(const YamlMapping& mapping, const FunctionSpec& function) {
  CallSpec result;
  if (const auto count = mapping.find("count")) result.count = read_.whole(*count, 0, most_repeats);
  if (const auto over = mapping.find("over")) {
    if (mapping.has("count"))
      mapping.fail_at_key("count", "'count' next to 'over'", "one of the two, as 'over' says how many");
    result.over = read_.value(*over);
  }
  if (const auto group = mapping.find("group")) {
    if (!mapping.has("over")) mapping.fail_at_key("group", "'group' without 'over'", "the name of a list in 'over'");
    result.group = read_.whole(*group, 1, most_repeats);
  }
  result.args = arguments(mapping);
  if (function.body.parameters > 0) {
    std::optional<std::size_t> more{result.over ? 1 : 0};
    if (result.group) {
      const Value* group = result.group->constant();
      more.reset();
      if (group != nullptr) more = static_cast<std::size_t>(whole_value(*group, "group", 1, most_repeats));
    }
    check_arguments(mapping, result.args, more, function.body, function.name);
  }
  if (const auto duration = mapping.find("duration")) {
    if (function.has_steps)
      mapping.fail_at_key("duration", "a duration for a task with a body",
                          "no duration, as the steps of the body take the time");
    result.duration = read_.durations(*duration);
  }
  return result;
}

SubmitStep BodyReader::submit(const YamlReader& value) {
  SubmitStep result;
  if (!value.is_mapping()) {
    result.task = context_.task(value);
    const TaskSpec& task = context_.program().tasks[result.task];
    if (task.body.parameters > (task.body.takes_rest ? 1U : 0U))
      value.fail(fmt::format("no arguments for {}", in_quotes(task.name)), "a mapping with 'task' and 'args'");
    return result;
  }
  const YamlMapping mapping = value.mapping(keys::submit);
  result.task = context_.task(mapping.at("task"));
  const TaskSpec& task = context_.program().tasks[result.task];
  result.call = call_spec(mapping, task);
  if (const auto options = mapping.find("options")) {
    result.options = read_options(options->mapping(keys::options), context_, &read_);
    const TaskOptionsSpec all = merged(task.options, result.options);
    check_demand(all, "task " + in_quotes(task.name), *options, context_);
    if (task.on_gpu && all.num_gpus.value_or(0) == 0 && all.computed.empty())
      options->fail("no GPUs for a task with 'runs_on: gpu'", "'num_gpus' above 0");
  }
  result.call.as = target(mapping);
  return result;
}

GetStep BodyReader::get(const YamlReader& value) {
  if (!value.is_mapping()) return {read_.value(value), {}, {}};
  const YamlMapping mapping = value.mapping(keys::get);
  GetStep result{read_.value(mapping.at("refs")), timeout(mapping), {}};
  if (const auto flag = mapping.find("use_object_store")) result.through_store = flag->boolean();
  if (const auto as = mapping.find("as")) result.as.name = read_.target(*as);
  return result;
}

WaitStep BodyReader::wait(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::wait);
  WaitStep result;
  result.refs = read_.value(mapping.at("refs"));
  if (const auto count = mapping.find("num_returns")) result.num_returns = read_.whole(*count, 1, most_repeats);
  result.timeout = timeout(mapping);
  if (const auto fetch_local = mapping.find("fetch_local")) result.fetch_local = fetch_local->boolean();
  const auto ready = mapping.find("ready");
  const auto pending = mapping.find("pending");
  if (ready && pending && ready->is_scalar() && pending->is_scalar() && ready->scalar() == pending->scalar())
    pending->fail("'ready' and 'pending' have the same name", "names that differ");
  if (ready) result.ready = read_.target(*ready);
  if (pending) result.pending = read_.target(*pending);
  return result;
}

PutStep BodyReader::put(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::put);
  PutStep result;
  if (const auto item = mapping.find("value")) result.value = read_.value(*item);
  if (const auto size = mapping.find("size")) result.size = read_.size(*size);
  if (!result.value && !result.size) value.fail("no 'size' in 'put'", "the key 'size', or 'value', or both");
  if (const auto count = mapping.find("count")) result.count = read_.whole(*count, 0, most_repeats);
  if (const auto transport = mapping.find("tensor_transport")) {
    result.transport = read_transport(*transport);
    if (result.transport != TensorTransport::object_store && !is_one_sided(result.transport))
      transport->fail_expected("a transport by which the receiver acts alone, 'nixl' or 'cuda_ipc'");
  }
  result.as = target(mapping);
  return result;
}

CallStep BodyReader::call(const YamlReader& value) {
  CallStep result;
  if (!value.is_mapping()) {
    result.function = context_.function(value);
    const SubroutineSpec& function = context_.program().functions[result.function];
    if (function.body.parameters > (function.body.takes_rest ? 1U : 0U))
      value.fail(fmt::format("no arguments for {}", in_quotes(function.name)), "a mapping with 'function' and 'args'");
    return result;
  }
  const YamlMapping mapping = value.mapping(keys::call);
  result.function = context_.function(mapping.at("function"));
  const SubroutineSpec& function = context_.program().functions[result.function];
  result.args = arguments(mapping);
  for (const ArgumentSpec& arg : result.args)
    if (arg.size) mapping.fail_at_key("args", "a size as argument of a function of steps", "a value");
  check_arguments(mapping, result.args, 0, function.body, function.name);
  if (const auto as = mapping.find("as")) result.as.name = read_.target(*as);
  return result;
}

CreateStep BodyReader::create(const YamlReader& value) {
  CreateStep result;
  const bool is_name = !value.is_mapping();
  if (is_name) value.fail_expected("a mapping with the class in 'actor' and a name for the handle in 'as'");
  const YamlMapping mapping = value.mapping(keys::create);
  result.actor = context_.actor(mapping.at("actor"));
  const ActorClassSpec& actor = context_.program().actors[result.actor];
  if (const auto count = mapping.find("count")) result.count = read_.whole(*count, 0, most_repeats);
  result.args = arguments(mapping);
  if (actor.constructor.body.parameters > 0)
    check_arguments(mapping, result.args, 0, actor.constructor.body, actor.name);
  if (const auto options = mapping.find("options")) {
    result.options = read_actor_options(options->mapping(keys::actor_options), context_, read_, true);
    check_demand(merged(actor.options.task, result.options.task), "actor " + in_quotes(actor.name), *options, context_);
  }
  result.as = target(mapping);
  return result;
}

InvokeStep BodyReader::invoke(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::invoke);
  InvokeStep result;
  result.actor = read_.value(mapping.at("actor"));
  const std::vector<const MethodSpec*> methods = context_.methods(mapping.at("method"));
  result.method = methods.front()->name;
  // With several classes the arguments are checked when it is known which one it is.
  static const FunctionSpec any;
  result.call = call_spec(mapping, methods.size() == 1 ? static_cast<const FunctionSpec&>(*methods.front()) : any);
  if (const auto group = mapping.find("concurrency_group"))
    result.concurrency_group = context_.concurrency_group(*group);
  if (const auto items = mapping.find("generator_backpressure_num_objects"))
    result.backpressure = read_backpressure(*items);
  if (const auto retries = mapping.find("max_task_retries"))
    result.max_task_retries = static_cast<int>(retries->whole(-1, std::numeric_limits<int>::max()));
  if (const auto transport = mapping.find("tensor_transport")) result.transport = read_transport(*transport);
  result.call.as = target(mapping);
  return result;
}

KillStep BodyReader::kill(const YamlReader& value) {
  if (!value.is_mapping()) return {read_.value(value)};
  const YamlMapping mapping = value.mapping(keys::kill);
  KillStep result{read_.value(mapping.at("actor"))};
  if (const auto no_restart = mapping.find("no_restart")) result.no_restart = no_restart->boolean();
  return result;
}

GetActorStep BodyReader::get_actor(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::get_actor);
  GetActorStep result;
  result.name = read_.text(mapping.at("name"));
  if (const auto name_space = mapping.find("namespace")) result.name_space = read_.text(*name_space);
  result.as.name = read_.target(mapping.at("as"));
  return result;
}

CancelStep BodyReader::cancel(const YamlReader& value) {
  if (!value.is_mapping()) return {read_.value(value)};
  const YamlMapping mapping = value.mapping(keys::cancel);
  CancelStep result{read_.value(mapping.at("refs"))};
  if (const auto force = mapping.find("force")) result.force = force->boolean();
  if (const auto recursive = mapping.find("recursive")) result.recursive = recursive->boolean();
  return result;
}

NextStep BodyReader::next(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::next);
  NextStep result{read_.value(mapping.at("of")), {}};
  result.as.name = read_.target(mapping.at("as"));
  return result;
}

Target BodyReader::target(const YamlMapping& mapping) {
  Target result;
  const auto name = mapping.find("as");
  if (name) result.name = read_.target(*name);
  const auto flag = mapping.find("append");
  if (flag && !name) flag->fail_at_key("'append' without 'as'", "the name to add to in 'as'");
  result.append = flag && flag->boolean();
  return result;
}

}  // namespace raysim
