#include "models/core_worker/wait_window.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace raysim {

namespace {
// Erases the elements at some places after `first`, in order.
template <class T>
void erase_at(std::vector<T>& from, std::span<const std::size_t> places, std::size_t first = 0) {
  const auto front = from.begin() + static_cast<std::ptrdiff_t>(first);
  auto kept = front + static_cast<std::ptrdiff_t>(places.front());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto begin = front + static_cast<std::ptrdiff_t>(places[i] + 1);
    const auto end = i + 1 < places.size() ? front + static_cast<std::ptrdiff_t>(places[i + 1]) : from.end();
    kept = std::move(begin, end, kept);
  }
  from.erase(kept, from.end());
}
}  // namespace

template <class T>
void WaitWindow::Line<T>::erase(std::span<const std::size_t> places) {
  const auto front = items_.begin() + static_cast<std::ptrdiff_t>(begin_);
  const auto taken = front + static_cast<std::ptrdiff_t>(places.front());
  if (places.size() == 1 && places.front() < all().size() / 2) {
    std::move_backward(front, taken, taken + 1);
    ++begin_;
  } else {
    erase_at(items_, places, begin_);
  }
  if (begin_ <= items_.size() / 2) return;
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
}

std::size_t WaitWindow::follow(std::span<const ObjectRef> refs) {
  static_assert(std::has_unique_object_representations_v<ObjectRef>, "references are compared as bytes");
  const std::span<const ObjectRef> known = refs_.all();
  if (known.empty()) return 0;
  if (known.size() <= refs.size() && std::memcmp(known.data(), refs.data(), known.size_bytes()) == 0)
    return known.size();
  clear();
  return 0;
}

std::uint32_t WaitWindow::add(ObjectRef ref, std::uint32_t object) {
  refs_.push_back(ref);
  entries_.push_back({next_ticket_, object});
  return next_ticket_++;
}

std::size_t WaitWindow::place_of(std::uint32_t ticket) const {
  const std::span<const Entry> entries = entries_.all();
  const auto at = std::lower_bound(entries.begin(), entries.end(), ticket,
                                   [](const Entry& entry, std::uint32_t wanted) { return entry.ticket < wanted; });
  return static_cast<std::size_t>(at - entries.begin());
}

bool WaitWindow::set_ready(std::uint32_t ticket) {
  if (entries_.all().empty() || ticket < entries_.all().front().ticket) return false;  // of an older list
  ready_.insert(std::lower_bound(ready_.begin(), ready_.end(), ticket), ticket);
  return true;
}

void WaitWindow::take(std::span<const std::uint32_t> tickets, std::vector<ObjectRef>& refs,
                      std::vector<ObjectRef>& taken) {
  if (tickets.empty()) return;
  std::vector<std::size_t> places;
  places.reserve(tickets.size());
  taken.reserve(tickets.size());
  for (const std::uint32_t ticket : tickets) {
    places.push_back(place_of(ticket));
    taken.push_back(refs[places.back()]);
  }
  erase_at(refs, places);
  refs_.erase(places);
  entries_.erase(places);
  // Of many that are ready only the first ones can be among them.
  const auto end = std::upper_bound(ready_.begin(), ready_.end(), tickets.back());
  const auto is_taken = [&](std::uint32_t ticket) {
    return std::binary_search(tickets.begin(), tickets.end(), ticket);
  };
  ready_.erase(std::remove_if(ready_.begin(), end, is_taken), end);
}

void WaitWindow::clear() {
  refs_.clear();
  entries_.clear();
  ready_.clear();
}

}  // namespace raysim
