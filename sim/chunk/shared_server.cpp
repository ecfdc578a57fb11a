#include "sim/chunk/shared_server.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace raysim {

void SharedServer::settle(Time now) {
  if (!jobs_.empty())
    had_ += static_cast<double>((now - settled_).ns) * rate_ / static_cast<double>(jobs_.size());
  else
    had_ = 0;
  settled_ = now;
}

void SharedServer::plan() {
  if (jobs_.empty()) {
    due_ = Time::max();
    return;
  }
  const double left = std::max(0.0, jobs_.front().end - had_);
  // What rounding leaves behind the full nanosecond is none.
  const double ns = std::ceil(left * static_cast<double>(jobs_.size()) / rate_ - 1e-3);
  due_ = settled_ + Duration{static_cast<std::int64_t>(ns)};
}

void SharedServer::add(Time now, std::uint32_t job, double amount) {
  settle(now);
  jobs_.push_back({had_ + amount, next_order_++, job});
  std::push_heap(jobs_.begin(), jobs_.end(), std::greater<>{});
  plan();
}

void SharedServer::remove(Time now, std::uint32_t job) {
  settle(now);
  std::erase_if(jobs_, [&](const Job& j) { return j.job == job; });
  std::make_heap(jobs_.begin(), jobs_.end(), std::greater<>{});
  plan();
}

void SharedServer::set_rate(Time now, double rate) {
  settle(now);
  rate_ = rate;
  plan();
}

void SharedServer::end_due(std::vector<std::uint32_t>& ended) {
  settle(due_);
  // Of what is left here, as much as a nanosecond gives each is none.
  had_ = std::max(had_, jobs_.front().end);
  while (!jobs_.empty() && jobs_.front().end <= had_) {
    ended.push_back(jobs_.front().job);
    std::pop_heap(jobs_.begin(), jobs_.end(), std::greater<>{});
    jobs_.pop_back();
  }
  plan();
}

}  // namespace raysim
