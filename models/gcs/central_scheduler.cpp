#include "models/gcs/central_scheduler.hpp"

#include <algorithm>

namespace raysim {

CentralScheduler::CentralScheduler(Runtime& runtime)
    : runtime_(runtime),
      station_(make_station(runtime, runtime.cluster.head())),
      address_(station_.bind(*this)),
      policy_(runtime.make_policy({})),
      random_(runtime.engine.stream("ties/central scheduler")) {
  view_.spec = &runtime.cluster;
  view_.resource_names = &runtime.resource_names;
  view_.order = runtime.node_order;
  for (const NodeSpec& node : runtime.cluster.nodes) view_.nodes.push_back(view_of(node));
}

void CentralScheduler::on(RequestWorkerLease request) {
  const ProcessId owner = owner_of(request);
  if (owners_.insert(owner.index).second) runtime_.engine.watch(owner, address_);
  const auto place = std::upper_bound(queue_.begin(), queue_.end(), request.rank,
                                      [](float rank, const RequestWorkerLease& other) { return rank < other.rank; });
  queue_.insert(place, request);
  schedule();
}

// In order; who finds no room does not hold up others of another class.
void CentralScheduler::schedule() {
  std::vector<SchedulingClassId> stuck;
  std::erase_if(queue_, [&](const RequestWorkerLease& request) {
    if (std::find(stuck.begin(), stuck.end(), request.scheduling_class) != stuck.end()) return false;
    if (place(request)) return true;
    stuck.push_back(request.scheduling_class);
    return false;
  });
}

bool CentralScheduler::place(const RequestWorkerLease& request) {
  const SchedulingClass& wanted = runtime_.classes[request.scheduling_class];
  NodeRequest asked;
  asked.demand = &wanted.placement_resources();
  asked.function = runtime_.functions[wanted.function.index].name;
  asked.priority = wanted.priority;
  if (request.arguments) asked.arguments = request.arguments->list;
  if (!wanted.label_selector.empty()) asked.selector = &wanted.label_selector;
  station_.charge(runtime_.decision_time);
  const NodeChoice choice = policy_->choose(view_, asked, random_);
  if (choice.node == no_node) return false;
  change(choice.node, wanted.resources, -1);
  assigned_[request.lease.value] = {choice.node, request.scheduling_class, owner_of(request)};
  answer(request, LeaseReply::Status::redirected, choice.node);
  return true;
}

void CentralScheduler::answer(const RequestWorkerLease& request, LeaseReply::Status status, NodeId node) {
  LeaseReply reply;
  reply.lease = request.lease;
  reply.tag = request.tag;
  reply.node = node;
  reply.status = status;
  station_.send(request.owner, reply);
}

void CentralScheduler::change(NodeId node, const ResourceSet& demand, int sign) {
  ResourceSet now = view_.nodes[node.index].available;
  for (const auto& [id, amount] : demand.entries()) now.set(id, {now.get(id).ticks + sign * amount.ticks});
  view_.set_available(node, now);
}

void CentralScheduler::give_back(const Assigned& assigned) {
  ResourceSet held = runtime_.classes[assigned.scheduling_class].resources;
  if (assigned.blocked) held.set(cpu_resource, {});
  change(assigned.node, held, 1);
}

void CentralScheduler::on(CancelWorkerLease cancel) {
  const auto it = std::find_if(queue_.begin(), queue_.end(), [&](const auto& r) { return r.lease == cancel.lease; });
  if (it == queue_.end()) return station_.send(cancel.owner, CancelReply{cancel.key});  // placed
  answer(*it, LeaseReply::Status::canceled, no_node);
  queue_.erase(it);
}

void CentralScheduler::on(LeaseNews news) {
  const auto it = assigned_.find(news.lease.value);
  if (it == assigned_.end()) return;
  Assigned& assigned = it->second;
  ResourceSet cpu;
  cpu.set(cpu_resource, runtime_.classes[assigned.scheduling_class].resources.get(cpu_resource));
  if (news.what == LeaseNews::What::over) {
    give_back(assigned);
    assigned_.erase(it);
  } else if (const bool blocked = news.what == LeaseNews::What::blocked; blocked != assigned.blocked) {
    assigned.blocked = blocked;
    change(assigned.node, cpu, blocked ? 1 : -1);
  }
  schedule();
}

// Of reports it reads only that a node is there, or is being emptied.
void CentralScheduler::on(ResourceBroadcast news) {
  view_.set_usable(news.snapshot->node, !news.snapshot->draining);
  schedule();
}

void CentralScheduler::on(ProcessDied died) {
  owners_.erase(died.process.index);
  std::erase_if(queue_, [&](const RequestWorkerLease& request) { return owner_of(request) == died.process; });
  std::erase_if(assigned_, [&](const auto& entry) {
    if (entry.second.owner != died.process) return false;
    give_back(entry.second);
    return true;
  });
  schedule();
}

template <class Message>
void deliver(CentralScheduler& to, Message message) {
  to.on(std::move(message));
}
template void deliver(CentralScheduler&, RequestWorkerLease);
template void deliver(CentralScheduler&, CancelWorkerLease);
template void deliver(CentralScheduler&, LeaseNews);
template void deliver(CentralScheduler&, ProcessDied);
template void deliver(CentralScheduler&, ResourceBroadcast);

}  // namespace raysim
