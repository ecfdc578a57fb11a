// The room on a disk of a machine.
//
// Models: what is taken of its capacity, by anyone on the machine. Leaves out: the time of reads and writes (fabric.hpp), files.
// Mirrors no part of Ray. Invariants: never more is taken than the capacity, nor given back than was taken.
#pragma once

#include <algorithm>
#include <cassert>

#include "sim/platform.hpp"

namespace raysim {

class Disk {
 public:
  explicit Disk(const DiskSpec& spec) : capacity_(spec.capacity), used_(std::min(spec.used, spec.capacity)) {}

  // False: there is no room for it, and nothing is taken.
  bool take(Bytes size) {
    if (used_ + size > capacity_) return false;
    used_ += size;
    return true;
  }
  void give_back(Bytes size) {
    assert(used_ >= size);
    used_.count -= size.count;
  }
  [[nodiscard]] Bytes capacity() const { return capacity_; }
  [[nodiscard]] Bytes used() const { return used_; }
  [[nodiscard]] Bytes free() const { return {capacity_.count - used_.count}; }

 private:
  Bytes capacity_;
  Bytes used_;
};

}  // namespace raysim
