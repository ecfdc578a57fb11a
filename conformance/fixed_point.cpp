// Amounts in Ray's units of 1/10000.
#include <fmt/format.h>

#include "conformance/runners.hpp"
#include "models/resources.hpp"

namespace raysim {

namespace {

void check_amount(const std::string& what, const CaseValue& input, const CaseValue& expected, Checks& checks) {
  checks.equal(what, std::to_string(expected.whole()), std::to_string(ResourceAmount::of(input.number()).ticks));
}

}  // namespace

void run_fixed_point(const CaseValue& the_case, Checks& checks) {
  const CaseValue units = the_case.at("expect").at("units");
  for (const auto& [name, input] : the_case.at("input").entries()) {
    const CaseValue expected = units.at(name);
    if (!input.is_list()) {
      check_amount("units." + name, input, expected, checks);
      continue;
    }
    const std::vector<CaseValue> amounts = input.items();
    const std::vector<CaseValue> wanted = expected.items();
    if (amounts.size() != wanted.size()) expected.fail_expected("a number for each amount");
    for (std::size_t i = 0; i < amounts.size(); ++i)
      check_amount(fmt::format("units.{}[{}]", name, i), amounts[i], wanted[i], checks);
  }
}

}  // namespace raysim
