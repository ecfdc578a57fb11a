// Research baselines beside Ray's own policies, written against the interface that plugins have (raysim/policy.hpp).
//
// Models: for each, what it would decide and what it asks of the processes around it (Traits), in one file of its name. Leaves out: how
// owners and raylets do what traits ask. docs/policies.md compares them and names their sources.
// Invariants: those of plugin::Policy; the caller deletes what is made.
#pragma once

#include "include/raysim/policy.hpp"

namespace raysim {

plugin::Policy* make_central();
plugin::Policy* make_estimated_shortest_first();
plugin::Policy* make_least_loaded();
plugin::Policy* make_locality_first();
plugin::Policy* make_oracle();
plugin::Policy* make_preemptive_priority();
plugin::Policy* make_priority();
plugin::Policy* make_round_robin();
plugin::Policy* make_shortest_first();
plugin::Policy* make_two_choices();
plugin::Policy* make_work_stealing();

// The least used node with room; while none has room, the least used one that can ever run the lease.
inline plugin::Node least_used_even_full(const plugin::Cluster& cluster, const plugin::Lease& lease,
                                         plugin::Random& random) {
  const plugin::Node roomy = plugin::least_used(cluster, lease, random);
  return roomy != plugin::nowhere ? roomy : plugin::least_used(cluster, lease, random, false);
}

}  // namespace raysim
