// Steps of variables, conditions, loops and time.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "scenarios/interpreter.hpp"

namespace raysim {

namespace {

constexpr std::int64_t most_rounds = 10'000'000;  // of loops while no time passes
constexpr std::int64_t most_repeats = 100'000'000;

Body run_if(Frame& frame, const IfStep& choice) {
  const bool holds = choice.condition.evaluate(frame).is_true();
  return run_steps(frame, holds ? choice.then : choice.otherwise);
}

Body run_while(Frame& frame, const WhileStep& loop) {
  while (loop.condition.evaluate(frame).is_true()) {
    frame.count_round();
    Body round = run_steps(frame, loop.body);
    co_await round;
    if (!frame.goes_on()) break;
  }
}

Body run_try(Frame& frame, const TryStep& attempt) {
  std::optional<List> problem;
  try {
    Body steps = run_steps(frame, attempt.body);
    co_await steps;
  } catch (const RayError& error) {
    if (error.type() == ErrorType::keyboard_interrupt) throw;  // a cancellation is no error of the program
    problem = List({Value(std::string(name_of(error.type()))), Value(std::string(error.what()))});
  }
  if (!problem) co_return;
  if (attempt.as) frame.names[*attempt.as] = *problem;
  Body handler = run_steps(frame, attempt.handler);
  co_await handler;
}

Body run_repeat(Frame& frame, const RepeatStep& repeat) {
  const std::int64_t count = frame.whole(repeat.count, "count", 0, most_repeats);
  for (std::int64_t i = 0; i < count; ++i) {
    frame.count_round();
    if (repeat.as) frame.names[*repeat.as] = i;
    Body round = run_steps(frame, repeat.body);
    co_await round;
    if (!frame.goes_on()) break;
  }
}

Body run_for_each(Frame& frame, const ForEachStep& loop, List items);

// Of a generator: its items as they come, or when it has ended.
Body run_for_each_item(Frame& frame, const ForEachStep& loop, Generator generator) {
  if (generator.dynamic) {
    Body getting = frame.context.get({generator.ref.ref()}, std::nullopt);
    co_await getting;
    Body rounds = run_for_each(frame, loop, items_of(frame, generator));
    co_await rounds;
    co_return;
  }
  while (true) {
    std::optional<ObjectRef> item;
    Body next = frame.context.next(generator.ref.ref(), item);
    co_await next;
    if (!item) break;
    frame.names[loop.as] = frame.context.hold(*item);
    Body round = run_steps(frame, loop.body);
    co_await round;
    if (!frame.goes_on()) break;
  }
}

Body run_for_each(Frame& frame, const ForEachStep& loop, List items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    frame.count_round();
    frame.names[loop.as] = items[i];
    Body round = run_steps(frame, loop.body);
    co_await round;
    if (!frame.goes_on()) break;
  }
}

Body begin_for_each(Frame& frame, const ForEachStep& loop) {
  const Value in = loop.in.evaluate(frame);
  if (const auto* generator = in.as<Generator>()) return run_for_each_item(frame, loop, *generator);
  return run_for_each(frame, loop, list_of(in, "for_each"));
}

// When the next arrival comes, after the one before it.
std::optional<Time> next_arrival(Frame& frame, const Step& step, const ArrivalsStep& arrivals, Time start, Time last,
                                 std::int64_t number) {
  using Process = ArrivalsStep::Process;
  if (arrivals.process == Process::trace) {
    if (static_cast<std::size_t>(number) >= arrivals.trace.size()) return std::nullopt;
    return start + frame.duration(arrivals.trace[static_cast<std::size_t>(number)], step.place);
  }
  if (arrivals.process == Process::periodic)
    return number == 0 ? start : last + frame.duration(arrivals.every, step.place);
  const double mean = frame.amount(arrivals.every, step.place, "the time between arrivals");
  return last + Duration::seconds(-mean * std::log(1.0 - frame.stream(step.place).uniform()));
}

Body run_arrivals(Frame& frame, const Step& step, const ArrivalsStep& arrivals) {
  const Time start = frame.context.now();
  const std::int64_t count = arrivals.count ? frame.whole(*arrivals.count, "count", 0, most_repeats) : most_repeats;
  const std::optional<Duration> until = frame.timeout(arrivals.until, step.place);
  Time last = start;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::optional<Time> moment = next_arrival(frame, step, arrivals, start, last, i);
    if (!moment || (until && *moment > start + *until)) break;
    last = *moment;
    frame.count_round();
    if (last > frame.context.now()) {
      const auto pause = frame.context.sleep(last - frame.context.now());
      co_await pause;
    }
    if (arrivals.as) frame.names[*arrivals.as] = i;
    Body round = run_steps(frame, arrivals.body);
    co_await round;
    if (!frame.goes_on()) break;
  }
}

Body run_work(Frame& frame, bool compute, Duration duration) {
  const auto pause = compute ? frame.context.compute(duration) : frame.context.sleep(duration);
  co_await pause;
}

Body run_group_step(Frame& frame, const Step& place, const PlacementGroupStep& step) {
  using Verb = PlacementGroupStep::Verb;
  Body call;
  bool ready = false;
  if (step.verb == Verb::create) {
    const PlacementGroupId id = frame.context.new_group_id();
    call = frame.context.create_group(id, frame.self.program.placement_groups[step.group].spec);
    co_await call;
    frame.self.group_entry(frame.context, step.group) = id;
    co_return;
  }
  const PlacementGroupId group = frame.self.group(frame.context, step.group);
  if (step.verb == Verb::ready) {
    const Value name = frame.self.program.placement_groups[step.group].name;
    frame.store(step.as, frame.context.hold(frame.context.group_ready(group, payload_of(name))));
    const auto pause = frame.context.pause();
    co_await pause;
    co_return;
  }
  call = step.verb == Verb::wait ? frame.context.wait_group(group, frame.duration(step.timeout, place.place), ready)
                                 : frame.context.remove_group(group);
  co_await call;
}

// Starts a step; what takes no time is done then, and there is no body.
struct Start {
  Frame& frame;
  const Step& step;

  Body operator()(const LetStep& let) const {
    for (const auto& [name, expression] : let.values) {
      Value value = expression.evaluate(frame);
      name.in(frame) = std::move(value);
    }
    return {};
  }
  Body operator()(const IfStep& choice) const { return run_if(frame, choice); }
  Body operator()(const WhileStep& loop) const { return run_while(frame, loop); }
  Body operator()(const TryStep& attempt) const { return run_try(frame, attempt); }
  Body operator()(const RepeatStep& repeat) const { return run_repeat(frame, repeat); }
  Body operator()(const ForEachStep& loop) const { return begin_for_each(frame, loop); }
  Body operator()(const ArrivalsStep& arrivals) const { return run_arrivals(frame, step, arrivals); }
  Body operator()(const FlowStep& flow) const {
    if (flow.kind == FlowStep::Kind::exit_actor) frame.context.exit_actor();
    frame.flow = flow.kind == FlowStep::Kind::break_loop   ? Frame::Flow::break_loop
                 : flow.kind == FlowStep::Kind::next_round ? Frame::Flow::next_round
                                                           : Frame::Flow::over;
    return {};
  }
  Body operator()(const ReturnStep& give) const {
    frame.result = give.value.evaluate(frame);
    frame.has_result = true;
    frame.flow = Frame::Flow::over;
    return {};
  }
  Body operator()(const RaiseStep& raise) const { throw ExpressionError(frame.text(raise.message)); }
  Body operator()(const PrintStep& print) const {
    const std::string text = frame.text(print.text);
    if (frame.self.print) frame.self.print(frame.context.now(), frame.body(), text);
    return {};
  }
  Body operator()(const WorkStep& work) const {
    return run_work(frame, work.compute, frame.duration(work.duration, step.place));
  }
  Body operator()(const DiskStep& disk) const {
    return frame.context.use_disk(disk.use, frame.bytes(disk.size, step.place));
  }
  Body operator()(const DrainStep& drain) const {
    frame.context.drain(drain.node, Time{} + frame.duration(drain.at, step.place));
    return {};
  }
  Body operator()(const PlacementGroupStep& group) const { return run_group_step(frame, step, group); }
  Body operator()(const SubmitStep& submit) const { return run_submit(frame, step, submit); }
  Body operator()(const GetStep& get) const { return run_get(frame, step, get); }
  Body operator()(const WaitStep& wait) const { return run_wait(frame, step, wait); }
  Body operator()(const PutStep& put) const { return run_put(frame, step, put); }
  Body operator()(const CallStep& call) const { return run_call(frame, step, call); }
  Body operator()(const CreateStep& create) const { return run_create(frame, step, create); }
  Body operator()(const InvokeStep& invoke) const { return run_invoke(frame, step, invoke); }
  Body operator()(const KillStep& kill) const {
    kill_actors(frame, kill);
    return {};
  }
  Body operator()(const GetActorStep& get) const { return run_get_actor(frame, get); }
  Body operator()(const CancelStep& cancel) const {
    cancel_calls(frame, cancel);
    return {};
  }
  Body operator()(const YieldStep& yield) const { return run_yield(frame, step, yield); }
  Body operator()(const NextStep& next) const { return run_next(frame, next); }
  Body operator()(const StoreStep& store) const { return run_store(frame, step, store); }
};

}  // namespace

Body run_steps(Frame& frame, const Steps& steps) {
  for (const Step& step : steps) {
    try {
      Body nested = std::visit(Start{frame, step}, step.what);
      if (nested.valid()) co_await nested;
    } catch (const ExpressionError& error) {
      frame.fail(error, step.place, step.name);
    } catch (const std::length_error& error) {
      frame.fail(ExpressionError(error.what()), step.place, step.name);
    }
    if (frame.flow != Frame::Flow::next_step) co_return;
  }
}

Frame::Frame(Interpreter& interpreter, TaskContext& the_context, const BodySpec& the_spec, std::string_view body,
             std::string_view name, std::uint64_t run)
    : self(interpreter), context(the_context), spec(the_spec), kind_(body), name_(name), run_(run) {
  names.resize(spec.names.size());
}

RandomStream& Frame::stream(std::string_view name) {
  if (!streams_) streams_ = std::make_unique<Streams>();
  auto& named = streams_->named;
  if (const auto found = named.find(name); found != named.end()) return found->second;
  return named.emplace(name, context.stream(fmt::format("{}/{}/{}", body(), run_, name))).first->second;
}

RandomStream& Frame::stream(const SourcePlace& place) {
  if (!streams_) streams_ = std::make_unique<Streams>();
  auto& placed = streams_->placed;
  const std::pair key{place.line, place.column};
  if (const auto found = placed.find(key); found != placed.end()) return found->second;
  return placed.emplace(key, context.stream(fmt::format("{}/{}/{}:{}", body(), run_, place.line, place.column)))
      .first->second;
}

double Frame::amount(const Amount& amount, SourcePlace place, std::string_view what) {
  if (amount.computed) {
    constexpr double most = 9e17;  // ten years in nanoseconds, 900 TB
    const double number = number_value(amount.computed->evaluate(*this), what, -most, most);
    if (number < 0)
      throw ExpressionError(fmt::format("{} is {:.12g}, expected at least 0, as in max(0, ...)", what, number));
    return number * amount.unit;
  }
  if (amount.drawn.kind == Distribution::Kind::constant) return amount.drawn.a;
  return amount.drawn.draw(stream(place), self.ordinals[&amount]++);
}

Duration Frame::duration(const Amount& wanted, SourcePlace place) {
  constexpr double most = 87'600.0 * 3600;
  const double seconds = amount(wanted, place, "the duration");
  if (seconds > most) throw ExpressionError(fmt::format("a duration of {} s, expected at most 87600 h", seconds));
  return Duration::seconds(seconds);
}

Bytes Frame::bytes(const Amount& wanted, SourcePlace place) {
  constexpr double most = 900e12;
  const double size = amount(wanted, place, "the size");
  if (size > most) throw ExpressionError(fmt::format("a size of {} B, expected at most 900 TB", size));
  return {static_cast<std::int64_t>(std::llround(size))};
}

std::optional<Duration> Frame::timeout(const std::optional<Amount>& wanted, SourcePlace place) {
  return wanted ? std::optional(duration(*wanted, place)) : std::nullopt;
}

std::int64_t Frame::whole(const Expression& expression, std::string_view what, std::int64_t least, std::int64_t most) {
  try {
    return whole_value(expression.evaluate(*this), what, least, most);
  } catch (ExpressionError& error) {
    if (error.place.line == 0) error.place = expression.place();
    throw;
  }
}

std::string Frame::text(const Text& wanted) {
  std::string text;
  for (const auto& part : wanted.parts) {
    const auto* plain = std::get_if<std::string>(&part);
    text += plain != nullptr ? *plain : to_text(std::get<Expression>(part).evaluate(*this));
  }
  return text;
}

void Frame::store(const Target& target, Value value) {
  if (!target.name) return;
  Value& held = target.name->in(*this);
  if (!target.append) {
    held = std::move(value);
    return;
  }
  const List before = list_of(held, "append");
  const auto* more = value.as<List>();
  held = more != nullptr ? before.with_all(*more) : before.with(value);
}

std::string Frame::body() const { return name_.empty() ? std::string(kind_) : fmt::format("{} `{}`", kind_, name_); }

void Frame::fail(const ExpressionError& error, SourcePlace place, std::string_view step) const {
  if (error.place.line > 0) place = error.place;
  const std::string where =
      place.line > 0 ? fmt::format("{}:{}:{}", self.program.file, place.line, place.column) : self.program.file;
  const std::string in = step.empty() ? std::string() : fmt::format("step `{}` of ", step);
  throw RayError(error.type,
                 fmt::format("{}: {} in {}{} at simulated {:.6g} s", where, error.what(), in, body(), now()));
}

void Frame::count_round() {
  if (context.now() != self.moment) {
    self.moment = context.now();
    self.rounds = 0;
  }
  if (++self.rounds > most_rounds)
    throw ExpressionError(fmt::format("{} rounds of loops while no time has passed: an endless loop?", most_rounds));
}

bool Frame::goes_on() {
  if (flow == Flow::next_round) flow = Flow::next_step;
  if (flow == Flow::next_step) return true;
  if (flow == Flow::break_loop) flow = Flow::next_step;
  return false;
}

}  // namespace raysim
