#include "scenarios/body_step.hpp"

#include "scenarios/body_host.hpp"

namespace raysim {

ray::host::Failure failure_of(const RayError& error) { return {name_of(error.type()), error.what()}; }

BodyStep::~BodyStep() {
  if (!begun_) host_.forgotten_ = name_;
}

TaskContext& BodyStep::context() const { return host_.context_; }

ray::host::Lives& BodyStep::lives() const { return host_.lives(); }

bool BodyStep::ready() {
  begun_ = true;
  try {
    begin();
  } catch (const RayError& error) {
    failure_ = failure_of(error);
  }
  return failure_ || (pause_ && pause_->await_ready());
}

bool BodyStep::suspend(std::coroutine_handle<> body) {
  if (pause_) {
    pause_->await_suspend(body);
    return true;
  }
  const Body::Awaiter step = body_.operator co_await();
  step.inner.resume();
  if (step.inner.done()) return false;
  step.inner.promise().continuation = body;
  return true;
}

const ray::host::Failure* BodyStep::finish() {
  host_.enter();
  if (failure_) return &*failure_;
  try {
    if (pause_)
      pause_->await_resume();
    else if (const auto error = body_.error())
      std::rethrow_exception(error);
    gather();
  } catch (const RayError& error) {
    failure_ = failure_of(error);
  }
  return failure_ ? &*failure_ : nullptr;
}

}  // namespace raysim
