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
  std::set<ObjectRef> for_tasks;
  for (std::uint32_t i = 0; i < tasks_.tasks(); ++i)
    if (const OwnedTask& task = tasks_.task(i); !task.ended && task.input)
      for (const Argument& arg : task.input->args)
        if (arg.ref) for_tasks.insert(*arg.ref);
  std::set<ObjectRef> read;
  for (const Execution& execution : executions_)
    if (execution.running && execution.push.input)
      read.insert(execution.push.input->store_args.begin(), execution.push.input->store_args.end());

  std::vector<ListedObject> listed;
  for (std::uint32_t i = 0; i < tasks_.objects(); ++i) {
    const OwnedObject& object = tasks_.object(i);
    ListedObject entry;
    entry.object = {address_.station, i};
    if (!runtime_.lives->is_held(entry.object) && !for_tasks.contains(entry.object)) continue;
    if (for_tasks.contains(entry.object))
      entry.reference = ListedObject::Reference::used_by_pending_task;
    else if (runtime_.lives->is_only_inside(entry.object))
      entry.reference = ListedObject::Reference::captured_in_object;
    if (object.task != OwnedObject::no_task) {
      const OwnedTask& task = tasks_.task(object.task);
      entry.function = runtime_.functions[task.function.index].name;
      entry.status = status_of(task, object);
      entry.attempt = task.attempt + 1;
    }
    if (object.ready) entry.size = {std::int64_t{object.kib} * 1024};
    entry.in_store = object.in_store;
    if (object.in_store && object.ready)
      if (const auto places = stored_->locality(entry.object)) entry.size = places->size;
    listed.push_back(std::move(entry));
  }
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
  return listed;
}

}  // namespace raysim
