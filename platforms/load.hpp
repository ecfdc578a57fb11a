// Clusters from files: YAML (platform.schema.json, docs/reference/platform.md) or a SimGrid platform file.
//
// Models: nodes with resources and labels, on machines of their own or shared ones, in a star network or in the
// topology of a SimGrid file (each host a node; its properties ray.head, ray.cpus, ray.gpus, ray.memory,
// ray.object_store_memory and ray.resources say what `ray start` would be told). Leaves out: node types that come and
// go.
// Invariants: those of ClusterSpec; nodes keep the order of the file; every mistake is an InputError.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/cluster.hpp"
#include "platforms/input_error.hpp"
#include "platforms/yaml_reader.hpp"

namespace raysim {

// Nodes that a file may describe; more is a mistake rather than a cluster.
inline constexpr std::size_t node_limit = 100'000;

// By the ending of the name: `.xml` is SimGrid's, anything else YAML. `overrides` are `KEY=VALUE`, for YAML only; those
// that do not start with `prefix` are another document's and are left alone.
ClusterSpec load_cluster(const std::string& path, std::span<const std::string> overrides = {},
                         std::string_view prefix = {});

// The YAML form from memory; `file_name` is for messages.
ClusterSpec load_cluster_text(std::string_view text, const std::string& file_name,
                              std::span<const std::string> overrides = {}, std::string_view prefix = {});

// The YAML form as a part of another document, where the key `raysim_platform` is not required.
ClusterSpec read_inline_cluster(const YamlReader& value, const std::string& file_name);

// Fails when the key of a custom resource is one of Ray's predefined names (CPU, GPU, memory, object_store_memory).
void check_custom_resource(const YamlReader& resource);

// The key tables of the YAML form.
std::span<const MappingSpec* const> platform_mappings();

}  // namespace raysim
