#include "models/gcs/gcs.hpp"

namespace raysim {

Gcs::Gcs(Runtime& runtime)
    : runtime_(runtime),
      station_(make_station(runtime, runtime.cluster.head())),
      address_(station_.bind(*this)),
      latest_(runtime.cluster.nodes.size()) {}

PlacementGroups& Gcs::groups() {
  if (!groups_) groups_ = std::make_unique<PlacementGroups>(runtime_, station_, latest_);
  return *groups_;
}

Actors& Gcs::actors() {
  if (!actors_) actors_ = std::make_unique<Actors>(runtime_, station_, address_);
  return *actors_;
}

void Gcs::start_idle_work() {
  if (!station_.contended()) return;
  station_.after<Gcs>(phase(runtime_.engine, "idle gcs", 0, runtime_.profile.costs.idle_gcs.period),
                      TimerTick{Tick::idle_work}, true);
}

void Gcs::on(const ResourceReport& report) {
  latest_[report.snapshot->node.index] = report.snapshot;
  if (groups_) groups_->on(*report.snapshot);
  if (runtime_.view_delay > Duration{})
    station_.after<Gcs>(runtime_.view_delay, DelayedReport{report.snapshot});
  else
    on(DelayedReport{report.snapshot});
}

void Gcs::on(const DelayedReport& report) {
  const bool news =
      report.snapshot->draining || runtime_.cluster.nodes[report.snapshot->node.index].joins_at > Duration{};
  if (runtime_.traits.central && news) station_.send(runtime_.central, ResourceBroadcast{report.snapshot});
  runtime_.streams.publish(report.snapshot, station_.now());
  for (const NodeId listener : runtime_.streams.listeners())
    if (listener != report.snapshot->node)
      station_.send(runtime_.raylets[listener.index], ResourceBroadcast{report.snapshot});
}

// Actors go with their owner, groups with their job's driver; then the raylets hear of it.
void Gcs::on(const JobFinished& finished) {
  if (actors_) actors_->on(WorkerDeath{finished.node, finished.driver, true});
  if (groups_) groups_->creator_died(finished.driver);
  for (const Address<Raylet> raylet : runtime_.raylets) station_.send(raylet, finished);
}

void Gcs::on(TimerTick tick) {
  if (tick.tick == Tick::placement_groups) return groups().on_tick();
  if (tick.tick == Tick::schedule_placement_groups) return groups().schedule_pending();
  const Costs::Idle& idle = runtime_.profile.costs.idle_gcs;
  if (tick.tick == Tick::idle_work)
    station_.compute<Gcs>(idle.work, TimerTick{Tick::idle_work_done}, true);
  else
    station_.after<Gcs>(idle.period, TimerTick{Tick::idle_work}, true);
}

template <class Message>
void deliver(Gcs& to, Message message) {
  to.on(std::move(message));
}
template void deliver(Gcs&, ResourceReport);
template void deliver(Gcs&, DelayedReport);
template void deliver(Gcs&, TaskEvents);
template void deliver(Gcs&, ExportFunction);
template void deliver(Gcs&, FetchFunction);
template void deliver(Gcs&, DrainNode);
template void deliver(Gcs&, JobFinished);
template void deliver(Gcs&, TimerTick);
template void deliver(Gcs&, CreatePlacementGroup);
template void deliver(Gcs&, WaitPlacementGroup);
template void deliver(Gcs&, GetPlacementGroup);
template void deliver(Gcs&, RemovePlacementGroup);
template void deliver(Gcs&, BundleResourcesReply);
template void deliver(Gcs&, RegisterActor);
template void deliver(Gcs&, CreateActor);
template void deliver(Gcs&, GetNamedActor);
template void deliver(Gcs&, SubscribeActor);
template void deliver(Gcs&, KillActor);
template void deliver(Gcs&, ActorOutOfScope);
template void deliver(Gcs&, LeaseReply);
template void deliver(Gcs&, ActorCreated);
template void deliver(Gcs&, WorkerDeath);
template void deliver(Gcs&, RetryActor);

template <class Message>
void give_back(Gcs& to, Message message) {
  to.on_unreachable(message);
}
template void give_back(Gcs&, PrepareBundleResources);
template void give_back(Gcs&, CommitBundleResources);
template void give_back(Gcs&, PushActorCreation);

}  // namespace raysim
