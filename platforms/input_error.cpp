#include "platforms/input_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace raysim {

namespace {

constexpr std::size_t quoted_limit = 60;
constexpr std::size_t listed_limit = 20;
constexpr std::size_t shortest_prefix = 3;
constexpr std::size_t longest_compared = 100;  // a name longer than this is no typing mistake

std::string full_text(const std::string& file, int line, int column, const std::string& message) {
  if (line == 0) return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Edits (insert, delete, replace, swap of neighbours) that turn one name into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last = last;
    std::swap(last, current);
  }
  return last[b.size()];
}

}  // namespace

InputError::InputError(std::string file, int line, int column, std::string message)
    : std::runtime_error(full_text(file, line, column, message)),
      file_(std::move(file)),
      line_(line),
      column_(column),
      message_(std::move(message)) {}

std::string on_one_line(std::string_view text, std::size_t limit) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Never cut inside of a character: its later bytes start with the bits 10.
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (result.size() >= limit && starts_character) return result + "...";
    if (text[i] == '\n') {
      result += "\\n";
    } else if (text[i] == '\t') {
      result += "\\t";
    } else if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) { return fmt::format("'{}'", on_one_line(text, quoted_limit)); }

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > longest_compared) return {};
  for (std::string_view candidate : candidates)
    if (lower(candidate) == lower(name)) return candidate;
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > longest_compared) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (!best.empty() || name.size() < shortest_prefix) return best;
  for (std::string_view candidate : candidates)
    if (lower(candidate).starts_with(lower(name))) return candidate;
  return {};
}

std::string listed(std::span<const std::string_view> names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == listed_limit) return result + fmt::format(" and {} more", names.size() - i);
    if (i > 0) result += ", ";
    result += on_one_line(names[i], quoted_limit);
  }
  return result;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view nearest = nearest_name(name, candidates);
  return nearest.empty() ? std::string() : fmt::format(", did you mean {}?", in_quotes(nearest));
}

}  // namespace raysim
