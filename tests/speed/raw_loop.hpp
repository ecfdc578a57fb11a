// The bag of tasks on a bare event loop: what any simulation of it costs at least.
//
// A master hands tasks to idle cores; four events a task: the task is sent, arrives, ends, and its reply arrives. Fixed
// latency, no protocol, no records, nothing that could fail. The queue is the one of the engine.
#pragma once

#include <cstdint>

#include "tests/speed/bag.hpp"

namespace speed {

struct RawLoopResult {
  std::uint64_t events = 0;
  std::uint64_t checksum = 0;  // of who ran what, so that nothing is optimised away
  double end = 0;              // simulated seconds
};
RawLoopResult run_raw_loop(const Cluster& cluster, std::int64_t tasks, double seconds);

}  // namespace speed
