// How much memory of its own each process uses, as its node's system counts it.
//
// Models: what tasks and actors say that they use while they run, by process and by node. Leaves out: what Ray's own processes use, shared
// memory (the object store counts that), caches, swap.
// Mirrors what src/ray/common/memory_monitor_utils.cc reads under /proc (2.60).
// Invariants: a node uses what its processes use; an ended process uses nothing.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "models/cluster.hpp"
#include "sim/station.hpp"
#include "sim/time.hpp"

namespace raysim {

class HeapUse {
 public:
  explicit HeapUse(std::size_t nodes) : of_nodes_(nodes) {}

  // `size` may be below zero: given back.
  void add(NodeId node, ProcessId process, Bytes size) {
    of_processes_[process.index] += size;
    of_nodes_[node.index] += size;
  }
  void ended(NodeId node, ProcessId process) {
    const auto it = of_processes_.find(process.index);
    if (it == of_processes_.end()) return;
    of_nodes_[node.index].count -= it->second.count;
    of_processes_.erase(it);
  }
  [[nodiscard]] Bytes of(ProcessId process) const {
    const auto it = of_processes_.find(process.index);
    return it != of_processes_.end() ? it->second : Bytes{};
  }
  [[nodiscard]] Bytes of(NodeId node) const { return of_nodes_[node.index]; }

 private:
  std::unordered_map<std::uint32_t, Bytes> of_processes_;
  std::vector<Bytes> of_nodes_;
};

}  // namespace raysim
