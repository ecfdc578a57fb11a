// The task submitter of one owner, step by step.
#include <fmt/format.h>

#include "conformance/runners.hpp"
#include "conformance/submitter_case.hpp"

namespace raysim {

void run_submitter_sequence(const CaseValue& the_case, Checks& checks) {
  SubmitterCase owner(the_case["setup"]);
  const std::vector<CaseValue> steps = the_case.at("steps").items();
  const CaseValue expected = the_case.at("expect").at("steps");
  if (expected.items().size() != steps.size()) expected.fail_expected("as many records as there are steps");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    owner.step(steps[i]);
    owner.check(expected.items()[i], fmt::format("steps[{}]", i), checks);
  }
}

}  // namespace raysim
