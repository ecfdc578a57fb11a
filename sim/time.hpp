// Time, durations, bytes and bandwidth as types of their own.
//
// Models: simulated time as integer nanoseconds since the start of a run, so that sums are exact and two
// runs of one seed are equal to the byte. Leaves out: calendars and wall time.
// Invariants: no bare double stands for time, bytes or bandwidth in a public header.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>

namespace raysim {

// A span of simulated time in nanoseconds; may be negative in differences.
struct Duration {
  std::int64_t ns = 0;

  static constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
  static constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
  static constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
  static Duration seconds(double s) { return {static_cast<std::int64_t>(std::llround(s * 1e9))}; }
  static constexpr Duration max() { return {std::numeric_limits<std::int64_t>::max() / 4}; }

  [[nodiscard]] constexpr double in_seconds() const { return static_cast<double>(ns) * 1e-9; }
  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return {ns + o.ns}; }
  constexpr Duration operator-(Duration o) const { return {ns - o.ns}; }
  constexpr Duration operator*(std::int64_t n) const { return {ns * n}; }
  constexpr Duration& operator+=(Duration o) {
    ns += o.ns;
    return *this;
  }
  constexpr Duration& operator-=(Duration o) {
    ns -= o.ns;
    return *this;
  }
};

// A moment of simulated time in nanoseconds after the start of the run.
struct Time {
  std::int64_t ns = 0;

  static constexpr Time max() { return {std::numeric_limits<std::int64_t>::max() / 2}; }
  [[nodiscard]] constexpr double in_seconds() const { return static_cast<double>(ns) * 1e-9; }
  constexpr auto operator<=>(const Time&) const = default;
  constexpr Time operator+(Duration d) const { return {ns + d.ns}; }
  constexpr Time operator-(Duration d) const { return {ns - d.ns}; }
  constexpr Duration operator-(Time o) const { return {ns - o.ns}; }
};

// An amount of data.
struct Bytes {
  std::int64_t count = 0;

  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes operator+(Bytes o) const { return {count + o.count}; }
  constexpr Bytes operator*(std::int64_t n) const { return {count * n}; }
  constexpr Bytes& operator+=(Bytes o) {
    count += o.count;
    return *this;
  }
};

// Bytes a second.
struct Bandwidth {
  double bytes_per_second = 0;

  constexpr auto operator<=>(const Bandwidth&) const = default;
  // How long `amount` takes at this rate; rounded up to the next nanosecond.
  [[nodiscard]] Duration time_for(Bytes amount) const {
    return {static_cast<std::int64_t>(std::ceil(static_cast<double>(amount.count) / bytes_per_second * 1e9))};
  }
};

}  // namespace raysim
