// Reading of `distributed_store`; a part of the scenario loader (load.hpp).
//
// Models: the settings of `raysim store init`. Leaves out: the steps (load_body.hpp). Invariants: a store can be made with what is
// returned, on the nodes of the cluster.
#pragma once

#include "models/cluster.hpp"
#include "models/sharded_store/sharded_store.hpp"
#include "platforms/yaml_reader.hpp"

namespace raysim {

ShardedStoreSettings read_store_settings(const YamlReader& value, const ClusterSpec& cluster);

}  // namespace raysim
