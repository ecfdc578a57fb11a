// Scenarios from YAML files (scenario.schema.json, docs/reference/scenario.md).
//
// Models: the file with its overrides becomes a program and the cluster it runs on, all of it checked: keys, types,
// units, names of tasks, nodes, references, policies and settings, and whether each demand fits on some node. Leaves
// out: running it.
// Invariants: those of ScenarioProgram and ClusterSpec; every mistake is an InputError, the first one ends the reading.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "models/cluster.hpp"
#include "platforms/input_error.hpp"
#include "platforms/yaml_reader.hpp"
#include "scenarios/program.hpp"

namespace raysim {

struct Scenario {
  ScenarioProgram program;
  ClusterSpec cluster;
};

// Names that a scenario may use and that other layers know. What is not given is not checked.
struct KnownNames {
  std::optional<std::span<const std::string_view>> policies;
  std::optional<std::span<const std::string_view>> profiles;
  std::optional<std::span<const std::string_view>> system_config;
};

// `overrides` are `KEY=VALUE` as after `--set`: a path of keys and list indices joined by dots, and YAML. Paths below
// `cluster` reach into the platform, whether it stands in the scenario or in a file of its own. The path of a platform
// file is relative to the scenario's folder.
Scenario load_scenario(const std::string& path, std::span<const std::string> overrides = {},
                       const KnownNames& known = {});

// The same from memory; `file_name` is for messages and for the folder of the platform file.
Scenario load_scenario_text(std::string_view text, const std::string& file_name,
                            std::span<const std::string> overrides = {}, const KnownNames& known = {});

// The key tables of the form.
std::span<const MappingSpec* const> scenario_mappings();

// What `expect: outcome` may say: "ok" and the names of Ray's errors.
std::span<const std::string_view> known_outcomes();

}  // namespace raysim
