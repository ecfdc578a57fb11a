// The lease manager of one raylet, step by step.
#include <fmt/format.h>

#include "conformance/lease_case.hpp"
#include "conformance/runners.hpp"

namespace raysim {

void run_lease_manager_sequence(const CaseValue& the_case, Checks& checks) {
  LeaseCase raylet(the_case["setup"]);
  const std::vector<CaseValue> steps = the_case.at("steps").items();
  const CaseValue expected = the_case.at("expect").at("steps");
  if (expected.items().size() != steps.size()) expected.fail_expected("as many records as there are steps");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const LeaseCase::Result result = raylet.step(steps[i]);
    raylet.check(expected.items()[i], fmt::format("steps[{}]", i), result, checks);
  }
}

}  // namespace raysim
