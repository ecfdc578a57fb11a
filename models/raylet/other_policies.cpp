// What policies may ask of a raylet beyond Ray, as far as it takes messages and workers: preemption and stealing.
#include "models/raylet/raylet.hpp"

namespace raysim {

void Raylet::before_decision(Time now) {
  ++unpaid_decisions_;
  if (runtime_.traits.perfect_view)
    see_the_truth(now);
  else
    read_news(now);
}

// Every node of the cluster as it is now, less what it has been promised. A promise that nobody came for is void when Ray would
// take back a deduction.
void Raylet::see_the_truth(Time now) {
  TrueView& truth = runtime_.truth;
  std::erase_if(truth.promises, [&](const TrueView::Promise& promise) {
    return now - promise.at > runtime_.profile.system.syncer_refresh_interval;
  });
  for (std::uint32_t i = 0; i < truth.nodes.size(); ++i) {
    if (NodeId{i} == node_ || Time{} + runtime_.cluster.nodes[i].joins_at > now) continue;
    const NodeView& seen = *truth.nodes[i];
    const bool grown = seen.total != runtime_.cluster.nodes[i].total;  // by bundles
    auto total = grown ? std::make_shared<const ResourceSet>(seen.total) : nullptr;
    scheduler_.report({{i}, seen.available, seen.units, !seen.usable, std::move(total)});
  }
  for (const auto& [node, demand, at] : truth.promises)
    if (node != node_) scheduler_.deduct(node, demand, now);
}

void Raylet::promise_kept(const ResourceSet& demand) {
  auto& promises = runtime_.truth.promises;
  const auto kept = std::find_if(promises.begin(), promises.end(), [&](const TrueView::Promise& promise) {
    return promise.node == node_ && promise.demand == demand;
  });
  if (kept != promises.end()) promises.erase(kept);
}

// The least urgent, and of those the one that came last: it loses the least work.
bool Raylet::preempt(const Lease& lease) {
  const ResourceSet& wanted = runtime_.classes[lease.scheduling_class].resources;
  Worker* victim = nullptr;
  for (Worker& holder : workers_) {
    if (!holder.alive || !holder.leased() || holder.preempted || !(holder.lease.rank > lease.rank)) continue;
    ResourceSet freed = scheduler_.available();
    for (const auto& [id, amount] : runtime_.classes[holder.lease.scheduling_class].resources.entries())
      freed.set(id, freed.get(id) + (id == cpu_resource && holder.lease.blocked ? ResourceAmount{} : amount));
    if (!freed.covers(wanted)) continue;
    if (victim == nullptr || holder.lease.rank >= victim->lease.rank) victim = &holder;
  }
  if (victim == nullptr) return false;
  victim->preempted = true;
  causes_.push_back({victim->lease.id, WorkerFailureCause::Why::preempted, true, {}, {}});
  runtime_.engine.kill(victim->process);
  return true;
}

// Whatever happened here, or news of another node came: there may be work to take over. A few random victims each time; whoever
// steals listens to all news.
void Raylet::look_for_work() {
  constexpr int tries = 8;
  tries_left_ = tries;
  steal();
}

void Raylet::steal() {
  const std::size_t nodes = runtime_.raylets.size();
  if (stealing_ || tries_left_ == 0 || nodes < 2 || leases_.any_queued() ||
      scheduler_.available().get(cpu_resource).ticks <= 0)
    return;
  const auto drawn = static_cast<std::uint32_t>(victims_.below(nodes - 1));
  const std::uint32_t victim = drawn < node_.index ? drawn : drawn + 1;
  stealing_ = true;
  --tries_left_;
  auto room = std::make_shared<const ResourceSnapshot>(ResourceSnapshot{node_, scheduler_.available()});
  station_.send(runtime_.raylets[victim], StealLeases{address_, std::move(room)});
}

void Raylet::on(StealLeases steal) {
  const auto given = static_cast<std::uint32_t>(leases_.give_away(steal.room->node, steal.room->available));
  station_.send(steal.thief, LeasesStolen{given});
}

void Raylet::on(LeasesStolen stolen) {
  stealing_ = false;
  if (stolen.count == 0) steal();
}

void Raylet::tell_central(LeaseId lease, LeaseNews::What what) {
  if (runtime_.traits.central) station_.send(runtime_.central, LeaseNews{lease, what});
}

}  // namespace raysim
