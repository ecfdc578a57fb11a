#include "sim/chunk/fair_link.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace raysim {

FairLink::FairLink(const LinkSpec& spec) : ns_a_byte_(1e9 / spec.bandwidth.bytes_per_second) {
  if (!spec.profile.empty()) profile_ = std::make_unique<const std::vector<LinkChange>>(spec.profile);
}

void FairLink::add(Piece piece, std::int64_t bytes, std::uint32_t turn, double& tag) {
  tag = std::max(tag, served_) + static_cast<double>(bytes);
  waiting_.push_back({tag, turn, piece});
  std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>{});
}

std::optional<Piece> FairLink::take() {
  if (waiting_.empty()) return std::nullopt;
  std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>{});
  const Waiting next = waiting_.back();
  waiting_.pop_back();
  served_ = next.tag;
  return next.piece;
}

void FairLink::done() {
  busy_ = false;
  if (waiting_.empty()) fraction_ = 0;
}

double FairLink::factor(Time at) const {
  if (profile_ == nullptr) return 1;
  const auto later = [](Time t, const LinkChange& change) { return t < change.at; };
  const auto next = std::upper_bound(profile_->begin(), profile_->end(), at, later);
  return next == profile_->begin() ? 1 : std::prev(next)->factor;
}

// Bytes are served at whatever bandwidth there is from moment to moment.
Time FairLink::serve(Time start, std::int64_t bytes) {
  busy_ = true;
  double left = static_cast<double>(bytes) * ns_a_byte_;  // at the full bandwidth
  double passed = fraction_;
  double now = factor(start);
  for (std::size_t i = 0; profile_ != nullptr && i < profile_->size(); ++i) {
    const LinkChange& change = (*profile_)[i];
    if (change.at <= start) continue;
    const double span = static_cast<double>((change.at - start).ns) - passed;
    if (left <= span * now) break;
    left -= span * now;
    passed += span;
    now = change.factor;
  }
  passed += left / now;
  const double whole = std::floor(passed);
  fraction_ = passed - whole;
  return start + Duration{static_cast<std::int64_t>(whole)};
}

}  // namespace raysim
