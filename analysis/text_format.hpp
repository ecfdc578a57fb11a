// Numbers as people read them.
//
// Models: durations with a fitting unit and four digits, counts with thousands apart, shares in per cent, rates in words.
// Leaves out: other languages. Invariants: the same text on every machine, whatever its locale; plain ASCII.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/time.hpp"

namespace raysim {

std::string duration_text(Duration duration);                     // "5.912 s", "15.02 ms", "0 s"
std::string count_text(std::uint64_t count);                      // "1,234,567"
std::string number_text(double number);                           // of CPUs: "60", "0.5", "64,000"
std::string percent_text(double share);                           // "84.6 %"
std::string large_text(double number);                            // "12.3 thousand", "5.9 million"
std::string ratio_text(double ratio);                             // "1.18 x", "1,910 x"
std::string bytes_text(Bytes bytes);                              // "1.5 MB"
std::size_t width_of(std::string_view utf8);                      // characters, not bytes
std::string shortened(std::string_view utf8, std::size_t width);  // cut with ".." when it is wider

}  // namespace raysim
