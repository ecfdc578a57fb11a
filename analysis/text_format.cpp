#include "analysis/text_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace raysim {

namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// Four digits that count, without needless ones after the point for large numbers.
std::string four_digits(double number) {
  const double size = std::abs(number);
  if (size >= 999.95) return count_text(static_cast<std::uint64_t>(std::llround(size)));
  if (size >= 99.995) return fmt::format("{:.1f}", number);
  if (size >= 9.9995) return fmt::format("{:.2f}", number);
  return fmt::format("{:.3f}", number);
}

}  // namespace

std::string duration_text(Duration duration) {
  const auto ns = static_cast<double>(duration.ns);
  if (duration.ns == 0) return "0 s";
  const double size = std::abs(ns);
  if (size >= 0.99995e9) return four_digits(ns / 1e9) + " s";
  if (size >= 0.99995e6) return four_digits(ns / 1e6) + " ms";
  return four_digits(ns / 1e3) + " us";
}

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string number_text(double number) {
  if (number == std::floor(number)) return count_text(static_cast<std::uint64_t>(number));
  return fmt::format("{:.4g}", number);
}

std::string percent_text(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string large_text(double number) {
  constexpr std::array<std::pair<double, std::string_view>, 3> units{
      {{1e9, " billion"}, {1e6, " million"}, {1e3, " thousand"}}};
  for (const auto& [unit, name] : units)
    if (number >= unit) return fmt::format("{:.1f}{}", number / unit, name);
  return fmt::format("{:.0f}", number);
}

std::string ratio_text(double ratio) {
  if (ratio >= 99.95) return count_text(static_cast<std::uint64_t>(std::llround(ratio))) + " x";
  return fmt::format("{:.{}f} x", ratio, ratio >= 9.995 ? 1 : 2);
}

std::string bytes_text(Bytes bytes) {
  constexpr std::array<std::pair<double, std::string_view>, 4> units{
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}}};
  for (const auto& [unit, name] : units)
    if (static_cast<double>(bytes.count) >= unit)
      return fmt::format("{:.1f} {}", static_cast<double>(bytes.count) / unit, name);
  return fmt::format("{} B", bytes.count);
}

std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

std::string shortened(std::string_view utf8, std::size_t width) {
  if (width_of(utf8) <= width) return std::string(utf8);
  const std::size_t kept = width > 2 ? width - 2 : 0;
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < utf8.size(); ++bytes)
    if (starts_character(utf8[bytes]) && ++characters > kept) break;
  return std::string(utf8.substr(0, bytes)) + "..";
}

}  // namespace raysim
