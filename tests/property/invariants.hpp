// What must hold of every run, whatever the program, the cluster, the policy and the seed.
#pragma once

#include "tests/property/program.hpp"

namespace property {

// Times of a record are in order; a finished attempt has started; attempts of a task count up from 0 and only the last one
// is final. Where owners may die, their tasks may stop after an attempt that was to be retried.
void check_records(const Log& log, bool owners_die = false);

// No node gives more of a resource to leaf tasks that run at once than it has, and no worker runs two at once.
void check_capacity(const ClusterSpec& cluster, const Program& program, const Observer& observer, const Log& log);

// Every submitted task came to the end that its plan says, in as many attempts, and no value was read before it was made.
void check_outcomes(const Observer& observer, const Log& log);

// A body sees the end of a task only after its own process has heard of it.
void check_learned(const Observer& observer, const Log& log);

}  // namespace property
