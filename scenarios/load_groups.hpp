// Reading of placement groups; a part of the scenario loader (load.hpp).
//
// Models: what ray.util.placement_group() takes, with Ray's own limits. Leaves out: whether the cluster can ever place a group: Ray
// waits for nodes then. Invariants: names of nodes and resources exist in the cluster; bundles ask for something.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/load_options.hpp"

namespace raysim {

// `placement_groups:`; the context knows them afterwards.
std::vector<PlacementGroupEntry> read_placement_groups(const YamlReader& value, ScenarioContext& context);

// An entry of `placement_groups` in `expect`: the name of a group, and its state.
std::pair<std::string, std::string> read_expected_state(const YamlReader& value, const ScenarioContext& context);

}  // namespace raysim
