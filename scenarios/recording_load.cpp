#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "scenarios/recording_reader.hpp"

namespace raysim {

namespace {

using Json = nlohmann::json;
using Reader = RecordingReader;
using Kind = RecordedProgram::Kind;

constexpr double longest_sleep = 1e6;
// How long the recorders of Ray 2.60 rest after a repeat, where a case does not say it: it decides how many idle workers are left.
constexpr double usual_pause_s = 1;
constexpr double pause_after_short_programs_s = 0.5;  // chains and trees
constexpr std::int64_t most_tasks = 10'000'000;
constexpr std::int64_t most_bytes = 1'000'000'000'000;
constexpr std::int64_t usual_store = 300'000'000;  // of a node, in the recorders' scripts

ClusterSpec read_cluster(const Reader& reader, const Json& nodes, int machine_cores) {
  if (!nodes.is_array() || nodes.empty()) reader.fail("cluster", "expected a list of nodes");
  ClusterSpec cluster;
  cluster.file = reader.file;
  cluster.platform.machines.push_back({"recorder", machine_cores, true});
  for (const Json& node : nodes) {
    const std::string where = fmt::format("cluster[{}]", cluster.nodes.size());
    NodeSpec spec;
    spec.name = reader.text(node, "name", where);
    spec.head = node.value("head", false);
    const std::int64_t store = node.contains("object_store_memory")
                                   ? reader.whole(node, "object_store_memory", where, 1, most_bytes)
                                   : usual_store;
    spec.total.set(object_store_memory_resource, {store * ResourceAmount::unit});
    spec.total.set(cpu_resource, ResourceAmount::of(reader.number(node, "cpus", where, 0, 1e5)));
    if (node.contains("gpus"))
      cluster.add_gpus(spec, {}, {}, static_cast<std::int64_t>(reader.number(node, "gpus", where, 0, 1e3)));
    if (node.contains("resources")) {
      const Json& resources = node.at("resources");
      if (!resources.is_object()) reader.fail(where, "'resources' is no object");
      for (const auto& entry : resources.items())
        spec.total.set(cluster.resource_names.id_of(entry.key()),
                       ResourceAmount::of(reader.number(resources, entry.key().c_str(), where + ".resources", 0, 1e9)));
    }
    cluster.nodes.push_back(std::move(spec));
  }
  const auto is_head = [](const NodeSpec& n) { return n.head; };
  const auto heads = std::count_if(cluster.nodes.begin(), cluster.nodes.end(), is_head);
  if (heads > 1) reader.fail("cluster", "more than one head");
  if (heads == 0) cluster.nodes.front().head = true;
  return cluster;
}

TaskOptionsSpec read_options(const Reader& reader, const Json& program, const std::string& where,
                             std::string& unsupported) {
  TaskOptionsSpec options;
  if (!program.contains("options")) return options;
  const Json& given = program.at("options");
  if (!given.is_object()) reader.fail(where, "'options' is no object");
  for (const auto& [key, value] : given.items()) {
    if (key == "num_cpus")
      options.num_cpus = reader.number(given, "num_cpus", where, 0, 1e5);
    else if (key == "num_gpus")
      options.num_gpus = reader.number(given, "num_gpus", where, 0, 1e4);
    else if (key == "max_retries")
      options.max_retries = static_cast<int>(reader.whole(given, "max_retries", where, -1, 1'000'000));
    else if (key == "resources" && value.is_object())
      for (const auto& entry : value.items())
        options.resources[entry.key()] = reader.number(value, entry.key().c_str(), where + ".resources", 0, 1e9);
    else if (key == "scheduling_strategy" && value.is_string() && (value == "SPREAD" || value == "DEFAULT"))
      options.scheduling_strategy.emplace().kind =
          value == "SPREAD" ? SchedulingStrategy::Kind::spread : SchedulingStrategy::Kind::standard;
    else
      unsupported = fmt::format("option '{}' is not simulated yet", key);
  }
  return options;
}

void read_durations(const Reader& reader, const Json& program, const std::string& where, RecordedProgram& out) {
  if (!program.contains("durations_s")) {
    out.durations.assign(1, reader.number(program, "sleep_s", where, 0, longest_sleep));
    return;
  }
  for (const Json& value : program.at("durations_s")) {
    if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= longest_sleep))
      reader.fail(where, "'durations_s' has " + value.dump() + ", expected seconds");
    out.durations.push_back(value.get<double>());
  }
  if (out.durations.empty()) reader.fail(where, "'durations_s' is empty");
}

void read_micro(const Json& program, RecordedCase& out) {
  static const std::map<std::string, std::pair<Kind, std::int64_t>> operations{
      {"task_sync", {Kind::task_sync, 1}},
      {"task_async_1000", {Kind::task_batch, 1000}},
      {"wait_1k", {Kind::wait_batch, 1000}},
      {"get_small", {Kind::get_small, 1}},
      {"put_small", {Kind::put_small, 1}},
      {"put_1MB_bytes", {Kind::put_large, 1 << 20}},
      {"put_100MB_bytes", {Kind::put_large, 100 << 20}},
      {"actor_1_1_sync", {Kind::actor_rate, 1}},
      {"actor_1_1_async_1000", {Kind::actor_rate, 1000}},
      {"actor_1_4_async_1000", {Kind::actor_rate, 1000}}};
  const std::string name = program.value("operation", "");
  const auto it = operations.find(name);
  if (it == operations.end()) {
    out.unsupported = fmt::format("operation '{}' is not simulated yet", name);
    return;
  }
  out.program.kind = it->second.first;
  out.program.n = it->second.second;  // of puts, bytes
  out.program.bytes = Bytes{out.program.kind == Kind::put_large ? out.program.n : 16};
  out.program.actors = name == "actor_1_4_async_1000" ? 4 : 1;
}

void read_actor_faults(const Reader& reader, const Json& program, const std::string& where, RecordedCase& out) {
  RecordedProgram& p = out.program;
  p.max_restarts = static_cast<int>(reader.whole(program, "max_restarts", where, -1, 1'000'000));
  p.max_task_retries = static_cast<int>(reader.whole(program, "max_task_retries", where, -1, 1'000'000));
  if (out.kind == "actor_restart") {
    p.kind = Kind::actor_restart;
    p.n = reader.whole(program, "kills", where, 1, most_tasks);
    p.poll = Duration::seconds(reader.number(program, "probe_every_s", where, 1e-6, longest_sleep));
    return;
  }
  p.kind = Kind::actor_retry_calls;
  p.n = reader.whole(program, "calls", where, 1, most_tasks);
  p.kill_at = Duration::seconds(reader.number(program, "kill_at_s", where, 0, longest_sleep));
  read_durations(reader, program, where, p);
}

void read_actors(const Reader& reader, const Json& program, const std::string& where, RecordedCase& out) {
  RecordedProgram& p = out.program;
  if (out.kind == "progress_actor") {
    p.kind = Kind::progress_actor;
    p.n = reader.whole(program, "samplers", where, 1, most_tasks);
    p.steps = reader.whole(program, "steps", where, 1, most_tasks);
    p.durations.assign(1, reader.number(program, "step_s", where, 0, longest_sleep));
    p.poll = Duration::seconds(reader.number(program, "poll_s", where, 1e-6, longest_sleep));
    p.actor_cpus = 0;
    return;
  }
  if (out.kind == "actor_restart" || out.kind == "actor_retry_calls")
    return read_actor_faults(reader, program, where, out);
  p.actors = reader.whole(program, "actors", where, 1, 100'000);
  p.kind = out.kind == "actor_pool" ? Kind::actor_pool : Kind::actor_create;
  if (program.contains("num_cpus")) p.actor_cpus = reader.number(program, "num_cpus", where, 0, 1e5);
  // The recorders create plain actors without options: one CPU to be placed, none while they live.
  if (p.kind == Kind::actor_create && p.actor_cpus == 1) p.actor_cpus.reset();
  p.n = p.actors;
  if (p.kind == Kind::actor_create) return;
  read_durations(reader, program, where, p);
  p.n = static_cast<std::int64_t>(p.durations.size());
}

void read_objects(const Reader& reader, const Json& program, const std::string& where, const ClusterSpec& cluster,
                  RecordedCase& out) {
  static const std::map<std::string, Kind> kinds{{"transfer", Kind::transfer},   {"driver_get", Kind::driver_get},
                                                 {"locality", Kind::locality},   {"shuffle", Kind::shuffle},
                                                 {"broadcast", Kind::broadcast}, {"spill", Kind::spill}};
  RecordedProgram& p = out.program;
  p.kind = kinds.at(out.kind);
  p.bytes = {reader.whole(program, p.kind == Kind::shuffle ? "part_bytes" : "bytes", where, 0, most_bytes)};
  const auto node = [&](const char* key) -> NodeId {
    const std::string name = reader.text(program, key, where);
    for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i)
      if (cluster.nodes[i].name == name) return {i};
    reader.fail(where, fmt::format("'{}' is {}, which is no node of the cluster", key, name));
  };
  if (p.kind == Kind::shuffle) {
    p.n = reader.whole(program, "mappers", where, 1, most_tasks);
    p.children = reader.whole(program, "reducers", where, 1, most_tasks);
    read_durations(reader, program, where, p);
  }
  if (p.kind == Kind::spill) p.n = reader.whole(program, "objects", where, 1, most_tasks);
  if (p.kind == Kind::locality) p.from = node("on");
  if (p.kind == Kind::transfer) p.from = node("from");
  if (p.kind == Kind::transfer) p.to = node("to");
  if (p.kind == Kind::driver_get && cluster.nodes.size() > 1) p.from = {1};  // any but the driver's
}

void read_group(const Reader& reader, const Json& program, const std::string& where, ClusterSpec& cluster,
                RecordedCase& out) {
  const auto names = placement_strategy_names();
  const std::string strategy = reader.text(program, "strategy", where);
  const auto known = std::find(names.begin(), names.end(), strategy);
  if (known == names.end()) reader.fail(where, "unknown strategy '" + strategy + "'");
  PlacementGroupSpec group;
  group.strategy = static_cast<PlacementStrategy>(known - names.begin());
  const Json& bundles = reader.at(program, "bundles", where);
  if (!bundles.is_array() || bundles.empty()) reader.fail(where, "'bundles' is no list of bundles");
  for (const Json& bundle : bundles) {
    if (!bundle.is_object()) reader.fail(where, "a bundle is no object");
    group.bundles.emplace_back();
    for (const auto& entry : bundle.items())
      group.bundles.back().resources.set(
          cluster.resource_names.id_of(entry.key()),
          ResourceAmount::of(reader.number(bundle, entry.key().c_str(), where + ".bundles", 0, 1e12)));
  }
  out.program.kind = Kind::placement_group;
  out.program.n = static_cast<std::int64_t>(group.bundles.size());
  out.program.group = std::make_shared<const PlacementGroupSpec>(std::move(group));
}

// Fills what a kind of program says of itself.
void read_program(const Reader& reader, const Json& program, ClusterSpec& cluster, RecordedCase& out) {
  const std::string where = "case '" + out.name + "'";
  out.kind = reader.text(program, "kind", where);
  RecordedProgram& p = out.program;
  p.cold = program.value("cold", false);
  p.options = read_options(reader, program, where, out.unsupported);
  if (out.kind == "bag") {
    p.kind = Kind::bag;
    read_durations(reader, program, where, p);
    p.n = program.contains("n") ? reader.whole(program, "n", where, 0, most_tasks)
                                : static_cast<std::int64_t>(p.durations.size());
  } else if (out.kind == "nested") {
    p.kind = Kind::nested;
    p.n = reader.whole(program, "parents", where, 0, most_tasks);
    p.children = reader.whole(program, "children", where, 0, most_tasks);
    read_durations(reader, program, where, p);
  } else if (out.kind == "chain") {
    p.kind = Kind::chain;
    p.n = reader.whole(program, "n", where, 1, most_tasks);
    read_durations(reader, program, where, p);
  } else if (out.kind == "tree") {
    p.kind = Kind::tree;
    p.n = reader.whole(program, "leaves", where, 2, most_tasks);
    read_durations(reader, program, where, p);
  } else if (out.kind == "retry_crash") {
    p.kind = Kind::retry_crash;
    p.n = reader.whole(program, "n", where, 1, most_tasks);
    p.crashes = static_cast<int>(reader.whole(program, "crashes", where, 0, 1'000'000));
    p.options.max_retries = static_cast<int>(reader.whole(program, "max_retries", where, -1, 1'000'000));
    read_durations(reader, program, where, p);
  } else if (out.kind == "app_error") {
    p.kind = Kind::app_error;
    p.n = 1;
    p.durations.assign(1, 0);
    p.options.max_retries = static_cast<int>(reader.whole(program, "max_retries", where, -1, 1'000'000));
    p.options.retry_exceptions = program.value("retry_exceptions", false);
  } else if (out.kind == "wait_window") {
    p.kind = Kind::wait_window;
    p.window = reader.whole(program, "window", where, 1, most_tasks);
    read_durations(reader, program, where, p);
    p.n = static_cast<std::int64_t>(p.durations.size());
  } else if (out.kind == "actor_create" || out.kind == "actor_pool" || out.kind == "progress_actor" ||
             out.kind == "actor_restart" || out.kind == "actor_retry_calls") {
    read_actors(reader, program, where, out);
  } else if (out.kind == "transfer" || out.kind == "driver_get" || out.kind == "locality" || out.kind == "shuffle" ||
             out.kind == "broadcast" || out.kind == "spill") {
    read_objects(reader, program, where, cluster, out);
  } else if (out.kind == "micro") {
    out.is_rate = true;
    read_micro(program, out);
  } else if (out.kind == "placement_group") {
    read_group(reader, program, where, cluster, out);
  } else {
    out.unsupported = fmt::format("programs of kind '{}' are not simulated yet", out.kind);
  }
}

void read_pause(const Reader& reader, const Json& entry, RecordedCase& out) {
  const bool is_short = out.program.kind == Kind::chain || out.program.kind == Kind::tree;
  const Kind kind = out.program.kind;
  const bool none = kind == Kind::transfer || kind == Kind::driver_get || kind == Kind::locality ||
                    kind == Kind::app_error || kind == Kind::actor_restart || kind == Kind::actor_retry_calls;
  const double usual = is_short ? pause_after_short_programs_s : none ? 0 : usual_pause_s;
  const std::string where = "case '" + out.name + "'";
  out.pause =
      Duration::seconds(entry.contains("pause_s") ? reader.number(entry, "pause_s", where, 0, longest_sleep) : usual);
}

}  // namespace

Recording load_recording(const std::string& path, int machine_cores) {
  const Reader reader{path};
  std::ifstream in(path);
  if (!in) throw InputError(path, 0, 0, "cannot be read, expected a recording in JSON");
  Json json;
  try {
    json = Json::parse(in);
    Recording recording;
    recording.file = path;
    recording.ray = json.value("ray", "");
    recording.cluster = read_cluster(reader, reader.at(json, "cluster", "recording"), machine_cores);
    const Json& cases = reader.at(json, "cases", "recording");
    if (!cases.is_array()) reader.fail("cases", "expected a list");
    for (const Json& entry : cases) {
      const std::string name = reader.text(entry, "case", "a case");
      if (!entry.contains("program")) continue;  // remarks of the recorder
      // Repeats of a case share its name; those of two cases may alternate.
      auto known = std::find_if(recording.cases.begin(), recording.cases.end(),
                                [&](const RecordedCase& c) { return c.name == name; });
      if (known == recording.cases.end()) {
        recording.cases.emplace_back().name = name;
        known = recording.cases.end() - 1;
        read_program(reader, entry.at("program"), recording.cluster, *known);
        read_pause(reader, entry, *known);
      }
      read_recorded_run(reader, entry, *known);
    }
    return recording;
  } catch (const Json::exception& error) {
    throw InputError(path, 0, 0, std::string("not a recording: ") + error.what());
  }
}

}  // namespace raysim
