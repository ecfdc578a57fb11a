// What a body does with placement groups. Mirrors python/ray/util/placement_group.py and the calls of core_worker.cc that wait for
// the GCS (2.60): the thread is blocked meanwhile, and keeps its CPU.
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
