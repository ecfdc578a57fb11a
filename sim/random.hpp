// Named random streams.
//
// Models: one independent stream for each purpose ("durations of task x", "ties of raylet bob"), all from one seed,
// so that a new draw in one place changes nothing elsewhere. The only source of random numbers in raysim.
// Invariants: a stream's numbers depend on the seed and its name alone, on every machine and compiler.
#pragma once

#include <cstdint>
#include <string_view>

namespace raysim {

class RandomStream {
 public:
  // The stream `name` of run `seed`.
  RandomStream(std::uint64_t seed, std::string_view name);

  // 64 random bits (SplitMix64, Steele et al. 2014).
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // Uniform in [0, n); n > 0.
  std::uint64_t below(std::uint64_t n) { return scaled(next(), n); }
  // What below(n) makes of 64 random bits.
  static std::uint64_t scaled(std::uint64_t bits, std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits) * n) >> 64);
  }
  // Standard normal (Box-Muller).
  double normal();

 private:
  std::uint64_t state_;
};

// A 64-bit mix of two numbers, for seeds and fingerprints.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = (a ^ (b * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  z ^= z >> 32;
  return z * 0xc4ceb9fe1a85ec53ULL;
}

}  // namespace raysim
