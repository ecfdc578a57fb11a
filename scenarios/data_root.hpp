// Where the files are that belong to raysim: profiles, platforms, scenarios.
//
// Models: the source tree and the installed tree, which have the same shape. Leaves out: user files.
// Invariants: the same file for the same binary, whatever the working directory.
#pragma once

#include <string>
#include <string_view>

namespace raysim {

// The path of a file of raysim by its path in the source tree. RAYSIM_DATA, when set, is the root; else it is found
// from the executable: share/raysim beside its folder when installed, the source tree when built in it.
std::string data_file(std::string_view relative);

}  // namespace raysim
