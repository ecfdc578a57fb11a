#include "cli/memory_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "analysis/text_format.hpp"
#include "cli/scenario_options.hpp"
#include "cli/terminal.hpp"
#include "platforms/input_error.hpp"
#include "platforms/quantity.hpp"
#include "scenarios/simulation.hpp"

namespace raysim {

namespace {

struct MemoryOptions {
  ScenarioOptions scenario;
  std::optional<std::string> at;
  bool json = false;
};

// When the stores of all nodes together held the most.
class PeakOfStores final : public RecordSink {
 public:
  explicit PeakOfStores(std::size_t nodes) : used_(nodes) {}

  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_attempt(const AttemptRecord&) override {}
  void on_worker_started(std::uint32_t, Time) override {}
  void on_store(const StoreRecord& store) override {
    sum_ += Bytes{store.used.count - used_[store.node].count};
    used_[store.node] = store.used;
    if (sum_ <= most_) return;
    most_ = sum_;
    at_ = store.at;
  }

  [[nodiscard]] std::optional<Time> at() const { return most_ > Bytes{} ? std::optional(at_) : std::nullopt; }

 private:
  std::vector<Bytes> used_;
  Bytes sum_;
  Bytes most_;
  Time at_;
};

// A row of `ray memory`.
struct Row {
  ListedObject object;
  std::uint32_t process = 0;
  bool driver = false;
};

constexpr std::array<std::string_view, 4> reference_names{"PINNED_IN_MEMORY", "USED_BY_PENDING_TASK", "LOCAL_REFERENCE",
                                                          "CAPTURED_IN_OBJECT"};

std::string_view name_of(ListedObject::Reference reference) {
  return reference_names[static_cast<std::size_t>(reference)];
}

std::string text_of(const Row& row) {
  const ListedObject& o = row.object;
  const std::string made_by = o.function.empty() ? "(put)" : o.function;
  const std::string status = o.status.empty() ? "-" : std::string(o.status);
  const std::string attempt = o.attempt > 0 ? fmt::format("{}", o.attempt) : "-";
  const std::string size = o.size > Bytes{} ? fmt::format("{} B", o.size.count) : "?";
  return fmt::format("{:>7}  {:6}  {:22}  {:23}  {:>7}  {:>15}  {:20}  {:08x}{:08x}\n", row.process,
                     row.driver ? "Driver" : "Worker", shortened(made_by, 22), status, attempt, size,
                     name_of(o.reference), o.object.owner.index, o.object.index);
}

// "3, (300 B)" of each kind of reference.
std::string summary_of(const std::vector<Row>& rows) {
  std::array<std::pair<std::size_t, std::int64_t>, reference_names.size()> sums{};
  std::int64_t all = 0;
  for (const Row& row : rows) {
    auto& [count, bytes] = sums[static_cast<std::size_t>(row.object.reference)];
    ++count;
    bytes += row.object.size.count;
    all += row.object.size.count;
  }
  const auto cell = [&](ListedObject::Reference which) {
    const auto& [count, bytes] = sums[static_cast<std::size_t>(which)];
    return fmt::format("{}, ({} B)", count, bytes);
  };
  using Reference = ListedObject::Reference;
  static constexpr char line[] = "{:>22}  {:>22}  {:>22}  {:>22}  {:>22}\n";
  return fmt::format(line, "Mem Used by Objects", "Local References", "Pinned", "Used by task", "Captured in Objects") +
         fmt::format(line, fmt::format("{} B", all), cell(Reference::local_reference),
                     cell(Reference::pinned_in_memory), cell(Reference::used_by_pending_task),
                     cell(Reference::captured_in_object));
}

double in_mib(Bytes bytes) { return static_cast<double>(bytes.count) / (1 << 20); }

std::string aggregate_of(const Simulation& simulation, std::size_t nodes) {
  Bytes used;
  Bytes capacity;
  Bytes needed;
  Bytes fallback;
  Bytes spilled;
  Bytes restored;
  std::size_t objects = 0;
  std::int64_t spilled_objects = 0;
  std::int64_t restored_objects = 0;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const ObjectManager& manager = simulation.objects({i});
    const PlasmaStatistics& store = manager.store().statistics();
    used += store.allocated;
    capacity += manager.store().capacity();
    needed += store.pinned[static_cast<std::size_t>(Pin::primary)];
    fallback += store.fallback;
    objects += manager.store().objects();
    spilled += manager.spills().spilled_bytes;
    spilled_objects += manager.spills().spilled;
    restored += manager.spills().restored_bytes;
    restored_objects += manager.spills().restored;
  }
  const auto share = [&](Bytes part) {
    return capacity > Bytes{} ? 100.0 * static_cast<double>(part.count) / static_cast<double>(capacity.count) : 0.0;
  };
  std::string text = fmt::format("Plasma memory usage {:.0f} MiB, {} objects, {:.2f}% full, {:.2f}% needed\n",
                                 in_mib(used), objects, share(used), share(needed));
  if (fallback > Bytes{}) text += fmt::format("Plasma filesystem mmap usage: {:.0f} MiB\n", in_mib(fallback));
  if (spilled_objects > 0) text += fmt::format("Spilled {:.0f} MiB, {} objects\n", in_mib(spilled), spilled_objects);
  if (restored_objects > 0)
    text += fmt::format("Restored {:.0f} MiB, {} objects\n", in_mib(restored), restored_objects);
  return text;
}

// By node, small objects first, as Ray sorts them.
std::map<std::uint32_t, std::vector<Row>> rows_by_node(const Simulation& simulation) {
  std::map<std::uint32_t, std::vector<Row>> nodes;
  for (const Simulation::ProcessObjects& process : simulation.list_objects())
    for (const ListedObject& object : process.objects)
      nodes[process.node.index].push_back({object, process.process.index, process.driver});
  for (auto& [node, rows] : nodes)
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.object.size < b.object.size; });
  return nodes;
}

void print_text(const Simulation& simulation, const ClusterSpec& cluster, Time at) {
  std::string text = fmt::format("======== Object references status: {} ========\n", duration_text(at - Time{}));
  for (const auto& [node, rows] : rows_by_node(simulation)) {
    text += fmt::format("\n--- Summary for node: {} ---\n{}\n", cluster.nodes[node].name, summary_of(rows));
    text += fmt::format("--- Object references for node: {} ---\n", cluster.nodes[node].name);
    text += fmt::format("{:>7}  {:6}  {:22}  {:23}  {:>7}  {:>15}  {:20}  {}\n", "PID", "Type", "Call Site", "Status",
                        "Attempt", "Size", "Reference Type", "Object Ref");
    for (const Row& row : rows) text += text_of(row);
  }
  text += "\n--- Aggregate object store stats across all nodes ---\n";
  text += aggregate_of(simulation, cluster.nodes.size());
  fmt::print("{}", text);
}

void print_json(const Simulation& simulation, const ClusterSpec& cluster, Time at) {
  using Json = nlohmann::ordered_json;
  Json objects = Json::array();
  for (const auto& [node, rows] : rows_by_node(simulation))
    for (const Row& row : rows) {
      const ListedObject& o = row.object;
      objects.push_back({{"object_id", fmt::format("{:08x}{:08x}", o.object.owner.index, o.object.index)},
                         {"node", cluster.nodes[node].name},
                         {"pid", row.process},
                         {"type", row.driver ? "DRIVER" : "WORKER"},
                         {"call_site", o.function},
                         {"task_status", o.status},
                         {"attempt_number", o.attempt},
                         {"object_size", o.size.count},
                         {"in_store", o.in_store},
                         {"reference_type", name_of(o.reference)}});
    }
  Json stores = Json::object();
  for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i) {
    const PlasmaStore& store = simulation.objects({i}).store();
    stores[cluster.nodes[i].name] = {{"used_bytes", store.statistics().allocated.count},
                                     {"capacity_bytes", store.capacity().count},
                                     {"objects", store.objects()}};
  }
  const Json json{{"time_s", at.in_seconds()}, {"objects", std::move(objects)}, {"stores", std::move(stores)}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

// The run that `raysim run` makes of it.
std::unique_ptr<Simulation> prepare(CheckedScenario& checked, RecordSink& record) {
  ProgramBodies bodies = program_bodies(checked);
  SimulationOptions options = simulation_options(checked);
  options.functions = std::move(bodies.functions);
  options.jobs = std::move(bodies.jobs);
  return std::make_unique<Simulation>(checked.scenario.cluster, checked.profile, std::move(options), record);
}

Time moment_of_peak(const MemoryOptions& options) {
  CheckedScenario checked = load_checked(options.scenario);
  PeakOfStores peak(checked.scenario.cluster.nodes.size());
  prepare(checked, peak)->run();
  if (const auto at = peak.at()) return *at;
  throw InputError(options.scenario.file, 0, 0, "nothing ever lies in an object store, expected --at TIME");
}

Time moment_of(const std::string& text) {
  try {
    return Time{} + parse_duration(text);
  } catch (const QuantityError& error) {
    const std::string wrong = error.wrong.empty() ? "" : ": " + error.wrong;
    throw InputError("--at", 0, 0, in_quotes(text) + wrong + ", expected " + error.expected);
  }
}

ExitCode show_memory(const MemoryOptions& options) {
  const Time at = options.at ? moment_of(*options.at) : moment_of_peak(options);
  CheckedScenario checked = load_checked(options.scenario);
  PeakOfStores nobody(checked.scenario.cluster.nodes.size());
  const std::unique_ptr<Simulation> simulation = prepare(checked, nobody);
  if (!simulation->run_until(at))
    throw InputError("--at", 0, 0,
                     fmt::format("{}, but the program is over before, expected an earlier moment", *options.at));
  if (options.json)
    print_json(*simulation, checked.scenario.cluster, at);
  else
    print_text(*simulation, checked.scenario.cluster, at);
  return ExitCode::ok;
}

}  // namespace

void add_memory_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("memory", "Show who needs which objects at a moment of a run");
  const auto options = std::make_shared<MemoryOptions>();
  command.add_option("SCENARIO", options->scenario.file, "The scenario, a YAML file")->required()->type_name("");
  command.add_option("--at", options->at, "The moment; else when the stores hold the most")->type_name("TIME");
  options->scenario.add_set_to(command);
  options->scenario.add_choices_to(command);
  command.add_flag("--json", options->json, "Print one JSON object instead of tables");
  command.footer(
      "Examples:\n"
      "  raysim memory scenarios/shuffle.yaml\n"
      "  raysim memory scenarios/shuffle.yaml --at '120 ms' --json");
  command.callback([options, &chosen] { chosen = [options] { return show_memory(*options); }; });
}

}  // namespace raysim
