#include "platforms/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "platforms/quantity.hpp"

namespace raysim {

namespace {

constexpr std::size_t longest_name = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// -?(0|[1-9][0-9]*): a leading zero is octal to some readers of YAML and decimal to others.
bool looks_whole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), is_digit);
}

// A decimal number, with fraction and exponent perhaps; nan and inf are not.
bool looks_numeric(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  const std::size_t whole_digits = digits();
  if (whole_digits == 0) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// What other readers of YAML would not take for text.
bool looks_like_text(std::string_view text) {
  static constexpr std::string_view other[] = {"true", "false", "True", "False", "TRUE", "FALSE",
                                               ".nan", ".NaN",  ".inf", "-.inf", ".Inf", "-.Inf"};
  return !looks_numeric(text) && std::find(std::begin(other), std::end(other), text) == std::end(other);
}

std::string bounds(double min, double max) {
  if (max >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return fmt::format("of at least {}", min);
  return fmt::format("from {} to {}", min, max);
}

// A key such as `b)` is what is left of `{n: max(a, b)}`.
std::string hint_of_comma(std::string_view key) {
  return key.ends_with(')') ? "; in { } a value with a comma stands in quotes" : "";
}

std::vector<std::string_view> names_of(const MappingSpec& spec) {
  std::vector<std::string_view> names;
  for (const KeySpec& key : spec.keys) names.push_back(key.name);
  return names;
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > longest_name || !is_letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == ':' || c == '/';
  });
}

std::string YamlReader::found() const {
  const std::string subject = key().empty() ? std::string() : in_quotes(key());
  if (is_null()) return subject.empty() ? "nothing here" : subject + " is empty";
  std::string value = is_list() ? "a list" : is_mapping() ? "a mapping" : in_quotes(node_->text);
  if (is_scalar() && node_->is_quoted) value = "the text " + value;
  return subject.empty() ? "found " + value : fmt::format("{} is {}", subject, value);
}

void YamlReader::fail_at(const YamlPlace& where, const std::string& wrong, const std::string& expected) const {
  throw InputError(document_->sources[where.source], where.line, where.column,
                   fmt::format("{}, expected {}", wrong, expected));
}

void YamlReader::fail(const std::string& wrong, const std::string& expected) const {
  fail_at(node_->place, wrong, expected);
}

void YamlReader::fail_inside(std::size_t offset, const std::string& wrong, const std::string& expected) const {
  YamlPlace where = node_->place;
  const std::string_view before = std::string_view(node_->text).substr(0, offset);
  // Escapes and line breaks make the text differ from what stands in the file.
  const bool is_written_so = node_->text.find_first_of("\\\n'\"") == std::string::npos || !node_->is_quoted;
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  if (where.line > 0 && is_written_so)
    where.column +=
        static_cast<int>(std::count_if(before.begin(), before.end(), starts_character)) + (node_->is_quoted ? 1 : 0);
  fail_at(where, wrong, expected);
}

void YamlReader::fail_expected(const std::string& expected) const { fail(found(), expected); }

void YamlReader::fail_at_key(const std::string& wrong, const std::string& expected) const {
  fail_at(entry_ != nullptr ? entry_->place : node_->place, wrong, expected);
}

void YamlReader::fail_unknown(std::string_view kind, std::string_view name,
                              std::span<const std::string_view> known) const {
  const std::string expected =
      known.empty() ? fmt::format("none, for there is no {}", kind) : "one of " + listed(known);
  fail(fmt::format("unknown {} {}", kind, in_quotes(name)), expected + suggestion(name, known));
}

bool YamlReader::starts_with_digit() const {
  return is_scalar() && !node_->text.empty() && is_digit(node_->text.front());
}

bool YamlReader::is_number() const { return is_plain() && looks_numeric(node_->text); }

std::int64_t YamlReader::whole(std::int64_t min, std::int64_t max) const {
  const std::string expected = "a whole number " + bounds(static_cast<double>(min), static_cast<double>(max));
  if (!is_plain() || !looks_whole(node_->text)) fail_expected(expected);
  std::int64_t value = 0;
  const char* end = node_->text.data() + node_->text.size();
  if (std::from_chars(node_->text.data(), end, value).ec != std::errc() || value < min || value > max)
    fail_expected(expected);
  return value;
}

void YamlReader::version(std::int64_t known) const {
  if (!is_plain() || node_->text != std::to_string(known))
    fail_expected(fmt::format("{}, the version of this form", known));
}

double YamlReader::number(double min, double max) const {
  const std::string expected = "a number " + bounds(min, max);
  if (!is_plain() || !looks_numeric(node_->text)) fail_expected(expected);
  double value = 0;
  const char* end = node_->text.data() + node_->text.size();
  const bool fits = std::from_chars(node_->text.data(), end, value).ec == std::errc();
  if (!fits || !std::isfinite(value) || value < min || value > max) fail_expected(expected);
  return value;
}

bool YamlReader::boolean() const {
  if (!is_plain() || (node_->text != "true" && node_->text != "false")) fail_expected("true or false");
  return node_->text == "true";
}

std::string YamlReader::text(const std::string& what) const {
  if (!is_scalar() || node_->text.empty()) fail_expected(what);
  if (is_plain() && !looks_like_text(node_->text)) fail_expected(what + " (put it in quotes)");
  return node_->text;
}

std::string YamlReader::name(const std::string& what) const {
  if (!is_scalar() || !is_name(node_->text)) fail_expected(what + " (a letter, then letters, digits and _ - . : /)");
  return node_->text;
}

std::string YamlReader::one_of(std::span<const std::string_view> names) const {
  const bool is_known = is_scalar() && std::find(names.begin(), names.end(), node_->text) != names.end();
  if (!is_known) fail_expected("one of " + listed(names) + (is_scalar() ? suggestion(node_->text, names) : ""));
  return node_->text;
}

template <class Parse>
auto YamlReader::quantity(Parse parse) const {
  // The tree's text is "" for what is no scalar, and that parses to the error that names the form.
  try {
    return parse(std::string_view(node_->text));
  } catch (const QuantityError& error) {
    if (error.wrong.empty()) fail_expected(error.expected);
    fail(fmt::format("{}: {}", found(), error.wrong), error.expected);
  }
}

Duration YamlReader::duration() const { return quantity(parse_duration); }
Bytes YamlReader::bytes() const { return quantity(parse_bytes); }
Bandwidth YamlReader::bandwidth() const { return quantity(parse_bandwidth); }

std::string YamlReader::scalar() const {
  if (!is_scalar()) fail_expected("a single value");
  return node_->text;
}

std::string YamlReader::one_line() const { return raysim::one_line(*node_); }

std::vector<YamlReader> YamlReader::list(const std::string& what) const {
  if (!is_list()) fail_expected(what);
  std::vector<YamlReader> readers;
  readers.reserve(node_->items.size());
  for (const YamlNode& item : node_->items) readers.push_back(YamlReader(*document_, item, nullptr));
  return readers;
}

YamlMapping YamlReader::mapping(const MappingSpec& spec) const {
  const std::vector<std::string_view> known = names_of(spec);
  if (!is_mapping()) fail_expected(fmt::format("{} as a mapping with keys {}", spec.what, listed(known)));
  for (const YamlEntry& entry : node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    fail_at(entry.place, fmt::format("unknown key {} in {}", in_quotes(entry.key), spec.what),
            fmt::format("one of {}{}{}", listed(known), suggestion(entry.key, known), hint_of_comma(entry.key)));
  }
  const YamlMapping result(*document_, *node_);
  for (const KeySpec& key : spec.keys)
    if (key.is_required && !result.has(key.name))
      fail(fmt::format("no {} in {}", in_quotes(key.name), spec.what), fmt::format("the key {}", in_quotes(key.name)));
  return result;
}

std::vector<YamlReader> YamlReader::named_values(const std::string& what) const {
  if (!is_mapping()) fail_expected(what);
  std::vector<YamlReader> readers;
  readers.reserve(node_->entries.size());
  for (const YamlEntry& entry : node_->entries) {
    if (!is_name(entry.key))
      fail_at(entry.place, "key " + in_quotes(entry.key),
              "a name (a letter, then letters, digits and _ - . : /)" + hint_of_comma(entry.key));
    readers.push_back(YamlReader(*document_, entry.value, &entry));
  }
  return readers;
}

std::optional<YamlReader> YamlMapping::find(std::string_view key) const {
  for (const YamlEntry& entry : node_->entries)
    if (entry.key == key) return YamlReader(*document_, entry.value, &entry);
  return std::nullopt;
}

bool YamlMapping::has(std::string_view key) const { return find(key).has_value(); }

YamlReader YamlMapping::at(std::string_view key) const { return find(key).value(); }

void YamlMapping::fail_at_key(std::string_view key, const std::string& wrong, const std::string& expected) const {
  at(key).fail_at_key(wrong, expected);
}

void YamlMapping::fail(const std::string& wrong, const std::string& expected) const {
  YamlReader(*document_, *node_, nullptr).fail(wrong, expected);
}

}  // namespace raysim
