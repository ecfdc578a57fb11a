#include "models/core_worker/task_manager.hpp"

namespace raysim {

std::uint32_t TaskManager::add_task(const OwnedTask& task, std::uint32_t returns) {
  const auto index = static_cast<std::uint32_t>(tasks_.size());
  tasks_.push_back(task);
  tasks_.back().first_object = static_cast<std::uint32_t>(objects_.size());
  for (std::uint32_t i = 0; i < returns; ++i) {
    objects_.emplace_back();
    objects_.back().task = index;
  }
  return index;
}

std::uint32_t TaskManager::add_put(std::uint32_t kib, Duration path) {
  OwnedObject object;
  object.ready = object.in_store = true;
  object.kib = kib;
  object.path = path;
  objects_.push_back(object);
  return static_cast<std::uint32_t>(objects_.size() - 1);
}

void TaskManager::await(std::uint32_t object, Waiter waiter) {
  objects_[object].awaited = true;
  waiters_[object].push_back(waiter);
}

std::vector<TaskManager::Waiter> TaskManager::make_ready(std::uint32_t index, ErrorType error, Duration path,
                                                         Time heard) {
  OwnedObject& object = objects_[index];
  object.ready = true;
  object.heard = heard;
  object.error = error;
  object.path = path;
  if (!object.awaited) return {};
  object.awaited = false;
  const auto it = waiters_.find(index);
  std::vector<Waiter> waiters = std::move(it->second);
  waiters_.erase(it);
  return waiters;
}

}  // namespace raysim
