// The one way in which a mistake in a user's file is reported, and the words such reports share.
//
// Models: a message of one line, `FILE:LINE:COLUMN: what is wrong, expected what[, did you mean 'x'?]`, or, for a value
// given on the command line, `--set KEY=VALUE: what is wrong, ...`. Leaves out: several mistakes at once (the first
// one ends the reading) and warnings.
// Invariants: what() holds no line break; line and column count from 1 (columns in characters); both are 0 when the
// mistake is in no file. A file that cannot be read is reported at 1:1.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace raysim {

class InputError : public std::runtime_error {
 public:
  InputError(std::string file, int line, int column, std::string message);

  // The file, or `--set KEY=VALUE`.
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] int column() const { return column_; }
  // What is wrong and what was expected, without the place.
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  std::string file_;
  int line_;
  int column_;
  std::string message_;
};

// A user's text for a message: in single quotes, control characters escaped, cut when it is long.
std::string in_quotes(std::string_view text);

// The same without the quotes, cut after `limit` bytes.
std::string on_one_line(std::string_view text, std::size_t limit);

// The candidate that a mistyped name most likely meant, by edit distance; empty when none is near.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

// "a, b, c"; a long list is cut and says how many more there are.
std::string listed(std::span<const std::string_view> names);

// ", did you mean 'x'?" or nothing.
std::string suggestion(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace raysim
