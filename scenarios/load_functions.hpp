// Reading of what a program declares: tasks, actors, functions of steps, drivers; a part of the scenario loader (load.hpp).
//
// Models: names, parameters and options of all first, so that every body may refer to any of them; then the bodies. Leaves out:
// steps. Invariants: those of ScenarioProgram.
#pragma once

#include "platforms/yaml_reader.hpp"
#include "scenarios/load_options.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// `tasks`, `actors`, `functions`, `driver` and `drivers` of a scenario, into `program`, which is that of the context.
void read_declarations(const YamlMapping& scenario, ScenarioContext& context, ScenarioProgram& program);

}  // namespace raysim
