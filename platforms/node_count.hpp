// The size of a cluster as one number: `--set cluster.nodes=12`.
//
// Models: a cluster in which one entry of `nodes` has a `count` grows and shrinks by it; the number is that of all nodes.
// Leaves out: clusters in which several entries have one, or none; there the user says which.
// Invariants: the other nodes stay as they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "platforms/yaml_tree.hpp"

namespace raysim {

// `override` as it should be applied to `cluster`: `nodes=12`, whose first `skip` bytes are no part of the path, becomes
// `nodes.NAME.count=11`; any other comes back as it is. An InputError when no number of that node makes 12.
std::string with_node_count(const YamlNode& cluster, std::string_view override, std::size_t skip);

}  // namespace raysim
