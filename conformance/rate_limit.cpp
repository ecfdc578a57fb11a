// How many lease requests an owner may have open under one key.
#include <fmt/format.h>

#include "conformance/runners.hpp"
#include "models/core_worker/lease_policy.hpp"

namespace raysim {

void run_rate_limit(const CaseValue& the_case, Checks& checks) {
  const CaseValue input = the_case.at("input");
  const std::string type = input.at("type").text();
  if (type != "static" && type != "cluster_size") throw SkipCase(fmt::format("no limit is called '{}'", type));
  LeaseRequestLimit limit = type == "static" ? LeaseRequestLimit::fixed(input.at("value").whole())
                                             : LeaseRequestLimit::by_cluster_size(input.at("minimum").whole(), 0);
  std::vector<std::int64_t> limits{limit.get()};
  for (const CaseValue& event : input["events"].items()) {
    const std::string word = event.text();
    if (word == "alive")
      limit.node_alive();
    else if (word == "dead")
      limit.node_dead();
    else
      event.fail_expected("alive or dead");
    limits.push_back(limit.get());
  }
  std::vector<std::int64_t> expected;
  for (const CaseValue& value : the_case.at("expect").at("limits").items()) expected.push_back(value.whole());
  checks.equal("limits", fmt::format("{}", fmt::join(expected, ", ")), fmt::format("{}", fmt::join(limits, ", ")));
}

}  // namespace raysim
