#include "models/core_worker/body_thread.hpp"

#include <utility>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

BodyThread::BodyThread(Runtime& runtime, CoreWorker& worker, CpuPriority priority)
    : worker_(worker),
      station_(runtime.engine.add_station(worker.process(), priority)),
      address_(station_.bind(*this)) {}

void BodyThread::on(ResumeBody resume) { worker_.context(resume.context).on(resume); }
void BodyThread::on(StartBody start) { worker_.context(start.context).on(start); }
void BodyThread::on(BodyEnded ended) { worker_.context(ended.context).on(ended); }

void BodyThread::on(CopyObject copy) { worker_.context(copy.what.context).on(copy); }
void BodyThread::on(StoreAnswer answer) { worker_.context(answer.context).on(std::move(answer)); }

template <class Message>
void deliver(BodyThread& to, Message message) {
  to.on(std::move(message));
}
template void deliver(BodyThread&, StartBody);
template void deliver(BodyThread&, ResumeBody);
template void deliver(BodyThread&, BodyEnded);
template void deliver(BodyThread&, CopyObject);
template void deliver(BodyThread&, StoreAnswer);

}  // namespace raysim
