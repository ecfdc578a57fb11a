// How an owner's submitter reaches raylets and workers. Mirrors the clients of core_worker.cc (2.60).
#include <algorithm>
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

namespace {
SubmitterSettings submitter_settings(const Runtime& runtime, bool driver) {
  const SystemConfig& config = runtime.profile.system;
  const auto nodes = std::count_if(runtime.cluster.nodes.begin(), runtime.cluster.nodes.end(),
                                   [](const NodeSpec& node) { return node.joins_at == Duration{}; });
  return {config.max_pending_lease_requests >= 0
              ? LeaseRequestLimit::fixed(config.max_pending_lease_requests)
              : LeaseRequestLimit::by_cluster_size(config.max_pending_lease_requests_minimum, nodes),
          config.worker_lease_timeout, driver, runtime.traits.ranked, runtime.traits.central};
}
}  // namespace

CoreWorker::Owner::Owner(CoreWorker& self)
    : worker(self),
      submitter(submitter_settings(self.runtime_, self.role_ == Role::driver), self.io_.id().index, *this),
      actors(*this),
      ranks(self.runtime_),
      probed(self.runtime_.engine.stream("probes/" + std::to_string(self.process().index))) {}

FirstNode CoreWorker::Owner::first_node(const SchedulingKey& key) {
  if (worker.runtime_.traits.central && by_policy(key)) return {no_node, false};  // the central scheduler
  LeasePolicyInput input;
  input.strategy = &worker.runtime_.classes[key.scheduling_class].strategy;
  input.local = worker.node_;
  input.locality_aware =
      worker.runtime_.profile.system.locality_aware_leasing_enabled && !worker.runtime_.traits.locality_unaware;
  input.arguments = key.store_args.size();
  input.places_of = [&](std::size_t argument) -> std::optional<ObjectPlaces> {
    const auto found = worker.stored().locality(key.store_args[argument]);
    return found ? std::optional(ObjectPlaces{found->size, found->nodes}) : std::nullopt;
  };
  input.address_known = [this](NodeId node) {
    return Time{} + worker.runtime_.cluster.nodes[node.index].joins_at <= now();
  };
  return first_node_to_ask(input);
}

void CoreWorker::Owner::request_lease(NodeId node, RequestWorkerLease request) {
  request.owner = worker.address_;
  request.owner_node = worker.node_;
  if (node == no_node) return worker.io_.send(worker.runtime_.central, request);
  worker.io_.send(worker.runtime_.raylets[node.index], request);
}

void CoreWorker::Owner::cancel_lease(NodeId node, LeaseId lease, std::uint32_t key) {
  const CancelWorkerLease cancel{lease, worker.address_, key};
  if (node == no_node) return worker.io_.send(worker.runtime_.central, cancel);
  worker.io_.send(worker.runtime_.raylets[node.index], cancel);
}

void CoreWorker::Owner::push_task(const LeasedWorker& leased, std::uint32_t slot, std::uint32_t task) {
  OwnedTask& owned = worker.tasks_.task(task);
  owned.pushed = now();
  owned.lease = slot;
  PushTask message;
  message.owner = worker.address_;
  message.task = task;
  message.devices = leased.devices;
  message.scheduling_class = owned.scheduling_class;
  message.attempt = owned.attempt;
  message.first_return = owned.first_object;
  message.duration = owned.duration;
  message.input = owned.input;
  worker.io_.send(leased.address, std::move(message), Bytes{std::int64_t{owned.argument_kib} * 1024});
}

void CoreWorker::Owner::return_worker(const LeasedWorker& leased, Return why) {
  if (why == Return::disconnect) return;  // it has died, and its raylet has noticed by itself
  worker.runtime_.engine.unwatch(leased.process, worker.io_.id());
  worker.io_.send(worker.runtime_.raylets[leased.node.index],
                  ReturnWorkerLease{leased.lease, leased.process, false, why == Return::exiting});
}

void CoreWorker::Owner::cancel_running(const LeasedWorker& leased, std::uint32_t task, bool force, bool recursive) {
  worker.io_.send(leased.address, CancelTask{worker.address_, task, force, recursive});
}

void CoreWorker::Owner::fail_task(std::uint32_t task, ErrorType error) {
  const OwnedTask& failed = worker.tasks_.task(task);
  if (!worker.runtime_.functions[failed.function.index].in_background)
    worker.runtime_.record.on_failed_unstarted(failed.function.index, worker.reported_job());
  worker.finish(task, failed.cancelled ? ErrorType::task_cancelled : error, failed.path);
}

void CoreWorker::Owner::exit_process() { worker.runtime_.engine.kill(worker.process()); }

// Whenever a request is sent and what is left has changed; and each second, until there is nothing left to tell.
void CoreWorker::Owner::report_backlog() {
  WorkerBacklogs backlogs = submitter.backlog();
  std::erase_if(backlogs, [](const auto& of_class) { return of_class.second == 0; });
  const bool none = backlogs.empty();
  worker.io_.send(worker.runtime_.raylets[worker.node_.index],
                  ReportWorkerBacklog{worker.process(), std::make_shared<const WorkerBacklogs>(std::move(backlogs))});
  if (none || std::exchange(reports_again, true)) return;
  const Duration period = worker.runtime_.profile.system.report_worker_backlog_interval;
  const Duration own_phase = phase(worker.runtime_.engine, "backlog", worker.process().index, period);
  worker.io_.after<CoreWorker>(until_tick(now(), period, own_phase), TimerTick{Tick::backlog}, true);
}

void CoreWorker::Owner::report_backlog_again() {
  reports_again = false;
  report_backlog();
}

void CoreWorker::on(const LeaseReply& reply) {
  if (reply.status == LeaseReply::Status::granted) runtime_.engine.watch(reply.worker_process, address_);
  submitter().on(reply);
}

}  // namespace raysim
