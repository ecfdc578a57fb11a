#include "platforms/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platforms/load_network.hpp"
#include "platforms/load_simgrid.hpp"
#include "platforms/node_count.hpp"

namespace raysim {

namespace {

constexpr std::int64_t format_version = 1;
constexpr std::int64_t most_cores = 100'000;
constexpr double most_units = 1e9;
constexpr std::int64_t most_gpus = 1000;  // of a node

constexpr std::array machine_keys{KeySpec{"cores", true}, KeySpec{"disk"}, KeySpec{"switch"}, KeySpec{"link"}};
constexpr std::array node_keys{KeySpec{"count"},     KeySpec{"head"},   KeySpec{"cpus"},
                               KeySpec{"gpus"},      KeySpec{"memory"}, KeySpec{"object_store_memory"},
                               KeySpec{"resources"}, KeySpec{"labels"}, KeySpec{"machine"},
                               KeySpec{"joins_at"},  KeySpec{"disk"},   KeySpec{"switch"},
                               KeySpec{"link"}};
constexpr std::array disk_keys{KeySpec{"capacity"}, KeySpec{"used"}, KeySpec{"read_bandwidth"},
                               KeySpec{"write_bandwidth"}, KeySpec{"latency"}};
constexpr std::array gpu_keys{KeySpec{"count"},        KeySpec{"model"},          KeySpec{"memory"},
                              KeySpec{"speed"},        KeySpec{"shared"},         KeySpec{"link_bandwidth"},
                              KeySpec{"link_latency"}, KeySpec{"peer_bandwidth"}, KeySpec{"peer_latency"}};
constexpr std::array cluster_keys{KeySpec{"raysim_platform"}, KeySpec{"title"},    KeySpec{"network"},
                                  KeySpec{"switches"},        KeySpec{"machines"}, KeySpec{"nodes", true}};

constexpr MappingSpec machine_spec{"machine", "a machine", machine_keys};
constexpr MappingSpec node_spec{"node", "a node", node_keys};
constexpr MappingSpec gpu_spec{"gpu", "a kind of GPU", gpu_keys};
constexpr MappingSpec disk_spec{"disk", "a disk", disk_keys};
constexpr MappingSpec cluster_spec{"cluster", "the platform", cluster_keys};
// Keys of which several nodes' names may be made, so that a new one on the command line is a mistake.
const std::vector<std::string_view> user_named{"nodes", "machines", "switches"};

class ClusterLoader {
 public:
  explicit ClusterLoader(const std::string& file_name) { cluster_.file = file_name; }

  ClusterSpec load(const YamlReader& root) {
    const YamlMapping top = root.mapping(cluster_spec);
    if (const auto version = top.find("raysim_platform")) version->version(format_version);
    if (const auto title = top.find("title")) cluster_.title = title->text("a title");
    if (const auto network = top.find("network")) network_.read_network(*network);
    if (const auto switches = top.find("switches")) network_.read_switches(*switches);
    if (const auto machines = top.find("machines")) read_machines(*machines);
    read_nodes(top.at("nodes"));
    return std::move(cluster_);
  }

 private:
  void read_machines(const YamlReader& value) {
    for (const YamlReader& machine : value.named_values("machines by name")) {
      const YamlMapping keys = machine.mapping(machine_spec);
      MachineSpec spec{std::string(machine.key()), static_cast<int>(keys.at("cores").whole(1, most_cores)), true};
      if (const auto disk = keys.find("disk")) spec.disks = read_disks(*disk);
      if (const auto at = keys.find("switch")) spec.at_switch = network_.switch_for(*at, 0, 1);
      if (const auto link = keys.find("link")) spec.link = network_.read_link(*link);
      add_machine(std::move(spec));
    }
  }

  MachineId add_machine(MachineSpec machine) {
    const MachineId id{static_cast<std::uint32_t>(cluster_.platform.machines.size())};
    machine_ids_.emplace(machine.name, id);
    cluster_.platform.machines.push_back(std::move(machine));
    return id;
  }

  void read_nodes(const YamlReader& value) {
    for (const YamlReader& node : value.named_values("nodes by name")) read_node(node);
    if (cluster_.nodes.empty()) value.fail(value.found() + " without a node", "at least one node");
    if (has_head_) return;
    if (cluster_.nodes.front().joins_at > Duration{})
      value.fail("the first node, which is the head, joins later", "a first node without joins_at");
    cluster_.nodes.front().head = true;
  }

  void read_node(const YamlReader& value) {
    NodeSpec node;
    gpus_.clear();
    disks_.clear();
    node.name = value.key();
    // A node needs no keys at all: it is then one without resources.
    if (value.is_null()) return add_node(value, node, 0);
    const YamlMapping keys = value.mapping(node_spec);
    if (const auto head = keys.find("head")) node.head = read_head(*head, keys);
    const auto cpus = keys.find("cpus");
    const double cpu_count = cpus ? cpus->number(0, most_units) : 0;
    node.total.set(cpu_resource, ResourceAmount::of(cpu_count));
    if (const auto gpus = keys.find("gpus")) read_gpus(*gpus);
    if (const auto memory = keys.find("memory")) node.total.set(memory_resource, amount_of(memory->bytes()));
    if (const auto store = keys.find("object_store_memory"))
      node.total.set(object_store_memory_resource, amount_of(store->bytes()));
    if (const auto resources = keys.find("resources")) read_resources(*resources, node.total);
    if (const auto labels = keys.find("labels"))
      for (const YamlReader& label : labels->named_values("labels by name"))
        node.labels.emplace(label.key(), label.text("the text of a label"));
    if (const auto joins = keys.find("joins_at")) {
      node.joins_at = joins->duration();
      if (node.head) joins->fail_at_key("a head node that joins later", "joins_at in other nodes than the head");
    }
    const auto count = keys.find("count");
    const std::optional<MachineId> shared = read_machine(keys.find("machine"));
    Place place{shared, keys.find("switch"), {}};
    if (const auto link = keys.find("link")) place.link = network_.read_link(*link);
    for (const std::string_view key : {"disk", "switch", "link"})
      if (shared && keys.has(key))
        keys.at(key).fail_at_key(fmt::format("'{}' in a node on a shared machine", key),
                                 fmt::format("'{}' in the machine", key));
    if (const auto disk = keys.find("disk")) disks_ = read_disks(*disk);
    if (!count) return add_node(value, node, cpu_count, place);
    add_nodes(value, node, cpu_count, place, count->whole(0, static_cast<std::int64_t>(node_limit)));
  }

  // A disk, or a list of some.
  static std::vector<DiskSpec> read_disks(const YamlReader& value) {
    std::vector<DiskSpec> disks;
    if (!value.is_list()) {
      disks.push_back(read_disk(value));
      return disks;
    }
    for (const YamlReader& disk : value.list("disks")) disks.push_back(read_disk(disk));
    if (disks.empty()) value.fail("no disk in the list", "at least one, or no 'disk'");
    return disks;
  }

  static DiskSpec read_disk(const YamlReader& value) {
    const YamlMapping keys = value.mapping(disk_spec);
    DiskSpec disk;
    if (const auto capacity = keys.find("capacity")) {
      disk.capacity = capacity->bytes();
      if (disk.capacity == Bytes{}) capacity->fail_expected("a capacity above 0");
    }
    if (const auto used = keys.find("used")) {
      disk.used = used->bytes();
      if (disk.used > disk.capacity) used->fail(used->found() + ", more than the capacity", "at most the capacity");
    }
    if (const auto read = keys.find("read_bandwidth")) disk.read = read->bandwidth();
    if (const auto write = keys.find("write_bandwidth")) disk.write = write->bandwidth();
    if (const auto latency = keys.find("latency")) disk.latency = latency->duration();
    return disk;
  }

  // A number, or one or more kinds of GPUs.
  void read_gpus(const YamlReader& value) {
    if (value.is_mapping()) return read_gpu(value);
    if (!value.is_list()) {
      gpus_.emplace_back().count = value.whole(0, most_gpus);
      return;
    }
    for (const YamlReader& kind : value.list("kinds of GPUs")) read_gpu(kind);
    std::int64_t all = 0;
    for (const GpuKind& kind : gpus_) all += kind.count;
    if (all > most_gpus) value.fail(fmt::format("{} GPUs", all), fmt::format("at most {} on a node", most_gpus));
  }

  void read_gpu(const YamlReader& value) {
    constexpr double most_speed = 1e6;
    const YamlMapping keys = value.mapping(gpu_spec);
    GpuKind kind;
    if (const auto count = keys.find("count")) kind.count = count->whole(0, most_gpus);
    if (const auto model = keys.find("model")) kind.gpu.model = model->name("the model of a GPU");
    if (const auto memory = keys.find("memory")) {
      kind.gpu.memory = memory->bytes();
      if (kind.gpu.memory == Bytes{}) memory->fail_expected("more than 0");
    }
    if (const auto speed = keys.find("speed")) {
      kind.device.speed = speed->number(0, most_speed);
      if (kind.device.speed < 1 / most_speed) speed->fail_expected("a speed from 0.000001 to 1000000");
    }
    if (const auto shared = keys.find("shared")) kind.device.shared = shared->boolean();
    if (const auto bandwidth = keys.find("link_bandwidth")) kind.device.link = bandwidth->bandwidth();
    if (const auto latency = keys.find("link_latency")) kind.device.latency = latency->duration();
    if (const auto bandwidth = keys.find("peer_bandwidth")) kind.device.peer = bandwidth->bandwidth();
    if (const auto latency = keys.find("peer_latency")) {
      kind.device.peer_latency = latency->duration();
      if (!keys.has("peer_bandwidth"))
        keys.fail_at_key("peer_latency", "'peer_latency' without 'peer_bandwidth'", "both, or none");
    }
    gpus_.push_back(std::move(kind));
  }

  // Bytes are small enough for the product (see quantity.hpp).
  static ResourceAmount amount_of(Bytes bytes) { return {bytes.count * ResourceAmount::unit}; }

  bool read_head(const YamlReader& value, const YamlMapping& node) {
    const bool is_head = value.boolean();
    if (is_head && has_head_) value.fail("second head node", "one node with head: true");
    if (is_head && node.has("count")) value.fail("head: true for a counted node", "a head node without 'count'");
    has_head_ = has_head_ || is_head;
    return is_head;
  }

  void read_resources(const YamlReader& value, ResourceSet& total) {
    for (const YamlReader& resource : value.named_values("custom resources by name")) {
      check_custom_resource(resource);
      total.set(cluster_.resource_names.id_of(resource.key()), ResourceAmount::of(resource.number(0, most_units)));
    }
  }

  std::optional<MachineId> read_machine(const std::optional<YamlReader>& value) const {
    if (!value) return std::nullopt;
    const std::string name = value->text("the name of a machine");
    if (const auto found = machine_ids_.find(name); found != machine_ids_.end()) return found->second;
    std::vector<std::string_view> known;
    for (const MachineSpec& machine : cluster_.platform.machines)
      if (machine.contended) known.push_back(machine.name);
    value->fail_unknown("machine", name, known);
  }

  // Where a node, or nodes of a kind, stand.
  struct Place {
    std::optional<MachineId> shared;
    std::optional<YamlReader> at_switch;
    std::optional<LinkSpec> link;
  };

  void add_nodes(const YamlReader& value, const NodeSpec& node, double cpus, const Place& place, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      NodeSpec one = node;
      one.name = fmt::format("{}-{}", node.name, i);
      add_node(value, one, cpus, place, i, count);
    }
  }

  void add_node(const YamlReader& value, NodeSpec node, double cpus, const Place& place = {}, std::int64_t index = 0,
                std::int64_t count = 1) {
    if (!node_names_.emplace(node.name, value.place().line).second)
      value.fail_at_key(fmt::format("second node with the name {}", in_quotes(node.name)), "names that differ");
    if (cluster_.nodes.size() == node_limit) value.fail_at_key("too many nodes", fmt::format("at most {}", node_limit));
    if (!place.shared && machine_ids_.contains(node.name))
      value.fail_at_key(fmt::format("a machine has the name of node {}", in_quotes(node.name)),
                        fmt::format("machine: {} in the node, or another name", node.name));
    // Enough cores for all that may run there, for the machine is not contended.
    const int cores = std::max(1, static_cast<int>(std::ceil(std::min(cpus, most_units))));
    node.labels.try_emplace(std::string(node_id_label), node.name);
    MachineSpec own{node.name, cores, false};
    own.disks = disks_;
    if (place.at_switch) own.at_switch = network_.switch_for(*place.at_switch, index, count);
    own.link = place.link;
    node.machine = place.shared ? *place.shared : add_machine(std::move(own));
    for (const GpuKind& kind : gpus_) cluster_.add_gpus(node, kind.gpu, kind.device, kind.count);
    cluster_.nodes.push_back(std::move(node));
  }

  struct GpuKind {
    GpuSpec gpu;
    DeviceSpec device;
    std::int64_t count = 1;
  };

  ClusterSpec cluster_;
  NetworkLoader network_{cluster_.platform};
  std::vector<GpuKind> gpus_;    // of the node that is being read
  std::vector<DiskSpec> disks_;  // likewise
  std::unordered_map<std::string, MachineId> machine_ids_;
  std::unordered_map<std::string, int> node_names_;
  bool has_head_ = false;
};

}  // namespace

void check_custom_resource(const YamlReader& resource) {
  static constexpr std::pair<std::string_view, std::string_view> predefined[] = {
      {"CPU", "cpus"}, {"GPU", "gpus"}, {"memory", "memory"}, {"object_store_memory", "object_store_memory"}};
  for (const auto& [name, key] : predefined)
    if (resource.key() == name)
      resource.fail_at_key(
          fmt::format("{} is no custom resource", in_quotes(name)),
          fmt::format("the key for it, {} in a node and in a task {}", in_quotes(key),
                      name == "CPU" || name == "GPU" ? "'num_" + std::string(key) + "'" : in_quotes(key)));
}

ClusterSpec load_cluster_text(std::string_view text, const std::string& file_name,
                              std::span<const std::string> overrides, std::string_view prefix) {
  YamlDocument document = parse_yaml(text, file_name);
  for (const std::string& override : overrides)
    if (override.starts_with(prefix))
      apply_override(document, with_node_count(document.root, override, prefix.size()), user_named, prefix.size());
  const YamlReader root(document);
  if (root.is_null()) root.fail("empty file", "a platform with the keys raysim_platform and nodes");
  const YamlMapping top = root.mapping(cluster_spec);
  if (!top.has("raysim_platform")) root.fail("no 'raysim_platform' in the platform", "raysim_platform: 1");
  return ClusterLoader(file_name).load(root);
}

ClusterSpec load_cluster(const std::string& path, std::span<const std::string> overrides, std::string_view prefix) {
  if (!path.ends_with(".xml"))
    return load_cluster_text(read_text_file(path, "a platform file"), path, overrides, prefix);
  for (const std::string& override : overrides)
    if (override.starts_with(prefix))
      throw InputError(override_name(override), 0, 0, "a SimGrid file has no keys to set, expected a YAML platform");
  return load_simgrid_cluster(path);
}

ClusterSpec read_inline_cluster(const YamlReader& value, const std::string& file_name) {
  return ClusterLoader(file_name).load(value);
}

std::span<const MappingSpec* const> platform_mappings() {
  static const auto all = [] {
    std::vector<const MappingSpec*> specs{&cluster_spec, &machine_spec, &node_spec, &gpu_spec, &disk_spec};
    for (const MappingSpec* spec : NetworkLoader::mappings()) specs.push_back(spec);
    return specs;
  }();
  return all;
}

}  // namespace raysim
