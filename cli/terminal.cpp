#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace raysim {

namespace {
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}
}  // namespace

bool is_terminal(Stream stream) { return isatty(static_cast<int>(stream)) == 1 && environment("TERM") != "dumb"; }

bool wants_colours(Stream stream) { return is_terminal(stream) && environment("NO_COLOR").empty(); }

std::size_t columns_of(Stream stream) {
  constexpr std::size_t usual = 80;
  winsize size{};
  if (ioctl(static_cast<int>(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

void print_error(const std::string& text) {
  const bool colours = wants_colours(Stream::standard_error);
  fmt::print(stderr, "{}{}{}\n", colours ? "\x1b[31m" : "", text, colours ? "\x1b[0m" : "");
}

}  // namespace raysim
