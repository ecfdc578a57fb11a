#include "scenarios/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "platforms/load.hpp"
#include "platforms/node_count.hpp"
#include "scenarios/load_expressions.hpp"
#include "scenarios/load_functions.hpp"
#include "scenarios/load_groups.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_options.hpp"
#include "scenarios/load_store.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t format_version = 1;
constexpr std::string_view cluster_prefix = "cluster.";
constexpr std::array<std::string_view, 1> architectures{"raylet"};

// Mappings with names that the user chose: a new one on the command line is a mistake.
const std::vector<std::string_view> user_named{"tasks",         "actors",           "functions", "placement_groups",
                                               "cluster.nodes", "cluster.machines", "drivers"};

RaySettings read_ray(const YamlReader& value, const KnownNames& known) {
  const YamlMapping mapping = value.mapping(keys::ray);
  RaySettings ray;
  if (const auto key = mapping.find("architecture")) ray.architecture = key->one_of(architectures);
  if (const auto key = mapping.find("profile"))
    ray.profile = known.profiles ? key->one_of(*known.profiles) : key->text("a profile");
  if (const auto key = mapping.find("policy"))
    ray.policy = known.policies ? key->one_of(*known.policies) : key->text("a policy");
  if (const auto key = mapping.find("view_delay")) ray.view_delay = key->duration();
  if (const auto key = mapping.find("decision_time")) ray.decision_time = key->duration();
  if (const auto config = mapping.find("system_config")) {
    for (const YamlReader& setting : config->named_values("settings by Ray's own names")) {
      const auto& names = known.system_config;
      if (names && std::find(names->begin(), names->end(), setting.key()) == names->end())
        setting.fail_at_key(fmt::format("unknown setting {} in system_config", in_quotes(setting.key())),
                            "one of " + listed(*names) + suggestion(setting.key(), *names));
      ray.system_config.emplace(setting.key(), ConfigSetting{setting.scalar(), setting.source(), place_of(setting)});
    }
  }
  return ray;
}

std::pair<std::int64_t, std::int64_t> read_range(const YamlReader& value) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (!value.is_list()) {
    const std::int64_t exact = value.whole(0, most);
    return {exact, exact};
  }
  const std::vector<YamlReader> ends = value.list("a list");
  if (ends.size() != 2) value.fail(fmt::format("list of {}", ends.size()), "two whole numbers, [MIN, MAX]");
  const std::int64_t min = ends[0].whole(0, most);
  return {min, ends[1].whole(min, most)};
}

// A program in C++ has what scenarios say by the keys that are not allowed beside it.
std::optional<ProgramFile> read_program(const YamlMapping& top, const std::string& file_name) {
  const auto key = top.find("program");
  if (!key) {
    if (top.has("parameters")) top.fail_at_key("parameters", "'parameters' without 'program'", "both or none");
    if (!top.has("driver") && !top.has("drivers"))
      top.fail("no 'driver' in the scenario", "the key 'driver', 'drivers' for several, or 'program' for one in C++");
    return std::nullopt;
  }
  for (const std::string_view other :
       {"driver", "drivers", "tasks", "actors", "functions", "placement_groups", "distributed_store"})
    if (top.has(other))
      top.fail_at_key(other, fmt::format("'{}' next to 'program'", other), "none, as the program has its own");
  ProgramFile program;
  const std::string text = key->text("the path of a shared object, relative to the scenario");
  program.path = (std::filesystem::path(file_name).parent_path() / text).lexically_normal().string();
  program.source = key->source();
  program.place = place_of(*key);
  if (const auto parameters = top.find("parameters"))
    for (const YamlReader& value : parameters->named_values("values of parameters by name"))
      program.parameters.emplace(value.key(), ConfigSetting{value.scalar(), value.source(), place_of(value)});
  return program;
}

ExpectedMakespan read_makespan(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::makespan);
  ExpectedMakespan makespan;
  if (const auto min = mapping.find("min")) makespan.min = min->duration();
  if (const auto max = mapping.find("max")) makespan.max = max->duration();
  if (makespan.min && makespan.max && *makespan.max < *makespan.min)
    mapping.at("max").fail(mapping.at("max").found() + ", below 'min'", "at least 'min'");
  return makespan;
}

// A name of a driver, and the value that it must have at the end.
ExpectedValue read_expected_value(const YamlReader& value, std::size_t driver, const ScenarioContext& context) {
  const std::vector<std::string>& names = context.program().drivers[driver].body.names;
  const auto found = std::find(names.begin(), names.end(), value.key());
  if (found == names.end()) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    value.fail_at_key("no step of the driver sets the name " + in_quotes(value.key()),
                      (known.empty() ? "none" : "one of " + listed(known)) + suggestion(value.key(), known));
  }
  NameTable none;
  const Expression expected = ExpressionReader(context.engine(), none).value(value);
  if (expected.constant() == nullptr) value.fail_expected("a value that is the same in each run");
  return {driver, static_cast<Slot>(found - names.begin()), *expected.constant()};
}

void read_expected_driver(const YamlReader& value, const ScenarioContext& context, ExpectSpec& expect) {
  const std::vector<DriverSpec>& drivers = context.program().drivers;
  const auto found = std::find_if(drivers.begin(), drivers.end(),
                                  [&](const DriverSpec& driver) { return driver.name == value.key(); });
  if (found == drivers.end()) {
    std::vector<std::string_view> known;
    for (const DriverSpec& driver : drivers) known.push_back(driver.name);
    value.fail_at_key("unknown driver " + in_quotes(value.key()),
                      "one of " + listed(known) + suggestion(value.key(), known));
  }
  const YamlMapping mapping = value.mapping(keys::expected_driver);
  ExpectedDriver expected;
  expected.driver = static_cast<std::size_t>(found - drivers.begin());
  if (const auto key = mapping.find("outcome")) expected.outcome = key->one_of(known_outcomes());
  if (const auto key = mapping.find("makespan")) expected.makespan = read_makespan(*key);
  if (const auto key = mapping.find("values"))
    for (const YamlReader& name : key->named_values("values by name of the driver"))
      expect.values.push_back(read_expected_value(name, expected.driver, context));
  expect.drivers.push_back(std::move(expected));
}

// `values` of the only driver, or what is expected of each of several.
void read_expected_drivers(const YamlMapping& mapping, const ScenarioContext& context, ExpectSpec& expect) {
  if (context.program().in_cpp) {
    for (const std::string_view key : {"values", "drivers"})
      if (mapping.has(key))
        mapping.fail_at_key(key, fmt::format("'{}' of a program in C++", key), "a check in the program itself");
    return;
  }
  const bool several = !context.program().drivers.front().name.empty();
  if (const auto key = mapping.find("values")) {
    if (several) mapping.fail_at_key("values", "'values' of several drivers", "'drivers' with the 'values' of each");
    for (const YamlReader& name : key->named_values("values by name of the driver"))
      expect.values.push_back(read_expected_value(name, 0, context));
  }
  if (const auto key = mapping.find("drivers")) {
    if (!several) mapping.fail_at_key("drivers", "'drivers' of the only driver", "'outcome', 'makespan' and 'values'");
    for (const YamlReader& driver : key->named_values("what is expected, by driver"))
      read_expected_driver(driver, context, expect);
  }
}

ExpectSpec read_expect(const YamlReader& value, const ScenarioContext& context) {
  const YamlMapping mapping = value.mapping(keys::expect);
  ExpectSpec expect;
  expect.place = place_of(value);
  if (const auto key = mapping.find("outcome")) expect.outcome = key->one_of(known_outcomes());
  if (const auto key = mapping.find("makespan")) expect.makespan = read_makespan(*key);
  if (const auto key = mapping.find("tasks_per_node")) {
    for (const YamlReader& node : key->named_values("numbers of tasks by node")) {
      context.check_node_key(node);
      expect.tasks_per_node.emplace(node.key(), read_range(node));
    }
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (const auto key = mapping.find("finished")) expect.finished = key->whole(0, most);
  if (const auto key = mapping.find("retried")) expect.retried = key->whole(0, most);
  if (const auto key = mapping.find("failed")) expect.failed = key->whole(0, most);
  if (const auto key = mapping.find("oom_kills")) expect.oom_kills = key->whole(0, most);
  if (const auto key = mapping.find("spilled")) expect.spilled = key->bytes();
  if (const auto key = mapping.find("restored")) expect.restored = key->bytes();
  if (const auto key = mapping.find("fallback_peak")) expect.fallback_peak = key->bytes();
  if (const auto key = mapping.find("placement_groups"))
    for (const YamlReader& group : key->named_values("states by placement group"))
      expect.placement_groups.emplace(read_expected_state(group, context));
  read_expected_drivers(mapping, context, expect);
  return expect;
}

ClusterSpec read_cluster(const YamlReader& value, const std::string& file_name,
                         std::span<const std::string> overrides) {
  if (value.is_mapping()) return read_inline_cluster(value, file_name);
  const std::string text = value.text("the path of a platform file, relative to the scenario");
  const std::string path = (std::filesystem::path(file_name).parent_path() / text).lexically_normal().string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    value.fail(fmt::format("{}: there is no file {}", value.found(), in_quotes(path)),
               "the path of a platform file, relative to the scenario");
  return load_cluster(path, overrides, cluster_prefix);
}

}  // namespace

Scenario load_scenario_text(std::string_view text, const std::string& file_name, std::span<const std::string> overrides,
                            const KnownNames& known) {
  YamlDocument document = parse_yaml(text, file_name);
  const auto reaches_cluster = [](const std::string& override) { return override.starts_with(cluster_prefix); };
  for (const std::string& override : overrides)
    if (!reaches_cluster(override)) apply_override(document, override, user_named);
  const auto cluster = std::find_if(document.root.entries.begin(), document.root.entries.end(),
                                    [](const YamlEntry& entry) { return entry.key == "cluster"; });
  // Otherwise they are for the platform's file.
  if (cluster != document.root.entries.end() && cluster->value.kind != YamlNode::Kind::scalar)
    for (const std::string& override : overrides)
      if (reaches_cluster(override))
        apply_override(document, with_node_count(cluster->value, override, cluster_prefix.size()), user_named);

  const YamlReader root(document);
  if (root.is_null()) root.fail("empty file", "a scenario with the keys raysim, cluster and driver");
  const YamlMapping top = root.mapping(keys::scenario);
  top.at("raysim").version(format_version);
  Scenario scenario;
  ScenarioProgram& program = scenario.program;
  program.file = file_name;
  if (const auto key = top.find("title")) program.title = key->text("a title");
  if (const auto key = top.find("seed")) program.seed = static_cast<std::uint64_t>(key->whole(0));
  if (const auto key = top.find("warm_workers")) program.warm_workers = key->boolean();
  if (const auto key = top.find("ray")) program.ray = read_ray(*key, known);
  scenario.cluster = read_cluster(top.at("cluster"), file_name, overrides);
  program.engine = std::make_shared<LuaEngine>();
  ScenarioContext context(scenario.cluster, program);
  program.in_cpp = read_program(top, file_name);
  if (const auto key = top.find("placement_groups")) program.placement_groups = read_placement_groups(*key, context);
  if (const auto key = top.find("distributed_store")) program.store = read_store_settings(*key, scenario.cluster);
  if (!program.in_cpp) read_declarations(top, context, program);
  if (const auto key = top.find("expect")) program.expect = read_expect(*key, context);
  return scenario;
}

Scenario load_scenario(const std::string& path, std::span<const std::string> overrides, const KnownNames& known) {
  return load_scenario_text(read_text_file(path, "a scenario file"), path, overrides, known);
}

}  // namespace raysim
