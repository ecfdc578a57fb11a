// `raysim validate`: does a run take as long as in real Ray?
//
// Models: simulates recordings of real Ray, each as the session that it was, on several seeds, and sets both side by side. Leaves
// out: judging; tests/validation says what must agree.
// Invariants: one cost profile for all cases.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_validate_command(CLI::App& app, Action& chosen);

}  // namespace raysim
