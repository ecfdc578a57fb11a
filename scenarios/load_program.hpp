// Programs in C++ from a shared object (`program:` of a scenario, `--program`).
//
// Models: the file is loaded, the version of its interface and its C++ library compared. Leaves out: how it runs
// (program_host.hpp).
// Invariants: what is wrong with the file is an InputError that names it; a file stays loaded until raysim ends, as its values may.
#pragma once

#include <string>

#include "include/raysim/ray.hpp"

namespace raysim {

// `path` for the system, `place` for messages: "lib.yaml:3:10" or "--program".
const ray::Program& load_program(const std::string& path, const std::string& file, int line, int column);

}  // namespace raysim
