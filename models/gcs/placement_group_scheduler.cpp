#include "models/gcs/placement_group_scheduler.hpp"

#include <algorithm>

namespace raysim {

namespace {
using Outcome = PlacementGroupScheduler::Outcome;
}

void PlacementGroupScheduler::schedule(PlacementGroup& group, Done done) {
  const std::vector<std::uint32_t> unplaced = group.unplaced();
  BundleRequest request;
  request.strategy = group.spec->strategy;
  request.soft_target = group.spec->soft_target;
  request.domain_label = group.spec->domain_label;
  // Bundles that are left bind the others to their domain.
  if (unplaced.size() < group.nodes.size()) request.domain = group.domain;
  for (const std::uint32_t i : unplaced) request.bundles.push_back(&group.spec->bundles[i]);
  if (const auto it = committed_.find(group.id); it != committed_.end())
    for (const auto& [bundle, node] : it->second.bundles) request.occupied.push_back(node);

  BundlePlan plan = plan_bundles(request, view_, port_.tie_order());
  if (plan.status != BundlePlan::Status::success)
    return done(group, plan.status == BundlePlan::Status::failed ? Outcome::failed : Outcome::infeasible);
  if (!group.spec->domain_label.empty()) group.domain = std::move(plan.domain);

  Attempt& attempt = attempts_[group.id];
  attempt = {};
  attempt.group = &group;
  attempt.done = std::move(done);
  for (std::size_t i = 0; i < unplaced.size(); ++i) attempt.planned[unplaced[i]] = plan.nodes[i];
  reserve(group, attempt.planned);
  const auto messages = by_node(attempt.planned);
  for (const auto& [node, bundles] : messages) attempt.open.push_back(node);
  for (const auto& [node, bundles] : messages) port_.prepare(node, group, bundles);
}

void PlacementGroupScheduler::cancel(PlacementGroupId group) {
  if (const auto it = attempts_.find(group); it != attempts_.end()) it->second.canceled = true;
}

bool PlacementGroupScheduler::answered(Attempt& attempt, NodeId node) { return std::erase(attempt.open, node) > 0; }

void PlacementGroupScheduler::prepared(PlacementGroupId group, NodeId node, bool ok) {
  const auto it = attempts_.find(group);
  if (it == attempts_.end() || it->second.committing || !answered(it->second, node)) return;
  Attempt& attempt = it->second;
  attempt.failed |= !ok;
  for (const auto& [bundle, where] : attempt.planned)
    if (ok && where == node) attempt.prepared[bundle] = node;
  if (attempt.open.empty()) prepare_returned(group);
}

void PlacementGroupScheduler::prepare_returned(PlacementGroupId id) {
  Attempt& attempt = attempts_.at(id);
  if (attempt.failed || attempt.canceled) {
    cancel_bundles(id, attempt.prepared);
    give_back(*attempt.group, attempt.planned);
    return end(id, Outcome::failed);
  }
  for (const auto& [bundle, node] : attempt.prepared) attempt.group->nodes[bundle] = node;
  attempt.group->state = PlacementGroup::State::prepared;
  commit_all(attempt);
}

void PlacementGroupScheduler::commit_all(Attempt& attempt) {
  const PlacementGroupId id = attempt.group->id;
  attempt.committing = true;
  const auto messages = by_node(attempt.prepared);
  std::vector<NodeId> dead;
  for (const auto& [node, bundles] : messages) {
    attempt.open.push_back(node);
    if (!port_.alive(node)) dead.push_back(node);
  }
  for (const auto& [node, bundles] : messages)
    if (port_.alive(node)) port_.commit(node, *attempt.group, bundles);
  for (const NodeId node : dead) committed(id, node, false);
}

void PlacementGroupScheduler::committed(PlacementGroupId group, NodeId node, bool ok) {
  const auto it = attempts_.find(group);
  if (it == attempts_.end() || !it->second.committing || !answered(it->second, node)) return;
  Attempt& attempt = it->second;
  for (const auto& [bundle, where] : attempt.prepared)
    if (!ok && where == node) attempt.lost.push_back(bundle);
  if (attempt.open.empty()) commit_returned(group);
}

void PlacementGroupScheduler::commit_returned(PlacementGroupId id) {
  Attempt& attempt = attempts_.at(id);
  PlacementGroup& group = *attempt.group;
  // All that was prepared is listed, the lost ones too: their nodes count as occupied.
  Committed& index = committed_[id];
  index.group = &group;
  for (const auto& [bundle, node] : attempt.prepared) index.bundles[bundle] = node;
  if (attempt.canceled) {
    cancel_bundles(id, index.bundles);
    give_back(group, attempt.planned);
    committed_.erase(id);
    return end(id, Outcome::failed);
  }
  if (attempt.lost.empty()) return end(id, Outcome::success);
  Locations lost;
  for (const std::uint32_t bundle : attempt.lost) {
    lost[bundle] = attempt.prepared[bundle];
    group.nodes[bundle] = no_node;
  }
  group.state = PlacementGroup::State::rescheduling;
  give_back(group, lost);
  end(id, Outcome::failed);
}

void PlacementGroupScheduler::end(PlacementGroupId id, Outcome outcome) {
  const auto it = attempts_.find(id);
  PlacementGroup& group = *it->second.group;
  const Done done = std::move(it->second.done);
  attempts_.erase(it);
  done(group, outcome);
}

void PlacementGroupScheduler::destroy(PlacementGroupId id) {
  const auto it = committed_.find(id);
  if (it == committed_.end()) return;
  if (const auto attempt = attempts_.find(id); attempt != attempts_.end()) cancel_bundles(id, attempt->second.prepared);
  cancel_bundles(id, it->second.bundles);
  give_back(*it->second.group, it->second.bundles);
  committed_.erase(it);
}

PlacementGroupScheduler::Bundles PlacementGroupScheduler::take_bundles_on(NodeId node) {
  Bundles lost;
  for (auto& [group, committed] : committed_)
    std::erase_if(committed.bundles, [&, id = group](const auto& bundle) {
      if (bundle.second != node) return false;
      lost[id].push_back(bundle.first);
      return true;
    });
  return lost;
}

void PlacementGroupScheduler::node_died(NodeId node) {
  std::vector<std::pair<PlacementGroupId, bool>> waiting;
  for (auto& [group, attempt] : attempts_) {
    if (std::find(attempt.open.begin(), attempt.open.end(), node) != attempt.open.end()) {
      waiting.emplace_back(group, attempt.committing);
    } else if (attempt.committing) {  // it has answered, and is gone all the same
      for (const auto& [bundle, where] : attempt.prepared)
        if (where == node) attempt.lost.push_back(bundle);
    }
  }
  for (const auto& [group, committing] : waiting)
    committing ? committed(group, node, false) : prepared(group, node, false);
}

std::size_t PlacementGroupScheduler::bundles_on(NodeId node) const {
  std::size_t count = 0;
  for (const auto& [group, committed] : committed_)
    for (const auto& [bundle, where] : committed.bundles) count += where == node ? 1 : 0;
  return count;
}

void PlacementGroupScheduler::cancel_bundles(PlacementGroupId group, const Locations& bundles) {
  for (const auto& [bundle, node] : bundles)
    if (port_.alive(node)) port_.cancel(node, group, bundle);
}

// In the GCS's own view; the next report of the node says how it really is.
void PlacementGroupScheduler::reserve(const PlacementGroup& group, const Locations& bundles) {
  for (const auto& [bundle, node] : bundles) view_[node.index].deduct(group.spec->bundles[bundle].resources);
}

void PlacementGroupScheduler::give_back(const PlacementGroup& group, const Locations& bundles) {
  for (const auto& [bundle, node] : bundles) view_[node.index].give_back(group.spec->bundles[bundle].resources);
}

std::map<NodeId, std::vector<std::uint32_t>> PlacementGroupScheduler::by_node(const Locations& bundles) {
  std::map<NodeId, std::vector<std::uint32_t>> nodes;
  for (const auto& [bundle, node] : bundles) nodes[node].push_back(bundle);
  return nodes;
}

}  // namespace raysim
