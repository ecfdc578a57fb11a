// A process on the second machine that gives work to its devices or disks, notes when each job is done, and may kill another one then.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine.hpp"
#include "tests/unit/fabric_checks.hpp"

namespace fabric_checks {

struct Done {
  static constexpr std::uint8_t kind = 0;
  int job = 0;
};

struct Worker {
  explicit Worker(raysim::Engine& e)
      : engine(e), station(e.add_station(e.add_process(m1), raysim::CpuPriority::normal)) {
    station.bind(*this);
  }
  void on(Done done) {
    ends.push_back(station.now());
    if (done.job == kills_after) engine.kill(victim);
  }

  raysim::Engine& engine;
  raysim::Station& station;
  raysim::ProcessId victim = {};
  int kills_after = 0;  // a job
  std::vector<Time> ends = {};
};

}  // namespace fabric_checks
