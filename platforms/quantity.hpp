// Numbers with a unit, as people write them: `0.5 s`, `93us`, `10 Gbps`, `2 GiB`.
//
// Models: durations (ns us ms s min h), amounts of data (B, KB = 1000 B, KiB = 1024 B, ... TB, TiB) and bandwidths (bps
// and its multiples in bits, Bps and its multiples in bytes). Leaves out: exponents, signs, sums (`1 min 30 s`).
// Invariants: integer arithmetic, so what can be said exactly is exact; what cannot is rounded to the nearest
// nanosecond or byte, and a fraction of a single byte is refused. Durations are at most ten years, data at most 900 TB,
// bandwidths from 1 Kbps to 1000 TBps.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/time.hpp"

namespace raysim {

// Says what is wrong with a quantity; the reader adds the place.
struct QuantityError : std::runtime_error {
  // Both without the quantity itself: {"unknown unit 'sec'", "one of ns, us, ... , did you mean 's'?"}. `wrong` may be
  // empty, when `expected` says it all.
  QuantityError(std::string wrong_text, std::string expected_text);
  std::string wrong;
  std::string expected;
};

// Each throws QuantityError.
Duration parse_duration(std::string_view text);
Bytes parse_bytes(std::string_view text);
Bandwidth parse_bandwidth(std::string_view text);
// A unit alone, in seconds or bytes.
double parse_duration_unit(std::string_view text);
double parse_bytes_unit(std::string_view text);

}  // namespace raysim
