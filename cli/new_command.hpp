// `raysim new policy NAME`, `raysim new program NAME`: the first files of a policy or program of one's own.
//
// Models: copies templates/KIND/ into a folder, with the name put in: the source, what tests it, its build. Leaves out: building
// them; it prints the commands. Invariants: an existing file is never overwritten; nothing is written when one is there.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_new_command(CLI::App& app, Action& chosen);

}  // namespace raysim
