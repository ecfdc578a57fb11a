// How the resources of a placement group are called, and what a task in a group asks for.
//
// Models: `X_group_G` and `X_group_I_G` in place of X, and the mark of the group, of which every task takes a thousandth of one. Leaves
// out: what nodes have of them (models/raylet/local_resources.hpp). Mirrors src/ray/common/bundle_spec.cc (2.60).
// Invariants: the same group has the same name everywhere.
#pragma once

#include <string>

#include "models/resources.hpp"
#include "models/scheduling/strategy.hpp"

namespace raysim {

// The G of the names.
std::string name_in_resources(PlacementGroupId group);

// The demand of a task by the names of its group's resources. `bundle`: -1 is any.
ResourceSet demand_in_group(const ResourceSet& demand, PlacementGroupId group, std::int32_t bundle,
                            ResourceNames& names);

// How much of a resource a demand asks for, be it a group's.
ResourceAmount amount_asked(ResourceId of, const ResourceSet& demand, const ResourceNames& names);

}  // namespace raysim
