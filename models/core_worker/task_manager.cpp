#include "models/core_worker/task_manager.hpp"

#include <utility>

namespace raysim {

namespace {
constexpr std::uint32_t no_link = ~std::uint32_t{0};
}

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
  const std::uint32_t index = add_awaited(kib, path);
  objects_.back().ready = objects_.back().in_store = true;
  return index;
}

std::uint32_t TaskManager::add_awaited(std::uint32_t kib, Duration path) {
  OwnedObject object;
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
  if (value.size.count > 0) objects_[object].kib = in_kib(value.size);
  if (!value.data || objects_[object].out_of_scope) return;
  if (values_.size() <= object) values_.resize(objects_.size());
  values_[object] = std::move(value.data);
  if (value.contains) contents_[object] = std::move(value.contains);
}

Payload TaskManager::value(std::uint32_t object) const {
  const auto held = contents_.empty() ? contents_.end() : contents_.find(object);
  return {object < values_.size() ? values_[object] : nullptr, Bytes{std::int64_t{objects_[object].kib} * 1024},
          held != contents_.end() ? held->second : nullptr};
}

const std::string& TaskManager::error_text(std::uint32_t object) const {
  static const std::string none;
  const auto it = error_texts_.find(object);
  return it != error_texts_.end() ? it->second : none;
}

void TaskManager::await(std::uint32_t object, Waiter waiter) {
  if (free_link_ == no_link) {
    free_link_ = static_cast<std::uint32_t>(links_.size());
    links_.push_back({{}, no_link});
  }
  const std::uint32_t link = std::exchange(free_link_, links_[free_link_].next);
  links_[link] = {waiter, std::exchange(objects_[object].waiters, link)};
}

TaskManager::Waiters TaskManager::make_ready(std::uint32_t index, ErrorType error, Duration path, Time heard) {
  OwnedObject& object = objects_[index];
  object.ready = true;
  object.heard = heard;
  object.error = error;
  object.path = path;
  // They hang with the last one first.
  std::uint32_t first = no_link;
  for (std::uint32_t link = std::exchange(object.waiters, no_link); link != no_link;)
    link = std::exchange(links_[link].next, std::exchange(first, link));
  return {first};
}

std::optional<TaskManager::Waiter> TaskManager::next_waiter(Waiters& waiters) {
  const std::uint32_t link = waiters.first;
  if (link == no_link) return std::nullopt;
  waiters.first = std::exchange(links_[link].next, free_link_);
  free_link_ = link;
  return links_[link].waiter;
}

}  // namespace raysim
