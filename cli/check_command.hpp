// `raysim check`: is a file right?
//
// Models: reads scenarios and platforms as `raysim run` does, with everything that it checks. Leaves out: running them.
// Invariants: one line a file, on stdout what was found in a good one, on stderr the first mistake in a bad one.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_check_command(CLI::App& app, Action& chosen);

}  // namespace raysim
