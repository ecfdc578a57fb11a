// One thing that all its jobs share evenly at every moment: a loopback, the link of a device, a device, one use of a disk.
//
// Models: processor sharing, exactly: what each job has had since the beginning is the same for all, so that the one with the least
// to go is the one whose end in these terms comes first. Mirrors no part of Ray.
// Invariants: due() never lies before the last moment that was told.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

class SharedServer {
 public:
  // `rate`: amount a nanosecond, for a job alone.
  explicit SharedServer(double rate) : rate_(rate) {}

  // All calls at moments that do not go back; none after due() without end_due() in between.
  void add(Time now, std::uint32_t job, double amount);
  void remove(Time now, std::uint32_t job);
  void set_rate(Time now, double rate);
  [[nodiscard]] std::size_t jobs() const { return jobs_.size(); }
  // When the next job ends, if nothing changes; Time::max() when there is none.
  [[nodiscard]] Time due() const { return due_; }
  // At due(): appends the jobs that end there.
  void end_due(std::vector<std::uint32_t>& ended);

 private:
  struct Job {
    double end;  // in what each has had
    std::uint64_t order;
    std::uint32_t job;
    bool operator>(const Job& o) const { return end != o.end ? end > o.end : order > o.order; }
  };

  void settle(Time now);
  void plan();

  double rate_;
  double had_ = 0;  // by each job that was there all the time
  Time settled_;
  Time due_ = Time::max();
  std::vector<Job> jobs_;  // a heap, the first to end on top
  std::uint64_t next_order_ = 0;
};

}  // namespace raysim
