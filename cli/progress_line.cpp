#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analysis/text_format.hpp"
#include "cli/terminal.hpp"

namespace raysim {

namespace {

constexpr auto patience = std::chrono::seconds(1);
constexpr auto refresh = std::chrono::milliseconds(100);
constexpr std::size_t bar_width = 20;

}  // namespace

std::string progress_bar(double share) {
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

std::string time_left_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<std::uint64_t>(seconds / 60);
  if (minutes < 60) return fmt::format("{} min {:.0f} s", minutes, seconds - static_cast<double>(minutes) * 60);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string progress_text(const ProgressState& state, std::size_t columns) {
  const double share = state.all > 0 ? static_cast<double>(state.done) / static_cast<double>(state.all) : 0;
  const double rate = state.wall_seconds > 0 ? static_cast<double>(state.events) / state.wall_seconds : 0;
  std::string text =
      fmt::format("{:3.0f} % ▕{}▏ {} simulated, {} of {} tasks, {} events/s", share * 100, progress_bar(share),
                  duration_text(state.now - Time{}), count_text(state.done), count_text(state.all), large_text(rate));
  if (state.done > 0 && state.done < state.all)
    text += ", " + time_left_text(state.wall_seconds * (1 / share - 1)) + " left";
  return shortened(text, columns);
}

ProgressLine::ProgressLine(bool enabled, double expected_tasks)
    : enabled_(enabled && is_terminal(Stream::standard_error)),
      expected_tasks_(static_cast<std::uint64_t>(expected_tasks)),
      next_(start_ + patience) {}

void ProgressLine::update(Time now, std::uint64_t done, std::uint64_t submitted, std::uint64_t events) {
  if (!enabled_) return;
  const auto wall = Clock::now();
  if (wall < next_) return;
  next_ = wall + refresh;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(wall - start_).count();
  const ProgressState state{seconds, now, done, std::max(submitted, expected_tasks_), events};
  fmt::print(stderr, "\r\x1b[K{}", progress_text(state, columns_of(Stream::standard_error) - 1));
  std::fflush(stderr);
}

void ProgressLine::wipe() {
  if (!shown_) return;
  shown_ = false;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace raysim
