// What the tests of the policies share: a view of a cluster, written down in one line a node.
#pragma once

#include <string>
#include <vector>

#include "models/scheduling/policy.hpp"

namespace policy_checks {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

inline ResourceSet cpus(double amount, double gpus = 0) {
  ResourceSet set;
  set.set(cpu_resource, ResourceAmount::of(amount));
  set.set(gpu_resource, ResourceAmount::of(gpus));
  return set;
}

// Nodes in the order of their ids unless told otherwise; node 0 is local.
class View {
 public:
  View() {
    static const ResourceNames names;
    view_.local = {0};
    view_.resource_names = &names;
  }
  View& node(const ResourceSet& total, const ResourceSet& available, bool usable = true) {
    NodeView added;
    added.total = total;
    added.usable = usable;
    added.set_available(available);
    view_.nodes.push_back(added);
    order_.push_back({static_cast<std::uint32_t>(order_.size())});
    view_.order = order_;
    return *this;
  }
  View& node(double total, double available) { return node(cpus(total), cpus(available)); }
  View& local(std::uint32_t index) {
    view_.local = {index};
    return *this;
  }
  View& order(std::vector<std::uint32_t> indices) {
    order_.clear();
    for (const auto i : indices) order_.push_back({i});
    view_.order = order_;
    return *this;
  }
  [[nodiscard]] const ClusterView& get() const { return view_; }
  ClusterView& change() { return view_; }

 private:
  ClusterView view_;
  std::vector<NodeId> order_;
};

inline NodeChoice choose(NodePolicy& policy, const View& view, const ResourceSet& demand, NodeRequest request = {},
                         std::uint64_t seed = 0) {
  RandomStream random(seed, "policy test");
  request.demand = &demand;
  return policy.choose(view.get(), request, random);
}

inline NodeRequest avoid_local() {
  NodeRequest request;
  request.avoid_local = true;
  return request;
}
inline NodeRequest forced_away() {
  NodeRequest request;
  request.avoid_local = request.require_available = true;
  return request;
}
inline NodeRequest require_available() {
  NodeRequest request;
  request.require_available = true;
  return request;
}

}  // namespace policy_checks
