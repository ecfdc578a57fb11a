// Runs the steps of a scenario as bodies.
//
// Models: one coroutine for each running body, with names that hold references. Leaves out: variables, conditions.
// Invariants: what the loader promised (ScenarioProgram) is relied on here.
#pragma once

#include "models/core_worker/task_context.hpp"
#include "models/runtime.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// Options of a call as the models take them. Ray's defaults: 1 CPU, `default_retries`.
TaskOptions resolve_options(const TaskOptionsSpec& spec, ClusterSpec& cluster, int default_retries);

// The remote functions of a program, in its order, and the driver's body; they refer to `program` and `cluster`, which must outlive
// them.
struct ProgramBodies {
  std::vector<RemoteFunction> functions;
  BodyMaker driver;
};
ProgramBodies make_bodies(const ScenarioProgram& program, ClusterSpec& cluster, int default_retries);

}  // namespace raysim
