#include "models/raylet/raylet.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

namespace {
PolicySettings policy_settings(const SystemConfig& config) {
  return {config.scheduler_spread_threshold, config.scheduler_top_k_fraction, config.scheduler_top_k_absolute,
          config.scheduler_avoid_gpu_nodes};
}

// A central scheduler is not asked for leases of a placement group: raylets place those as in Ray.
PolicyMaker policy_of_raylets(const Runtime& runtime) {
  return runtime.traits.central ? PolicyMaker(make_hybrid_policy) : runtime.make_policy;
}

LeaseManagerSettings lease_settings(const SystemConfig& config, const plugin::Traits& traits, Bytes store) {
  const auto most = static_cast<std::int64_t>(config.max_task_args_memory_fraction * static_cast<double>(store.count));
  return {config.worker_cap_enabled, config.worker_cap_initial_backoff, config.worker_cap_max_backoff, {most}, traits};
}
}  // namespace

Raylet::Raylet(Runtime& runtime, NodeId node)
    : runtime_(runtime),
      node_(node),
      station_(make_station(runtime, node)),
      address_(station_.bind(*this)),
      objects_(runtime, node, station_),
      scheduler_({runtime.cluster, runtime.classes, runtime.node_order, policy_settings(runtime.profile.system),
                  runtime.unit_resources, policy_of_raylets(runtime), [this](Time now) { before_decision(now); },
                  &runtime.functions, &runtime.resource_names},
                 runtime.engine.stream("ties/" + runtime.cluster.nodes[node.index].name), node),
      pool_(runtime.profile.system,
            runtime.cluster.nodes[node.index].total.get(cpu_resource).ticks / ResourceAmount::unit,
            runtime.engine.machine(runtime.cluster.nodes[node.index].machine).cores()),
      bundles_(scheduler_),
      leases_(node, runtime.classes,
              lease_settings(runtime.profile.system, runtime.traits, objects_.store().capacity()), scheduler_, *this),
      victims_(runtime.engine.stream("victims/" + runtime.cluster.nodes[node.index].name)) {
  watch_memory_of(runtime.cluster.nodes[node.index]);
  if (runtime.traits.steals) runtime.streams.listen(node, true);
  runtime.truth.nodes.push_back(&scheduler_.view(node));
}

void Raylet::start_idle_work() {
  if (!station_.contended()) return;
  // On a shared machine the report timer runs on its own: each tick is set by the one before, so that a late one moves all
  // that follow.
  const Duration period = runtime_.profile.system.report_resources_period;
  report_armed_ = true;
  station_.after<Raylet>(phase(runtime_.engine, "report", node_.index, period), TimerTick{Tick::report}, true);
  const Costs::Idle& idle = runtime_.profile.costs.idle_raylet;
  station_.after<Raylet>(phase(runtime_.engine, "idle raylet", node_.index, idle.period), TimerTick{Tick::idle_work},
                         true);
}

void Raylet::start_agents() {
  if (!station_.contended()) return;
  runtime_.engine.work_aside(station_.place(), CpuPriority::normal, runtime_.profile.costs.agents_start);
}

void Raylet::on(RequestWorkerLease request) {
  Lease lease;
  lease.id = request.lease;
  lease.owner = request.owner;
  lease.owner_process = runtime_.engine.process_of(request.owner.station);
  lease.owner_node = request.owner_node;
  lease.scheduling_class = request.scheduling_class;
  if (request.arguments) lease.environment = request.arguments->environment;
  lease.job = runtime_.job_of(lease.owner_process);
  lease.tag = request.tag;
  lease.rank = request.rank;
  lease.grant_or_reject = request.grant_or_reject;
  lease.retriable = request.retriable;
  lease.selected_by_locality = request.selected_by_locality;
  if (request.arguments && !request.arguments->list.empty()) lease.arguments = std::move(request.arguments);
  lease.detached = creates_actor(lease) && runtime_.actors[lease.tag].options.detached;
  const bool finished = std::find(finished_.begin(), finished_.end(), lease.job) != finished_.end();
  if (finished && !lease.detached) return;  // its owner ends as well
  watch_owner(lease.owner_process);
  if (lease.environment == EnvironmentId{}) start_spares(std::min<std::int64_t>(whole_cpus_free(), request.backlog));
  if (runtime_.traits.perfect_view && lease.grant_or_reject)
    promise_kept(runtime_.classes[lease.scheduling_class].resources);
  leases_.queue(std::move(lease));
  schedule_leases();
}

void Raylet::schedule_leases() {
  leases_.schedule();
  if (pool_.any_unequipped()) set_up_environments();
  pay_for_decisions();
  start_workers();
  if (runtime_.traits.steals) look_for_work();
  // News of other nodes matter to who has leases that wait; on a shared machine reading them costs the others time as well.
  runtime_.streams.listen(node_, station_.contended() || runtime_.traits.steals || leases_.any_queued());
}

// A decision costs its time before anything that follows from it is sent.
void Raylet::pay_for_decisions() {
  if (runtime_.decision_time > Duration{}) station_.charge(runtime_.decision_time * unpaid_decisions_);
  unpaid_decisions_ = 0;
}

void Raylet::answer(const Lease& lease, LeaseReply::Status status, NodeId node) {
  pay_for_decisions();
  if (status == LeaseReply::Status::redirected && runtime_.traits.perfect_view)
    runtime_.truth.promises.push_back({node, runtime_.classes[lease.scheduling_class].resources, station_.now()});
  if (status != LeaseReply::Status::redirected) tell_central(lease.id, LeaseNews::What::over);
  if (status == LeaseReply::Status::redirected && scheduler_.modified())
    arm(Tick::reset_view, runtime_.profile.system.syncer_refresh_interval, reset_armed_);
  LeaseReply reply;
  reply.lease = lease.id;
  reply.tag = lease.tag;
  reply.node = node;
  reply.status = status;
  send_reply(lease, reply);
}

void Raylet::granted(Lease&& lease, ProcessId process) {
  pay_for_decisions();
  Worker& holder = worker(process);
  LeaseReply reply;
  reply.lease = lease.id;
  reply.tag = lease.tag;
  reply.node = node_;
  reply.worker = holder.address;
  reply.worker_process = process;
  reply.devices = runtime_.device_lists.id_of(visible_devices(lease.held, runtime_.resource_names));
  send_reply(lease, reply);
  if (lease.arguments) objects_.pin_arguments(lease);
  holder.kind.job = creates_actor(lease) ? runtime_.actors[lease.tag].job : lease.job;
  runtime_.bind(process, holder.kind.job);
  holder.lease = std::move(lease);
  holder.granted = station_.now();
}

void Raylet::on(ArgumentsReady ready) {
  leases_.arguments_ready(ready.lease);
  schedule_leases();
}

void Raylet::lease_over(Lease& lease) {
  if (lease.state == Lease::State::granted && lease.arguments) objects_.unpin_arguments(lease);
  leases_.finished(lease);
}

bool Raylet::creates_actor(const Lease& lease) const { return runtime_.classes[lease.scheduling_class].creates_actor; }

// The GCS asks for actors in the name of their owners.
void Raylet::send_reply(const Lease& lease, const LeaseReply& reply) {
  if (creates_actor(lease))
    station_.send(runtime_.gcs, reply);
  else
    station_.send(lease.owner, reply);
}

void Raylet::schedule_again_at(Time when) {
  if (again_armed_) return;
  again_armed_ = true;
  station_.after<Raylet>(when - station_.now(), TimerTick{Tick::grant_again});
}

void Raylet::on(CancelWorkerLease cancel) {
  if (leases_.cancel(cancel.lease)) return schedule_leases();
  if (!cancel.owner.valid()) return;                     // the GCS
  station_.send(cancel.owner, CancelReply{cancel.key});  // granted or gone: the owner will give the worker back
}

void Raylet::on(ReturnWorkerLease returned) {
  Worker* holder = leased(returned.worker);
  if (holder == nullptr || holder->lease.id != returned.lease) return;  // it has died meanwhile
  lease_over(holder->lease);
  tell_central(returned.lease, LeaseNews::What::over);
  if (returned.disconnect || holder->preempted)
    runtime_.engine.kill(returned.worker);
  else if (!returned.exiting)
    worker_is_free(returned.worker, false);
  schedule_leases();
}

Raylet::Worker* Raylet::leased(ProcessId process) {
  Worker& holder = worker(process);
  return holder.alive && holder.leased() ? &holder : nullptr;
}

void Raylet::on(TaskBlocked blocked) {
  Worker* holder = leased(blocked.worker);
  if (holder == nullptr || holder->lease.blocked || creates_actor(holder->lease)) return;  // an actor lends nothing
  leases_.block(holder->lease);
  tell_central(holder->lease.id, LeaseNews::What::blocked);
  schedule_leases();
}

void Raylet::on(TaskUnblocked unblocked) {
  Worker* holder = leased(unblocked.worker);
  if (holder == nullptr || !holder->lease.blocked) return;
  leases_.unblock(holder->lease);
  tell_central(holder->lease.id, LeaseNews::What::unblocked);
}

void Raylet::on(GetWorkerFailureCause question) {
  WorkerFailureCause answer{question.lease, {}, true, {}, {}};
  const auto known = std::find_if(causes_.begin(), causes_.end(),
                                  [&](const WorkerFailureCause& cause) { return cause.lease == question.lease; });
  if (known != causes_.end()) {
    answer = *known;
    causes_.erase(known);
  }
  station_.send(question.owner, answer);
}

void Raylet::on(ResourceBroadcast broadcast) {
  if (runtime_.contended) {
    scheduler_.report(*broadcast.snapshot);
    caught_up_ = true;
  } else {
    read_news(station_.now());  // up to and with this one
  }
  schedule_leases();
}

// What has come over the stream from the GCS by now. On a shared machine it comes message by message, but for what was there
// before.
void Raylet::read_news(Time now) {
  if (runtime_.contended && std::exchange(caught_up_, true)) return;
  const Duration way = runtime_.engine.delay(runtime_.engine.place_of(runtime_.gcs.station), station_.place(), {});
  runtime_.streams.catch_up(node_, now, way, [this](const ResourceSnapshot& snapshot) { scheduler_.report(snapshot); });
}

void Raylet::on(ProcessDied died) {
  objects_.process_died(died.process);
  if (is_own(died.process)) {
    Worker& holder = worker(died.process);
    if (holder.leased()) tell_central(holder.lease.id, LeaseNews::What::over);
    if (!runtime_.actors.empty())
      station_.send(runtime_.gcs, WorkerDeath{node_, died.process, holder.left, holder.out_of_memory});
    lease_over(holder.lease);
    if (holder.preempted) leases_.preempted_worker_gone();
    holder.preempted = holder.alive = false;
    pool_.died(died.process);
    runtime_.heap.ended(node_, died.process);
    runtime_.device_memory.ended(died.process, station_.now());
    if (memory_) memory_->worker_died(died.process);
    runtime_.worker_gone(died.process);
  }
  owner_died(died.process);  // a worker may have been one
  driver_died(died.process);
  resources_changed();
  schedule_leases();
}

// What a dead owner asked for is nobody's any more, and the workers it leased end with it.
void Raylet::owner_died(ProcessId owner) {
  if (owners_.erase(owner.index) == 0) return;
  last_owner_ = {};
  leases_.cancel_owned_by(owner);
  for (const Worker& holder : workers_)
    if (holder.alive && holder.leased() && holder.lease.owner_process == owner && !holder.lease.detached)
      runtime_.engine.kill(holder.process);  // each reports its own death
}

bool Raylet::is_own(ProcessId process) const {
  const auto& slots = runtime_.worker_slots;
  if (process.index >= slots.size() || slots[process.index] >= workers_.size()) return false;
  return workers_[slots[process.index]].process == process;
}

void Raylet::resources_changed() {
  arm_sweep();
  if (scheduler_.version() != reported_version_)
    arm(Tick::report, runtime_.profile.system.report_resources_period, report_armed_);
}

// Timers are armed when they have something to do, at the moments of their period.
void Raylet::arm(Tick tick, Duration period, bool& armed) {
  if (armed) return;
  armed = true;
  Duration& own_phase = phases_[static_cast<std::size_t>(tick)];
  if (own_phase.ns < 0)
    own_phase = phase(runtime_.engine, "raylet timer", node_.index * 8 + static_cast<std::uint32_t>(tick), period);
  station_.after<Raylet>(until_tick(station_.now(), period, own_phase), TimerTick{tick},
                         tick == Tick::kill_idle || tick == Tick::memory);
}

void Raylet::on(TimerTick tick) {
  switch (tick.tick) {
    case Tick::report: {
      report_armed_ = station_.contended();
      if (report_armed_)
        station_.after<Raylet>(runtime_.profile.system.report_resources_period, TimerTick{Tick::report}, true);
      if (scheduler_.version() != reported_version_) report_resources();
      return;
    }
    case Tick::reset_view:
      reset_armed_ = false;
      scheduler_.reset_stale(station_.now(), runtime_.profile.system.syncer_refresh_interval);
      if (scheduler_.modified()) arm(Tick::reset_view, runtime_.profile.system.syncer_refresh_interval, reset_armed_);
      return;
    case Tick::kill_idle: return sweep_idle_workers();
    case Tick::grant_again: again_armed_ = false; return schedule_leases();
    case Tick::join: return join();
    case Tick::memory: return check_memory();
    case Tick::idle_work:
      station_.compute<Raylet>(runtime_.profile.costs.idle_raylet.work, TimerTick{Tick::idle_work_done}, true);
      return;
    case Tick::idle_work_done:
      station_.after<Raylet>(runtime_.profile.costs.idle_raylet.period, TimerTick{Tick::idle_work}, true);
      return;
    default: return;
  }
}

void Raylet::report_resources() {
  reported_version_ = scheduler_.version();
  const ResourceSet& total = scheduler_.total();
  const bool as_at_first = total == runtime_.cluster.nodes[node_.index].total;
  auto snapshot = std::make_shared<const ResourceSnapshot>(
      ResourceSnapshot{node_, scheduler_.available(), scheduler_.units(), leases_.draining(),
                       as_at_first ? nullptr : std::make_shared<const ResourceSet>(total)});
  station_.send(runtime_.gcs, ResourceReport{std::move(snapshot)});
}

void Raylet::join_later(Duration after) { station_.after<Raylet>(after, TimerTick{Tick::join}); }

// Others hear of the node by its first report.
void Raylet::join() {
  report_resources();
  start_idle_work();
  start_agents();
}

// What is queued goes elsewhere; what runs, and what waits for its worker, stays to its end.
void Raylet::on(DrainRaylet) {
  leases_.drain();
  resources_changed();
  schedule_leases();
}

template <class Message>
void deliver(Raylet& to, Message message) {
  to.on(std::move(message));
}
template void deliver(Raylet&, RequestWorkerLease);
template void deliver(Raylet&, CancelWorkerLease);
template void deliver(Raylet&, ReturnWorkerLease);
template void deliver(Raylet&, RegisterWorker);
template void deliver(Raylet&, RegisterDriver);
template void deliver(Raylet&, JobFinished);
template void deliver(Raylet&, ReportWorkerBacklog);
template void deliver(Raylet&, ExitAnswered);
template void deliver(Raylet&, TaskBlocked);
template void deliver(Raylet&, TaskUnblocked);
template void deliver(Raylet&, GetWorkerFailureCause);
template void deliver(Raylet&, ResourceBroadcast);
template void deliver(Raylet&, DrainRaylet);
template void deliver(Raylet&, ProcessDied);
template void deliver(Raylet&, TimerTick);
template void deliver(Raylet&, PrepareBundleResources);
template void deliver(Raylet&, CommitBundleResources);
template void deliver(Raylet&, CancelResourceReserve);
template void deliver(Raylet&, StealLeases);
template void deliver(Raylet&, LeasesStolen);
template void deliver(Raylet&, KillLocalActor);
template void deliver(Raylet&, EnvironmentSetUp);
template void deliver(Raylet&, ArgumentsReady);
template void deliver(Raylet&, CreateObject);
template void deliver(Raylet&, SealObject);
template void deliver(Raylet&, FetchObjects);
template void deliver(Raylet&, CancelFetch);
template void deliver(Raylet&, PullObjects);
template void deliver(Raylet&, PushChunk);
template void deliver(Raylet&, ChunkAnswered);
template void deliver(Raylet&, SendChunk);
template void deliver(Raylet&, ChunkRead);
template void deliver(Raylet&, ReceiveChunk);
template void deliver(Raylet&, ChunkCopied);
template void deliver(Raylet&, LocationNews);
template void deliver(Raylet&, LocationsSubscribed);
template void deliver(Raylet&, LocationsReported);
template void deliver(Raylet&, FreeObjects);
template void deliver(Raylet&, StoreTick);
template void deliver(Raylet&, MemoryTaken);
template void deliver(Raylet&, IoDone);

template <class Message>
void give_back(Raylet& to, Message message) {
  to.on_unreachable(message);
}
template void give_back(Raylet&, SubscribeLocations);
template void give_back(Raylet&, PollLocations);
template void give_back(Raylet&, ReportLocations);

}  // namespace raysim
