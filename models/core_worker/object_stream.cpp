#include "models/core_worker/object_stream.hpp"

#include <utility>

namespace raysim {

ObjectStream::Item& ObjectStream::at(std::uint32_t item) {
  if (items_.size() <= item) items_.resize(item + 1);
  return items_[item];
}

std::optional<std::uint32_t> ObjectStream::object_of(std::uint32_t item) const {
  return item < items_.size() ? items_[item].object : std::nullopt;
}

void ObjectStream::set_object(std::uint32_t item, std::uint32_t object) { at(item).object = object; }

bool ObjectStream::write(std::uint32_t item) {
  if (ended_before(item) || std::exchange(at(item).written, true)) return false;
  ++written_;
  return true;
}

// By the place of the item, not by how many there are: reports may overtake each other.
bool ObjectStream::answers_now(std::uint32_t item, const Report& report) {
  if (threshold_ < 0 || item < consumed_ || ended_before(item)) return true;
  if (static_cast<std::int64_t>(item) - consumed_ + 1 < threshold_) return true;
  unanswered_.push_back(report);
  return false;
}

std::vector<ObjectStream::Report> ObjectStream::consume() {
  ++consumed_;
  if (static_cast<std::int64_t>(written_) - consumed_ >= threshold_) return {};
  return std::exchange(unanswered_, {});
}

void ObjectStream::end(std::optional<std::uint32_t> items) {
  std::uint32_t reported = 0;
  for (std::uint32_t i = 0; i < items_.size(); ++i)
    if (items_[i].written) reported = i + 1;
  end_ = items.value_or(reported);
}

std::vector<std::uint32_t> ObjectStream::untaken() const {
  std::vector<std::uint32_t> objects;
  for (std::size_t i = consumed_; i < items_.size(); ++i)
    if (items_[i].object) objects.push_back(*items_[i].object);
  return objects;
}

std::vector<std::uint32_t> ObjectStream::beyond_end() const {
  std::vector<std::uint32_t> objects;
  for (std::size_t i = *end_; i < items_.size(); ++i)
    if (items_[i].object) objects.push_back(*items_[i].object);
  return objects;
}

}  // namespace raysim
