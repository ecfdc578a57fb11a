// What the two kinds of cases that call a policy by its name share.
//
// Models: policies by the names of cases, and the requests of their calls. Leaves out: what is expected.
// Invariants: a policy that a case names and nobody has makes the case skipped.
#pragma once

#include <memory>
#include <string>

#include "conformance/case_cluster.hpp"

namespace raysim {

std::unique_ptr<NodePolicy> policy_of_case(const std::string& name, const PolicySettings& settings);
// `demand` must outlive the request.
NodeRequest request_of_call(const CaseValue& request, const CaseValue& options, const std::string& policy,
                            const ResourceSet& demand, CaseCluster& cluster);

}  // namespace raysim
