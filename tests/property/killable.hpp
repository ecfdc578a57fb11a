// A cluster like that of scenarios/simulation.cpp, put together here so that a test can end any worker process at any moment.
#pragma once

#include <memory>
#include <string>
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
  [[nodiscard]] ErrorType outcome() const { return outcome_; }
  [[nodiscard]] std::size_t workers() const { return workers_.size(); }
  [[nodiscard]] ProcessId process(std::size_t worker) const { return processes_[worker]; }
  [[nodiscard]] const std::vector<ProcessId>& killed() const { return killed_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }

 private:
  struct Strike {
    static constexpr auto kind = MessageKind::none;
    std::size_t number = 0;
  };
  struct Killer {
    KillableCluster& cluster;
    void on(Strike strike);
  };
  void build(const Program& program);

  Engine engine_;
  Runtime runtime_;
  std::vector<Kill> kills_;
  std::vector<ProcessId> killed_;
  Killer killer_;
  std::unique_ptr<Gcs> gcs_;
  std::unique_ptr<CentralScheduler> central_;  // where the policy wants one
  std::vector<std::unique_ptr<Raylet>> raylets_;
  std::vector<std::unique_ptr<CoreWorker>> workers_;
  std::vector<ProcessId> processes_;  // of the workers; a dead worker knows its own no more
  std::unique_ptr<CoreWorker> driver_;
  ErrorType outcome_ = ErrorType::none;
  bool over_ = false;
};

}  // namespace property
