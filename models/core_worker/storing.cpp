// Values in the store of the node: put, returned, read. Mirrors store_provider/plasma_store_provider.cc of the core worker (2.60).
#include <algorithm>

#include "models/core_worker/tensors.hpp"
#include "models/object_store/plasma_store.hpp"

namespace raysim {

StoredObjects& CoreWorker::stored() {
  if (!stored_) stored_ = std::make_unique<StoredObjects>(runtime_, io_);
  return *stored_;
}

Bytes CoreWorker::inline_limit() const { return runtime_.profile.system.max_direct_call_object_size; }

// A client of the store sees what lies in the node's shared memory.
bool CoreWorker::is_here(ObjectRef object) const {
  return runtime_.stores.empty() || runtime_.stores[node_.index]->contains(object);
}

// The store's socket wakes its reader like a thread of the same process.
void CoreWorker::create_in_store(Station& thread, ObjectRef object, Bytes size, Creation what) {
  thread.hand_over(runtime_.raylets[node_.index], CreateObject{object, size, address_, what});
}

void CoreWorker::on(ObjectCreated created) {
  const CopyObject copy{created.object, created.size, created.fresh, created.what, created.result};
  if (created.what.for_return == 0)
    contexts_[created.what.context]->copy_later(io_, copy);
  else if (main_ == &io_)
    on(copy);
  else
    io_.hand_over(Address<CoreWorker>{main_->id()}, copy);
}

// There is room: the value is written, and readable from then on.
bool CoreWorker::write_and_seal(Station& thread, const CopyObject& copy) {
  if (copy.result == CreateResult::out_of_disk) return false;
  if (copy.result == CreateResult::exists) return true;
  const Costs& costs = runtime_.profile.costs;
  if (copy.size >= costs.copy_parallel) thread.charge(costs.copy_threads);
  thread.charge(Bandwidth{static_cast<double>(costs.copy_bandwidth.count)}.time_for(copy.size));
  thread.charge(Bandwidth{static_cast<double>(costs.copy_new_pages.count)}.time_for(copy.fresh));
  thread.hand_over(runtime_.raylets[node_.index], SealObject{copy.object, process(), copy.size});
  return true;
}

// --- returns

// Of the generator that runs; none: its owner has gone.
std::optional<ObjectRef> CoreWorker::name_of_item(std::uint32_t slot, std::uint32_t number) const {
  const PushTask& push = executions_[slot].push;
  const auto owner = runtime_.item_names.find(push.owner.station);
  if (owner == runtime_.item_names.end()) return std::nullopt;
  return owner->second->item(push.task, number);
}

std::vector<ObjectRef> CoreWorker::names_of_items(std::uint32_t slot, std::size_t count) const {
  std::vector<ObjectRef> names;
  for (std::uint32_t i = 0; i < count; ++i)
    if (const auto name = name_of_item(slot, i)) names.push_back(*name);
  return names;
}

// Those that are too large for the reply; the reply waits for them. False: there are none.
bool CoreWorker::store_returns(Station& thread, std::uint32_t slot) {
  Execution& execution = executions_[slot];
  if (returns_tensor(slot)) return false;
  if (execution.reply.error != ErrorType::none) return false;
  if (const auto each = size_of_each_return(slot); each && *each <= inline_limit()) return false;
  const std::vector<Bytes> sizes = sizes_of_returns(slot);
  const auto stored = [&](Bytes size) { return size > inline_limit(); };
  if (std::none_of(sizes.begin(), sizes.end(), stored)) return false;
  if (!execution.reply.output) execution.reply.output = std::make_unique<TaskOutput>();
  auto& returns = execution.reply.output->returns;
  returns.resize(std::max(returns.size(), sizes.size()));
  std::vector<ObjectRef>& items = execution.reply.output->items;
  if (executed_function(slot).num_returns == dynamic_returns && items.empty())
    items = names_of_items(slot, sizes.size());
  execution.to_store = 0;
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    returns[i].size = sizes[i];
    if (!stored(sizes[i])) continue;
    ++execution.to_store;
    const ObjectRef return_ref{execution.push.owner.station, execution.push.first_return + i};
    const ObjectRef object = items.empty() ? return_ref : items[i];
    create_in_store(thread, object, sizes[i], {slot, 1});
  }
  return true;
}

void CoreWorker::on(CopyObject copy) {
  Execution& execution = executions_[copy.what.context];
  if (!write_and_seal(*main_, copy)) {
    execution.reply.error = ErrorType::out_of_disk;
    execution.reply.output = std::make_unique<TaskOutput>();
    execution.reply.output->message = "RayTaskError(OutOfDiskError): " + executed_function(copy.what.context).name +
                                      " cannot return its value: the object store of its node and the disk are full";
  }
  if (--execution.to_store == 0) send_reply(*main_, copy.what.context);
}

// At the owner: where they are.
void CoreWorker::learn_places(std::uint32_t task, const TaskOutput& output, NodeId node) {
  const std::uint32_t first = tasks_.task(task).first_object;
  if (is_tensor(first)) return;
  for (std::uint32_t i = 0; i < output.returns.size(); ++i) {
    const Bytes size = output.returns[i].size;
    if (size <= inline_limit()) continue;
    const std::uint32_t object = output.items.empty() ? first + i : output.items[i].index;
    tasks_.object(object).in_store = true;
    stored().add({io_.id(), object}, size, node);
    if (tasks_.object(object).out_of_scope) stored().free({io_.id(), object});
  }
}

// Of a task that has failed, with what it had stored before.
void CoreWorker::free_returns(std::uint32_t task) {
  if (!stored_) return;
  const OwnedTask& failed = tasks_.task(task);
  const std::uint32_t count = runtime_.functions[failed.function.index].references();
  for (std::uint32_t i = 0; i < count; ++i) stored().free({io_.id(), failed.first_object + i});
}

void CoreWorker::on(const ReportLocations& report) {
  stored().on(report, [this](ObjectRef ref) {
    const OwnedObject& object = tasks_.object(ref.index);
    return object.out_of_scope || (object.ready && object.error != ErrorType::none);
  });
}

// Called where the last use has ended, whatever is going on there: messages are for later.
void CoreWorker::out_of_scope(std::uint32_t index) {
  OwnedObject& object = tasks_.object(index);
  object.out_of_scope = true;
  tasks_.forget_value(index);
  const bool generator = !streams_.empty() && object.task != OwnedObject::no_task;
  if (generator && tasks_.task(object.task).first_object == index) drop_items(object.task);
  if (object.in_store || is_tensor(index)) runtime_.engine.post(address_, ObjectOutOfScope{index});
}

void CoreWorker::release_references() {
  references_->detach();
  contexts_.clear();
  for (Execution& execution : executions_) {
    execution.running = false;
    execution.push.input.reset();
    execution.reply.output.reset();
    execution.context = nullptr;
  }
  actor_.reset();
  ending_.clear();
  tasks_.release_values();
}

void CoreWorker::drop(std::uint32_t object) {
  if (!references_->is_used({address_.station, object})) out_of_scope(object);
}

void CoreWorker::on(ObjectOutOfScope gone) {
  const ObjectRef object{io_.id(), gone.index};
  if (references_->is_used(object)) return;
  is_tensor(gone.index) ? tensors_->free(gone.index) : stored().free(object);
}

// --- reads

ObjectList CoreWorker::missing_of(std::span<const ObjectRef> refs) const {
  std::vector<ObjectRef> missing;
  for (const ObjectRef ref : refs) {
    const OwnedObject& object = tasks_.object(index_of(ref));
    if (object.in_store && object.error == ErrorType::none && !is_here(ref)) missing.push_back(ref);
  }
  return missing.empty() ? nullptr : std::make_shared<const std::vector<ObjectRef>>(std::move(missing));
}

// Of a get.
void CoreWorker::record_reads(const Station& thread, std::span<const ObjectRef> refs) const {
  if (!stored_) return;  // it knows of nothing in any store
  for (const ObjectRef ref : refs) {
    const OwnedObject& object = tasks_.object(index_of(ref));
    if (!object.in_store || object.error != ErrorType::none) continue;
    const Bytes size{std::int64_t{object.kib} * 1024};
    runtime_.record.on_object(
        ObjectRecord::read(node_.index, thread.now(), ObjectRecord::Purpose::get, is_here(ref), size));
  }
}

void CoreWorker::fetch(Station& thread, ObjectList objects, PullPriority priority, std::uint64_t wait,
                       std::uint32_t at_least) {
  thread.send(runtime_.raylets[node_.index], FetchObjects{address_, priority, at_least, wait, std::move(objects)});
}

ObjectList CoreWorker::not_here(std::span<const ObjectRef> refs) const {
  std::vector<ObjectRef> missing;
  for (const ObjectRef ref : refs)
    if (!is_here(ref)) missing.push_back(ref);
  return missing.empty() ? nullptr : std::make_shared<const std::vector<ObjectRef>>(std::move(missing));
}

// They came before a task was given its worker, or an actor's call its turn; a copy may have been evicted since.
bool CoreWorker::fetch_arguments(std::uint32_t slot) {
  const TaskInput* input = executions_[slot].push.input.get();
  ObjectList missing = input != nullptr ? not_here(input->store_args) : nullptr;
  if (!missing) return false;
  fetch(*main_, std::move(missing), PullPriority::get, of_execution | slot);
  return true;
}

void CoreWorker::on(const ObjectsLocal& local) {
  const auto slot = static_cast<std::uint32_t>(local.wait);
  if ((local.wait & of_call) != 0) {
    actor_->fetched(slot);
    return start_calls(io_);
  }
  if ((local.wait & of_execution) == 0) return context_of_wait(local.wait).objects_local(io_, local);
  if (local.error == ErrorType::none) return start_task(slot);
  executions_[slot].started = main_->now();
  reply(*main_, slot, local.error, {}, main_->now(), nullptr);
}

LeaseArgumentsRef CoreWorker::Owner::lease_arguments(const SchedulingKey& key) {
  std::vector<LeaseArgument> list;
  for (const ObjectRef ref : key.store_args) {
    auto places = worker.stored().locality(ref);
    list.push_back({ref, places ? places->size : Bytes{}, places ? std::move(places->nodes) : std::vector<NodeId>{}});
  }
  return new LeaseArguments(std::move(list), key.runtime_env);
}

}  // namespace raysim
