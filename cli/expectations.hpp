// Whether a run came out as its scenario says (`expect:`).
//
// Models: one line for each expectation that failed, `FILE:LINE:COLUMN: expected ..., got ...`. Leaves out: the places of
// single keys; the lines name the key. Invariants: no lines when all came true; a scenario without `expect` has none.
#pragma once

#include <string>
#include <vector>

#include "analysis/run_report.hpp"
#include "scenarios/program.hpp"

namespace raysim {

std::vector<std::string> failed_expectations(const ScenarioProgram& program, const RunReport& report);

}  // namespace raysim
