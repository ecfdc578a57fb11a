#include "platforms/quantity.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t factor;  // in nanoseconds, bytes, or bits a second
};

struct Family {
  std::string_view noun;     // "a duration"
  std::string_view example;  // "0.5 s"
  std::span<const Unit> units;
};

constexpr std::uint64_t kilo = 1'000;
constexpr std::uint64_t mega = 1'000'000;
constexpr std::uint64_t giga = 1'000'000'000;
constexpr std::uint64_t tera = 1'000'000'000'000;
constexpr std::uint64_t kibi = 1ULL << 10;
constexpr std::uint64_t mebi = 1ULL << 20;
constexpr std::uint64_t gibi = 1ULL << 30;
constexpr std::uint64_t tebi = 1ULL << 40;

constexpr std::array time_units{Unit{"ns", 1},   Unit{"us", kilo},       Unit{"ms", mega},
                                Unit{"s", giga}, Unit{"min", 60 * giga}, Unit{"h", 3600 * giga}};
constexpr std::array byte_units{Unit{"B", 1},      Unit{"KB", kilo},  Unit{"MB", mega},
                                Unit{"GB", giga},  Unit{"TB", tera},  Unit{"KiB", kibi},
                                Unit{"MiB", mebi}, Unit{"GiB", gibi}, Unit{"TiB", tebi}};
constexpr std::array bandwidth_units{Unit{"bps", 1},         Unit{"Kbps", kilo},      Unit{"Mbps", mega},
                                     Unit{"Gbps", giga},     Unit{"Tbps", tera},      Unit{"Bps", 8},
                                     Unit{"KBps", 8 * kilo}, Unit{"MBps", 8 * mega},  Unit{"GBps", 8 * giga},
                                     Unit{"TBps", 8 * tera}, Unit{"KiBps", 8 * kibi}, Unit{"MiBps", 8 * mebi},
                                     Unit{"GiBps", 8 * gibi}};

constexpr Family durations{"a duration", "0.5 s", time_units};
constexpr Family data{"an amount of data", "64 MB", byte_units};
constexpr Family bandwidths{"a bandwidth", "10 Gbps", bandwidth_units};

constexpr Wide duration_limit = Wide{87'600} * 3600 * giga;  // ten years
constexpr Wide data_limit = Wide{900} * tera;                // in 1/10000 it still fits 63 bits
constexpr Wide bandwidth_limit = Wide{8'000} * tera;
constexpr Wide bandwidth_least = kilo;
constexpr std::size_t most_digits = 18;

// whole + fraction / scale, in the base unit: what a quantity says, without loss.
struct Exact {
  Wide whole = 0;
  Wide fraction = 0;
  Wide scale = 1;
  std::uint64_t factor = 1;  // of the unit, already applied
};

Wide rounded_to_nearest(const Exact& exact) { return exact.whole + (2 * exact.fraction >= exact.scale ? 1 : 0); }

std::vector<std::string_view> unit_names(const Family& family) {
  std::vector<std::string_view> names;
  for (const Unit& unit : family.units) names.push_back(unit.name);
  return names;
}

[[noreturn]] void fail_form(const Family& family) {
  throw QuantityError(
      "", fmt::format("{} such as '{}' (units: {})", family.noun, family.example, listed(unit_names(family))));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the front of `text`; returns their value.
Wide take_digits(std::string_view& text, std::size_t& count) {
  Wide value = 0;
  for (count = 0; count < text.size() && is_digit(text[count]); ++count)
    if (count < most_digits) value = value * 10 + static_cast<unsigned>(text[count] - '0');
  text.remove_prefix(count);
  return value;
}

std::uint64_t unit_factor(std::string_view name, const Family& family) {
  for (const Unit& unit : family.units)
    if (unit.name == name) return unit.factor;
  const std::vector<std::string_view> names = unit_names(family);
  const std::string wrong = name.empty() ? "no unit" : fmt::format("unknown unit {}", in_quotes(name));
  throw QuantityError(wrong, fmt::format("one of {}{}", listed(names), suggestion(name, names)));
}

// The number in `text`, multiplied by its unit.
Exact parse(std::string_view text, const Family& family) {
  if (text.empty()) fail_form(family);
  if (text.front() == '-' && text.size() > 1 && is_digit(text[1])) throw QuantityError("negative", "at least 0");
  if (!is_digit(text.front())) fail_form(family);
  std::size_t digits = 0;
  std::size_t decimals = 0;
  Exact result;
  result.whole = take_digits(text, digits);
  if (digits > most_digits) throw QuantityError("too many digits", fmt::format("at most {}", most_digits));
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    result.fraction = take_digits(text, decimals);
    if (decimals == 0) fail_form(family);
    if (decimals > most_digits)
      throw QuantityError("too many digits", fmt::format("at most {} after the point", most_digits));
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::uint64_t factor = result.factor = unit_factor(text, family);
  for (std::size_t i = 0; i < decimals; ++i) result.scale *= 10;
  result.fraction *= factor;
  result.whole = result.whole * factor + result.fraction / result.scale;
  result.fraction %= result.scale;
  return result;
}

}  // namespace

QuantityError::QuantityError(std::string wrong_text, std::string expected_text)
    : std::runtime_error(wrong_text + ", expected " + expected_text),
      wrong(std::move(wrong_text)),
      expected(std::move(expected_text)) {}

Duration parse_duration(std::string_view text) {
  const Exact exact = parse(text, durations);
  const Wide rounded = rounded_to_nearest(exact);
  if (rounded > duration_limit) throw QuantityError("too long", "at most 87600 h");
  return {static_cast<std::int64_t>(rounded)};
}

Bytes parse_bytes(std::string_view text) {
  const Exact exact = parse(text, data);
  // "1.5 B" is a mistake; "8.4 GiB" just has no exact number of bytes.
  if (exact.fraction != 0 && exact.factor == 1) throw QuantityError("not a whole number of bytes", "whole bytes");
  const Wide rounded = rounded_to_nearest(exact);
  if (rounded > data_limit) throw QuantityError("too large", "at most 900 TB");
  return {static_cast<std::int64_t>(rounded)};
}

Bandwidth parse_bandwidth(std::string_view text) {
  const Exact exact = parse(text, bandwidths);
  if (exact.whole < bandwidth_least) throw QuantityError("too small", "at least 1 Kbps");
  if (exact.whole > bandwidth_limit) throw QuantityError("too large", "at most 1000 TBps");
  const double bits =
      static_cast<double>(exact.whole) + static_cast<double>(exact.fraction) / static_cast<double>(exact.scale);
  return {bits / 8};
}

double parse_duration_unit(std::string_view text) { return static_cast<double>(unit_factor(text, durations)) / giga; }

double parse_bytes_unit(std::string_view text) { return static_cast<double>(unit_factor(text, data)); }

}  // namespace raysim
