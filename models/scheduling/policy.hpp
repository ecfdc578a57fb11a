// Where a lease should go: the view a policy sees, and the choice it returns.
//
// Models: one decision of one raylet over what it believes of the cluster at that moment. A policy is a value with one function;
// it cannot send, wait or see anything else. Leaves out: when decisions are made (models/raylet/).
// Mirrors src/ray/raylet/scheduling/policy/ (2.60).
// Invariants: the view is not changed by a decision; a policy draws from the stream it is given only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "include/raysim/policy.hpp"
#include "models/cluster.hpp"
#include "models/labels.hpp"
#include "models/lease_arguments.hpp"
#include "models/resources.hpp"
#include "models/scheduling/view_index.hpp"
#include "sim/random.hpp"

namespace raysim {

// What a raylet believes of one node.
struct NodeView {
  ResourceSet total;
  ResourceSet available;
  std::vector<FreeUnits> units;    // what is not here is known by its sum
  const Labels* labels = nullptr;  // of the cluster's node; null: none
  bool usable = true;              // alive and not draining; a GCS is no raylet and so not usable itself
  bool pulls_queued = false;       // objects that it must fetch wait for memory
  float critical_utilisation = 0;  // this and the next two are kept by set_available()
  ResourceAmount cpu_total;
  ResourceAmount cpu_available;

  void set_available(const ResourceSet& now) {
    available = now;
    update();
  }
  // Takes from what is available, at most all of it; gives back, at most up to the total.
  void deduct(const ResourceSet& demand);
  void give_back(const ResourceSet& demand);
  // Largest used share of CPU, memory and object store memory; single precision as in Ray.
  void update();
};

// A node with nothing in use, as it is known before its first report.
[[nodiscard]] NodeView view_of(const NodeSpec& node);

// What a raylet believes of the cluster. Nodes in the order of NodeId; `order` is the order of Ray's node ids, which are
// random names: ties go by it.
struct ClusterView {
  NodeId local = no_node;             // no_node: the GCS's view
  const ClusterSpec* spec = nullptr;  // for names of nodes
  const ResourceNames* resource_names = nullptr;
  std::vector<NodeView> nodes;
  std::span<const NodeId> order;  // all nodes by their Ray id

  // The nodes by rank, for large clusters; empty, or told of every change that goes through the functions below. After
  // build_index() nodes change through them only.
  std::unique_ptr<ViewIndex> index;
  std::vector<std::uint32_t> rank_of;  // of a node in `order`

  void build_index();
  void set_available(NodeId node, const ResourceSet& now);
  void set_available(NodeId node, const ResourceSet& now, std::vector<FreeUnits> units);
  void deduct(NodeId node, const ResourceSet& demand);
  void give_back(NodeId node, const ResourceSet& demand);
  // A node whose resources change while it runs; what is available is cut to it.
  void set_total(NodeId node, const ResourceSet& now);
  void set_usable(NodeId node, bool usable);
  // Null where there is no such node.
  [[nodiscard]] const NodeView* find(NodeId node) const {
    return node.index < nodes.size() ? &nodes[node.index] : nullptr;
  }

 private:
  void changed(NodeId node);
};

// What is asked of a policy. Pointers stand for what the lease holds; null: nothing asked.
struct NodeRequest {
  const ResourceSet* demand = nullptr;
  std::string_view function;  // name of the remote function
  int priority = 0;
  std::span<const LeaseArgument> arguments{};  // in the object store
  const LabelSelector* selector = nullptr;
  bool needs_object_store = false;  // not to nodes with queued pulls
  NodeId preferred = no_node;       // none: the local node
  // node affinity
  NodeId affinity = no_node;
  bool affinity_soft = false;
  bool spill_on_unavailable = false;
  bool fail_on_unavailable = false;
  // node labels
  const LabelSelector* hard_labels = nullptr;
  const LabelSelector* soft_labels = nullptr;
  // "Force spillback" sets both.
  bool avoid_local = false;
  bool require_available = false;
};

struct NodeChoice {
  enum class Reason : std::uint8_t { chosen, unavailable, infeasible };
  NodeId node = no_node;
  Reason reason = Reason::infeasible;
};

struct PolicySettings {
  double spread_threshold = 0.5;
  double top_k_fraction = 0.2;
  std::int64_t top_k_absolute = 1;
  bool avoid_gpu_nodes = true;
};

class NodePolicy {
 public:
  virtual ~NodePolicy() = default;
  virtual NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) = 0;
  // As plugin::Policy has them: Ray's policies are first come, first served, and ask for nothing.
  [[nodiscard]] virtual double rank(const plugin::Task& /*task*/) const { return 0; }
  [[nodiscard]] virtual plugin::Traits traits() const { return {}; }
  // Ray knows no priorities: tasks that differ in nothing else are of one class.
  [[nodiscard]] virtual bool sees_priorities() const { return false; }
};

// Whether CPU is all that a demand asks for; the common case, for which has_room() and is_feasible() need no search.
[[nodiscard]] inline bool only_cpu(const ResourceSet& demand) {
  return demand.entries().size() == 1 && demand.entries().front().first == cpu_resource;
}

// The node's totals hold the demand, whatever is in use.
[[nodiscard]] bool is_feasible(const NodeView& node, const ResourceSet& demand);
// The same with what is free now. By units where they are known: one unit for a fraction, free ones for whole numbers.
[[nodiscard]] bool is_available(const NodeView& node, const ResourceSet& demand);
// The same for all that a request asks of a node by itself: resources, label selector and, unless it is to be ignored, the
// queue of pulls.
[[nodiscard]] bool is_feasible(const NodeView& node, const NodeRequest& request);
[[nodiscard]] bool is_available(const NodeView& node, const NodeRequest& request, bool ignore_pull_queue = false);

std::unique_ptr<NodePolicy> make_hybrid_policy(const PolicySettings& settings);
std::unique_ptr<NodePolicy> make_spread_policy();
std::unique_ptr<NodePolicy> make_random_policy();
std::unique_ptr<NodePolicy> make_node_affinity_policy(const PolicySettings& settings);
std::unique_ptr<NodePolicy> make_node_label_policy();
// Not Ray's: hybrid, of whom the owner never asks where the arguments are.
std::unique_ptr<NodePolicy> make_locality_unaware_policy(const PolicySettings& settings);

// Makes the policy of one raylet.
using PolicyMaker = std::function<std::unique_ptr<NodePolicy>(const PolicySettings&)>;

// Policies that can replace the default strategy of tasks (`ray.policy`), and one of them by name; null: no such name.
std::span<const std::string_view> policy_names();
std::unique_ptr<NodePolicy> make_policy(std::string_view name, const PolicySettings& settings);

}  // namespace raysim
