// How many tasks wait, by what they ask for: what `ray status` and the autoscaler read as demand.
//
// Models: the sum over all raylets of what each last reported as pending, and its peak. Leaves out: the way of the reports to the GCS
// (each second in Ray), and who would act on them. Mirrors the resource load of src/ray/gcs/gcs_autoscaler_state_manager.cc (2.60).
// Invariants: nothing in the model reads it, it is for whoever looks at the run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "models/cluster.hpp"
#include "models/resources.hpp"

namespace raysim {

class ResourceLoad {
 public:
  struct Shape {
    ResourceSet resources;
    std::int64_t pending = 0;
    std::int64_t peak = 0;
    std::vector<std::int64_t> by_node = {};
  };
  using Pending = std::vector<std::pair<ResourceSet, std::int64_t>>;

  // All that is pending at a node now.
  void reported(NodeId node, const Pending& pending) {
    for (const auto& entry : pending) {
      const auto is_it = [&](const Shape& shape) { return shape.resources == entry.first; };
      if (std::none_of(shapes_.begin(), shapes_.end(), is_it)) shapes_.push_back({entry.first});
    }
    for (Shape& shape : shapes_) {
      const auto found = std::find_if(pending.begin(), pending.end(),
                                      [&](const auto& entry) { return entry.first == shape.resources; });
      if (shape.by_node.size() <= node.index) shape.by_node.resize(node.index + 1);
      const std::int64_t count = found == pending.end() ? 0 : found->second;
      shape.pending += count - std::exchange(shape.by_node[node.index], count);
      shape.peak = std::max(shape.peak, shape.pending);
    }
  }
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }

 private:
  std::vector<Shape> shapes_;  // in the order in which they were first seen
};

}  // namespace raysim
