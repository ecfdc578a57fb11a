// Reading of bodies: lists of steps of the driver or of a task; a part of the scenario loader (load.hpp).
//
// Models: submit, get, wait, put, sleep, compute, repeat, for_each, and which names hold references at each step.
// Leaves out: conditions. Invariants: tasks exist; a name is set by an earlier step of the same body before it is read.
// A loop that runs zero times may leave a name that its body sets without references; such a name then holds none.
#pragma once

#include "platforms/yaml_reader.hpp"
#include "scenarios/load_options.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// `tasks` are the tasks read so far: their options must be there, bodies need not.
Steps read_body(const YamlReader& value, const ScenarioContext& context, const std::vector<TaskSpec>& tasks);

}  // namespace raysim
