// What a sample of runs says about a figure, and how sure that is.
//
// Models: mean, standard deviation, quantiles, Student's t intervals of a mean and of a mean paired difference, Jain's
// index of fairness, and a schedule of looks for who stops early. Leaves out: tests of hypotheses, corrections for
// comparing many things at once (docs/researcher.md says what that means to the reader), non-parametric intervals.
// Invariants: pure functions of their arguments; an interval needs two values, and is a point when all are equal;
// values are in the caller's unit and finite.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace raysim {

struct Interval {
  double low = 0;
  double high = 0;
  [[nodiscard]] double half_width() const { return (high - low) / 2; }
  [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
};

struct SampleSummary {
  std::size_t count = 0;
  double mean = 0;
  double deviation = 0;  // with count - 1 in the denominator; 0 for a single value
  double min = 0;
  double median = 0;
  double max = 0;
  std::optional<Interval> interval;  // of the mean; none for less than two values
};

inline constexpr double usual_confidence = 0.95;

// Zeros for no values. `confidence` is in (0, 1).
SampleSummary summarise(std::span<const double> values, double confidence = usual_confidence);

// Of values[i] - base[i], which belong to the same seed. Both have the same length.
SampleSummary summarise_differences(std::span<const double> values, std::span<const double> base,
                                    double confidence = usual_confidence);

// The value that a share `probability` of `sorted` does not exceed, linear between neighbours (type 7 of Hyndman and Fan,
// the default of R and NumPy). `sorted` is ascending and not empty, `probability` in [0, 1].
double quantile(std::span<const double> sorted, double probability);

// The value that Student's t with `freedom` > 0 degrees of freedom stays below with `probability` in (0, 1).
double student_t_quantile(double probability, double freedom);

// (sum x)^2 / (n sum x^2), Jain et al. 1984: 1 when all are equal, 1/n when one has it all. 1 for no values or only zeros.
double jain_index(std::span<const double> values);

// The numbers of repetitions at which one may look whether the intervals are tight enough: `least`, then doubled, and
// `most` last. Empty when `most` is 0; just `most` when it is not above `least`.
std::vector<std::size_t> planned_looks(std::size_t least, std::size_t most);

// The confidence for each single look so that an interval covers with `confidence` whichever look is the last
// (Bonferroni: the errors of all planned looks add up to 1 - confidence). `looks` is at least 1.
double confidence_of_each(std::size_t looks, double confidence = usual_confidence);

}  // namespace raysim
