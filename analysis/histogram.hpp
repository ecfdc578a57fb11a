// Percentiles of very many durations in little memory.
//
// Models: counts in buckets whose width is 1/1024 of their size, so that a percentile is off by 0.1 % at most: less than
// what runs of different seeds differ by. Leaves out: the values themselves. Invariants: durations below zero count as zero; maximum is exact.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

class DurationHistogram {
 public:
  void add(Duration d) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(d.ns, 0));
    max_ = std::max(max_, Duration{static_cast<std::int64_t>(ns)});
    const std::size_t bucket = bucket_of(ns);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++total_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] Duration max() const { return max_; }
  // The smallest bucket end that `share` of the values do not exceed; zero when there are none.
  [[nodiscard]] Duration percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      seen += counts_[b];
      if (seen > wanted || seen == total_) return std::min(max_, Duration{static_cast<std::int64_t>(end_of(b))});
    }
    return {};
  }

 private:
  static constexpr int sub_bits = 10;
  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < (1U << sub_bits)) return ns;
    const int shift = std::bit_width(ns) - 1 - sub_bits;
    return (static_cast<std::size_t>(shift + 1) << sub_bits) + ((ns >> shift) - (1U << sub_bits));
  }
  static std::uint64_t end_of(std::size_t bucket) {
    if (bucket < (1U << sub_bits)) return bucket;
    const std::size_t shift = (bucket >> sub_bits) - 1;
    return (((bucket & ((1U << sub_bits) - 1)) + (1U << sub_bits) + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  Duration max_;
};

}  // namespace raysim
