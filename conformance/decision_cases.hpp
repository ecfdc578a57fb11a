// What the kinds of cases that decide on a view of the cluster share.
//
// Models: the lease of a case, and who decides. Leaves out: what is expected.
// Invariants: a strategy that a case names and nobody has makes the case skipped.
#pragma once

#include <memory>
#include <vector>

#include "conformance/case_cluster.hpp"

namespace raysim {

struct CaseLease {
  CaseLease(const CaseValue& the_case, CaseCluster& cluster);
  // Valid as long as this.
  [[nodiscard]] LeaseDemand get() const;

  ResourceSet demand;
  SchedulingStrategy strategy;
  LabelSelector selector;
  std::vector<LabelSelector> fallbacks;
  bool creates_actor = false;
  bool keeps_resources = false;
};

LeaseDecider::Role role_of_case(const CaseValue& the_case);
std::unique_ptr<NodePolicy> standard_policy_of_case(const CaseValue& the_case, const PolicySettings& settings);

}  // namespace raysim
