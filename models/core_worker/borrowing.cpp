// Objects of other owners in this process: asked for once, then known like its own; and what owners and borrowers tell each other about
// who still uses them. Mirrors future_resolver.cc and the reference counting of core_worker.cc (2.60).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

// --- values

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
  if (object.out_of_scope && object.error == ErrorType::none) {
    status.error = ErrorType::object_lost;
    text = "the object has been freed: its owner was not told of this reference";
  }
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

// --- references

// Of an object of this owner.
void CoreWorker::set_value(std::uint32_t object, Payload value) {
  if (value.contains) references_->add_nested({io_.id(), object}, value.inner(), io_.id());
  tasks_.set_value(object, std::move(value));
}

// An execution has its arguments: what is inside of somebody else's object is borrowed through that.
void CoreWorker::read_arguments(std::uint32_t slot) {
  Execution& execution = executions_[slot];
  for (const Argument& arg : execution.push.input->args) {
    if (!arg.ref || arg.ref->owner == io_.id() || !arg.value.contains) continue;
    if (std::ranges::find(execution.read, *arg.ref) != execution.read.end()) continue;
    execution.read.push_back(*arg.ref);
    references_->add(*arg.ref);
    references_->add_borrowed(arg.value.inner(), *arg.ref);
  }
}

// What an execution returns is its caller's, who borrows from now on what is inside.
void CoreWorker::lend_returns(std::uint32_t slot) {
  Execution& execution = executions_[slot];
  if (!execution.reply.output) return;
  const std::vector<Payload>& returns = execution.reply.output->returns;
  if (std::ranges::none_of(returns, [](const Payload& value) { return value.contains != nullptr; })) return;
  const PushTask& push = execution.push;
  const bool dynamic = executed_function(slot).num_returns == dynamic_returns;
  std::vector<ObjectRef>& items = execution.reply.output->items;
  if (dynamic) items = names_of_items(slot, returns.size());
  for (std::uint32_t i = 0; i < returns.size() && (!dynamic || i < items.size()); ++i) {
    const ObjectRef made = dynamic ? items[i] : ObjectRef{push.owner.station, push.first_return + i};
    if (returns[i].contains) references_->add_nested(made, returns[i].inner(), push.owner.station);
  }
}

std::vector<ObjectRef> references_of(const TaskInput& input) {
  std::vector<ObjectRef> refs;
  for (const Argument& arg : input.args) {
    if (arg.ref)
      refs.push_back(*arg.ref);
    else
      refs.insert(refs.end(), arg.value.inner().begin(), arg.value.inner().end());
  }
  return refs;
}

// The reply says which of the references that came with the task are in use here, or where they were passed on to.
void CoreWorker::tell_borrowed(std::uint32_t slot) {
  Execution& execution = executions_[slot];
  if (!execution.push.input || references_->entries() == 0) return;
  BorrowedRefs borrowed = references_->pop_borrowed(references_of(*execution.push.input), execution.read);
  execution.read.clear();
  if (borrowed.empty()) return;
  if (!execution.reply.output) execution.reply.output = std::make_unique<TaskOutput>();
  execution.reply.output->borrowed = std::move(borrowed);
}

void CoreWorker::references_changed() {
  if (!std::exchange(references_changed_, true)) runtime_.engine.post(address_, ReferencesChanged{});
}

void CoreWorker::on(ReferencesChanged) {
  references_changed_ = false;
  for (const auto& [borrower, object, contained_in] : references_->take_watches()) {
    if (borrowers_.insert(borrower).second) runtime_.engine.watch(runtime_.engine.process_of(borrower), address_);
    io_.send(Address<CoreWorker>{borrower}, WaitForRefRemoved{object, contained_in});
  }
  for (auto& [object, borrowed] : references_->take_removed())
    io_.send(Address<CoreWorker>{object.owner},
             RefRemoved{object, io_.id(), std::make_unique<const BorrowedRefs>(std::move(borrowed))});
}

void CoreWorker::on(const WaitForRefRemoved& wait) { references_->owner_waits(wait.object, wait.contained_in); }

void CoreWorker::on(const RefRemoved& removed) {
  references_->ref_removed(removed.object, removed.borrower, *removed.borrowed);
  if (references_->waits_for(removed.borrower) || borrowers_.erase(removed.borrower) == 0) return;
  runtime_.engine.unwatch(runtime_.engine.process_of(removed.borrower), io_.id());
}

}  // namespace raysim
