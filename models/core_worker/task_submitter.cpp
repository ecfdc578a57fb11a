#include "models/core_worker/task_submitter.hpp"

#include <algorithm>

namespace raysim {

namespace {
constexpr std::uint32_t none = ~std::uint32_t{0};

ErrorType error_of(LeaseReply::Status status) {
  switch (status) {
    case LeaseReply::Status::runtime_env_failed: return ErrorType::runtime_env_setup;
    case LeaseReply::Status::group_removed: return ErrorType::placement_group_removed;
    default: return ErrorType::task_unschedulable;
  }
}
}  // namespace

NormalTaskSubmitter::NormalTaskSubmitter(const SubmitterSettings& settings, std::uint32_t owner, SubmitterPort& port)
    : settings_(settings), owner_(owner), port_(port) {}

// A key's place; one that was forgotten begins anew.
std::uint32_t NormalTaskSubmitter::live_key(std::uint32_t index) {
  if (index != none) return index;
  if (free_keys_.empty()) {
    free_keys_.push_back(static_cast<std::uint32_t>(keys_.size()));
    keys_.emplace_back();
  }
  index = free_keys_.back();
  free_keys_.pop_back();
  keys_[index].live = true;
  keys_[index].reported_backlog = 0;
  ++live_keys_;
  return index;
}

void NormalTaskSubmitter::forget_if_empty(std::uint32_t index) {
  Key& key = keys_[index];
  if (!key.live || !key.queue.empty() || !key.requests.empty() || key.workers > 0) return;
  if (key.key.store_args.empty() && key.key.runtime_env == EnvironmentId{})
    key_by_class_[key.key.scheduling_class.index] = none;
  else
    other_keys_.erase(key.key);
  key.live = false;
  free_keys_.push_back(index);
  --live_keys_;
}

void NormalTaskSubmitter::submit(std::uint32_t task, SchedulingClassId id) {
  if (key_by_class_.size() <= id.index) key_by_class_.resize(id.index + 1, none);
  if (key_by_class_[id.index] == none) {
    const std::uint32_t index = key_by_class_[id.index] = live_key(none);
    keys_[index].key.scheduling_class = id;
    keys_[index].key.store_args.clear();
    keys_[index].key.runtime_env = {};
  }
  enqueue(key_by_class_[id.index], task);
}

void NormalTaskSubmitter::submit(std::uint32_t task, const SchedulingKey& key) {
  if (key.store_args.empty() && key.runtime_env == EnvironmentId{}) return submit(task, key.scheduling_class);
  const auto [it, fresh] = other_keys_.try_emplace(key, none);
  if (fresh) {
    it->second = live_key(none);
    keys_[it->second].key = key;
  }
  enqueue(it->second, task);
}

void NormalTaskSubmitter::enqueue(std::uint32_t key, std::uint32_t task) {
  keys_[key].queue.push(task, port_.rank(task));
  request_if_needed(key);
}

// One open request for each queued task, up to the limit. A leased worker is never idle here: it has a task or is gone.
void NormalTaskSubmitter::request_if_needed(std::uint32_t index, const LeaseReply* redirect) {
  const auto limit = static_cast<std::size_t>(settings_.limit.get());
  while (keys_[index].asked < limit && keys_[index].queue.size() > keys_[index].asked) {
    ++keys_[index].asked;
    if (redirect != nullptr)
      open_request(index, {redirect->node, false}, true, settings_.keeps_ids ? redirect->lease : new_lease());
    else
      open_requests(index);
    redirect = nullptr;
  }
  if (redirect != nullptr) port_.redirect_unused(redirect->lease);
  forget_if_empty(index);
}

// Of the nodes that are probed none sends the request on.
void NormalTaskSubmitter::open_requests(std::uint32_t index) {
  const std::vector<NodeId> probed = port_.nodes_to_probe(keys_[index].key);
  if (probed.empty()) {
    open_request(index, port_.first_node(keys_[index].key), false, new_lease());
    return;
  }
  const std::uint32_t probe = ++next_probe_;
  for (const NodeId node : probed) open_request(index, {node, false}, true, new_lease()).probe = probe;
}

NormalTaskSubmitter::OpenRequest& NormalTaskSubmitter::open_request(std::uint32_t index, FirstNode to,
                                                                    bool grant_or_reject, LeaseId lease) {
  Key& key = keys_[index];
  if (free_requests_.empty()) {
    free_requests_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t slot = free_requests_.back();
  free_requests_.pop_back();
  requests_[slot] = {lease, to.node, index, static_cast<std::uint32_t>(key.requests.size())};
  key.requests.push_back(slot);

  RequestWorkerLease request;
  request.lease = lease;
  request.scheduling_class = key.key.scheduling_class;
  request.tag = slot;
  request.backlog = static_cast<std::uint32_t>(key.queue.size()) & 0x1fffffffU;
  request.rank = key.queue.rank();
  request.retriable = key.queue.empty() || port_.retriable(key.queue.front()) ? 1 : 0;
  request.grant_or_reject = grant_or_reject ? 1 : 0;
  request.selected_by_locality = to.selected_by_locality ? 1 : 0;
  if (!key.key.store_args.empty() || key.key.runtime_env != EnvironmentId{})
    request.arguments = port_.lease_arguments(key.key);
  port_.request_lease(to.node, request);
  if (key.backlog() != key.reported_backlog) port_.report_backlog();
  return requests_[slot];
}

// The other requests for a task that has its worker now are moot, and cancelled.
std::uint32_t NormalTaskSubmitter::close_request(std::uint32_t slot, bool granted) {
  const OpenRequest closed = requests_[slot];
  auto& open = keys_[closed.key].requests;
  open[closed.position] = open.back();
  requests_[open.back()].position = closed.position;
  open.pop_back();
  free_requests_.push_back(slot);
  if (closed.moot) return closed.key;
  bool last = true;
  for (const std::uint32_t other : open) {
    OpenRequest& request = requests_[other];
    if (closed.probe == 0 || request.probe != closed.probe) continue;
    last = false;
    if (!granted) break;
    request.moot = true;
    port_.cancel_lease(request.node, request.lease, closed.key);
  }
  if (last || granted) --keys_[closed.key].asked;
  return closed.key;
}

void NormalTaskSubmitter::on(const LeaseReply& reply) {
  const std::uint32_t key = close_request(reply.tag, reply.status == LeaseReply::Status::granted);
  if (reply.fails_key()) return fail_queued(key, error_of(reply.status));
  if (reply.status == LeaseReply::Status::redirected) return request_if_needed(key, &reply);
  // Everything else but a worker ends the request; a redirect that no task needs is dropped.
  if (reply.status != LeaseReply::Status::granted) return request_if_needed(key);

  const std::uint32_t slot = take_slot();
  slots_[slot] = {
      {reply.lease, reply.node, reply.worker_process, reply.worker, reply.devices}, key, 0, port_.now(), false, true};
  ++keys_[key].workers;
  worker_idle(slot, std::nullopt);
}

void NormalTaskSubmitter::request_failed(std::uint32_t tag) {
  const bool local = requests_[tag].node == port_.local_node();
  const std::uint32_t key = close_request(tag, false);
  if (!local) return request_if_needed(key);
  if (!settings_.driver) return port_.exit_process();
  fail_queued(key, ErrorType::local_raylet_died);
}

void NormalTaskSubmitter::fail_queued(std::uint32_t key, ErrorType error) {
  std::vector<std::uint32_t> tasks;
  while (!keys_[key].queue.empty()) tasks.push_back(keys_[key].queue.pop());
  forget_if_empty(key);
  for (const std::uint32_t task : tasks) port_.fail_task(task, error);
}

// The worker has nothing to do: the next task, or back it goes. A lease's age is looked at here only.
void NormalTaskSubmitter::worker_idle(std::uint32_t slot, std::optional<SubmitterPort::Return> broken) {
  const std::uint32_t index = slots_[slot].key;
  Key& key = keys_[index];
  const bool expired = port_.now() - slots_[slot].granted > settings_.worker_lease_timeout;
  if (broken || key.queue.empty() || expired || (slots_[slot].used && better_elsewhere(index))) {
    give_back(slot, broken.value_or(SubmitterPort::Return::idle));
  } else {
    const std::uint32_t task = key.queue.pop();
    slots_[slot].busy = slots_[slot].used = true;
    slots_[slot].task = task;
    port_.push_task(slots_[slot].worker, slot, task);
    cancel_requests(index);
  }
  request_if_needed(index);
}

LeasedWorker NormalTaskSubmitter::task_done(std::uint32_t slot, bool worker_exiting) {
  const LeasedWorker worker = slots_[slot].worker;
  slots_[slot].busy = false;
  worker_idle(slot, worker_exiting ? std::optional(SubmitterPort::Return::exiting) : std::nullopt);
  return worker;
}

void NormalTaskSubmitter::give_back(std::uint32_t slot, SubmitterPort::Return why) {
  port_.return_worker(slots_[slot].worker, why);
  slots_[slot].open = false;
  free_slots_.push_back(slot);
  --keys_[slots_[slot].key].workers;
}

// With an order among tasks: another key's first task goes before this key's. Not asked of a new lease, whose raylet knew the
// order; else owner and raylet could hand a worker back and forth while the other task finds no room.
bool NormalTaskSubmitter::better_elsewhere(std::uint32_t index) const {
  if (!settings_.ranked) return false;
  const float own = keys_[index].queue.rank();
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Key& other) { return other.live && !other.queue.empty() && other.queue.rank() < own; });
}

// When nothing is queued, nobody needs the open requests.
void NormalTaskSubmitter::cancel_requests(std::uint32_t index) {
  const Key& key = keys_[index];
  if (!key.queue.empty()) return;
  for (const std::uint32_t slot : key.requests) port_.cancel_lease(requests_[slot].node, requests_[slot].lease, index);
}

// A raylet that does not know a request may not have it yet, or its answer is under way.
void NormalTaskSubmitter::cancel_answered(std::uint32_t key, bool success) {
  if (!success) cancel_requests(key);
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
    if (!slots_[slot].open || slots_[slot].worker.process != worker) continue;
    if (slots_[slot].busy) broken.push_back({slots_[slot].worker, slots_[slot].task});
    slots_[slot].busy = false;
    worker_idle(slot, SubmitterPort::Return::disconnect);
  }
  return broken;
}

NormalTaskSubmitter::Place NormalTaskSubmitter::cancel(std::uint32_t task, bool force, bool recursive) {
  for (std::uint32_t index = 0; index < keys_.size(); ++index) {
    if (!keys_[index].queue.erase(task)) continue;
    cancel_requests(index);
    forget_if_empty(index);
    port_.fail_task(task, ErrorType::task_cancelled);
    return Place::queued;
  }
  const auto runs_it = [&](const Slot& slot) { return slot.open && slot.busy && slot.task == task; };
  const auto slot = std::find_if(slots_.begin(), slots_.end(), runs_it);
  if (slot == slots_.end()) return Place::elsewhere;
  port_.cancel_running(slot->worker, task, force, recursive);
  return Place::pushed;
}

WorkerBacklogs NormalTaskSubmitter::backlog() {
  WorkerBacklogs sums;
  for (Key& key : keys_) {
    if (!key.live) continue;
    key.reported_backlog = key.backlog();
    const auto it =
        std::find_if(sums.begin(), sums.end(), [&](const auto& s) { return s.first == key.key.scheduling_class; });
    if (it == sums.end())
      sums.emplace_back(key.key.scheduling_class, key.backlog());
    else
      it->second += key.backlog();
  }
  return sums;
}

}  // namespace raysim
