// What the text of a label constraint means, and how many constraints a selector keeps.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/runners.hpp"
#include "models/labels.hpp"

namespace raysim {

namespace {

std::string name_of(LabelConstraint::Op op) {
  switch (op) {
    case LabelConstraint::Op::in: return "in";
    case LabelConstraint::Op::not_in: return "not_in";
    case LabelConstraint::Op::exists: return "exists";
    case LabelConstraint::Op::does_not_exist: return "does_not_exist";
  }
  return "?";
}

void check_text(const std::string& key, const std::string& text, const CaseValue& expect, Checks& checks) {
  const CaseValue error = expect["error"];
  LabelConstraint parsed;
  try {
    parsed = parse_label_constraint(key, text);
  } catch (const LabelError& wrong) {
    if (!error.boolean_or(false)) checks.equal("error", "none", wrong.what());
    for (const char* other : {"op", "values_set"})
      if (expect[other].exists()) checks.equal(other, "a constraint", "an error");
    return;
  }
  if (error.exists()) checks.equal("error", error.boolean(), false);
  if (expect["op"].exists()) checks.equal("op", expect["op"].text(), name_of(parsed.op));
  if (!expect["values_set"].exists()) return;
  std::vector<std::string> values = expect["values_set"].texts();
  std::sort(values.begin(), values.end());
  checks.equal("values_set", fmt::format("{}", fmt::join(values, ", ")),
               fmt::format("{}", fmt::join(parsed.values, ", ")));
}

}  // namespace

void run_label_parse(const CaseValue& the_case, Checks& checks) {
  const CaseValue input = the_case.at("input");
  const CaseValue expect = the_case.at("expect");
  if (input["value"].exists()) return check_text(input["key"].text_or("key"), input["value"].text(), expect, checks);
  LabelSelector selector;
  const std::vector<CaseValue> counts = expect.at("constraint_counts").items();
  std::size_t at = 0;
  for (const CaseValue& pair : input.at("add_in_order").items()) {
    const std::vector<std::string> both = pair.texts();
    if (both.size() != 2) pair.fail_expected("[key, value]");
    selector.add(parse_label_constraint(both[0], both[1]));
    if (at == counts.size()) expect["constraint_counts"].fail_expected("a count for each constraint");
    checks.equal(fmt::format("constraint_counts[{}]", at), std::to_string(counts[at].whole()),
                 std::to_string(selector.constraints().size()));
    ++at;
  }
  if (at != counts.size()) expect["constraint_counts"].fail_expected("a count for each constraint");
}

}  // namespace raysim
