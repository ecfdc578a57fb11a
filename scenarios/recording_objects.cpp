#include <algorithm>

#include "models/runtime.hpp"
#include "scenarios/recording_programs.hpp"

namespace raysim {

using Kind = RecordedProgram::Kind;

namespace {

// The recorders' mappers fill new memory: as slow as for chunks that come into new memory.
constexpr Bandwidth filling{450e6};
constexpr Duration rest_before_transfer = Duration::milliseconds(300);

// Where the functions of a case stand.
enum Function : std::uint32_t { make, use };

TaskCall on_node(std::uint32_t function, const TaskOptions& options, NodeId node) {
  TaskCall call = call_of(function, options);
  call.options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
  call.options.strategy.node = node;
  call.options.strategy_given = true;
  return call;
}

Body submit_one(TaskContext& context, const TaskCall& call, ObjectRef& made, HeldRef& life) {
  made = context.submit(call);
  life = context.hold(made);
  const auto pause = context.pause();
  co_await pause;
}

// An object is made on a node; this returns when it exists.
Body make_there(TaskContext& context, std::uint32_t first, const TaskOptions& options, NodeId node, ObjectRef& made,
                HeldRef& life) {
  const TaskCall call = on_node(first + make, options, node);
  Body submitting = submit_one(context, call, made, life);
  co_await submitting;
  WaitResult result;
  Body waiting = context.wait({made}, 1, std::nullopt, result, false);
  co_await waiting;
}

Body submit_and_get(TaskContext& context, const TaskCall& call) {
  ObjectRef result{};
  HeldRef life;
  Body submitting = submit_one(context, call, result, life);
  co_await submitting;
  const std::vector<ObjectRef> results{result};
  Body waiting = get_all(context, results);
  co_await waiting;
}

Body make_parts(TaskContext& context, Duration rest, Duration work) {
  const auto sleeping = context.sleep(rest);
  co_await sleeping;
  const auto working = context.compute(work);
  co_await working;
}

Body run_shuffle(TaskContext& context, std::uint32_t first, const TaskOptions& options,
                 const RecordedProgram& program) {
  std::vector<ObjectRef> parts;
  std::vector<HeldRef> lives;
  for (std::int64_t i = 0; i < program.n; ++i) {
    ObjectRef mapped = context.submit(call_of(first + make, options));
    for (std::int64_t r = 0; r < program.children; ++r, ++mapped.index) {
      parts.push_back(mapped);
      lives.push_back(context.hold(mapped));
    }
    const auto pause = context.pause();
    co_await pause;
  }
  std::vector<ObjectRef> sums;
  for (std::int64_t r = 0; r < program.children; ++r) {
    TaskCall reduce = call_of(first + use, options);
    for (std::int64_t i = 0; i < program.n; ++i)
      reduce.args.emplace_back(parts[static_cast<std::size_t>(i * program.children + r)]);
    sums.push_back(context.submit(reduce));
    const auto pause = context.pause();
    co_await pause;
  }
  Body waiting = get_all(context, sums);
  co_await waiting;
}

Body run_broadcast(TaskContext& context, std::uint32_t first, const TaskOptions& options, const ClusterSpec& cluster,
                   const RecordedProgram& program, double& seconds) {
  const ObjectRef object = context.put(program.bytes);
  const HeldRef life = context.hold(object);
  const auto putting = context.pause();
  co_await putting;
  const Time start = context.now();
  std::vector<ObjectRef> done;
  for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i) {
    TaskCall call = on_node(first + use, options, {i});
    call.args.emplace_back(object);
    done.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
  Body waiting = get_all(context, done);
  co_await waiting;
  seconds = (context.now() - start).in_seconds();
}

Body run_spill(TaskContext& context, const RecordedProgram& program, double& seconds) {
  const Time start = context.now();
  std::vector<ObjectRef> objects;
  std::vector<HeldRef> lives;
  for (std::int64_t i = 0; i < program.n; ++i) {
    objects.push_back(context.put(program.bytes));
    lives.push_back(context.hold(objects.back()));
    const auto pause = context.pause();
    co_await pause;
  }
  for (const ObjectRef object : objects) {
    const std::vector<ObjectRef> one{object};
    Body getting = get_all(context, one);
    co_await getting;
  }
  seconds = (context.now() - start).in_seconds();
}

}  // namespace

std::vector<RemoteFunction> object_functions(const std::string& name, const RecordedProgram& program,
                                             const TaskOptions& options) {
  RemoteFunction maker;
  maker.name = name;
  maker.options = options;
  maker.computes = false;
  if (!program.durations.empty()) maker.duration = Distribution::constant(program.durations.front());
  RemoteFunction user = maker;
  user.name += ".use";
  maker.return_size = Distribution::constant(static_cast<double>(program.bytes.count));
  if (program.kind == Kind::shuffle) {
    maker.num_returns = static_cast<int>(program.children);
    maker.body = [rest = duration_of(program, 0), work = filling.time_for(program.bytes * program.children)](
                     TaskContext& context) { return make_parts(context, rest, work); };
  }
  return {maker, user};
}

Body run_objects(TaskContext& context, std::uint32_t first, const TaskOptions& options, const ClusterSpec& cluster,
                 const RecordedProgram& program, double& seconds) {
  if (program.kind == Kind::shuffle || program.kind == Kind::broadcast || program.kind == Kind::spill) {
    Body body = program.kind == Kind::shuffle     ? run_shuffle(context, first, options, program)
                : program.kind == Kind::broadcast ? run_broadcast(context, first, options, cluster, program, seconds)
                                                  : run_spill(context, program, seconds);
    co_await body;
    co_return;
  }
  ObjectRef object{};
  HeldRef life;
  Body making = make_there(context, first, options, program.from, object, life);
  co_await making;
  if (program.kind != Kind::locality) {
    const auto rest = context.sleep(rest_before_transfer);
    co_await rest;
  }
  const Time start = context.now();
  TaskCall call =
      program.kind == Kind::transfer ? on_node(first + use, options, program.to) : call_of(first + use, options);
  call.args.emplace_back(object);
  const std::vector<ObjectRef> made{object};
  Body using_it = program.kind == Kind::driver_get ? get_all(context, made) : submit_and_get(context, call);
  co_await using_it;
  seconds = (context.now() - start).in_seconds();
}

}  // namespace raysim
