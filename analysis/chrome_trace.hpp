// A run as a trace for Perfetto (ui.perfetto.dev) and chrome://tracing, in the shape of `ray timeline`.
//
// Models: one span `task::NAME` for each attempt on its worker, from the start of the function to its end; a process of
// the trace is a node, a thread a worker; a second span on the row of each GPU that it holds, where copies of its
// memory are spans as well; counters of what each object store and each GPU's memory holds. Times are microseconds of
// simulated time. Leaves out: the driver, messages, the parts inside a span (`task:execute` ...). Mirrors
// python/ray/_private/state.py (chrome_tracing_dump) and the dashboard's variant of it with numbers as pid and tid and
// names in metadata events.
// Invariants: each event is written when it comes, so memory grows with workers only; the text is a JSON list once
// finish() was called, also when nothing happened; same run, same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sim/record.hpp"

namespace raysim {

class ChromeTrace final : public RecordSink {
 public:
  // Both must live as long as the trace. Workers of several nodes have numbers of their own.
  ChromeTrace(std::ostream& out, const RunHeader& header);

  void on_function(const std::string& name) override;
  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_attempt(const AttemptRecord& attempt) override;
  void on_worker_started(std::uint32_t, Time) override {}
  void on_store(const StoreRecord& store) override;
  void on_device_memory(const DeviceMemoryRecord& memory) override;
  void on_copy(const CopyRecord& copy) override;

  // Closes the list. The stream tells whether all could be written.
  void finish();

 private:
  void event(const std::string& json);
  void on_devices(const AttemptRecord& attempt);
  std::uint64_t device_row(std::uint32_t node, std::uint32_t device, Time started, Time ended);
  void write_buffer();

  std::ostream& out_;
  const RunHeader& header_;
  std::vector<std::string> functions_;  // names as JSON strings, without quotes
  std::unordered_set<std::uint32_t> workers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Time>>
      rows_;  // of (node, GPU): ends of their last spans
  std::string buffer_;
  bool first_ = true;
};

}  // namespace raysim
