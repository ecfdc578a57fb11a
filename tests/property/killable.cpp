#include "tests/property/killable.hpp"

#include <utility>

namespace property {

namespace {
SimulationOptions options_of(const Program& program, BodyMaker driver, std::uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  options.policy = policy_names()[seed % policy_names().size()];
  options.functions = program.functions;
  options.driver = std::move(driver);
  return options;
}
}  // namespace

KillableCluster::KillableCluster(const ClusterSpec& spec, const Profile& profile, const Program& program,
                                 BodyMaker driver, std::uint64_t seed, std::vector<Kill> kills, Log& log)
    : simulation_(spec, profile, options_of(program, std::move(driver), seed), log),
      engine_(simulation_.runtime().engine),
      kills_(std::move(kills)) {
  WorkerMaker& make_worker = simulation_.runtime().make_worker;
  make_worker = [this, make = make_worker](NodeId node) { return processes_.emplace_back(make(node)); };
  Station& fate = engine_.add_station(engine_.add_process({0}), CpuPriority::normal);
  fate.bind(killer_);
  for (std::size_t i = 0; i < kills_.size(); ++i) fate.after<Killer>(kills_[i].at - Time{}, Strike{i}, true);
}

void KillableCluster::Killer::on(Strike strike) {
  const Kill& kill = cluster.kills_[strike.number];
  if (kill.worker >= cluster.processes_.size()) return;
  const ProcessId victim = cluster.processes_[kill.worker];
  if (!cluster.engine_.alive(victim)) return;
  cluster.killed_.push_back(victim);
  cluster.engine_.kill(victim);
}

bool KillableCluster::run() {
  result_ = simulation_.run();
  return !result_.starved;
}

}  // namespace property
