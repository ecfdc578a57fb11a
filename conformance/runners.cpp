#include "conformance/runners.hpp"

#include <utility>

namespace raysim {

namespace {

constexpr std::pair<std::string_view, CaseRunner> runners[] = {
    {"actor_forwarding", run_actor_forwarding},
    {"actor_sequence", run_actor_sequence},
    {"allocation_sequence", run_allocation_sequence},
    {"bundle_decision", run_bundle_decision},
    {"cluster_decision", run_cluster_decision},
    {"cluster_sequence", run_cluster_sequence},
    {"fixed_point", run_fixed_point},
    {"hybrid_pick", run_hybrid_pick},
    {"label_parse", run_label_parse},
    {"lease_decision", run_lease_decision},
    {"lease_manager_sequence", run_lease_manager_sequence},
    {"locality_decision", run_locality_decision},
    {"pg_sequence", run_pg_sequence},
    {"policy_decision", run_policy_decision},
    {"policy_sequence", run_policy_sequence},
    {"rate_limit", run_rate_limit},
    {"resource_predicate", run_resource_predicate},
    {"scheduling_key", run_scheduling_key},
    {"submitter_sequence", run_submitter_sequence},
    {"view_sequence", run_view_sequence},
};

}  // namespace

CaseRunner runner_of(std::string_view kind) {
  for (const auto& [name, runner] : runners)
    if (name == kind) return runner;
  return nullptr;
}

}  // namespace raysim
