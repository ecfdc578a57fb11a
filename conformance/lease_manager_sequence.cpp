// The lease manager of one raylet, step by step.
#include "conformance/lease_case.hpp"
#include "conformance/runners.hpp"
#include "conformance/steps.hpp"

namespace raysim {

void run_lease_manager_sequence(const CaseValue& the_case, Checks& checks) {
  LeaseCase raylet(the_case["setup"]);
  for_each_step(the_case, [&](const CaseValue& step, const CaseValue& expected, const std::string& where) {
    const LeaseCase::Result result = raylet.step(step);
    raylet.check(expected, where, result, checks);
  });
}

}  // namespace raysim
