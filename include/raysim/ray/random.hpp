// Random numbers of a program.
//
// Models: one stream of draws by its name. Leaves out: what a name should be: two bodies that ask for the same one get the same draws.
// Mirrors no part of Ray.
// Invariants: the draws depend on the run's seed and the name alone; the functions of this class give the same on every machine up to
// the last bit of log and cos, those of <random> may differ between C++ libraries.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include <raysim/ray/host.hpp>

namespace ray {

// Also a generator for the distributions of <random>.
class Random {
 public:
  using result_type = std::uint64_t;
  explicit Random(std::unique_ptr<host::RandomBits> bits) : bits_(std::move(bits)) {}

  result_type operator()() { return bits_->next(); }
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  // In [0, 1).
  double uniform() { return static_cast<double>(bits_->next() >> 11) * 0x1.0p-53; }
  double uniform(double from, double to) { return from + (to - from) * uniform(); }
  // In [0, n); n > 0.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits_->next()) * n) >> 64);
  }
  double exponential(double mean) { return -mean * std::log1p(-uniform()); }
  double normal(double mean, double deviation) {
    constexpr double two_pi = 6.283185307179586;
    const double radius = std::sqrt(-2 * std::log1p(-uniform()));
    return mean + deviation * radius * std::cos(two_pi * uniform());
  }

 private:
  std::unique_ptr<host::RandomBits> bits_;
};

}  // namespace ray
