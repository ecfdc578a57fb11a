// The steps of a case that is a sequence, each with what is expected after it.
//
// Models: one record for each step, in order. Leaves out: what a step does, and what a record says.
// Invariants: a case with more records than steps, or fewer, is malformed before the first step.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "conformance/case_value.hpp"

namespace raysim {

// Calls `take(step, expected, where)` for each; `where` is "steps[2]".
template <class Take>
void for_each_step(const CaseValue& the_case, Take take) {
  const std::vector<CaseValue> steps = the_case.at("steps").items();
  const CaseValue expected = the_case.at("expect").at("steps");
  const std::vector<CaseValue> records = expected.items();
  if (records.size() != steps.size()) expected.fail_expected("a record for each step");
  for (std::size_t i = 0; i < steps.size(); ++i) take(steps[i], records[i], fmt::format("steps[{}]", i));
}

}  // namespace raysim
