#include "platforms/load_simgrid.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "platforms/input_error.hpp"
#include "platforms/load.hpp"
#include "platforms/quantity.hpp"
#include "platforms/yaml_tree.hpp"

namespace raysim {

namespace {

constexpr std::array<std::string_view, 6> known_properties{
    "ray.head", "ray.cpus", "ray.gpus", "ray.memory", "ray.object_store_memory", "ray.resources"};
constexpr double most_units = 1e9;
constexpr std::int64_t most_gpus = 1000;

class HostReader {
 public:
  HostReader(const std::string& path, std::string_view text, ClusterSpec& cluster, const SimgridHost& host)
      : path_(path), text_(text), cluster_(cluster), host_(host) {}

  NodeSpec read() {
    NodeSpec node;
    node.name = host_.name;
    node.total.set(cpu_resource, ResourceAmount::of(host_.cores));
    for (const auto& [key, value] : host_.properties)
      if (key.starts_with("ray.")) read_property(node, key, value);
    return node;
  }

  // Counted by Ray; the file describes none, so they are of speed 1 and nothing is known of their links.
  [[nodiscard]] std::int64_t gpus() const { return gpus_; }

  [[noreturn]] void fail(const std::string& wrong, const std::string& expected) const {
    const auto [line, column] = place();
    throw InputError(path_, line, column,
                     fmt::format("host {}: {}, expected {}", in_quotes(host_.name), wrong, expected));
  }

 private:
  void read_property(NodeSpec& node, const std::string& key, const std::string& value) {
    if (key == "ray.head") {
      if (value != "true" && value != "false") fail_value(key, value, "true or false");
      node.head = value == "true";
    } else if (key == "ray.cpus") {
      node.total.set(cpu_resource, amount(key, value));
    } else if (key == "ray.gpus") {
      gpus_ = whole(key, value);
    } else if (key == "ray.memory") {
      node.total.set(memory_resource, bytes(key, value));
    } else if (key == "ray.object_store_memory") {
      node.total.set(object_store_memory_resource, bytes(key, value));
    } else if (key == "ray.resources") {
      read_resources(node, value);
    } else {
      fail("unknown property " + in_quotes(key),
           "one of " + listed(known_properties) + suggestion(key, known_properties));
    }
  }

  // "a=1,b=2"
  void read_resources(NodeSpec& node, std::string_view value) {
    static constexpr std::string_view form = "custom resources such as 'a=1,b=2'";
    while (!value.empty()) {
      const std::string_view one = value.substr(0, value.find(','));
      value.remove_prefix(one.size());
      if (!value.empty()) value.remove_prefix(1);
      const std::size_t equals = one.find('=');
      const std::string_view name = one.substr(0, equals);
      if (equals == std::string_view::npos || !is_name(name)) fail_value("ray.resources", one, form);
      if (name == "CPU" || name == "GPU" || name == "memory" || name == "object_store_memory")
        fail_value("ray.resources", one, "a custom resource, not one of Ray's own");
      const ResourceId id = cluster_.resource_names.id_of(name);
      if (node.total.get(id).ticks != 0) fail_value("ray.resources", one, "each resource once");
      node.total.set(id, amount("ray.resources", one.substr(equals + 1)));
    }
  }

  [[nodiscard]] std::int64_t whole(std::string_view key, std::string_view value) const {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc() && end == value.data() + value.size();
    if (!is_number || number < 0 || number > most_gpus)
      fail_value(key, value, fmt::format("a whole number from 0 to {}", most_gpus));
    return number;
  }

  [[nodiscard]] ResourceAmount amount(std::string_view key, std::string_view value) const {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc() && end == value.data() + value.size() && std::isfinite(number);
    if (!is_number || number < 0 || number > most_units) fail_value(key, value, "a number from 0 to 1e+09");
    return ResourceAmount::of(number);
  }

  [[nodiscard]] ResourceAmount bytes(std::string_view key, std::string_view value) const {
    try {
      return {parse_bytes(value).count * ResourceAmount::unit};
    } catch (const QuantityError& error) {
      const std::string why = error.wrong.empty() ? "" : ": " + error.wrong;
      fail(fmt::format("{} is {}{}", in_quotes(key), in_quotes(value), why), error.expected);
    }
  }

  [[noreturn]] void fail_value(std::string_view key, std::string_view value, std::string_view expected) const {
    fail(fmt::format("{} is {}", in_quotes(key), in_quotes(value)), std::string(expected));
  }

  // SimGrid keeps no places, so the text is searched for the host's name.
  [[nodiscard]] std::pair<int, int> place() const {
    for (const char quote : {'"', '\''}) {
      const std::size_t at = text_.find(fmt::format("id={}{}{}", quote, host_.name, quote));
      if (at == std::string_view::npos) continue;
      const std::size_t line_start = text_.rfind('\n', at) + 1;  // npos + 1 is 0
      int line = 1;
      for (std::size_t i = 0; i < at; ++i) line += text_[i] == '\n' ? 1 : 0;
      return {line, static_cast<int>(at - line_start) + 1};
    }
    return {1, 1};
  }

  const std::string& path_;
  std::string_view text_;
  ClusterSpec& cluster_;
  const SimgridHost& host_;
  std::int64_t gpus_ = 0;
};

}  // namespace

ClusterSpec cluster_of_hosts(const std::vector<SimgridHost>& hosts, const std::string& path, std::string_view text) {
  ClusterSpec cluster;
  cluster.file = path;
  cluster.platform.simgrid_file = path;
  if (hosts.empty()) throw InputError(path, 1, 1, "no host, expected at least one <host>");
  if (hosts.size() > node_limit)
    throw InputError(path, 1, 1, fmt::format("too many hosts, expected at most {}", node_limit));
  bool has_head = false;
  for (const SimgridHost& host : hosts) {
    HostReader reader(path, text, cluster, host);
    NodeSpec node = reader.read();
    if (node.head && std::exchange(has_head, true)) reader.fail("second head node", "one host with ray.head");
    node.machine = {static_cast<std::uint32_t>(cluster.platform.machines.size())};
    cluster.platform.machines.push_back({host.name, host.cores, false});
    node.labels.emplace(node_id_label, node.name);
    cluster.add_gpus(node, {}, {}, reader.gpus());
    cluster.nodes.push_back(std::move(node));
  }
  if (!has_head) cluster.nodes.front().head = true;
  return cluster;
}

ClusterSpec load_simgrid_cluster(const std::string& path) {
  const std::string text = read_text_file(path, "a SimGrid platform file");
  std::string_view expected = "a SimGrid platform file";
  try {
    ClusterSpec cluster = cluster_of_hosts(load_simgrid_hosts(path), path, text);
    expected = "a route between any two hosts";
    check_simgrid_routes(cluster.platform);
    return cluster;
  } catch (const std::invalid_argument& error) {
    std::string_view why = error.what();
    while (why.ends_with('.') || why.ends_with(' ') || why.ends_with('\n')) why.remove_suffix(1);
    throw InputError(path, 1, 1, fmt::format("{}, expected {}", on_one_line(why, 300), expected));
  }
}

}  // namespace raysim
