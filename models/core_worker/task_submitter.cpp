#include "models/core_worker/task_submitter.hpp"

#include <algorithm>

namespace raysim {

NormalTaskSubmitter::NormalTaskSubmitter(Runtime& runtime, Station& io, NodeId node, TaskManager& tasks)
    : runtime_(runtime), io_(io), node_(node), tasks_(tasks) {
  const SystemConfig& config = runtime.profile.system;
  limit_ =
      static_cast<std::size_t>(config.max_pending_lease_requests >= 0
                                   ? config.max_pending_lease_requests
                                   : std::max<std::int64_t>(config.max_pending_lease_requests_minimum,
                                                            static_cast<std::int64_t>(runtime.cluster.nodes.size())));
}

NormalTaskSubmitter::Key& NormalTaskSubmitter::key_of(SchedulingClassId id) {
  const auto [it, fresh] = key_by_class_.try_emplace(id.index, static_cast<std::uint32_t>(keys_.size()));
  if (fresh) keys_.push_back({id, {}, {}});
  return keys_[it->second];
}

void NormalTaskSubmitter::submit(std::uint32_t task) {
  Key& key = key_of(tasks_.task(task).scheduling_class);
  key.queue.push_back(task);
  request_if_needed(static_cast<std::uint32_t>(&key - keys_.data()));
}

NodeId NormalTaskSubmitter::first_node(const Key& key) const {
  const SchedulingStrategy& strategy = runtime_.classes[key.scheduling_class].strategy;
  return strategy.kind == SchedulingStrategy::Kind::node_affinity ? strategy.node : node_;
}

// One open request for each queued task, up to the limit. A leased worker is never idle here: it has a task or is gone.
void NormalTaskSubmitter::request_if_needed(std::uint32_t index) {
  const Key& key = keys_[index];
  while (key.requests.size() < limit_ && key.queue.size() > key.requests.size()) {
    const LeaseId lease{(static_cast<std::uint64_t>(io_.id().index) << 32) | next_lease_++};
    open_request(index, lease, first_node(key), false);
  }
}

void NormalTaskSubmitter::open_request(std::uint32_t index, LeaseId lease, NodeId node, bool grant_or_reject) {
  Key& key = keys_[index];
  if (free_requests_.empty()) {
    free_requests_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t slot = free_requests_.back();
  free_requests_.pop_back();
  requests_[slot] = {lease, node, index, static_cast<std::uint32_t>(key.requests.size())};
  key.requests.push_back(slot);

  RequestWorkerLease request;
  request.lease = lease;
  request.owner = {io_.id()};
  request.scheduling_class = key.scheduling_class;
  request.tag = slot;
  request.backlog = static_cast<std::uint32_t>(key.queue.size());
  request.grant_or_reject = grant_or_reject;
  io_.send(runtime_.raylets[node.index], request);
}

std::uint32_t NormalTaskSubmitter::close_request(std::uint32_t slot) {
  const OpenRequest closed = requests_[slot];
  auto& open = keys_[closed.key].requests;
  open[closed.position] = open.back();
  requests_[open.back()].position = closed.position;
  open.pop_back();
  free_requests_.push_back(slot);
  return closed.key;
}

void NormalTaskSubmitter::on(const LeaseReply& reply) {
  const std::uint32_t index = close_request(reply.tag);
  const Key& key = keys_[index];
  if (reply.status == LeaseReply::Status::redirected && key.queue.size() > key.requests.size()) {
    open_request(index, reply.lease, reply.node, true);
    return request_if_needed(index);
  }
  // Everything else ends the request; a redirect that no task needs is dropped.
  if (reply.status != LeaseReply::Status::granted) return request_if_needed(index);

  const std::uint32_t slot = take_slot();
  slots_[slot] = {reply.lease, reply.worker, {reply.node, reply.worker_process}, index, 0, io_.now(), false, true};
  runtime_.engine.watch(reply.worker_process, Address<CoreWorker>{io_.id()});
  worker_idle(slot);
}

void NormalTaskSubmitter::request_failed(const RequestWorkerLease& request) {
  LeaseReply closed;
  closed.lease = request.lease;
  closed.tag = request.tag;
  closed.status = LeaseReply::Status::rejected;
  on(closed);
}

// The worker has nothing to do: the next task, or back it goes. A lease's age is looked at here only.
void NormalTaskSubmitter::worker_idle(std::uint32_t slot) {
  const std::uint32_t index = slots_[slot].key;
  Key& key = keys_[index];
  const bool expired = io_.now() - slots_[slot].granted > runtime_.profile.system.worker_lease_timeout;
  if (key.queue.empty() || expired) {
    give_back(slot, false);
  } else {
    const std::uint32_t task = key.queue.front();
    key.queue.pop_front();
    push(slot, task);
    if (key.queue.empty()) cancel_requests(key);
  }
  request_if_needed(index);
}

void NormalTaskSubmitter::push(std::uint32_t slot, std::uint32_t task) {
  LeasedWorker& lease = slots_[slot];
  OwnedTask& owned = tasks_.task(task);
  lease.busy = true;
  lease.task = task;
  owned.pushed = io_.now();
  PushTask message;
  message.owner = {io_.id()};
  message.task = task;
  message.lease = slot;
  message.function = owned.function;
  message.attempt = owned.attempt;
  message.store_args = std::min(owned.store_args, PushTask::most_store_args);
  message.depth = static_cast<std::uint32_t>(runtime_.classes[owned.scheduling_class].depth);
  message.duration = owned.duration;
  message.path = owned.path;
  io_.send(lease.worker, message, Bytes{std::int64_t{owned.argument_kib} * 1024});
}

NormalTaskSubmitter::Lessor NormalTaskSubmitter::task_done(std::uint32_t slot) {
  const Lessor lessor = slots_[slot].lessor;
  slots_[slot].busy = false;
  worker_idle(slot);
  return lessor;
}

void NormalTaskSubmitter::give_back(std::uint32_t slot, bool disconnect) {
  LeasedWorker& lease = slots_[slot];
  runtime_.engine.unwatch(lease.lessor.worker, io_.id());
  io_.send(runtime_.raylets[lease.lessor.node.index], ReturnWorkerLease{lease.id, lease.lessor.worker, disconnect});
  lease.open = false;
  free_slots_.push_back(slot);
}

void NormalTaskSubmitter::cancel_requests(Key& key) {
  for (const std::uint32_t slot : key.requests)
    io_.send(runtime_.raylets[requests_[slot].node.index], CancelWorkerLease{requests_[slot].lease});
}

std::uint32_t NormalTaskSubmitter::take_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

std::vector<NormalTaskSubmitter::Broken> NormalTaskSubmitter::worker_died(ProcessId worker) {
  std::vector<Broken> broken;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    LeasedWorker& lease = slots_[slot];
    if (!lease.open || lease.lessor.worker != worker) continue;
    if (lease.busy) broken.push_back({lease.id, lease.task, lease.lessor});
    lease.open = lease.busy = false;
    free_slots_.push_back(slot);
    request_if_needed(lease.key);
  }
  return broken;
}

std::vector<std::uint32_t> NormalTaskSubmitter::take_unschedulable(const LeaseReply& reply) {
  Key& key = keys_[requests_[reply.tag].key];
  std::vector<std::uint32_t> tasks(key.queue.begin(), key.queue.end());
  key.queue.clear();
  return tasks;
}

}  // namespace raysim
