// The line that tells how far something long is.
//
// Models: bar, what the caller says, time left, for what takes more than a second of wall time; time left assumes that the rest goes
// as fast as what is done. Leaves out: what is being done.
// Invariants: nothing is written unless stderr is a terminal; the line is wiped when its object ends; never wider than the terminal.
#pragma once

#include <chrono>
#include <string>

namespace raysim {

class ProgressLine {
 public:
  explicit ProgressLine(bool enabled);
  ~ProgressLine() { wipe(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether the line is to be written anew: not before a second, then ten times a second. True once each time.
  bool due();
  // `share` of all is done, `text` says of what.
  void show(double share, const std::string& text);
  void wipe();
  // Since the beginning, by the wall clock.
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace raysim
