#include "scenarios/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace raysim {

namespace {

constexpr std::int64_t format_version = 1;
constexpr std::size_t shown_limit = 80;

constexpr std::array sweep_keys{
    KeySpec{"raysim_sweep", true}, KeySpec{"title"},    KeySpec{"scenario", true}, KeySpec{"set"},
    KeySpec{"grid", true},         KeySpec{"policies"}, KeySpec{"reps"},           KeySpec{"seed"}};
constexpr MappingSpec sweep_spec{"sweep", "the sweep", sweep_keys};
constexpr std::array<const MappingSpec*, 1> all_specs{&sweep_spec};

// What is wrong with a range, and what was expected; without the place.
struct RangeError {
  std::string wrong;
  std::string expected;
};

bool take_number(std::string_view& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.starts_with('-')) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// `3..100:10` as 3, 13, ..., 93; any other text as it is. Throws RangeError.
std::vector<std::string> expand(const std::string& value) {
  std::string_view rest = value;
  std::int64_t first = 0;
  if (!take_number(rest, first) || !rest.starts_with("..")) return {value};
  rest.remove_prefix(2);
  std::int64_t last = 0;
  std::int64_t step = 1;
  bool is_range = take_number(rest, last);
  if (is_range && rest.starts_with(':')) {
    rest.remove_prefix(1);
    is_range = take_number(rest, step);
  }
  const std::string expected = "FIRST..LAST or FIRST..LAST:STEP, as in 3..100:10";
  if (!is_range || !rest.empty()) throw RangeError{"range " + in_quotes(value), expected};
  if (last < first || step < 1) throw RangeError{"range " + in_quotes(value) + " without a value", expected};
  if (static_cast<std::size_t>((last - first) / step) >= most_sweep_points)
    throw RangeError{"range " + in_quotes(value), fmt::format("at most {} values", most_sweep_points)};
  std::vector<std::string> values;
  for (std::int64_t number = first; number <= last; number += step) {
    values.push_back(std::to_string(number));
    if (last - number < step) break;
  }
  return values;
}

void append(SweepAxis& axis, const YamlReader& value) {
  try {
    const std::vector<std::string> values = value.is_scalar() ? expand(value.scalar()) : std::vector<std::string>{};
    if (values.empty() || values.front() == value.scalar())
      axis.values.push_back(value.one_line());  // as it stands there
    else
      axis.values.insert(axis.values.end(), values.begin(), values.end());
  } catch (const RangeError& error) {
    value.fail(error.wrong, error.expected);
  }
}

// Seeds and policies have keys of their own, which the figures are grouped by.
std::string_view own_key_for(std::string_view path) {
  if (path == "seed") return "seed";
  return path == "ray.policy" ? "policies" : "";
}

SweepAxis read_axis(const YamlReader& value) {
  SweepAxis axis{std::string(value.key()), {}, value.source(), {value.place().line, value.place().column}};
  if (const std::string_view own = own_key_for(axis.key); !own.empty())
    value.fail_at_key(fmt::format("{} in the grid", in_quotes(axis.key)),
                      fmt::format("the key '{}' of the sweep", own));
  if (value.is_list()) {
    for (const YamlReader& item : value.list("values")) append(axis, item);
    if (axis.values.empty()) value.fail_expected("at least one value");
  } else {
    if (!value.is_scalar()) value.fail_expected("a list of values, or a range such as 3..100:10");
    append(axis, value);
  }
  return axis;
}

std::vector<std::string> read_policies(const YamlReader& value, std::span<const std::string_view> known) {
  std::vector<std::string> policies;
  for (const YamlReader& item : value.list("a list of policies")) {
    const std::string name = item.text("a policy");
    if (std::find(known.begin(), known.end(), name) == known.end()) item.fail_unknown("policy", name, known);
    if (std::find(policies.begin(), policies.end(), name) != policies.end())
      item.fail("policy " + in_quotes(name) + " twice", "names that differ");
    policies.push_back(name);
  }
  if (policies.empty()) value.fail_expected("at least one policy");
  return policies;
}

std::string read_scenario(const YamlReader& value, const std::string& file_name) {
  const std::string text = value.text("the path of a scenario, relative to the sweep");
  std::string path = (std::filesystem::path(file_name).parent_path() / text).lexically_normal().string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    value.fail(fmt::format("{}: there is no file {}", value.found(), in_quotes(path)),
               "the path of a scenario, relative to the sweep");
  return path;
}

// Where `text` is cut into values: at commas outside of quotes and brackets.
std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> values(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      values.emplace_back();
      continue;
    }
    values.back() += c;
  }
  return values;
}

[[noreturn]] void fail_at(const SweepAxis& axis, const std::string& message) {
  throw InputError(axis.source, axis.place.line, axis.place.column, message);
}

// The same key or one below it.
bool lies_in(const std::string& key, const std::string& other) { return key == other || key.starts_with(other + '.'); }

std::string set_together(const std::string& key, const std::string& other) {
  return fmt::format("{} is set together with {}, expected keys of which none lies in another", in_quotes(key),
                     in_quotes(other));
}

void check_differ(const SweepAxis& axis) {
  std::vector<std::string> sorted = axis.values;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    fail_at(axis,
            fmt::format("value {} of {} twice, expected values that differ", in_quotes(*twice), in_quotes(axis.key)));
}

}  // namespace

SweepSpec load_sweep_text(std::string_view text, const std::string& file_name,
                          std::span<const std::string_view> policies) {
  const YamlDocument document = parse_yaml(text, file_name);
  const YamlReader root(document);
  if (root.is_null()) root.fail("empty file", "a sweep with the keys raysim_sweep, scenario and grid");
  const YamlMapping top = root.mapping(sweep_spec);
  top.at("raysim_sweep").version(format_version);
  SweepSpec sweep;
  if (const auto key = top.find("title")) sweep.title = key->text("a title");
  sweep.scenario = read_scenario(top.at("scenario"), file_name);
  if (const auto key = top.find("set"))
    for (const YamlReader& value : key->named_values("values by key, as after --set"))
      sweep.overrides.push_back(fmt::format("{}={}", value.key(), value.one_line()));
  for (const YamlReader& axis : top.at("grid").named_values("lists of values by key, as after --set"))
    sweep.grid.push_back(read_axis(axis));
  if (sweep.grid.empty()) top.at("grid").fail("'grid' without a key", "at least one");
  if (const auto key = top.find("policies")) sweep.policies = read_policies(*key, policies);
  if (const auto key = top.find("reps")) sweep.reps = key->whole(1, most_sweep_reps);
  if (const auto key = top.find("seed")) sweep.seed = static_cast<std::uint64_t>(key->whole(0));
  return sweep;
}

SweepSpec load_sweep(const std::string& path, std::span<const std::string_view> policies) {
  return load_sweep_text(read_text_file(path, "a sweep file"), path, policies);
}

bool is_sweep_file(const std::string& path) {
  const YamlDocument document = parse_yaml(read_text_file(path, "a scenario or a sweep"), path);
  const auto& entries = document.root.entries;
  return std::any_of(entries.begin(), entries.end(),
                     [](const YamlEntry& entry) { return entry.key == "raysim_sweep"; });
}

SweepAxis parse_axis(std::string_view text) {
  SweepAxis axis;
  axis.source = "--grid " + on_one_line(text, shown_limit);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    fail_at(axis, "no key, expected KEY=VALUE,VALUE such as cluster.nodes=3..100:10");
  axis.key = text.substr(0, equals);
  if (const std::string_view own = own_key_for(axis.key); !own.empty())
    fail_at(axis, fmt::format("{} in the grid, expected the option --{}", in_quotes(axis.key), own));
  try {
    for (const std::string& value : split_values(text.substr(equals + 1))) {
      if (value.empty()) fail_at(axis, "an empty value, expected VALUE,VALUE");
      const std::vector<std::string> values = expand(value);
      axis.values.insert(axis.values.end(), values.begin(), values.end());
    }
  } catch (const RangeError& error) {
    fail_at(axis, fmt::format("{}, expected {}", error.wrong, error.expected));
  }
  return axis;
}

std::size_t count_points(std::span<const SweepAxis> grid, std::span<const std::string> overrides) {
  std::size_t points = 1;
  for (const SweepAxis& axis : grid) {
    for (const SweepAxis& other : grid)
      if (&axis != &other && lies_in(axis.key, other.key)) fail_at(axis, set_together(axis.key, other.key));
    for (const std::string& override : overrides)
      if (const std::string key = override.substr(0, override.find('=')); lies_in(key, axis.key))
        fail_at(axis, set_together(key, axis.key));
    check_differ(axis);
    points *= axis.values.size();
    if (points > most_sweep_points)
      fail_at(axis, fmt::format("more than {} points, expected fewer", most_sweep_points));
  }
  return points;
}

std::vector<std::string> point_values(std::span<const SweepAxis> grid, std::size_t point) {
  std::vector<std::string> values(grid.size());
  for (std::size_t i = grid.size(); i-- > 0; point /= grid[i].values.size())
    values[i] = grid[i].values[point % grid[i].values.size()];
  return values;
}

std::vector<std::string> point_overrides(std::span<const SweepAxis> grid, std::size_t point) {
  std::vector<std::string> overrides = point_values(grid, point);
  for (std::size_t i = 0; i < grid.size(); ++i) overrides[i] = grid[i].key + '=' + overrides[i];
  return overrides;
}

std::span<const MappingSpec* const> sweep_mappings() { return all_specs; }

}  // namespace raysim
