#include "tests/property/killable.hpp"

#include <utility>

namespace property {

namespace {
EngineSettings settings_of(const Profile& profile, std::uint64_t seed) {
  EngineSettings settings;
  settings.seed = seed;
  settings.costs = profile.messages;
  settings.loopback_wakeup = profile.costs.loopback_wakeup;
  settings.network_wakeup = profile.costs.network_wakeup;
  return settings;
}
}  // namespace

KillableCluster::KillableCluster(const ClusterSpec& spec, const Profile& profile, const Program& program,
                                 BodyMaker driver, std::uint64_t seed, std::vector<Kill> kills, Log& log)
    : engine_(spec.platform, make_simgrid_fabric(spec.platform), settings_of(profile, seed)),
      runtime_(engine_, spec, profile, log),
      kills_(std::move(kills)),
      killer_{*this} {
  Station& fate = engine_.add_station(engine_.add_process({0}), CpuPriority::normal);
  fate.bind(killer_);
  for (std::size_t i = 0; i < kills_.size(); ++i) fate.after<Killer>(kills_[i].at - Time{}, Strike{i}, true);
  build(program);
  driver_ = std::make_unique<CoreWorker>(runtime_, spec.head(), CoreWorker::Role::driver);
  driver_->start_driver(driver);
}

void KillableCluster::Killer::on(Strike strike) {
  const Kill& kill = cluster.kills_[strike.number];
  if (kill.worker >= cluster.workers_.size()) return;
  const ProcessId victim = cluster.processes_[kill.worker];
  if (!cluster.engine_.alive(victim)) return;
  cluster.killed_.push_back(victim);
  cluster.engine_.kill(victim);
}

void KillableCluster::build(const Program& program) {
  const ClusterSpec& spec = runtime_.cluster;
  runtime_.functions = program.functions;
  for (const MachineSpec& machine : spec.platform.machines) runtime_.contended |= machine.contended;
  for (std::uint32_t i = 0; i < spec.nodes.size(); ++i) runtime_.node_order.push_back({i});
  runtime_.make_worker = [this](NodeId node) {
    workers_.push_back(std::make_unique<CoreWorker>(runtime_, node, CoreWorker::Role::worker));
    CoreWorker& worker = *workers_.back();
    processes_.push_back(worker.process());
    raylets_[node.index]->introduce(worker.process(), worker.address());
    worker.start_worker();
    return worker.process();
  };
  runtime_.driver_ended = [this](const std::string&, ErrorType error) {
    outcome_ = error;
    over_ = true;
    engine_.stop();
  };
  const std::string_view policy = policy_names()[engine_.seed() % policy_names().size()];
  runtime_.make_policy = [policy](const PolicySettings& settings) { return make_policy(policy, settings); };
  runtime_.traits = runtime_.make_policy({})->traits();
  gcs_ = std::make_unique<Gcs>(runtime_);
  runtime_.gcs = gcs_->address();
  if (runtime_.traits.central) {
    central_ = std::make_unique<CentralScheduler>(runtime_);
    runtime_.central = central_->address();
  }
  for (std::uint32_t i = 0; i < spec.nodes.size(); ++i) {
    raylets_.push_back(std::make_unique<Raylet>(runtime_, NodeId{i}));
    runtime_.raylets.push_back(raylets_.back()->address());
  }
  if (!runtime_.contended) return;
  gcs_->start_idle_work();
  for (const auto& raylet : raylets_) raylet->start_idle_work();
}

bool KillableCluster::run() {
  engine_.run();
  return over_;
}

}  // namespace property
