#include "tests/speed/raw_loop.hpp"

#include <vector>

#include "sim/cell.hpp"
#include "sim/event_queue.hpp"

namespace speed {

using raysim::Cell;
using raysim::Duration;
using raysim::EventQueue;
using raysim::Time;

namespace {
enum Step : std::uint8_t { send, arrive, end, reply };
}

RawLoopResult run_raw_loop(const Cluster& cluster, std::int64_t tasks, double seconds) {
  const Duration length = Duration::seconds(seconds);
  const Duration way = Duration::seconds(2 * cluster.latency + message_size / cluster.bytes_per_second);
  const Duration handling = Duration::microseconds(1);  // of the master, a task
  // Each core has one event on its way at most, so a cell of its own serves for all.
  std::vector<Cell> cells(static_cast<std::size_t>(cluster.nodes) * static_cast<std::size_t>(cluster.cores));
  EventQueue queue;
  RawLoopResult result;
  std::int64_t sent = 0;
  Time now;
  for (std::uint32_t core = 0; core < cells.size() && sent < tasks; ++core, ++sent) {
    cells[core].address({core}, {}, send);
    queue.push(now + handling * sent, &cells[core]);
  }
  while (!queue.empty()) {
    const auto event = queue.pop();
    Cell& cell = *event.what;
    now = {event.at_ns};
    ++result.events;
    switch (static_cast<Step>(cell.kind)) {
      case send:
        cell.kind = arrive;
        queue.push(now + way, &cell);
        break;
      case arrive:
        cell.kind = end;
        queue.push(now + length, &cell);
        break;
      case end:
        cell.kind = reply;
        queue.push(now + way, &cell);
        break;
      case reply:
        result.checksum = result.checksum * 31 + cell.target.index;
        if (sent == tasks) break;
        ++sent;
        cell.kind = send;
        queue.push(now + handling, &cell);
        break;
    }
  }
  result.end = now.in_seconds();
  return result;
}

}  // namespace speed
