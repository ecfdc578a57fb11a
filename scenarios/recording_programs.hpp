// The programs of recordings, as bodies.
//
// Models: what the recorders' scripts do, step by step, for the kinds that need tasks only (recording_programs.cpp) and for those
// with actors (recording_actors.cpp) or large objects (recording_objects.cpp). Leaves out: clocks and what is written down (recording_session.cpp).
// Mirrors no part of Ray. Invariants: each body ends when its program has its last result.
#pragma once

#include <vector>

#include "models/core_worker/task_context.hpp"
#include "scenarios/recording.hpp"

namespace raysim {

[[nodiscard]] Duration duration_of(const RecordedProgram& program, std::int64_t i);
[[nodiscard]] TaskCall call_of(std::uint32_t function, const TaskOptions& options);
Body submit_many(TaskContext& context, TaskCall call, std::int64_t n, const RecordedProgram& program,
                 std::vector<ObjectRef>& refs);
Body get_all(TaskContext& context, const std::vector<ObjectRef>& refs);

Body run_bag(TaskContext& context, const TaskCall& call, const RecordedProgram& program);
Body run_chain(TaskContext& context, TaskCall call, const RecordedProgram& program);
Body run_tree(TaskContext& context, TaskCall call, const RecordedProgram& program);
Body run_wait_window(TaskContext& context, TaskCall call, const RecordedProgram& program);
// Repeats an operation for the recorders' window; `rate`: operations a second.
Body run_rate(TaskContext& context, const TaskCall& call, const RecordedProgram& program, double& rate);

// The remote functions of a case with large objects: who makes them and who uses them.
std::vector<RemoteFunction> object_functions(const std::string& name, const RecordedProgram& program,
                                             const TaskOptions& options);
Body run_objects(TaskContext& context, std::uint32_t first, const TaskOptions& options, const ClusterSpec& cluster,
                 const RecordedProgram& program, double& seconds);

// Actors that stay from case to case, as in the recorders' scripts.
struct SessionActors {
  std::vector<ActorHandle> single;
};
// The remote functions of a case with actors, the class first.
std::vector<RemoteFunction> actor_functions(const std::string& name, const RecordedProgram& program,
                                            const TaskOptions& options, std::uint32_t first);
// What its class asks for.
[[nodiscard]] ActorOptions actor_options(const RecordedProgram& program);
Body run_actor_create(TaskContext& context, std::uint32_t first, const RecordedProgram& program);
// Seconds to the end of the calls, from when the actors were there.
Body run_actor_pool(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds);
Body run_progress_actor(TaskContext& context, std::uint32_t first, const TaskOptions& options,
                        const RecordedProgram& program);
// Its actor's process ends several times; `seconds` that it was away, as far as it came back; `ends`: of the calls that ended it.
Body run_actor_restart(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds,
                       std::string& ends);
// Seconds from the kill to the last of the calls, which are tried again.
Body run_actor_retry_calls(TaskContext& context, std::uint32_t first, const RecordedProgram& program, double& seconds);
Body run_actor_rate(TaskContext& context, std::uint32_t first, const RecordedProgram& program, SessionActors& actors,
                    double& rate);

}  // namespace raysim
