// What a body does with the distributed store of its run. Mirrors no part of Ray: a body that reads and writes files of its own keeps its
// CPU meanwhile.
#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

Body TaskContext::store(StoreCommand command, StoreOutcomeRef& outcome) {
  // The command counts from where this thread is, which may be ahead of the clock.
  thread_.after<BodyThread>({}, ResumeBody{++wait_, id_, ResumeBody::Why::go_on});
  const Pause catching_up{*this};
  co_await catching_up;
  stored_.reset();
  runtime_.engine.post(
      runtime_.distributed_store,
      RunStoreCommand{std::make_shared<const StoreCommand>(std::move(command)), address_, worker_.node_, id_, ++wait_});
  const Pause waiting{*this};
  co_await waiting;
  path_ += stored_->time;
  outcome = std::move(stored_);
}

void TaskContext::on(StoreAnswer answer) {
  if (answer.wait != wait_) return;
  stored_ = std::move(answer.outcome);
  on(ResumeBody{wait_, id_, ResumeBody::Why::go_on});
}

}  // namespace raysim
