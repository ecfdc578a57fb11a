// What a body does with placement groups. Mirrors python/ray/util/placement_group.py and the calls of core_worker.cc that wait for
// the GCS (2.60): the thread is blocked meanwhile, and keeps its CPU; an object that says that a group is ready blocks nobody.
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

template <class Request>
TaskContext::Pause TaskContext::ask_gcs(Request request) {
  thread_.charge(runtime_.profile.costs.placement_group_call);
  answer_ = {};
  request.caller = worker_.address();
  request.wait = ++wait_;
  thread_.send(runtime_.gcs, std::move(request));
  return {*this};
}

void TaskContext::group_answered(Station& io, const PlacementGroupReply& reply) {
  if (reply.wait != wait_) return;  // it waits no more
  answer_ = reply;
  wake(io);
}

PlacementGroupId TaskContext::new_group_id() { return {runtime_.placement_groups++}; }

Body TaskContext::create_group(PlacementGroupId group, std::shared_ptr<const PlacementGroupSpec> spec) {
  CreatePlacementGroup create;
  create.group = group;
  create.job = worker_.job();
  create.spec = spec;
  const Pause waiting = ask_gcs(std::move(create));
  co_await waiting;
  if (!answer_.ok) throw RayError(ErrorType::system_error, "a placement group named " + spec->name + " exists already");
}

Body TaskContext::wait_group(PlacementGroupId group, Duration timeout, bool& ready) {
  WaitPlacementGroup wait;
  wait.group = group;
  const Pause waiting = ask_gcs(wait);
  arm_timeout(timeout);
  co_await waiting;
  ready = !std::exchange(timed_out_, false);
  if (ready && !answer_.ok) throw RayError(ErrorType::plain, "the placement group does not exist");
}

ObjectRef TaskContext::group_ready(PlacementGroupId group, Payload handle) {
  thread_.charge(runtime_.profile.costs.placement_group_call);
  const std::uint32_t object = worker_.tasks_.add_awaited(in_kib(handle.size), path_);
  worker_.set_value(object, std::move(handle));
  thread_.send(runtime_.gcs, WaitPlacementGroup{group, worker_.address(), CoreWorker::for_object | object});
  return {worker_.io_.id(), object};
}

void CoreWorker::on(const PlacementGroupReply& reply) {
  if ((reply.wait & for_object) == 0) return context_of_wait(reply.wait).group_answered(io_, reply);
  const auto object = static_cast<std::uint32_t>(reply.wait);
  if (!reply.ok) tasks_.set_error_text(object, "the placement group has been removed");
  make_ready(object, reply.ok ? ErrorType::none : ErrorType::placement_group_removed, tasks_.object(object).path);
}

Body TaskContext::look_up_group(PlacementGroupId group, std::vector<NodeId>& nodes) {
  GetPlacementGroup get;
  get.group = group;
  const Pause waiting = ask_gcs(get);
  co_await waiting;
  nodes = answer_.nodes ? *answer_.nodes : std::vector<NodeId>{};
}

Body TaskContext::remove_group(PlacementGroupId group) {
  RemovePlacementGroup remove;
  remove.group = group;
  const Pause waiting = ask_gcs(remove);
  co_await waiting;
}

}  // namespace raysim
