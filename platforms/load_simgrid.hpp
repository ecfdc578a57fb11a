// Clusters from SimGrid platform files; see load.hpp, which chooses this form by the file's ending.
//
// Models: each host a node on a machine of its own with as many CPUs as cores, unless properties of the host say
// otherwise. Leaves out: labels, shared machines.
// Invariants: those of ClusterSpec; mistakes are InputErrors at the line of the host's `id`, or at 1:1 when SimGrid
// made the host from a <cluster>.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/cluster.hpp"
#include "sim/fabric.hpp"

namespace raysim {

ClusterSpec load_simgrid_cluster(const std::string& path);

// The same from hosts already listed; `text` is the file's text, for places in messages.
ClusterSpec cluster_of_hosts(const std::vector<SimgridHost>& hosts, const std::string& path, std::string_view text);

}  // namespace raysim
