// Runs the steps of a scenario as bodies.
//
// Models: one coroutine for each running body, with the values of its names. Leaves out: what the verbs do (models/core_worker/).
// Invariants: what the loader promised (ScenarioProgram) is relied on here; a mistake that shows only now (a division by zero) ends
// its body with an error that names file, line, column, step, body and simulated time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/core_worker/task_context.hpp"
#include "models/runtime.hpp"
#include "scenarios/program.hpp"
#include "scenarios/simulation.hpp"

namespace raysim {

// Options of a call as the models take them. Ray's defaults: 1 CPU, `default_retries`.
TaskOptions resolve_options(const TaskOptionsSpec& spec, ClusterSpec& cluster, int default_retries);

// What a body prints: when, which body ("task map"), and the text.
using PrintSink = std::function<void(Time now, const std::string& body, const std::string& text)>;

// The remote functions of a program and its drivers' bodies; they refer to `program` and `cluster`, which must outlive them.
struct ProgramBodies {
  std::vector<RemoteFunction> functions;  // tasks, then each class with its methods
  std::vector<JobOptions> jobs;           // the drivers in the order of the program's
  // What the names of ExpectSpec::values held at their driver's end, in that order.
  std::shared_ptr<const std::vector<Value>> last_values;
};
ProgramBodies make_bodies(const ScenarioProgram& program, ClusterSpec& cluster, int default_retries,
                          PrintSink print = {});

// Names of the functions in that order.
std::vector<std::string> function_names(const ScenarioProgram& program);

}  // namespace raysim
