// Objects of other owners in this process: asked for once, then known like its own. Mirrors future_resolver.cc of the core worker
// (2.60).
#include "models/core_worker/core_worker.hpp"

namespace raysim {

std::uint32_t CoreWorker::index_of(ObjectRef ref) const {
  return ref.owner == io_.id() ? ref.index : *tasks_.find_borrowed(ref);
}

std::uint32_t CoreWorker::borrow(Station& thread, ObjectRef ref) {
  if (ref.owner == io_.id()) return ref.index;
  if (const auto known = tasks_.find_borrowed(ref)) return *known;
  const std::uint32_t index = tasks_.add_borrowed(ref);
  const ProcessId lender = runtime_.engine.process_of(ref.owner);
  const std::pair entry{ref.owner, lender};
  if (std::find(lenders_.begin(), lenders_.end(), entry) == lenders_.end()) {
    lenders_.push_back(entry);
    runtime_.engine.watch(lender, address_);
  }
  thread.send(Address<CoreWorker>{ref.owner}, GetObjectStatus{ref, address_});
  return index;
}

void CoreWorker::on(const GetObjectStatus& question) {
  const std::uint32_t object = question.object.index;
  if (tasks_.object(object).ready) return tell_borrower(question.borrower.station, object);
  tasks_.await(object, {TaskManager::Waiter::Kind::borrower, question.borrower.station.index});
}

void CoreWorker::tell_borrower(StationId borrower, std::uint32_t index) {
  const OwnedObject& object = tasks_.object(index);
  ObjectStatus status;
  status.object = {io_.id(), index};
  status.kib = object.kib;
  status.error = object.error;
  status.in_store = object.in_store;
  if (object.in_store) status.node = stored().primary({io_.id(), index});
  status.path = object.path;
  Payload value = tasks_.value(index);
  std::string text = tasks_.error_text(index);
  if (is_tensor(index) && object.error == ErrorType::none) {
    status.error = ErrorType::value_error;
    text = "an RDT object is known to its owner only: pass its reference to a method as an argument of its own";
  }
  const Bytes size = object.in_store ? Bytes{} : value.size;
  if (value.data || !text.empty()) status.value = std::make_unique<TaskOutput>(TaskOutput{{std::move(value)}, text});
  io_.send(Address<CoreWorker>{borrower}, std::move(status), size);
}

void CoreWorker::on(ObjectStatus status) {
  const std::uint32_t index = index_of(status.object);
  OwnedObject& object = tasks_.object(index);
  if (object.ready) return;
  object.kib = status.kib;
  object.in_store = status.in_store;
  if (status.in_store) stored().learn(status.object, Bytes{std::int64_t{status.kib} * 1024}, status.node);
  if (status.value) {
    tasks_.set_value(index, std::move(status.value->returns.front()));
    if (!status.value->message.empty()) tasks_.set_error_text(index, std::move(status.value->message));
  }
  make_ready(index, status.error, status.path);
}

void CoreWorker::owner_is_gone(StationId owner) {
  for (const std::uint32_t object : tasks_.missing_from(owner)) make_ready(object, ErrorType::owner_died, {});
}

}  // namespace raysim
