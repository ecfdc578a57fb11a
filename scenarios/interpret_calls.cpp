// Steps that call tasks and functions, and that get what comes of it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "scenarios/interpreter.hpp"
#include "scenarios/program_options.hpp"

namespace raysim {

namespace {

constexpr std::int64_t most_repeats = 100'000'000;
constexpr int deepest_call = 1000;  // Python's own limit

// A value on its way to a function: a reference goes as one; data is a size and nothing else. `names_refs`: a function without
// parameters takes all references that a list holds.
void add_argument(const Value& value, bool names_refs, std::vector<Argument>& args) {
  if (const auto* ref = value.as<HeldRef>()) {
    args.emplace_back(ref->ref());
    return;
  }
  if (names_refs) {
    std::vector<ObjectRef> refs;
    collect_refs(value, refs);
    if (!refs.empty() || value.is_nothing()) {
      args.insert(args.end(), refs.begin(), refs.end());
      return;
    }
  }
  args.emplace_back(payload_of(value));
}

}  // namespace

Payload payload_of(const Value& value) {
  if (const auto* data = value.as<Data>()) return {nullptr, data->size};
  std::vector<ObjectRef> refs;
  Payload payload{std::make_shared<const Value>(with_handles_of(nullptr, value, refs)), serialised_size(value)};
  if (!refs.empty()) payload.contains = std::make_shared<const std::vector<ObjectRef>>(std::move(refs));
  return payload;
}

Value value_of(const TaskContext& context, const Payload& payload) {
  if (payload.data == nullptr) return Data{payload.size};
  const Value& value = *static_cast<const Value*>(payload.data.get());
  std::vector<ObjectRef> refs;
  return payload.contains ? with_handles_of(context.counter(), value, refs) : value;
}

std::vector<ObjectRef> refs_of(const Value& value, std::string_view step) {
  if (const auto* ref = value.as<HeldRef>()) return {ref->ref()};
  if (const auto* generator = value.as<Generator>()) return {generator->ref.ref()};
  if (value.is_nothing()) return {};
  if (const auto* list = value.as<List>()) {
    const std::span<const ObjectRef> refs = list->refs();
    if (refs.size() == list->size()) return {refs.begin(), refs.end()};
    for (std::size_t i = 0; i < list->size(); ++i)
      if (const Value item = (*list)[i]; item.as<HeldRef>() == nullptr)
        throw ExpressionError(
            fmt::format("{} of a list with {} at {}, expected references only", step, kind_of(item), i));
  }
  throw ExpressionError(fmt::format("{} of {}, expected a reference or a list of references", step, kind_of(value)));
}

List items_of(const Frame& frame, const Generator& generator) {
  const std::span<const ObjectRef> items = frame.context.items(generator.ref.ref());
  return List(frame.context.hold(std::vector<ObjectRef>(items.begin(), items.end())));
}

List list_of(const Value& value, std::string_view step) {
  if (const auto* list = value.as<List>()) return *list;
  if (value.as<HeldRef>() != nullptr) return List(std::vector<Value>{value});
  if (value.as<ActorHandle>() != nullptr) return List(std::vector<Value>{value});
  if (value.is_nothing()) return {};
  throw ExpressionError(fmt::format("{} over {}, expected a list", step, kind_of(value)));
}

std::vector<Value> evaluate_arguments(Frame& frame, const std::vector<ArgumentSpec>& args, SourcePlace place) {
  std::vector<Value> values;
  values.reserve(args.size());
  for (const ArgumentSpec& arg : args) {
    if (arg.size) {
      values.emplace_back(Data{frame.bytes(*arg.size, place)});
      continue;
    }
    Value value = arg.value.evaluate(frame);
    if (!arg.spread) {
      values.push_back(std::move(value));
      continue;
    }
    const List list = list_of(value, "'*'");
    for (std::size_t i = 0; i < list.size(); ++i) values.push_back(list[i]);
  }
  return values;
}

void check_count(std::size_t given, const BodySpec& body, std::string_view function) {
  const std::size_t needed = body.parameters - (body.takes_rest ? 1 : 0);
  if (given == needed || (body.takes_rest && given > needed)) return;
  throw ExpressionError(fmt::format("{} argument{} for `{}`, expected {}{}", given, given == 1 ? "" : "s", function,
                                    body.takes_rest ? "at least " : "", needed));
}

void bind_parameters(Frame& frame, std::vector<Value> args) {
  const BodySpec& spec = frame.spec;
  const std::size_t single = spec.parameters - (spec.takes_rest ? 1 : 0);
  for (std::size_t i = 0; i < single && i < args.size(); ++i) frame.names[i] = std::move(args[i]);
  if (!spec.takes_rest) return;
  const auto rest = args.begin() + static_cast<std::ptrdiff_t>(std::min(single, args.size()));
  frame.names[single] = List(std::vector<Value>(std::make_move_iterator(rest), std::make_move_iterator(args.end())));
}

Calls::Calls(Frame& frame, const Step& step, const CallSpec& call, const FunctionSpec& function, bool gives_list)
    : frame_(frame), call_(call), function_(function), gives_list_(gives_list || call.count || call.over) {
  const std::vector<Value> args = evaluate_arguments(frame, call.args, step.place);
  if (call.count) size_ = static_cast<std::size_t>(frame.whole(*call.count, "count", 0, most_repeats));
  if (call.group) group_ = static_cast<std::size_t>(frame.whole(*call.group, "group", 1, most_repeats));
  if (call.over) {
    over_ = list_of(call.over->evaluate(frame), step.name);
    size_ = (over_.size() + group_ - 1) / group_;
  }
  const bool has_parameters = function.body.parameters > 0;
  if (has_parameters && size_ > 0) {
    check_count(args.size() + (call.over ? std::min(group_, over_.size()) : 0), function.body, function.name);
    const std::size_t last = over_.size() - (size_ - 1) * group_;
    if (call.over && last != group_) check_count(args.size() + last, function.body, function.name);
  }
  for (const Value& arg : args) add_argument(arg, !has_parameters, fixed_);
  refs_.reserve(size_ * static_cast<std::size_t>(std::max(1, function.num_returns)));
}

void Calls::set_arguments(std::size_t i, std::vector<Argument>& args) const {
  args.erase(args.begin() + static_cast<std::ptrdiff_t>(std::min(args.size(), fixed_.size())), args.end());
  if (args.size() < fixed_.size()) args.assign(fixed_.begin(), fixed_.end());
  const std::size_t end = std::min((i + 1) * group_, over_.size());
  for (std::size_t j = i * group_; j < end; ++j) add_argument(over_[j], false, args);
}

void Calls::add(ObjectRef first) {
  const auto returns = static_cast<std::uint32_t>(function_.yields() ? 1 : function_.num_returns);
  for (std::uint32_t r = 0; r < returns; ++r) refs_.push_back({first.owner, first.index + r});
}

void Calls::store() {
  if (function_.yields()) {
    std::vector<Value> generators;
    for (const ObjectRef ref : refs_)
      generators.emplace_back(Generator{frame_.context.hold(ref), function_.num_returns == dynamic_returns});
    frame_.store(call_.as,
                 !gives_list_ && generators.size() == 1 ? generators.front() : Value(List(std::move(generators))));
  } else if (!gives_list_ && refs_.size() == 1) {
    frame_.store(call_.as, frame_.context.hold(refs_.front()));
  } else {
    frame_.store(call_.as, List(frame_.context.hold(std::move(refs_))));
  }
}

namespace {

NodeId affinity_node(Frame& frame, const Text& name) {
  try {
    return node_named(frame.text(name), frame.self.cluster);
  } catch (const RayError& error) {
    ExpressionError placed(error.what());
    placed.place = name.place;
    placed.type = error.type();
    throw placed;
  }
}

}  // namespace

TaskOptionsSpec computed_options(Frame& frame, TaskOptionsSpec options) {
  using What = ComputedOption::What;
  constexpr double most = 1e9;
  const auto amount = [&](const ComputedOption& option, const char* name) {
    return number_value(option.value.evaluate(frame), name, 0, most);
  };
  for (const ComputedOption& option : options.computed) {
    switch (option.what) {
      case What::num_cpus: options.num_cpus = amount(option, "num_cpus"); break;
      case What::num_gpus: options.num_gpus = amount(option, "num_gpus"); break;
      case What::resource: options.resources[option.resource] = amount(option, option.resource.c_str()); break;
      case What::memory:
        options.memory = frame.bytes({Distribution::constant(0), option.value, option.unit}, option.value.place());
        break;
      case What::max_retries:
        options.max_retries = static_cast<int>(frame.whole(option.value, "max_retries", -1, most_repeats));
        break;
      case What::priority:
        options.priority = static_cast<int>(frame.whole(option.value, "priority", -1'000'000, 1'000'000));
        break;
    }
  }
  if (options.affinity_node) options.scheduling_strategy->node = affinity_node(frame, *options.affinity_node);
  return options;
}

namespace {

TaskOptions options_of(Frame& frame, const SubmitStep& step) {
  Interpreter& self = frame.self;
  const auto resolved = [&] {
    const TaskOptionsSpec all = merged(self.program.tasks[step.task].options, step.options);
    return resolve_options(computed_options(frame, all), self.cluster, self.default_retries);
  };
  if (!step.options.computed.empty() || step.options.affinity_node) return resolved();
  const auto found = self.options.find(&step);
  return found != self.options.end() ? found->second : self.options.emplace(&step, resolved()).first->second;
}

}  // namespace

Body run_submit(Frame& frame, const Step& step, const SubmitStep& submit) {
  const TaskSpec& task = frame.self.program.tasks[submit.task];
  Calls calls(frame, step, submit.call, task, false);
  TaskCall call;
  call.function = {static_cast<std::uint32_t>(submit.task)};
  call.options = options_of(frame, submit);
  if (call.options.strategy.kind == SchedulingStrategy::Kind::placement_group)
    call.options.strategy.group = frame.self.group(frame.context, call.options.strategy.group.index);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls.set_arguments(i, call.args);
    if (submit.call.duration) call.duration = frame.duration(*submit.call.duration, step.place);
    calls.add(frame.context.submit(call));
    const auto pause = frame.context.pause();
    co_await pause;
  }
  calls.store();
}

Body run_get(Frame& frame, const Step& step, const GetStep& get) {
  const Value wanted = get.refs.evaluate(frame);
  const auto* generator = wanted.as<Generator>();
  if (generator != nullptr && !generator->dynamic && get.as.name)
    throw ExpressionError("the value of a streaming generator, expected 'for_each' or 'next' for its items");
  const std::vector<ObjectRef> refs = refs_of(wanted, "get");
  const std::optional<Duration> timeout = frame.timeout(get.timeout, step.place);
  Body getting = get.through_store ? frame.context.get_through_store(refs, timeout) : frame.context.get(refs, timeout);
  co_await getting;
  if (!get.as.name) co_return;
  if (generator != nullptr) {
    frame.store(get.as, items_of(frame, *generator));
    co_return;
  }
  if (wanted.as<HeldRef>() != nullptr) {
    frame.store(get.as, value_of(frame.context, frame.context.value(refs.front())));
    co_return;
  }
  std::vector<Value> values;
  values.reserve(refs.size());
  for (const ObjectRef ref : refs) values.push_back(value_of(frame.context, frame.context.value(ref)));
  frame.store(get.as, List(std::move(values)));
}

Body run_wait(Frame& frame, const Step& step, const WaitStep& wait) {
  WaitResult result;
  const auto wanted = static_cast<std::size_t>(frame.whole(wait.num_returns, "num_returns", 1, most_repeats));
  const Value refs = wait.refs.evaluate(frame);
  Body waiting = frame.context.wait(refs_of(refs, "wait"), wanted, frame.timeout(wait.timeout, step.place), result,
                                    wait.fetch_local);
  co_await waiting;
  frame.store({wait.ready, false}, List(frame.context.hold(std::move(result.ready))));
  frame.store({wait.pending, false}, List(frame.context.hold(std::move(result.pending))));
}

Body run_put(Frame& frame, const Step& step, const PutStep& put) {
  const std::int64_t count = put.count ? frame.whole(*put.count, "count", 0, most_repeats) : 1;
  Payload value;
  if (put.value) value = payload_of(put.value->evaluate(frame));
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < count; ++i) {
    if (put.size) value.size = frame.bytes(*put.size, step.place);
    refs.push_back(frame.context.put(value, put.transport));
    const auto pause = frame.context.pause();
    co_await pause;
  }
  if (put.count)
    frame.store(put.as, List(frame.context.hold(std::move(refs))));
  else
    frame.store(put.as, frame.context.hold(refs.front()));
}

Body run_call(Frame& frame, const Step& step, const CallStep& call) {
  const SubroutineSpec& function = frame.self.program.functions[call.function];
  std::vector<Value> args = evaluate_arguments(frame, call.args, step.place);
  check_count(args.size(), function.body, function.name);
  if (frame.depth >= deepest_call)
    throw ExpressionError(fmt::format("calls of functions more than {} deep", deepest_call));
  Frame inner(frame.self, frame.context, function.body, "function", function.name, frame.next_run());
  inner.depth = frame.depth + 1;
  bind_parameters(inner, std::move(args));
  Body body = run_steps(inner, function.body.steps);
  co_await body;
  if (!inner.has_result && function.body.result) inner.result = function.body.result->evaluate(inner);
  frame.store(call.as, std::move(inner.result));
}

}  // namespace raysim
