// What the bodies and tasks of a process wait for, when nobody acts any more.
#include "models/core_worker/core_worker.hpp"
#include "models/core_worker/wait_graph.hpp"

namespace raysim {

namespace {
using Kind = WaitGraph::Kind;

WaitGraph::Key task_key(Address<CoreWorker> owner, std::uint32_t task) {
  return {Kind::task, owner.station.index, task};
}
}  // namespace

void CoreWorker::describe_waits(WaitGraph& graph) const {
  std::vector<WaitGraph::Key> running;
  for (const auto& context : contexts_) {
    const bool driver = role_ == Role::driver;
    if (!driver && !executions_[context->slot()].running) continue;
    const WaitGraph::Key body{Kind::body, process().index, context->id()};
    running.push_back(body);
    graph.name(body, driver ? "the driver" : executed_function(context->slot()).name);
    for (const ObjectRef ref : context->waits_for()) graph.add(body, {Kind::object, ref.owner.index, ref.index});
    if (driver) continue;
    const PushTask& push = executions_[context->slot()].push;
    if (push.owner.valid()) graph.add(task_key(push.owner, push.task), body);
  }
  // Calls that wait for their turn are behind those that run.
  if (actor_) {
    for (const PushActorTask* call : actor_->waiting()) {
      const WaitGraph::Key queued = task_key(call->caller, call->task);
      graph.name(queued, runtime_.functions[call->method.index].name + " (queued)");
      for (const WaitGraph::Key body : running) graph.add(queued, body);
    }
  }
  for (std::uint32_t index = 0; index < tasks_.objects(); ++index) {
    const OwnedObject& object = tasks_.object(index);
    if (object.ready || object.task == OwnedObject::no_task) continue;
    const WaitGraph::Key task = task_key(address_, object.task);
    graph.add({Kind::object, io_.id().index, index}, task);
    if (tasks_.task(object.task).unresolved == 0 || !tasks_.task(object.task).input) continue;
    for (const Argument& arg : tasks_.task(object.task).input->args)
      if (arg.ref) graph.add(task, {Kind::object, arg.ref->owner.index, arg.ref->index});
  }
}

}  // namespace raysim
