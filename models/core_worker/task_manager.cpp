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

std::uint32_t TaskManager::add_item(std::uint32_t task) {
  objects_.emplace_back();
  objects_.back().task = task;
  return static_cast<std::uint32_t>(objects_.size() - 1);
}

std::uint32_t TaskManager::add_borrowed(ObjectRef ref) {
  objects_.emplace_back();
  const auto index = static_cast<std::uint32_t>(objects_.size() - 1);
  borrowed_.emplace(ref, index);
  return index;
}

std::optional<std::uint32_t> TaskManager::find_borrowed(ObjectRef ref) const {
  const auto it = borrowed_.find(ref);
  return it != borrowed_.end() ? std::optional(it->second) : std::nullopt;
}

std::vector<std::uint32_t> TaskManager::missing_from(StationId owner) const {
  std::vector<std::uint32_t> missing;
  for (auto it = borrowed_.lower_bound({owner, 0}); it != borrowed_.end() && it->first.owner == owner; ++it)
    if (!objects_[it->second].ready) missing.push_back(it->second);
  return missing;
}

void TaskManager::set_value(std::uint32_t object, Payload value) {
  const auto kib = static_cast<std::uint32_t>((value.size.count + 1023) / 1024);
  if (value.size.count > 0) objects_[object].kib = kib;
  if (!value.data) return;
  if (values_.size() <= object) values_.resize(objects_.size());
  values_[object] = std::move(value.data);
}

Payload TaskManager::value(std::uint32_t object) const {
  return {object < values_.size() ? values_[object] : nullptr, Bytes{std::int64_t{objects_[object].kib} * 1024}};
}

const std::string& TaskManager::error_text(std::uint32_t object) const {
  static const std::string none;
  const auto it = error_texts_.find(object);
  return it != error_texts_.end() ? it->second : none;
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
