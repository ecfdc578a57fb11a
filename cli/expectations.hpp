// Whether a run came out as its scenario says (`expect:`).
//
// Models: one line for each expectation that failed, `FILE:LINE:COLUMN: expected ..., got ...`. Leaves out: the places of
// single keys; the lines name the key. Invariants: no lines when all came true; a scenario without `expect` has none.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/run_report.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// `values`: what the driver's names of `expect: values` held at its end, in that order.
std::vector<std::string> failed_expectations(const ScenarioProgram& program, const RunReport& report,
                                             std::span<const Value> values);

}  // namespace raysim
