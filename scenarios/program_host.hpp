// Bodies of a C++ program, carried out by the models.
//
// Models: each verb of raysim/ray.hpp as the call of TaskContext that it is; remote functions, which get their numbers when they
// are first called. Leaves out: loading the program (load_program.hpp).
// Invariants: no exception crosses between raysim and the program: errors go by Ray's names; an exception of a body becomes its task's
// error, of the driver's the outcome of the run.
#pragma once

#include "models/core_worker/task_context.hpp"
#include "scenarios/interpret.hpp"
#include "scenarios/load_program.hpp"

namespace raysim {

// The driver of a program, which must outlive the body maker and its run. `default_retries`: Ray's task_max_retries.
BodyMaker make_program_driver(const LoadedProgram& program, int default_retries, PrintSink print = {});

}  // namespace raysim
