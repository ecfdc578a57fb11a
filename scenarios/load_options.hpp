// Reading of task options and of random quantities; parts of the scenario loader (load.hpp).
//
// Models: Ray's options of a task with Ray's own limits on their values, and distributions of durations or sizes.
// Leaves out: options of actors. Invariants: names of nodes and resources exist in the cluster.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/cluster.hpp"
#include "platforms/yaml_reader.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// What steps and options may refer to.
class ScenarioContext {
 public:
  explicit ScenarioContext(const ClusterSpec& cluster);

  [[nodiscard]] const ClusterSpec& cluster() const { return cluster_; }
  // The index of a task's name; fails at `value` when there is none.
  [[nodiscard]] std::size_t task(const YamlReader& value) const;
  void add_task(std::string_view name, bool has_body);
  [[nodiscard]] bool has_body(std::size_t task) const { return bodies_[task]; }
  // The node of that name; fails at `value` when there is none.
  [[nodiscard]] NodeId node(const YamlReader& value) const;
  // Fails when the value's key is not the name of a node.
  void check_node_key(const YamlReader& value) const;
  // Fails when no node has the custom resource that is the value's key.
  void check_resource(const YamlReader& value) const;
  // The index of a placement group's name; fails at `value` when there is none.
  [[nodiscard]] std::size_t placement_group(const YamlReader& value) const;
  void add_placement_group(std::string name, std::shared_ptr<const PlacementGroupSpec> spec);
  [[nodiscard]] const std::vector<PlacementGroupEntry>& placement_groups() const { return placement_groups_; }
  // The id of a custom resource that some node has.
  [[nodiscard]] ResourceId resource(std::string_view name) const { return resource_ids_.at(name); }
  // Fails when no node has a GPU of that model.
  void check_accelerator(const YamlReader& value, const std::string& model) const;
  // What a task with these options asks for. Its resources exist.
  [[nodiscard]] ResourceSet demand(const TaskOptionsSpec& options) const;

 private:
  const ClusterSpec& cluster_;
  std::unordered_map<std::string_view, std::size_t> node_ids_;
  std::vector<std::string_view> node_names_;
  std::unordered_map<std::string_view, ResourceId> resource_ids_;  // custom ones that some node has
  std::vector<std::string_view> resource_names_;
  std::unordered_map<std::string_view, std::size_t> task_ids_;
  std::vector<std::string_view> task_names_;
  std::vector<bool> bodies_;
  std::vector<PlacementGroupEntry> placement_groups_;
};

// The options among the keys of a task or of `options`.
TaskOptionsSpec read_options(const YamlMapping& keys, const ScenarioContext& context);

// A quantity, a list of quantities used in order, or a mapping that names a distribution. In seconds or bytes.
Distribution read_durations(const YamlReader& value);
Distribution read_sizes(const YamlReader& value);

}  // namespace raysim
