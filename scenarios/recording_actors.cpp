#include <memory>

#include "models/runtime.hpp"
#include "scenarios/recording_programs.hpp"

namespace raysim {

using Kind = RecordedProgram::Kind;

namespace {

constexpr Duration rate_window = Duration::milliseconds(2000);

// Where the functions of a case stand behind its class.
enum Function : std::uint32_t { constructor, method, second_method, sampler };

FunctionId function_of(std::uint32_t first, Function which) { return {first + which}; }

ActorCall call_of(const ActorHandle& actor, FunctionId function) {
  ActorCall call;
  call.actor = actor;
  call.method = function;
  return call;
}

Body create(TaskContext& context, std::uint32_t first, const RecordedProgram& program, std::int64_t count,
            std::vector<ActorHandle>& made) {
  for (std::int64_t i = 0; i < count; ++i) {
    made.emplace_back();
    Body step = context.create_actor(function_of(first, constructor), actor_options(program), {}, made.back());
    co_await step;
  }
}

Body call_each(TaskContext& context, const std::vector<ActorHandle>& actors, FunctionId function, std::int64_t count,
               std::vector<ObjectRef>& refs) {
  for (const ActorHandle& actor : actors) {
    for (std::int64_t i = 0; i < count; ++i) {
      refs.push_back(context.call(call_of(actor, function)));
      const auto pause = context.pause();
      co_await pause;
    }
  }
}

Body call_each_and_get(TaskContext& context, const std::vector<ActorHandle>& actors, FunctionId function,
                       std::int64_t count) {
  std::vector<ObjectRef> refs;
  Body calling = call_each(context, actors, function, count, refs);
  co_await calling;
  Body waiting = get_all(context, refs);
  co_await waiting;
}

// --- the progress actor counts the steps of all samplers

std::int64_t& steps_done(TaskContext& context) { return *static_cast<std::int64_t*>(context.actor_state().get()); }

Body make_progress(TaskContext& context) {
  context.actor_state() = std::make_shared<std::int64_t>(0);
  co_return;
}
Body report_progress(TaskContext& context) {
  ++steps_done(context);
  co_return;
}
Body tell_progress(TaskContext& context) {
  context.set_return(0, {std::make_shared<const std::int64_t>(steps_done(context)), Bytes{16}});
  co_return;
}

Body sample(TaskContext& context, std::uint32_t first, const RecordedProgram& program) {
  const auto actor = *static_cast<const ActorHandle*>(context.arguments().front().value.data.get());
  for (std::int64_t i = 0; i < program.steps; ++i) {
    const auto step = context.sleep(duration_of(program, 0));
    co_await step;
    context.call(call_of(actor, function_of(first, method)));
    const auto pause = context.pause();
    co_await pause;
  }
}

RemoteFunction method_of(const std::string& name) {
  RemoteFunction made;
  made.name = name;
  made.computes = false;
  made.duration = Distribution::constant(0);
  return made;
}

}  // namespace

ActorOptions actor_options(const RecordedProgram& program) {
  ActorOptions options;
  options.max_restarts = program.max_restarts;
  options.max_task_retries = program.max_task_retries;
  if (program.actor_cpus) {
    options.resources.set(cpu_resource, ResourceAmount::of(*program.actor_cpus));
  } else {
    options.placement.emplace();
    options.placement->set(cpu_resource, ResourceAmount::of(1));
  }
  return options;
}

std::vector<RemoteFunction> actor_functions(const std::string& name, const RecordedProgram& program,
                                            const TaskOptions& options, std::uint32_t first) {
  std::vector<RemoteFunction> functions{method_of(name), method_of(name + ".call"), method_of(name + ".other")};
  if (program.kind == Kind::actor_restart) functions[second_method].crash_attempts = 1;
  if (program.kind != Kind::progress_actor) return functions;
  functions[constructor].body = make_progress;
  functions[method].body = report_progress;
  functions[second_method].body = tell_progress;
  RemoteFunction sampling = method_of(name + ".sampling");
  sampling.options = options;
  const RecordedProgram* samples = &program;
  sampling.body = [first, samples](TaskContext& context) { return sample(context, first, *samples); };
  functions.push_back(sampling);
  return functions;
}

Body run_actor_create(TaskContext& context, std::uint32_t first, const RecordedProgram& program) {
  std::vector<ActorHandle> actors;
  Body making = create(context, first, program, program.n, actors);
  co_await making;
  Body calling = call_each_and_get(context, actors, function_of(first, method), 1);
  co_await calling;
}

Body run_actor_pool(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds) {
  std::vector<ActorHandle> actors;
  Body making = create(context, first, program, program.actors, actors);
  co_await making;
  Body asking = call_each_and_get(context, actors, function_of(first, second_method), 1);
  co_await asking;
  const Time start = context.now();
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < program.n; ++i) {
    ActorCall call = call_of(actors[static_cast<std::size_t>(i) % actors.size()], function_of(first, method));
    call.duration = duration_of(program, i);
    refs.push_back(context.call(call));
    const auto pause = context.pause();
    co_await pause;
  }
  Body waiting = get_all(context, refs);
  co_await waiting;
  seconds = (context.now() - start).in_seconds();
}

Body run_progress_actor(TaskContext& context, std::uint32_t first, const TaskOptions& options,
                        const RecordedProgram& program) {
  std::vector<ActorHandle> actors;
  Body making = create(context, first, program, 1, actors);
  co_await making;
  TaskCall call = raysim::call_of(function_of(first, sampler).index, options);
  call.args.emplace_back(Payload{std::make_shared<const ActorHandle>(actors.front()), Bytes{256}});
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < program.n; ++i) {
    refs.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
  while (true) {
    const ObjectRef answer = context.call(call_of(actors.front(), function_of(first, second_method)));
    const std::vector<ObjectRef> wanted{answer};
    Body waiting = get_all(context, wanted);
    co_await waiting;
    const Payload value = context.value(answer);
    if (*static_cast<const std::int64_t*>(value.data.get()) >= program.n * program.steps) break;
    const auto poll = context.sleep(program.poll);
    co_await poll;
  }
  Body waiting = get_all(context, refs);
  co_await waiting;
}

// A call that ends well or with the error whose name is given.
static Body try_call(TaskContext& context, ActorCall call, std::string& error) {
  error.clear();
  try {
    const std::vector<ObjectRef> wanted{context.call(call)};
    Body waiting = get_all(context, wanted);
    co_await waiting;
  } catch (const RayError& problem) {
    error = name_of(problem.type());
  }
}

Body run_actor_restart(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds,
                       std::string& ends) {
  constexpr Duration patience = Duration::milliseconds(8000);
  std::vector<ActorHandle> actors;
  Body step = create(context, first, program, 1, actors);
  co_await step;
  step = call_each_and_get(context, actors, function_of(first, method), 5);
  co_await step;
  for (std::int64_t kill = 0; kill < program.n; ++kill) {
    const Time start = context.now();
    std::string error;
    step = try_call(context, call_of(actors.front(), function_of(first, second_method)), error);
    co_await step;
    ends += (ends.empty() ? "" : " ") + error;
    const Time told = context.now();
    do {
      step = try_call(context, call_of(actors.front(), function_of(first, method)), error);
      co_await step;
      if (error.empty()) break;
      const auto probe = context.sleep(program.poll);
      co_await probe;
    } while (context.now() - told < patience);
    if (error.empty()) seconds += (context.now() - start).in_seconds();
  }
}

Body run_actor_retry_calls(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds) {
  std::vector<ActorHandle> actors;
  Body step = create(context, first, program, 1, actors);
  co_await step;
  step = call_each_and_get(context, actors, function_of(first, method), 1);
  co_await step;
  std::vector<ObjectRef> refs;
  for (std::int64_t i = 0; i < program.n; ++i) {
    ActorCall call = call_of(actors.front(), function_of(first, second_method));
    call.duration = duration_of(program, i);
    refs.push_back(context.call(call));
    const auto pause = context.pause();
    co_await pause;
  }
  const auto wait = context.sleep(program.kill_at);
  co_await wait;
  context.kill(actors.front(), false);
  const Time start = context.now();
  step = get_all(context, refs);
  co_await step;
  seconds = (context.now() - start).in_seconds();
}

Body run_actor_rate(TaskContext& context, std::uint32_t first, const RecordedProgram& program, SessionActors& actors,
                    double& rate) {
  std::vector<ActorHandle> several;
  std::vector<ActorHandle>& called = program.actors == 1 ? actors.single : several;
  if (called.empty()) {
    Body making = create(context, first, program, program.actors, called);
    co_await making;
    Body asking = call_each_and_get(context, called, function_of(first, method), 1);
    co_await asking;
  }
  const std::int64_t calls = program.n / program.actors;
  Body warming = call_each_and_get(context, called, function_of(first, method), calls);
  co_await warming;
  const Time start = context.now();
  std::int64_t done = 0;
  while (context.now() - start < rate_window) {
    Body round = call_each_and_get(context, called, function_of(first, method), calls);
    co_await round;
    done += program.n;
  }
  rate = static_cast<double>(done) / (context.now() - start).in_seconds();
}

}  // namespace raysim
