#include "scenarios/simulation.hpp"

#include <algorithm>

#include "models/core_worker/wait_graph.hpp"

namespace raysim {

namespace {
EngineSettings engine_settings(const Profile& profile, std::uint64_t seed) {
  EngineSettings settings;
  settings.seed = seed;
  settings.costs = profile.messages;
  settings.sharing = {profile.costs.tick, profile.costs.time_slice, profile.costs.low_weight,
                      profile.costs.sharing_slowdown};
  settings.flow_threshold = profile.costs.flow_threshold;
  settings.thread_wakeup = profile.costs.thread_wakeup;
  settings.loopback_wakeup = profile.costs.loopback_wakeup;
  settings.network_wakeup = profile.costs.network_wakeup;
  return settings;
}

// Disks as the cluster says; what it leaves out is the profile's, and every machine has one.
PlatformSpec with_disks(PlatformSpec platform, const Costs& costs) {
  for (MachineSpec& machine : platform.machines) {
    if (machine.disks.empty()) machine.disks.emplace_back();
    for (DiskSpec& disk : machine.disks) {
      if (disk.read == Bandwidth{}) disk.read = {static_cast<double>(costs.disk_read_bandwidth.count)};
      if (disk.write == Bandwidth{}) disk.write = {static_cast<double>(costs.disk_write_bandwidth.count)};
    }
  }
  return platform;
}
}  // namespace

Simulation::Simulation(const ClusterSpec& cluster, const Profile& profile, SimulationOptions options,
                       RecordSink& record)
    : engine_(with_disks(cluster.platform, profile.costs), make_fabric(with_disks(cluster.platform, profile.costs)),
              engine_settings(profile, options.seed)),
      runtime_(engine_, cluster, profile, record),
      options_(std::move(options)) {
  build();
}

Simulation::~Simulation() { runtime_.handles->out_of_scope = nullptr; }  // bodies that go now tell nobody

void Simulation::set_policy() {
  runtime_.make_policy = options_.own_policy;
  if (!runtime_.make_policy)
    runtime_.make_policy = [name = options_.policy](const PolicySettings& settings) {
      return make_policy(name, settings);
    };
  const auto policy = runtime_.make_policy({});
  runtime_.traits = policy->traits();
  runtime_.sees_priorities = policy->sees_priorities();
  runtime_.view_delay = options_.view_delay;
  runtime_.decision_time = options_.decision_time;
}

// Ray's node ids are random, and ties between nodes go by them.
void Simulation::draw_node_ids() {
  RandomStream ids = engine_.stream("node ids");
  auto& order = runtime_.node_order;
  for (std::uint32_t i = 0; i < runtime_.cluster.nodes.size(); ++i) order.push_back({i});
  for (auto i = static_cast<std::uint32_t>(order.size()); i > 1; --i) std::swap(order[i - 1], order[ids.below(i)]);
}

// What processes ask for that they cannot do themselves.
void Simulation::set_callbacks() {
  runtime_.make_worker = [this](NodeId node) {
    const ProcessId process = make_worker(node);
    workers_.back()->start_worker();
    return process;
  };
  runtime_.worker_gone = [this](ProcessId process) {
    const auto is_it = [&](const auto& driver) { return driver->process() == process; };
    const auto driver = std::find_if(drivers_.begin(), drivers_.end(), is_it);
    CoreWorker& gone = driver != drivers_.end() ? **driver : *workers_[worker_of_process_[process.index]];
    gone.release_references();
  };
  runtime_.driver_ended = [this](JobId job, const std::string& why, ErrorType error) { driver_ended(job, why, error); };
  runtime_.handles->out_of_scope = [this](ActorId actor) {
    engine_.post(Address<CoreWorker>{runtime_.actors[actor.index].owner}, ActorOutOfScope{actor});
  };
}

void Simulation::build() {
  const auto nodes = static_cast<std::uint32_t>(runtime_.cluster.nodes.size());
  set_policy();
  runtime_.functions = std::move(options_.functions);
  for (const MachineSpec& machine : runtime_.cluster.platform.machines) runtime_.contended |= machine.contended;
  draw_node_ids();

  const auto is_there = [this](std::uint32_t i) { return runtime_.cluster.nodes[i].joins_at == Duration{}; };
  set_callbacks();
  gcs_ = std::make_unique<Gcs>(runtime_);
  runtime_.gcs = gcs_->address();
  if (runtime_.traits.central) {
    central_ = std::make_unique<CentralScheduler>(runtime_);
    runtime_.central = central_->address();
  }
  for (std::uint32_t i = 0; i < nodes; ++i) {
    raylets_.push_back(std::make_unique<Raylet>(runtime_, NodeId{i}));
    runtime_.raylets.push_back(raylets_.back()->address());
    runtime_.stores.push_back(&raylets_.back()->objects().store());
  }
  if (options_.store) {
    store_ = std::make_unique<StoreService>(runtime_, *options_.store);
    runtime_.distributed_store = store_->address();
  }
  gcs_->start_idle_work();
  for (std::uint32_t i = 0; i < nodes; ++i)
    if (is_there(i)) raylets_[i]->start_idle_work();
  // The head came up first; its agents are done when a driver connects.
  for (std::uint32_t i = 0; !options_.warm_workers && i < nodes; ++i)
    if (!runtime_.cluster.nodes[i].head && is_there(i)) raylets_[i]->start_agents();
  for (std::uint32_t i = 0; i < nodes; ++i)
    if (!is_there(i)) raylets_[i]->join_later(runtime_.cluster.nodes[i].joins_at);
  for (std::uint32_t i = 0; options_.warm_workers && i < nodes; ++i) {
    if (!is_there(i)) continue;
    const auto cpus = runtime_.cluster.nodes[i].total.get(cpu_resource).ticks / ResourceAmount::unit;
    for (std::int64_t w = 0; w < cpus; ++w) {
      const ProcessId process = make_worker({i});
      raylets_[i]->add_warm_worker(process, workers_.back()->address());
      workers_.back()->set_used();
      workers_.back()->start_idle_work();
    }
  }
  start_drivers();
}

void Simulation::start_drivers() {
  if (options_.jobs.empty()) options_.jobs.push_back({std::move(options_.driver), "driver", {}, std::nullopt, ""});
  drivers_left_ = options_.jobs.size();
  result_.jobs.resize(drivers_left_);
  for (JobOptions& options : options_.jobs) {
    const JobId job{static_cast<std::uint32_t>(runtime_.jobs.size())};
    const NodeId node = options.node.value_or(runtime_.cluster.head());
    CoreWorker& driver = *drivers_.emplace_back(std::make_unique<CoreWorker>(runtime_, node, CoreWorker::Role::driver));
    // The namespace of a job that has not named one has a random name, which nobody else knows.
    if (options.name_space.empty()) options.name_space = std::to_string(mix(engine_.seed(), job.index));
    runtime_.jobs.push_back({options.name, options.name_space, job, driver.process()});
    runtime_.bind(driver.process(), job);
    record_job(job, "RUNNING", Time{} + options.at);
    driver.start_driver(std::move(options.driver), options.at);
  }
}

void Simulation::record_job(JobId job, const char* state, Time at) {
  runtime_.record.on_job({job.index, runtime_.jobs[job.index].name, state, at});
}

// The run ends with its last driver. The process of another one goes on to its end.
void Simulation::driver_ended(JobId job, const std::string& why, ErrorType error) {
  result_.jobs[job.index] = {true, engine_.now(), error, why};
  record_job(job, error == ErrorType::none ? "SUCCEEDED" : "FAILED", engine_.now());
  if (--drivers_left_ > 0) return drivers_[job.index]->exit_driver();
  result_.end = engine_.now();
  engine_.stop();
}

ProcessId Simulation::make_worker(NodeId node) {
  workers_.push_back(std::make_unique<CoreWorker>(runtime_, node, CoreWorker::Role::worker));
  const CoreWorker& worker = *workers_.back();
  worker_of_process_.resize(worker.process().index + std::size_t{1});
  worker_of_process_[worker.process().index] = static_cast<std::uint32_t>(workers_.size() - 1);
  raylets_[node.index]->introduce(worker.process(), worker.address());
  return worker.process();
}

SimulationResult Simulation::run(const Progress& progress) {
  const RunEnd end = engine_.run([&] { return !progress || progress(engine_.now(), engine_.events()); });
  if (drivers_left_ > 0) {
    result_.end = engine_.now();
    result_.interrupted = end == RunEnd::interrupted;
    result_.starved = !result_.interrupted;
    if (result_.starved) {
      WaitGraph graph;
      for (const auto& driver : drivers_) driver->describe_waits(graph);
      for (const auto& worker : workers_) worker->describe_waits(graph);
      result_.deadlock = graph.cycle();
    }
  }
  for (std::size_t i = result_.jobs.size(); i-- > 0;) {
    const JobResult& job = result_.jobs[i];
    if (job.error == ErrorType::none) continue;
    result_.error = job.error;
    result_.message = result_.jobs.size() > 1 ? "driver " + runtime_.jobs[i].name + ": " + job.message : job.message;
  }
  result_.events = engine_.events();
  result_.messages = engine_.messages();
  result_.messages_by_kind = engine_.messages_by_kind();
  for (const ResourceLoad::Shape& shape : runtime_.load.shapes())
    result_.demand.emplace_back(to_string(shape.resources, runtime_.resource_names), shape.peak);
  result_.flows = engine_.flows();
  result_.flow_bytes = engine_.flow_bytes();
  result_.fingerprint = engine_.fingerprint();
  return result_;
}

bool Simulation::run_until(Time moment) { return engine_.run({}, moment) == RunEnd::paused; }

std::vector<Simulation::ProcessObjects> Simulation::list_objects() const {
  std::vector<ProcessObjects> processes;
  const auto add = [&](const CoreWorker& worker, bool driver) {
    if (!engine_.alive(worker.process())) return;
    std::vector<ListedObject> objects = worker.list_objects();
    if (!objects.empty()) processes.push_back({worker.node(), worker.process(), driver, std::move(objects)});
  };
  for (const auto& driver : drivers_) add(*driver, true);
  for (const auto& worker : workers_) add(*worker, false);
  return processes;
}

}  // namespace raysim
