// A sweep: a grid over values of a scenario, for each point the same policies and seeds.
//
// Models: the file of a sweep (sweep.schema.json, docs/reference/sweep.md) and the axes of `--grid`, checked: keys, types,
// ranges, names of policies. Leaves out: whether the scenario takes a value, which its own loader says; running.
// Invariants: every axis has a value; no key is an axis twice or lies below another one; every mistake is an InputError.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/yaml_reader.hpp"
#include "scenarios/program.hpp"

namespace raysim {

struct SweepAxis {
  std::string key;                  // a path as after `--set`
  std::vector<std::string> values;  // YAML on one line
  std::string source;               // for messages: the file with `place`, or `--grid KEY=...`
  SourcePlace place;
};

struct SweepSpec {
  std::string title;
  std::string scenario;                // the path, from the working directory
  std::vector<std::string> overrides;  // `KEY=VALUE`, of every run
  std::vector<SweepAxis> grid;
  std::vector<std::string> policies;  // empty: the scenario's own
  std::optional<std::int64_t> reps;
  std::optional<std::uint64_t> seed;
};

inline constexpr std::int64_t most_sweep_reps = 100'000;
inline constexpr std::size_t most_sweep_points = 100'000;

// The path of the scenario in the file is relative to the file's folder. `policies` are the names there are.
SweepSpec load_sweep(const std::string& path, std::span<const std::string_view> policies);
SweepSpec load_sweep_text(std::string_view text, const std::string& file_name,
                          std::span<const std::string_view> policies);

// Whether the file is a sweep rather than a scenario: it has the key `raysim_sweep`.
bool is_sweep_file(const std::string& path);

// `KEY=VALUE,VALUE`, where a value is YAML or a range of whole numbers `FIRST..LAST` or `FIRST..LAST:STEP`.
SweepAxis parse_axis(std::string_view text);

// Fails when an axis has a value twice, when two axes set the same, when one of the overrides would be undone by an
// axis, or when too many points come out; 1 for no axes.
std::size_t count_points(std::span<const SweepAxis> grid, std::span<const std::string> overrides = {});

// The values of a point, one for each axis, and the overrides that set them; the last axis changes first.
std::vector<std::string> point_values(std::span<const SweepAxis> grid, std::size_t point);
std::vector<std::string> point_overrides(std::span<const SweepAxis> grid, std::size_t point);

// The key tables of the form.
std::span<const MappingSpec* const> sweep_mappings();

}  // namespace raysim
