// What an owner does for policies that Ray does not have: late binding over several raylets, and a central scheduler
// (plugin::Traits).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

// Whether the policy decides: other strategies are Ray's own.
bool CoreWorker::Owner::by_policy(const SchedulingKey& key) const {
  return worker.runtime_.classes[key.scheduling_class].strategy.kind == SchedulingStrategy::Kind::standard;
}

// Distinct random nodes of those that can ever run the task.
std::vector<NodeId> CoreWorker::Owner::nodes_to_probe(const SchedulingKey& key) {
  const Runtime& runtime = worker.runtime_;
  if (runtime.traits.probes == 0 || !by_policy(key)) return {};
  const SchedulingClass& wanted = runtime.classes[key.scheduling_class];
  std::vector<NodeId> nodes;
  for (std::uint32_t i = 0; i < runtime.cluster.nodes.size(); ++i) {
    const NodeSpec& node = runtime.cluster.nodes[i];
    const bool there = Time{} + node.joins_at <= now();
    if (there && node.total.covers(wanted.resources) && wanted.label_selector.matches(node.labels))
      nodes.push_back({i});
  }
  const std::size_t count = std::min<std::size_t>(runtime.traits.probes, nodes.size());
  for (std::size_t i = 0; i < count; ++i) std::swap(nodes[i], nodes[i + probed.below(nodes.size() - i)]);
  nodes.resize(count);
  return nodes;
}

void CoreWorker::Owner::redirect_unused(LeaseId lease) {
  if (worker.runtime_.traits.central) worker.io_.send(worker.runtime_.central, LeaseNews{lease, LeaseNews::What::over});
}

}  // namespace raysim
