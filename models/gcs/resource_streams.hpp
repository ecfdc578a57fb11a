// The resource reports on their way from the GCS to the raylets.
//
// Models: each raylet has a stream from the GCS on which every other node's reports come in order. A raylet that waits for room is sent
// each report as a message; one that does not is handed, when it next looks, what has reached it by then: its
// earlier reading would have changed nothing. Leaves out: the CPU that reading costs a raylet with nothing to place.
// Mirrors src/ray/ray_syncer/ (2.60).
// Invariants: a reader never sees a report before it could have arrived, and never an older one after a newer one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "models/messages.hpp"
#include "sim/time.hpp"

namespace raysim {

class ResourceStreams {
 public:
  explicit ResourceStreams(std::size_t nodes) : before_log_(nodes), listening_(nodes, false), cursor_(nodes, 0) {}

  void publish(std::shared_ptr<const ResourceSnapshot> snapshot, Time now) {
    log_.push_back({std::move(snapshot), now});
    while (log_.size() > 2 * before_log_.size() + 64) {
      before_log_[log_.front().snapshot->node.index] = log_.front().snapshot;
      log_.pop_front();
      ++first_;
    }
  }
  // Calls `read` with the reports that have reached `reader` by `now` and that it has not read; `way` is the time from the GCS.
  template <class Read>
  void catch_up(NodeId reader, Time now, Duration way, const Read& read) {
    std::uint64_t& cursor = cursor_[reader.index];
    if (cursor < first_) {  // too far behind: each node's last report before the log, then the log
      for (const auto& snapshot : before_log_)
        if (snapshot && snapshot->node != reader) read(*snapshot);
      cursor = first_;
    }
    for (; cursor < first_ + log_.size(); ++cursor) {
      const Entry& entry = log_[cursor - first_];
      if (entry.sent + way > now) return;
      if (entry.snapshot->node != reader) read(*entry.snapshot);
    }
  }
  // Whether a raylet wants each report as a message.
  void listen(NodeId reader, bool wants) {
    if (listening_[reader.index] == wants) return;
    listening_[reader.index] = wants;
    if (wants)
      listeners_.push_back(reader);
    else
      std::erase(listeners_, reader);
  }
  [[nodiscard]] const std::vector<NodeId>& listeners() const { return listeners_; }

 private:
  struct Entry {
    std::shared_ptr<const ResourceSnapshot> snapshot;
    Time sent;
  };
  std::vector<std::shared_ptr<const ResourceSnapshot>> before_log_;  // by node; these have all arrived long ago
  std::deque<Entry> log_;
  std::uint64_t first_ = 0;  // number of the first entry of the log
  std::vector<bool> listening_;
  std::vector<std::uint64_t> cursor_;
  std::vector<NodeId> listeners_;
};

}  // namespace raysim
