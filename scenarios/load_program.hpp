// Programs in C++ from a shared object (`program:` of a scenario, `--program`).
//
// Models: the file is loaded, the version of its interface and its C++ library compared, its parameters set. Leaves out: how it runs
// (program_host.hpp).
// Invariants: what is wrong with the file or a parameter is an InputError where the scenario says it; a file stays loaded until raysim
// ends, as its values may.
#pragma once

#include <string>
#include <vector>

#include "include/raysim/ray.hpp"
#include "scenarios/program.hpp"

namespace raysim {

struct LoadedProgram {
  const ray::Program* program = nullptr;
  std::vector<ray::host::Parameter> parameters;  // those that it declares, with the scenario's values
};

// `file` must outlive what is returned.
LoadedProgram load_program(const ProgramFile& file);

}  // namespace raysim
