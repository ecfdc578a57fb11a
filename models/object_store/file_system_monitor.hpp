// How full the disks of a node are.
//
// Models: room that spill files and fallback files take, and Ray's look at it every interval: a disk over the threshold counts as full.
// The disks are those of the machine, so what its other nodes take counts as well. Leaves out: quotas; inodes.
// Mirrors src/ray/common/file_system_monitor.cc (2.60).
// Invariants: the answer changes only at a look.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "models/profile.hpp"
#include "sim/disk.hpp"

namespace raysim {

class FileSystemMonitor {
 public:
  FileSystemMonitor(std::vector<Disk*> disks, const SystemConfig& config)
      : disks_(std::move(disks)),
        threshold_(config.local_fs_capacity_threshold),
        interval_(config.local_fs_monitor_interval) {}

  // Any disk is over the threshold, as last seen.
  [[nodiscard]] bool over_capacity(Time now) {
    if (now >= next_look_) {
      next_look_ = now + interval_;
      over_ = false;
      for (const Disk* disk : disks_)
        over_ |= static_cast<double>(disk->used().count) > threshold_ * static_cast<double>(disk->capacity().count);
    }
    return over_;
  }
  [[nodiscard]] Disk& disk(std::size_t i) { return *disks_[i]; }
  [[nodiscard]] std::size_t disks() const { return disks_.size(); }

 private:
  std::vector<Disk*> disks_;
  double threshold_;
  Duration interval_;
  Time next_look_;
  bool over_ = false;
};

}  // namespace raysim
