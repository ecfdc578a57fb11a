// How full the disks of a node are.
//
// Models: room that spill files and fallback files take, and Ray's look at it every interval: a disk over the threshold counts as full.
// Leaves out: other files of the machine, but for what `used` says at the start; quotas; inodes.
// Mirrors src/ray/common/file_system_monitor.cc (2.60).
// Invariants: no disk holds more than its capacity.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

#include "models/profile.hpp"
#include "sim/time.hpp"

namespace raysim {

struct LocalDisk {
  Bytes capacity;
  Bytes used;
};

class FileSystemMonitor {
 public:
  FileSystemMonitor(std::vector<LocalDisk> disks, const SystemConfig& config)
      : disks_(std::move(disks)),
        threshold_(config.local_fs_capacity_threshold),
        interval_(config.local_fs_monitor_interval) {}

  // False: there is no room for it.
  bool take(std::size_t disk, Bytes size) {
    LocalDisk& d = disks_[disk];
    if (d.used + size > d.capacity) return false;
    d.used += size;
    return true;
  }
  void give_back(std::size_t disk, Bytes size) {
    assert(disks_[disk].used >= size);
    disks_[disk].used.count -= size.count;
  }
  // Any disk is over the threshold, as last seen.
  [[nodiscard]] bool over_capacity(Time now) {
    if (now >= next_look_) {
      next_look_ = now + interval_;
      over_ = false;
      for (const LocalDisk& disk : disks_)
        over_ |= static_cast<double>(disk.used.count) > threshold_ * static_cast<double>(disk.capacity.count);
    }
    return over_;
  }
  [[nodiscard]] const LocalDisk& disk(std::size_t i) const { return disks_[i]; }

 private:
  std::vector<LocalDisk> disks_;
  double threshold_;
  Duration interval_;
  Time next_look_;
  bool over_ = false;
};

}  // namespace raysim
