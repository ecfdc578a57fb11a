// The line that tells how far a long run is.
//
// Models: bar, simulated time, tasks done of all that the program will submit, events a second, time left, for runs of
// more than a second of wall time; time left assumes that the open tasks take as long as those done. Leaves out: how much
// a task is. Invariants: nothing is written unless stderr is a terminal; the line is wiped when
// the run is over; never wider than the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sim/time.hpp"

namespace raysim {

struct ProgressState {
  double wall_seconds = 0;
  Time now;
  std::uint64_t done = 0;
  std::uint64_t all = 0;  // tasks of the program, as far as known
  std::uint64_t events = 0;
};

// A bar of 20 characters that is filled up to `share`, and a time as "9 s", "2 min 3 s" or "1 h 5 min".
std::string progress_bar(double share);
std::string time_left_text(double seconds);

// The line for a terminal of that width.
std::string progress_text(const ProgressState& state, std::size_t columns);

class ProgressLine {
 public:
  ProgressLine(bool enabled, double expected_tasks);
  ~ProgressLine() { wipe(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(Time now, std::uint64_t done, std::uint64_t submitted, std::uint64_t events);
  void wipe();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool shown_ = false;
  std::uint64_t expected_tasks_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace raysim
