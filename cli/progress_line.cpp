#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "analysis/text_format.hpp"
#include "cli/terminal.hpp"

namespace raysim {

namespace {

constexpr auto patience = std::chrono::seconds(1);
constexpr auto refresh = std::chrono::milliseconds(100);
constexpr std::size_t bar_width = 20;

// A bar that is filled up to `share`.
std::string bar(double share) {
  // Eighths of a character.
  constexpr std::array<std::string_view, 8> parts{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * bar_width * 8);
  std::string text;
  for (std::size_t i = 0; i < bar_width; ++i) {
    if (eighths >= (i + 1) * 8)
      text += "█";
    else
      text += eighths > i * 8 ? parts[eighths - i * 8] : " ";
  }
  return text;
}

// "9 s", "2 min 3 s", "1 h 5 min"
std::string time_left_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<std::uint64_t>(seconds / 60);
  if (minutes < 60) return fmt::format("{} min {:.0f} s", minutes, seconds - static_cast<double>(minutes) * 60);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace

ProgressLine::ProgressLine(bool enabled)
    : enabled_(enabled && is_terminal(Stream::standard_error)), next_(start_ + patience) {}

bool ProgressLine::due() {
  if (!enabled_) return false;
  const auto now = Clock::now();
  if (now < next_) return false;
  next_ = now + refresh;
  return true;
}

void ProgressLine::show(double share, const std::string& text) {
  shown_ = true;
  std::string line = fmt::format("{:3.0f} % ▕{}▏ {}", share * 100, bar(share), text);
  if (share > 0 && share < 1) line += ", " + time_left_text(seconds() * (1 / share - 1)) + " left";
  fmt::print(stderr, "\r\x1b[K{}", shortened(line, columns_of(Stream::standard_error) - 1));
  std::fflush(stderr);
}

void ProgressLine::wipe() {
  if (!shown_) return;
  shown_ = false;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace raysim
