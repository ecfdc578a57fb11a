#include "scenarios/recording_programs.hpp"

#include <algorithm>

#include "models/runtime.hpp"

namespace raysim {

using Kind = RecordedProgram::Kind;

namespace {
constexpr Duration rate_window = Duration::milliseconds(2000);  // an operation is repeated for so long
}  // namespace

Duration duration_of(const RecordedProgram& program, std::int64_t i) {
  return Duration::seconds(program.durations[static_cast<std::size_t>(i) % program.durations.size()]);
}

TaskCall call_of(std::uint32_t function, const TaskOptions& options) {
  TaskCall call;
  call.function = {function};
  call.options = options;
  return call;
}

Body submit_many(TaskContext& context, TaskCall call, std::int64_t n, const RecordedProgram& program,
                 std::vector<ObjectRef>& refs) {
  for (std::int64_t i = 0; i < n; ++i) {
    call.duration = program.durations.empty() ? Duration{} : duration_of(program, i);
    refs.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
}

Body get_all(TaskContext& context, const std::vector<ObjectRef>& refs) {
  Body waiting = context.get(refs, std::nullopt);
  co_await waiting;
}

Body run_bag(TaskContext& context, const TaskCall& call, const RecordedProgram& program) {
  std::vector<ObjectRef> refs;
  Body submitting = submit_many(context, call, program.n, program, refs);
  co_await submitting;
  Body waiting = get_all(context, refs);
  co_await waiting;
}

Body run_chain(TaskContext& context, TaskCall call, const RecordedProgram& program) {
  ObjectRef last{};
  for (std::int64_t i = 0; i < program.n; ++i) {
    call.duration = duration_of(program, i);
    last = context.submit(call);
    call.args.assign(1, last);
    const auto pause = context.pause();
    co_await pause;
  }
  const std::vector<ObjectRef> wanted{last};
  Body waiting = get_all(context, wanted);
  co_await waiting;
}

Body run_tree(TaskContext& context, TaskCall call, const RecordedProgram& program) {
  std::vector<ObjectRef> level;
  for (std::int64_t i = 0; i < program.n; ++i) {
    level.push_back(context.put(Bytes{16}));
    const auto pause = context.pause();
    co_await pause;
  }
  while (level.size() > 1) {
    std::vector<ObjectRef> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      call.duration = duration_of(program, 0);
      call.args.assign(level.begin() + static_cast<std::ptrdiff_t>(i),
                       level.begin() + static_cast<std::ptrdiff_t>(std::min(i + 2, level.size())));
      next.push_back(context.submit(call));
      const auto pause = context.pause();
      co_await pause;
    }
    level = std::move(next);
  }
  Body waiting = get_all(context, level);
  co_await waiting;
}

Body run_wait_window(TaskContext& context, TaskCall call, const RecordedProgram& program) {
  std::vector<ObjectRef> in_flight;
  for (std::int64_t i = 0; i < program.n; ++i) {
    if (static_cast<std::int64_t>(in_flight.size()) >= program.window) {
      WaitResult result;
      Body waiting = context.wait(in_flight, 1, std::nullopt, result);
      co_await waiting;
      in_flight = std::move(result.pending);
    }
    call.duration = duration_of(program, i);
    in_flight.push_back(context.submit(call));
    const auto pause = context.pause();
    co_await pause;
  }
  Body rest = get_all(context, in_flight);
  co_await rest;
}

// One operation of a micro-benchmark.
static Body run_operation(TaskContext& context, const TaskCall& call, const RecordedProgram& program,
                          const std::vector<ObjectRef>& put) {
  std::vector<ObjectRef> refs;
  if (program.kind == Kind::get_small) {
    refs = put;
  } else if (program.kind == Kind::put_small || program.kind == Kind::put_large) {
    const HeldRef until_here = context.hold(context.put(program.bytes));
    const auto putting = context.pause();
    co_await putting;
  } else {
    Body submitting = submit_many(context, call, program.n, program, refs);
    co_await submitting;
  }
  if (program.kind == Kind::wait_batch) {
    WaitResult result;
    Body waiting = context.wait(refs, refs.size(), Duration::seconds(10), result);
    co_await waiting;
  } else if (!refs.empty()) {
    Body waiting = get_all(context, refs);
    co_await waiting;
  }
  const auto pause = context.pause();
  co_await pause;
}

Body run_rate(TaskContext& context, const TaskCall& call, const RecordedProgram& program, double& rate) {
  const std::vector<ObjectRef> put{context.put(Bytes{16})};
  Body first = run_operation(context, call, program, put);
  co_await first;
  const Time start = context.now();
  std::int64_t done = 0;
  while (context.now() - start < rate_window) {
    Body operation = run_operation(context, call, program, put);
    co_await operation;
    done += program.n;
  }
  rate = static_cast<double>(done) / (context.now() - start).in_seconds();
}

}  // namespace raysim
