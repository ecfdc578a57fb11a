// How much memory of its GPUs each process holds.
//
// Models: what tasks and actors say that they use, and tensors that stay on a device, by process; a device's memory is given to whoever
// asks first, whatever part of the device he holds. Leaves out: fragments, what CUDA itself takes, memory that spills to the machine.
// Mirrors what cudaMalloc gives and torch.OutOfMemoryError says.
// Invariants: a device never holds more than its memory; an ended process holds nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/cluster.hpp"
#include "sim/record.hpp"
#include "sim/station.hpp"

namespace raysim {

class DeviceMemory {
 public:
  DeviceMemory(const ClusterSpec& cluster, RecordSink& record) : cluster_(cluster), record_(record) {}

  // False: there is no room for it, and nothing was taken. `place`: of a GPU.
  [[nodiscard]] bool take(MemoryPlace place, ProcessId process, Bytes size, Time now);
  void give_back(MemoryPlace place, ProcessId process, Bytes size, Time now);
  void ended(ProcessId process, Time now);
  [[nodiscard]] Bytes used(MemoryPlace place) const;
  // What torch says when take() has failed.
  [[nodiscard]] std::string out_of_memory(MemoryPlace place, Bytes size) const;

 private:
  void change(MemoryPlace place, Bytes by, Time now);

  const ClusterSpec& cluster_;
  RecordSink& record_;
  std::map<MemoryPlace, Bytes> used_;
  std::map<std::uint32_t, std::map<MemoryPlace, Bytes>> of_processes_;
};

}  // namespace raysim
