// A run as one JSON object, for machines.
//
// Models: the keys of `raysim run --json`; their names and types stay (docs/model.md defines them). Times are in seconds,
// bytes whole numbers, shares 0 to 1. Leaves out: what is not simulated is there with zeros, so that readers need no
// cases. Invariants: keys in a fixed order; only `wall_s` and `simulated_over_wall` differ between runs of a seed.
#pragma once

#include <string>

#include "analysis/run_report.hpp"

namespace raysim {

std::string run_json(const RunReport& report);

}  // namespace raysim
