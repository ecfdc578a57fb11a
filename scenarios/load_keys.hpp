// The key tables of the scenario form: which keys each mapping may have, and which it must have.
//
// Models: one table for each definition in scenario.schema.json, held together by a test. Leaves out: types and ranges
// of values, which stand where the value is read.
// Invariants: a table's `definition` is the name of its definition in the schema.
#pragma once

#include "platforms/yaml_reader.hpp"

namespace raysim::scenario_keys {

extern const MappingSpec scenario;
extern const MappingSpec ray;
extern const MappingSpec task;
extern const MappingSpec options;
extern const MappingSpec scheduling_strategy;
extern const MappingSpec node_affinity;
extern const MappingSpec node_labels;
extern const MappingSpec fallback;
extern const MappingSpec bundle_strategy;
extern const MappingSpec placement_group;
extern const MappingSpec wait_placement_group;
extern const MappingSpec placement_group_ready;
extern const MappingSpec runtime_env;
extern const MappingSpec crash;
extern const MappingSpec distribution;
extern const MappingSpec uniform;
extern const MappingSpec normal;
extern const MappingSpec lognormal;
extern const MappingSpec exponential;
extern const MappingSpec pareto;
extern const MappingSpec step;
extern const MappingSpec submit;
extern const MappingSpec get;
extern const MappingSpec wait;
extern const MappingSpec put;
extern const MappingSpec drain;
extern const MappingSpec repeat;
extern const MappingSpec arrivals;
extern const MappingSpec function;
extern const MappingSpec call;
extern const MappingSpec actor;
extern const MappingSpec actor_options;
extern const MappingSpec method;
extern const MappingSpec create;
extern const MappingSpec invoke;
extern const MappingSpec kill;
extern const MappingSpec get_actor;
extern const MappingSpec cancel;
extern const MappingSpec yield;
extern const MappingSpec next;
extern const MappingSpec for_each;
extern const MappingSpec driver;
extern const MappingSpec expected_driver;
extern const MappingSpec expect;
extern const MappingSpec makespan;
extern const MappingSpec distributed_store;
extern const MappingSpec store_create;
extern const MappingSpec store_read;
extern const MappingSpec store_write;
extern const MappingSpec store_delete;
extern const MappingSpec store_list;
extern const MappingSpec store_stat;
extern const MappingSpec store_repair;

}  // namespace raysim::scenario_keys
