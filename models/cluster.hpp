// A Ray cluster as plain data: nodes with their resources, and the machines they stand on.
//
// Models: what `ray start` would be told on each node, and when it is started. Leaves out: node types that come and go by
// themselves (autoscaler).
// Invariants: exactly one head; node names unique; every node's machine exists; totals are not negative.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/labels.hpp"
#include "models/resources.hpp"
#include "sim/platform.hpp"

namespace raysim {

// Index of a node in ClusterSpec::nodes.
struct NodeId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const NodeId&) const = default;
};
inline constexpr NodeId no_node{~std::uint32_t{0}};

// A GPU of a node, which is a device of its machine.
struct GpuSpec {
  std::string model;         // empty: not said
  Bytes memory;              // 0: not said
  std::uint32_t device = 0;  // in MachineSpec::devices
};

// Memory of a node: of the GPU with that index, or its machine's.
struct MemoryPlace {
  NodeId node;
  std::uint32_t gpu = main_memory;
  constexpr auto operator<=>(const MemoryPlace&) const = default;
};

struct NodeSpec {
  std::string name;
  bool head = false;
  ResourceSet total;  // CPU, GPU, memory, object_store_memory, custom
  Labels labels;      // with Ray's own of the node's id, which is its name here
  MachineId machine;
  Duration joins_at;               // zero: it is there when the driver connects
  std::vector<GpuSpec> gpus = {};  // by Ray's index; as many as `total` says
};

// What Ray says of a node whose first GPU is of a model: an accelerator's resource of 1, and a label.
inline std::string accelerator_resource(std::string_view model) { return "accelerator_type:" + std::string(model); }
inline constexpr std::string_view accelerator_label = "ray.io/accelerator-type";
// How much of it a task of that accelerator type asks for.
inline constexpr ResourceAmount accelerator_demand{ResourceAmount::unit / 1000};

struct ClusterSpec {
  std::string title;
  std::string file;
  PlatformSpec platform;
  ResourceNames resource_names;
  std::vector<NodeSpec> nodes;

  // Gives a node whose machine is known so many GPUs of a kind.
  void add_gpus(NodeSpec& node, const GpuSpec& gpu, const DeviceSpec& device, std::int64_t count) {
    auto& devices = platform.machines[node.machine.index].devices;
    for (std::int64_t i = 0; i < count; ++i) {
      node.gpus.push_back(gpu);
      node.gpus.back().device = static_cast<std::uint32_t>(devices.size());
      devices.push_back(device);
    }
    node.total.set(gpu_resource, ResourceAmount{static_cast<std::int64_t>(node.gpus.size()) * ResourceAmount::unit});
    if (node.gpus.empty() || node.gpus.front().model.empty()) return;
    const std::string& model = node.gpus.front().model;
    node.total.set(resource_names.id_of(accelerator_resource(model)), ResourceAmount{ResourceAmount::unit});
    node.labels.try_emplace(std::string(accelerator_label), model);
  }

  // What the engine calls it.
  [[nodiscard]] DeviceId device_of(MemoryPlace place) const {
    const NodeSpec& node = nodes[place.node.index];
    return {node.machine, place.gpu == main_memory ? main_memory : node.gpus[place.gpu].device};
  }

  [[nodiscard]] NodeId head() const {
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
      if (nodes[i].head) return {i};
    return {0};
  }
};

}  // namespace raysim
