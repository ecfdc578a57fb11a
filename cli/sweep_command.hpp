// `raysim sweep`: a grid over values of a scenario, with the same policies and seeds at each point.
//
// Models: checks every point, runs what the results file does not hold yet, stores each run as it ends, prints table,
// JSON or CSV of all. Leaves out: the form of a sweep (scenarios/sweep.hpp), how runs are stored (result_store.hpp).
// Invariants: nothing runs when any point is bad; killed at any moment and started again, it runs what is missing and
// nothing twice; runs of files that have changed since are never mixed with new ones.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_sweep_command(CLI::App& app, Action& chosen);

}  // namespace raysim
