// Reading of options and of random quantities; parts of the scenario loader (load.hpp).
//
// Models: Ray's options of tasks and actors with Ray's own limits on their values, and distributions of durations or sizes.
// Leaves out: where they are drawn. Invariants: names of nodes and resources exist in the cluster.
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

// Names of one kind, each with its index.
class NamedIndex {
 public:
  void add(const std::string& name) {
    ids_.emplace(name, names_.size());
    names_.push_back(name);
  }
  // The index of the name that `value` is; fails there when there is none. `kind`: "task".
  [[nodiscard]] std::size_t at(const YamlReader& value, const std::string& kind) const;
  [[nodiscard]] bool has(const std::string& name) const { return ids_.contains(name); }
  [[nodiscard]] std::vector<std::string_view> names() const { return {names_.begin(), names_.end()}; }

 private:
  std::unordered_map<std::string, std::size_t> ids_;
  std::vector<std::string> names_;
};

// What steps and options may refer to.
class ScenarioContext {
 public:
  // Reads from `program` what has been declared so far.
  ScenarioContext(const ClusterSpec& cluster, ScenarioProgram& program);

  [[nodiscard]] const ClusterSpec& cluster() const { return cluster_; }
  [[nodiscard]] const ScenarioProgram& program() const { return program_; }
  [[nodiscard]] LuaEngine& engine() const { return *program_.engine; }
  // Declarations: each follows the one in the program.
  NamedIndex tasks;
  NamedIndex actors;
  NamedIndex functions;
  // The index of a name; fails at `value` when there is none.
  [[nodiscard]] std::size_t task(const YamlReader& value) const { return tasks.at(value, "task"); }
  [[nodiscard]] std::size_t actor(const YamlReader& value) const { return actors.at(value, "actor"); }
  [[nodiscard]] std::size_t function(const YamlReader& value) const { return functions.at(value, "function"); }
  [[nodiscard]] std::size_t placement_group(const YamlReader& value) const {
    return groups_.at(value, "placement group");
  }
  // Those methods of all classes that have this name; fails when there is none.
  [[nodiscard]] std::vector<const MethodSpec*> methods(const YamlReader& value) const;
  // A concurrency group that some class has.
  [[nodiscard]] std::string concurrency_group(const YamlReader& value) const;
  // The node of that name; fails at `value` when there is none.
  [[nodiscard]] NodeId node(const YamlReader& value) const;
  // Fails when the value's key is not the name of a node.
  void check_node_key(const YamlReader& value) const;
  // Fails when no node has the custom resource that is the value's key.
  void check_resource(const YamlReader& value) const;
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
  ScenarioProgram& program_;
  std::unordered_map<std::string_view, std::size_t> node_ids_;
  std::vector<std::string_view> node_names_;
  std::unordered_map<std::string_view, ResourceId> resource_ids_;  // custom ones that some node has
  std::vector<std::string_view> resource_names_;
  NamedIndex groups_;
  std::vector<PlacementGroupEntry> placement_groups_;
};

class ExpressionReader;

// The options among the keys of a task, or of a call: then numbers may be expressions, which `read` reads.
TaskOptionsSpec read_options(const YamlMapping& keys, const ScenarioContext& context,
                             const ExpressionReader* read = nullptr);
// The same of a class of actors, or of one actor. Its name may hold expressions in both.
ActorOptionsSpec read_actor_options(const YamlMapping& keys, const ScenarioContext& context,
                                    const ExpressionReader& read, bool is_call);

// How many items of a generator may wait for its consumer; -1: any number.
std::int64_t read_backpressure(const YamlReader& value);
// `tensor_transport` of a method or a call.
TensorTransport read_transport(const YamlReader& value);
TensorTransport read_transport(const YamlReader& value);

// A quantity, a list of quantities used in order, or a mapping that names a distribution. In seconds or bytes.
Distribution read_durations(const YamlReader& value);
Distribution read_sizes(const YamlReader& value);

}  // namespace raysim
