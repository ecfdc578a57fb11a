// `raysim conformance`: does a decision equal Ray's?
//
// Models: runs files of decision cases and says which agree. Leaves out: how a case is run (conformance/).
// Invariants: a line for each case that does not agree and for each that is not judged, with the reason; exit code 1 when one
// fails, 2 when a case or file is malformed.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_conformance_command(CLI::App& app, Action& chosen);

}  // namespace raysim
