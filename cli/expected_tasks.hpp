// How many tasks a program will submit, before it runs.
//
// Models: counts, loops and nested submissions of the steps; what a loop appends in every round is multiplied. Leaves
// out: what an error cuts short; task functions that submit themselves. For the progress line, which says how much is
// left; nothing else may rely on it.
// Invariants: at least the calls of the driver's own steps; finite.
#pragma once

#include "scenarios/program.hpp"

namespace raysim {

double expected_tasks(const ScenarioProgram& program);

}  // namespace raysim
