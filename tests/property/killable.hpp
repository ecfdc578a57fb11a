// A simulation in which any worker process ends at any moment.
#pragma once

#include <vector>

#include "tests/property/program.hpp"

namespace property {

// Ends a process at a moment.
struct Kill {
  std::size_t worker = 0;  // the number of the worker in order of creation
  Time at;
};

class KillableCluster {
 public:
  KillableCluster(const ClusterSpec& spec, const Profile& profile, const Program& program, BodyMaker driver,
                  std::uint64_t seed, std::vector<Kill> kills, Log& log);

  // False when the run ended before the driver did.
  bool run();
  [[nodiscard]] ErrorType outcome() const { return result_.error; }
  [[nodiscard]] std::size_t workers() const { return processes_.size(); }
  [[nodiscard]] ProcessId process(std::size_t worker) const { return processes_[worker]; }
  [[nodiscard]] const std::vector<ProcessId>& killed() const { return killed_; }

 private:
  struct Strike {
    static constexpr auto kind = MessageKind::none;
    std::size_t number = 0;
  };
  struct Killer {
    KillableCluster& cluster;
    void on(Strike strike);
  };

  Simulation simulation_;
  Engine& engine_;
  std::vector<Kill> kills_;
  std::vector<ProcessId> killed_;
  std::vector<ProcessId> processes_;  // of the workers
  Killer killer_{*this};
  SimulationResult result_;
};

}  // namespace property
