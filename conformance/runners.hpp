// The kinds of conformance cases, and what runs each.
//
// Models: one function a kind: it puts the case to the models and notes every difference from what the case expects. Leaves out:
// where cases come from (suite.hpp).
// Invariants: a runner reads every key that it understands and no other: what it leaves unread makes the case skipped. It
// throws SkipCase for what it cannot judge and InputError for what is malformed.
#pragma once

#include <string_view>

#include "conformance/case_value.hpp"
#include "conformance/checks.hpp"

namespace raysim {

using CaseRunner = void (*)(const CaseValue& the_case, Checks& checks);

// Null: no such kind.
CaseRunner runner_of(std::string_view kind);

void run_actor_forwarding(const CaseValue& the_case, Checks& checks);
void run_actor_sequence(const CaseValue& the_case, Checks& checks);
void run_allocation_sequence(const CaseValue& the_case, Checks& checks);
void run_bundle_decision(const CaseValue& the_case, Checks& checks);
void run_cluster_decision(const CaseValue& the_case, Checks& checks);
void run_cluster_sequence(const CaseValue& the_case, Checks& checks);
void run_fixed_point(const CaseValue& the_case, Checks& checks);
void run_hybrid_pick(const CaseValue& the_case, Checks& checks);
void run_label_parse(const CaseValue& the_case, Checks& checks);
void run_lease_decision(const CaseValue& the_case, Checks& checks);
void run_lease_manager_sequence(const CaseValue& the_case, Checks& checks);
void run_locality_decision(const CaseValue& the_case, Checks& checks);
void run_pg_sequence(const CaseValue& the_case, Checks& checks);
void run_policy_decision(const CaseValue& the_case, Checks& checks);
void run_policy_sequence(const CaseValue& the_case, Checks& checks);
void run_rate_limit(const CaseValue& the_case, Checks& checks);
void run_resource_predicate(const CaseValue& the_case, Checks& checks);
void run_scheduling_key(const CaseValue& the_case, Checks& checks);
void run_submitter_sequence(const CaseValue& the_case, Checks& checks);
void run_view_sequence(const CaseValue& the_case, Checks& checks);

}  // namespace raysim
