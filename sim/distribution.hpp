// Random quantities that a scenario may name: durations and sizes drawn from a distribution.
//
// Models: constant, list (in order, round and round), empirical (drawn from a list), uniform, normal, lognormal, exponential,
// pareto; a draw below zero counts as zero. Leaves out: correlations between draws.
// Invariants: values are in the base unit (seconds for durations, bytes for sizes); a draw costs at most two numbers of its stream.
#pragma once

#include <cstdint>
#include <vector>

namespace raysim {

class RandomStream;

struct Distribution {
  enum class Kind : std::uint8_t { constant, list, empirical, uniform, normal, lognormal, exponential, pareto };
  Kind kind = Kind::constant;
  // constant: a = value. uniform: [a, b). normal: mean a, deviation b. lognormal: exp(normal(a, b)) with a, b of the
  // underlying normal, in ln(base unit). exponential: mean a. pareto: minimum a, shape b.
  double a = 0;
  double b = 0;
  double max = 0;              // draws above it count as it; 0 = no limit
  std::vector<double> values;  // list, empirical

  static Distribution constant(double value) { return {Kind::constant, value, 0, 0, {}}; }
  // `ordinal` is the number of the draw, used by `list`.
  double draw(RandomStream& stream, std::uint64_t ordinal) const;
  // The mean, where it exists (pareto with shape <= 1: infinity).
  [[nodiscard]] double mean() const;
};

}  // namespace raysim
