// `raysim compare`: policies on one scenario, over the same seeds.
//
// Models: checks everything, runs each policy with each seed, prints table, JSON or CSV, draws the picture. Leaves out:
// the statistics (analysis/statistics.hpp) and layouts. Invariants: nothing runs when an input is bad or the picture
// cannot be written; the result does not depend on how many runs there are at a time; exit code 1 when any run did not
// end as it should.
#pragma once

#include "cli/command.hpp"

namespace raysim {

void add_compare_command(CLI::App& app, Action& chosen);

}  // namespace raysim
