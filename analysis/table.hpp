// A run as a table on the terminal.
//
// Models: key figures with what they are compared to, then the nodes; large clusters show the first nodes, those that
// stand out, and a line for the rest. Leaves out: the terminal itself (who calls says whether there are colours).
// Invariants: at most 100 columns; the one line that differs between runs of a seed begins with "wall time".
#pragma once

#include <string>

#include "analysis/run_report.hpp"

namespace raysim {

std::string run_table(const RunReport& report, bool colours);

}  // namespace raysim
