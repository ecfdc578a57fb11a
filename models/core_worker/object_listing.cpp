// What a process would answer to `ray memory`.
#include "models/core_worker/object_listing.hpp"

#include <algorithm>
#include <set>

#include "models/core_worker/core_worker.hpp"
#include "models/object_store/plasma_store.hpp"

namespace raysim {

namespace {

std::string_view status_of(const OwnedTask& task, const OwnedObject& object) {
  if (object.ready) return object.error == ErrorType::none ? "FINISHED" : "FAILED";
  if (task.ended) return "FINISHED";
  if (task.unresolved > 0) return "PENDING_ARGS_AVAIL";
  return task.pushed == Time{} ? "PENDING_NODE_ASSIGNMENT" : "SUBMITTED_TO_WORKER";
}

}  // namespace

std::vector<ListedObject> CoreWorker::list_objects() const {
  using Reference = ListedObject::Reference;
  std::set<ObjectRef> for_tasks;
  for (std::uint32_t i = 0; i < tasks_.tasks(); ++i)
    if (const OwnedTask& task = tasks_.task(i); !task.ended && task.input)
      for (const ObjectRef ref : references_of(*task.input)) for_tasks.insert(ref);
  std::vector<ListedObject> listed;
  // Adds one that is used in this process, else null.
  const auto add = [&](ObjectRef ref, const OwnedObject* object) -> ListedObject* {
    const auto [uses, inside] = references_->here(ref);
    const bool for_task = for_tasks.contains(ref);
    if (uses == 0 && !for_task) return nullptr;
    ListedObject& entry = listed.emplace_back();
    entry.object = ref;
    entry.reference = for_task         ? Reference::used_by_pending_task
                      : uses == inside ? Reference::captured_in_object
                                       : Reference::local_reference;
    if (object == nullptr || !object->ready) return &entry;
    entry.size = {std::int64_t{object->kib} * 1024};
    entry.in_store = object->in_store;
    if (object->in_store)
      if (const auto places = stored_->locality(ref)) entry.size = places->size;
    return &entry;
  };
  for (std::uint32_t i = 0; i < tasks_.objects(); ++i) {
    const OwnedObject& object = tasks_.object(i);
    ListedObject* entry = add({address_.station, i}, &object);
    if (entry == nullptr || object.task == OwnedObject::no_task) continue;
    const OwnedTask& task = tasks_.task(object.task);
    entry->function = runtime_.functions[task.function.index].name;
    entry->status = status_of(task, object);
    entry->attempt = task.attempt + 1;
  }
  for (const ObjectRef ref : references_->borrowed()) {
    const auto known = tasks_.find_borrowed(ref);
    add(ref, known ? &tasks_.object(*known) : nullptr)->function = "(borrowed)";
  }
  list_read(listed);
  return listed;
}

// Arguments in the store, while their task runs.
void CoreWorker::list_read(std::vector<ListedObject>& listed) const {
  std::set<ObjectRef> read;
  for (const Execution& execution : executions_)
    if (execution.running && execution.push.input)
      read.insert(execution.push.input->store_args.begin(), execution.push.input->store_args.end());
  const PlasmaStore& store = *runtime_.stores[node_.index];
  for (const ObjectRef ref : read) {
    if (!store.contains(ref)) continue;
    ListedObject entry;
    entry.object = ref;
    entry.reference = ListedObject::Reference::pinned_in_memory;
    entry.function = "(deserialize task arg)";  // Ray's word for this place
    entry.in_store = true;
    entry.size = store.size_of(ref);
    listed.push_back(std::move(entry));
  }
}

}  // namespace raysim
