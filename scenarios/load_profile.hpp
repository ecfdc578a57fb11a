// Cost profiles from YAML files (models/profiles/).
//
// Models: reading and checking of a profile, and of the settings that a scenario changes in it. Leaves out: where the values
// come from; each says so itself.
// Invariants: a profile lacks nothing and has nothing unknown; every mistake is an InputError.
#pragma once

#include <string>
#include <string_view>

#include "models/profile.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// The profile of that name in the folder of profiles. Every value needs a unit where it has one, a source and a date.
Profile load_profile(std::string_view name);

// The names of the profiles that are there.
std::vector<std::string> profile_names();

// Puts a scenario's `ray.system_config` over the profile: Ray's plain numbers (`..._ms: 200`) or quantities (`200 ms`).
void apply_system_config(const ScenarioProgram& program, Profile& profile);

}  // namespace raysim
