// `raysim store`: a distributed store of large objects, driven from the shell; each command says what it costs.
//
// Models: models/sharded_store on a platform: what moves, moves over its links; one connection from node to node, all of a phase at the
// same time. Leaves out: what that model does; other traffic. Invariants: a command that fails leaves the file as it was.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_store_command(CLI::App& app, Action& chosen);

}  // namespace raysim
