#include "scenarios/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "platforms/load.hpp"
#include "platforms/node_count.hpp"
#include "scenarios/load_groups.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_options.hpp"
#include "scenarios/load_steps.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t format_version = 1;
constexpr std::int64_t most_returns = 10'000;
constexpr std::int64_t most_attempts = 1'000'000;
constexpr std::string_view cluster_prefix = "cluster.";
constexpr std::array<std::string_view, 1> architectures{"raylet"};

// Mappings with names that the user chose: a new one on the command line is a mistake.
const std::vector<std::string_view> user_named{"tasks", "placement_groups", "cluster.nodes", "cluster.machines"};

SourcePlace place_of(const YamlReader& value) { return {value.place().line, value.place().column}; }

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

// What a task's duration keeps busy: a core, or the GPUs that it has asked for.
void read_place_of_work(const YamlMapping& mapping, TaskSpec& task) {
  static constexpr std::string_view places[] = {"cpu", "gpu"};
  if (const auto key = mapping.find("runs_on")) {
    task.on_gpu = key->one_of(places) == "gpu";
    if (task.on_gpu && task.options.num_gpus.value_or(0) == 0)
      key->fail("'runs_on' is 'gpu' in a task without GPUs", "'num_gpus' above 0, or 'cpu'");
    for (const std::string_view other : {"body", "sleep"})
      if (task.on_gpu && mapping.has(other))
        mapping.fail_at_key(other, fmt::format("'{}' next to 'runs_on'", other), "one of the two");
  }
  if (const auto key = mapping.find("device_copy")) {
    task.device_copy = key->bytes();
    if (!task.on_gpu)
      mapping.fail_at_key("device_copy", "'device_copy' in a task that runs on a core", "'runs_on: gpu'");
  }
}

TaskSpec read_task(const YamlReader& value, const ScenarioContext& context) {
  TaskSpec task;
  task.name = value.key();
  task.place = place_of(value);
  const YamlMapping mapping = value.mapping(keys::task);
  task.options = read_options(mapping, context);
  check_demand(task.options, task.name, value, context);
  for (const std::string_view key : {"duration", "sleep"})
    if (mapping.has("body") && mapping.has(key))
      mapping.fail_at_key(key, fmt::format("'{}' next to 'body'", key),
                          "one of the two, as the steps of the body take the time");
  if (const auto key = mapping.find("duration")) task.duration = read_durations(*key);
  if (const auto key = mapping.find("sleep")) task.compute = !key->boolean();
  read_place_of_work(mapping, task);
  if (const auto key = mapping.find("returns")) task.return_size = read_sizes(*key);
  if (const auto key = mapping.find("num_returns")) task.num_returns = static_cast<int>(key->whole(0, most_returns));
  if (const auto key = mapping.find("crash"))
    task.crash_attempts = static_cast<int>(key->mapping(keys::crash).at("attempts").whole(0, most_attempts));
  return task;
}

// Names and options of all tasks first, so that bodies may submit any of them.
std::vector<TaskSpec> read_tasks(const YamlReader& value, ScenarioContext& context) {
  const std::vector<YamlReader> readers = value.named_values("tasks by name");
  std::vector<TaskSpec> tasks;
  tasks.reserve(readers.size());
  for (const YamlReader& reader : readers) {
    tasks.push_back(read_task(reader, context));
    context.add_task(reader.key(), reader.mapping(keys::task).has("body"));
  }
  for (std::size_t i = 0; i < readers.size(); ++i)
    if (const auto body = readers[i].mapping(keys::task).find("body")) tasks[i].body = read_body(*body, context, tasks);
  return tasks;
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

ExpectSpec read_expect(const YamlReader& value, const ScenarioContext& context) {
  const YamlMapping mapping = value.mapping(keys::expect);
  ExpectSpec expect;
  expect.place = place_of(value);
  if (const auto key = mapping.find("outcome")) expect.outcome = key->one_of(known_outcomes());
  if (const auto key = mapping.find("makespan")) {
    const YamlMapping makespan = key->mapping(keys::makespan);
    if (const auto min = makespan.find("min")) expect.makespan_min = min->duration();
    if (const auto max = makespan.find("max")) expect.makespan_max = max->duration();
    if (expect.makespan_min && expect.makespan_max && *expect.makespan_max < *expect.makespan_min)
      makespan.at("max").fail(makespan.at("max").found() + ", below 'min'", "at least 'min'");
  }
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
  if (const auto key = mapping.find("placement_groups"))
    for (const YamlReader& group : key->named_values("states by placement group"))
      expect.placement_groups.emplace(read_expected_state(group, context));
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
  ScenarioContext context(scenario.cluster);
  if (const auto key = top.find("placement_groups")) program.placement_groups = read_placement_groups(*key, context);
  if (const auto key = top.find("tasks")) program.tasks = read_tasks(*key, context);
  program.driver = read_body(top.at("driver"), context, program.tasks);
  if (const auto key = top.find("expect")) program.expect = read_expect(*key, context);
  return scenario;
}

Scenario load_scenario(const std::string& path, std::span<const std::string> overrides, const KnownNames& known) {
  return load_scenario_text(read_text_file(path, "a scenario file"), path, overrides, known);
}

}  // namespace raysim
