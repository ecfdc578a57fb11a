#include <algorithm>
#include <map>

#include "scenarios/interpret.hpp"
#include "scenarios/recording.hpp"
#include "scenarios/recording_programs.hpp"
#include "scenarios/simulation.hpp"

namespace raysim {

namespace {

using Kind = RecordedProgram::Kind;

constexpr Duration group_patience = Duration::milliseconds(3000);  // for a placement group to be created

// Attempts of the run that goes on.
class SessionRecord final : public RecordSink {
 public:
  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_attempt(const AttemptRecord& attempt) override { attempts.push_back(attempt); }
  void on_worker_started(std::uint32_t, Time) override {}

  std::vector<AttemptRecord> attempts;
};

struct Session {
  const Recording& recording;
  SessionRecord record;
  std::vector<SimulatedRun> runs;
  std::vector<std::uint32_t> function_of_case;  // the first of its functions
  std::vector<TaskOptions> options_of_case;
  SessionActors actors;
};

// A program that ends with a Ray error is a result, not the end of the session.
Body run_program(TaskContext& context, const TaskCall& call, const RecordedProgram& program, const ClusterSpec& cluster,
                 std::string& error, double& seconds) {
  const std::uint32_t first = call.function.index;
  const Time start = context.now();
  try {
    Body body = program.with_objects() ? run_objects(context, first, call.options, cluster, program, seconds)
                : program.kind == Kind::actor_create      ? run_actor_create(context, first, program)
                : program.kind == Kind::actor_pool        ? run_actor_pool(context, first, program, seconds)
                : program.kind == Kind::actor_restart     ? run_actor_restart(context, first, program, seconds, error)
                : program.kind == Kind::actor_retry_calls ? run_actor_retry_calls(context, first, program, seconds)
                : program.kind == Kind::progress_actor    ? run_progress_actor(context, first, call.options, program)
                : program.kind == Kind::chain             ? run_chain(context, call, program)
                : program.kind == Kind::tree              ? run_tree(context, call, program)
                : program.kind == Kind::wait_window       ? run_wait_window(context, call, program)
                                                          : run_bag(context, call, program);
    co_await body;
  } catch (const RayError& e) {
    error = name_of(e.type());
  }
  const auto pause = context.pause();
  co_await pause;
  if (seconds == 0) seconds = (context.now() - start).in_seconds();
}

// Creates a group, waits, looks where its bundles are, and removes it; the recorders' clock stops before the removal.
Body run_group(TaskContext& context, const RecordedProgram& program, const ClusterSpec& cluster, RecordedRun& run) {
  const Time start = context.now();
  const PlacementGroupId group = context.new_group_id();
  Body step = context.create_group(group, program.group);
  co_await step;
  bool ready = false;
  step = context.wait_group(group, group_patience, ready);
  co_await step;
  std::vector<NodeId> nodes;
  step = context.look_up_group(group, nodes);
  co_await step;
  run.seconds = (context.now() - start).in_seconds();
  if (!ready) run.error = not_ready;
  std::map<std::string, std::int64_t> bundles;
  for (const NodeId node : nodes)
    if (ready) ++bundles[cluster.nodes[node.index].name];
  run.nodes.assign(bundles.begin(), bundles.end());
  step = context.remove_group(group);
  co_await step;
}

std::optional<double> median_gap(std::vector<AttemptRecord> attempts) {
  std::sort(attempts.begin(), attempts.end(), [](const AttemptRecord& a, const AttemptRecord& b) {
    return std::pair(a.worker, a.started) < std::pair(b.worker, b.started);
  });
  std::vector<double> gaps;
  for (std::size_t i = 1; i < attempts.size(); ++i)
    if (attempts[i].worker == attempts[i - 1].worker)
      gaps.push_back((attempts[i].started - attempts[i - 1].ended).in_seconds());
  if (gaps.empty()) return std::nullopt;
  std::sort(gaps.begin(), gaps.end());
  return gaps[gaps.size() / 2];
}

// What the recording would have said of this run.
RecordedRun describe(const Recording& recording, std::span<const AttemptRecord> attempts, std::uint32_t function) {
  std::map<std::string, std::int64_t> nodes;
  std::map<std::uint64_t, std::int64_t> tries;
  std::vector<AttemptRecord> finished;
  for (const AttemptRecord& attempt : attempts) {
    if (attempt.function != function) continue;
    ++tries[attempt.task];
    if (attempt.outcome != AttemptOutcome::finished) continue;
    ++nodes[recording.cluster.nodes[attempt.node].name];
    finished.push_back(attempt);
  }
  std::map<std::string, std::int64_t> by_tries;
  for (const auto& [task, count] : tries) ++by_tries[std::to_string(count)];
  RecordedRun run;
  run.nodes.assign(nodes.begin(), nodes.end());
  run.attempts.assign(by_tries.begin(), by_tries.end());
  run.median_gap = median_gap(std::move(finished));
  return run;
}

// A run of a case, and what the recording would have said of it.
Body run_once(TaskContext& context, Session& session, std::size_t c, RecordedRun& run) {
  const RecordedCase& recorded = session.recording.cases[c];
  if (recorded.program.kind == Kind::placement_group) {
    Body group = run_group(context, recorded.program, session.recording.cluster, run);
    co_await group;
    co_return;
  }
  const TaskCall call = call_of(session.function_of_case[c], session.options_of_case[c]);
  session.record.attempts.clear();
  double figure = 0;
  std::string error;
  if (recorded.program.kind == Kind::actor_rate) {
    Body rate = run_actor_rate(context, call.function.index, recorded.program, session.actors, figure);
    co_await rate;
  } else if (recorded.is_rate) {
    Body rate = run_rate(context, call, recorded.program, figure);
    co_await rate;
  } else {
    Body program = run_program(context, call, recorded.program, session.recording.cluster, error, figure);
    co_await program;
  }
  // Of nested programs the children are counted, and of a pool its actors by one call each, as the recorders do.
  const std::uint32_t counted = recorded.program.kind == Kind::nested       ? 1
                                : recorded.program.kind == Kind::locality   ? 1
                                : recorded.program.kind == Kind::actor_pool ? 2
                                                                            : 0;
  run = describe(session.recording, session.record.attempts, call.function.index + counted);
  run.seconds = figure;
  run.error = error;
}

Body run_session(TaskContext& context, Session& session) {
  for (std::size_t c = 0; c < session.recording.cases.size(); ++c) {
    const RecordedCase& recorded = session.recording.cases[c];
    if (!recorded.unsupported.empty()) continue;
    for (std::size_t repeat = 0; repeat < recorded.runs.size(); ++repeat) {
      RecordedRun run;
      Body once = run_once(context, session, c, run);
      co_await once;
      session.runs.push_back({c, std::move(run)});
      const auto rest = context.sleep(recorded.pause);
      co_await rest;
    }
  }
}

// The remote functions of all cases; a nested case has two, its children's after its own.
std::vector<RemoteFunction> session_functions(Session& session, ClusterSpec& cluster, int default_retries) {
  std::vector<RemoteFunction> functions;
  std::optional<std::uint32_t> sleeper;  // the recorders' plain sleeping function is one for all cases that use it
  for (const RecordedCase& recorded : session.recording.cases) {
    session.options_of_case.push_back(resolve_options(recorded.program.options, cluster, default_retries));
    const bool plain = recorded.program.kind == Kind::bag || recorded.program.kind == Kind::wait_window;
    if (plain && !recorded.program.cold && sleeper) {
      session.function_of_case.push_back(*sleeper);
      continue;
    }
    session.function_of_case.push_back(static_cast<std::uint32_t>(functions.size()));
    if (plain && !recorded.program.cold) sleeper = session.function_of_case.back();
    if (recorded.program.with_actors()) {
      for (RemoteFunction& function : actor_functions(recorded.name, recorded.program, session.options_of_case.back(),
                                                      session.function_of_case.back()))
        functions.push_back(std::move(function));
      continue;
    }
    if (recorded.program.with_objects()) {
      for (RemoteFunction& function : object_functions(recorded.name, recorded.program, session.options_of_case.back()))
        functions.push_back(std::move(function));
      continue;
    }
    RemoteFunction function;
    function.name = recorded.name;
    function.options = session.options_of_case.back();
    function.computes = false;
    function.crash_attempts = recorded.program.crashes;
    if (recorded.program.kind == Kind::app_error)
      function.body = [](TaskContext&) -> Body {
        throw RayError(ErrorType::plain, "x");
        co_return;
      };
    functions.push_back(function);
    if (recorded.program.kind != Kind::nested) continue;
    RemoteFunction child = function;
    child.name += ".child";
    const TaskCall call = call_of(static_cast<std::uint32_t>(functions.size()), child.options);
    const RecordedProgram* program = &recorded.program;
    functions.back().body = [call, program](TaskContext& context) {
      RecordedProgram children = *program;
      children.n = program->children;
      return [](TaskContext& in, TaskCall what, RecordedProgram bag) -> Body {
        Body body = run_bag(in, what, bag);
        co_await body;
      }(context, call, children);
    };
    functions.push_back(child);
  }
  return functions;
}

}  // namespace

std::vector<SimulatedRun> simulate_session(const Recording& recording, const Profile& profile, std::uint64_t seed) {
  Session session{recording, {}, {}, {}, {}, {}};
  ClusterSpec cluster = recording.cluster;
  SimulationOptions options;
  options.seed = seed;
  options.functions = session_functions(session, cluster, static_cast<int>(profile.system.task_max_retries));
  options.warm_workers = recording.cases.empty() || !recording.cases.front().program.cold;
  options.driver = [&session](TaskContext& context) { return run_session(context, session); };
  Simulation simulation(cluster, profile, std::move(options), session.record);
  simulation.run();
  return std::move(session.runs);
}

}  // namespace raysim
