// `raysim memory`: what `ray memory` would show at a moment of a run.
//
// Models: the references of each node's processes, and what the stores hold. Leaves out: `--group-by`, `--sort-by`.
// Mirrors python/ray/_private/internal_api.py and memory_utils.py (2.60). Invariants: the run is the one of `raysim run`, up to there.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_memory_command(CLI::App& app, Action& chosen);

}  // namespace raysim
