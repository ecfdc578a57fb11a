// The file in which `raysim store` keeps a store from command to command.
//
// Models: the platform, the settings, which node has which piece, which nodes are lost, as JSON. Leaves out: two commands at the same
// time. Invariants: a file that was written reads back to the same store; one that is broken is an InputError; a write replaces the
// whole file or nothing.
#pragma once

#include <string>

#include "models/cluster.hpp"
#include "models/sharded_store/sharded_store.hpp"

namespace raysim {

struct OpenStore {
  std::string cluster_file;
  ClusterSpec cluster;
  ShardedStore store;
};

// A new store on all nodes of a platform; each gives what its object store has.
OpenStore make_store(const std::string& cluster_file, const ShardedStoreSettings& settings);
OpenStore read_store(const std::string& file);
void write_store(const std::string& file, const OpenStore& open);

// The number of the node of that name; InputError for `option`, with the nearest one.
std::uint32_t node_named(const ClusterSpec& cluster, const std::string& name, const std::string& option);

}  // namespace raysim
