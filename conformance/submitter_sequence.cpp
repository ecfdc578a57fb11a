// The task submitter of one owner, step by step.
#include "conformance/runners.hpp"
#include "conformance/steps.hpp"
#include "conformance/submitter_case.hpp"

namespace raysim {

void run_submitter_sequence(const CaseValue& the_case, Checks& checks) {
  SubmitterCase owner(the_case["setup"]);
  for_each_step(the_case, [&](const CaseValue& step, const CaseValue& expected, const std::string& where) {
    owner.step(step);
    owner.check(expected, where, checks);
  });
}

}  // namespace raysim
