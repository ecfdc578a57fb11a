#include "analysis/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>

namespace raysim {

namespace {

// Neumaier's sum: what single additions lose is kept, so that equal values have exactly their value as mean.
class Sum {
 public:
  void add(double value) {
    const double total = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - total) + value : (value - total) + sum_;
    sum_ = total;
  }
  [[nodiscard]] double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

double mean_of(std::span<const double> values) {
  Sum sum;
  for (const double value : values) sum.add(value);
  return sum.value() / static_cast<double>(values.size());
}

}  // namespace

SampleSummary summarise(std::span<const double> values, double confidence) {
  assert(confidence > 0 && confidence < 1);
  SampleSummary summary;
  summary.count = values.size();
  if (values.empty()) return summary;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  summary.min = sorted.front();
  summary.median = quantile(sorted, 0.5);
  summary.max = sorted.back();
  // Rounding must not put the mean beside equal values.
  summary.mean = std::clamp(mean_of(values), summary.min, summary.max);
  if (values.size() < 2) return summary;
  const auto count = static_cast<double>(values.size());
  Sum squares;
  for (const double value : values) squares.add((value - summary.mean) * (value - summary.mean));
  summary.deviation = std::sqrt(squares.value() / (count - 1));
  const double half = student_t_quantile((1 + confidence) / 2, count - 1) * summary.deviation / std::sqrt(count);
  summary.interval = Interval{summary.mean - half, summary.mean + half};
  return summary;
}

SampleSummary summarise_differences(std::span<const double> values, std::span<const double> base, double confidence) {
  assert(values.size() == base.size());
  std::vector<double> differences(values.size());
  std::transform(values.begin(), values.end(), base.begin(), differences.begin(), std::minus<>());
  return summarise(differences, confidence);
}

double quantile(std::span<const double> sorted, double probability) {
  assert(!sorted.empty() && probability >= 0 && probability <= 1);
  const double place = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 == sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

double student_t_quantile(double probability, double freedom) {
  return boost::math::quantile(boost::math::students_t(freedom), probability);
}

double jain_index(std::span<const double> values) {
  Sum sum;
  Sum squares;
  for (const double value : values) {
    sum.add(value);
    squares.add(value * value);
  }
  if (squares.value() == 0) return 1;
  return sum.value() * sum.value() / (static_cast<double>(values.size()) * squares.value());
}

std::vector<std::size_t> planned_looks(std::size_t least, std::size_t most) {
  std::vector<std::size_t> looks;
  for (std::size_t at = std::max<std::size_t>(least, 1); at < most; at *= 2) looks.push_back(at);
  if (most > 0) looks.push_back(most);
  return looks;
}

double confidence_of_each(std::size_t looks, double confidence) {
  assert(looks > 0);
  return 1 - (1 - confidence) / static_cast<double>(looks);
}

}  // namespace raysim
