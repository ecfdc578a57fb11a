// `raysim run`: a scenario from its file to its figures.
//
// Models: loads, simulates, checks the scenario's expectations, prints the table or JSON, writes the trace. Leaves out: the
// layout of each. Invariants: nothing is simulated when an input is bad or the trace cannot be written; exit code by
// ExitCode.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_run_command(CLI::App& app, Action& chosen);

}  // namespace raysim
