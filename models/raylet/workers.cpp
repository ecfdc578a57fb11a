// The raylet's worker processes: started, registered, given to leases, told to exit. Mirrors the worker calls of node_manager.cc
// (2.60).
#include "models/raylet/raylet.hpp"

#include <utility>

namespace raysim {

void Raylet::add_warm_worker(ProcessId worker, Address<CoreWorker> address) {
  introduce(worker, address);
  this->worker(worker).registered = true;
  runtime_.engine.watch(worker, address_);
  pool_.add_warm(worker);
}

void Raylet::introduce(ProcessId process, Address<CoreWorker> address) {
  auto& slots = runtime_.worker_slots;
  if (slots.size() <= process.index) slots.resize(process.index + 1, ~std::uint32_t{0});
  slots[process.index] = static_cast<std::uint32_t>(workers_.size());
  workers_.emplace_back();
  workers_.back().address = address;
  workers_.back().process = process;
}

void Raylet::on(RegisterWorker registered) {
  pool_.registered(registered.process);
  worker(registered.process).registered = true;
  runtime_.record.on_worker_started(node_.index, station_.now());
  worker_is_free(registered.process, true);
  schedule_leases();
}

void Raylet::on(RegisterDriver registered) {
  drivers_.push_back(registered.process);
  watch_owner(registered.process);
  if (!std::exchange(had_driver_, true) && runtime_.profile.system.prestart_worker_first_driver)
    start_spares(whole_cpus_free());
}

// Of leases or of objects here. Workers of this node are watched since they were started.
void Raylet::watch_owner(ProcessId owner) {
  if (owner == last_owner_) return;  // most ask again and again
  last_owner_ = owner;
  if (owners_.insert(owner.index).second && !is_own(owner)) runtime_.engine.watch(owner, address_);
}

void Raylet::driver_died(ProcessId driver) {
  if (std::erase(drivers_, driver) == 0) return;
  runtime_.worker_gone(driver);
  station_.send(runtime_.gcs, JobFinished{runtime_.job_of(driver), node_, driver});
}

// Of a worker that has gone meanwhile nobody wants to know. Whoever looks at demand does so each second, as the GCS.
void Raylet::on(const ReportWorkerBacklog& report) {
  if (!runtime_.engine.alive(report.worker)) return;
  watch_owner(report.worker);
  leases_.set_backlog(report.worker, report.backlogs);
  const Duration period = runtime_.profile.system.report_worker_backlog_interval;
  if (load_seen_ && station_.now() - *load_seen_ < period) return;
  load_seen_ = station_.now();
  ResourceLoad::Pending pending;
  for (const LeaseManager::Demand& demand : leases_.demand())
    pending.emplace_back(demand.shape, demand.ready + demand.infeasible + demand.backlog);
  runtime_.load.reported(node_, pending);
}

// Nobody has a use for its workers any more.
void Raylet::on(const JobFinished& finished) {
  finished_.push_back(finished.job);
  leases_.cancel_if([&](const Lease& lease) { return lease.job == finished.job && !lease.detached; }, std::nullopt);
  for (const Worker& worker : workers_)
    if (worker.alive && worker.kind.job == finished.job) runtime_.engine.kill(worker.process);
  schedule_leases();
}

// A worker is there for whoever waits first; else it is idle.
void Raylet::worker_is_free(ProcessId worker, bool never_used) {
  const auto next = pool_.push(worker, station_.now(), never_used, this->worker(worker).kind);
  if (!next) return arm_sweep();
  leases_.worker_arrived(*next, worker);
}

void Raylet::start_workers() {
  while (const auto kind = pool_.next_start()) start_worker(*kind);
}

void Raylet::start_worker(WorkerKind kind) {
  station_.charge(runtime_.profile.costs.worker_fork);
  const ProcessId worker = runtime_.make_worker(node_);
  runtime_.engine.watch(worker, address_);
  this->worker(worker).kind = kind;
  pool_.started(worker, kind);
}

// The node's agent tries three times, with a second after each try that has failed.
void Raylet::set_up_environments() {
  while (const auto environment = pool_.next_setup()) {
    const RuntimeEnv& wanted = runtime_.environments[*environment];
    const Duration takes = wanted.fails ? (wanted.setup + Duration::seconds(1)) * 3 : wanted.setup;
    station_.after<Raylet>(takes, EnvironmentSetUp{*environment});
  }
  for (auto hopeless = pool_.take_hopeless(); !hopeless.empty(); hopeless = pool_.take_hopeless()) {
    for (const LeaseId lease : hopeless) leases_.worker_failed(lease, WorkerFailure::runtime_env_failed);
    leases_.schedule();  // in the room that they had
  }
}

void Raylet::on(EnvironmentSetUp done) {
  pool_.set_up(done.environment, runtime_.environments[done.environment].fails);
  schedule_leases();
}

// Workers ahead of demand: as many as there is CPU for, but no more than the owner has tasks waiting.
void Raylet::start_spares(std::int64_t desired) {
  for (std::int64_t n = pool_.spares(desired); n > 0; --n) start_worker({});
}

void Raylet::on(ExitAnswered answered) {
  pool_.exit_answered(answered.worker);
  worker(answered.worker).left = !answered.refused;
  if (!answered.refused || !worker(answered.worker).alive) return;
  worker_is_free(answered.worker, false);  // back it goes, as if it had just come
  schedule_leases();
}

// The worker of an actor that is not wanted any more; its own death follows.
void Raylet::on(KillLocalActor kill) {
  if (!is_own(kill.worker) || !worker(kill.worker).alive) return;
  if (kill.force)
    runtime_.engine.kill(kill.worker);
  else
    station_.send(worker(kill.worker).address, ExitActor{});
}

// A sweep can only find something when more workers are idle than CPUs.
void Raylet::arm_sweep() {
  const std::int64_t limit = runtime_.profile.system.num_workers_soft_limit;
  if (pool_.idle() > (limit >= 0 ? limit : whole_cpus_free()))
    arm(Tick::kill_idle, runtime_.profile.system.kill_idle_workers_interval, sweep_armed_);
}

void Raylet::sweep_idle_workers() {
  sweep_armed_ = false;
  const std::int64_t limit = runtime_.profile.system.num_workers_soft_limit;
  for (const ProcessId worker : pool_.sweep(station_.now(), limit >= 0 ? limit : whole_cpus_free()))
    station_.send(this->worker(worker).address, ExitWorker{});
  arm_sweep();
}

}  // namespace raysim
