// The fabric of sim/fabric.hpp on SimGrid's fluid network model.
//
// Models: a flow of n bytes leaves `latency of its route` after its start and then shares every link of the route
// with the flows on it, max-min fairly and without weights; links are full duplex and carry nothing back. The
// fabric counts latencies itself, to the nanosecond; SimGrid sees a flow when its first byte enters the wires.
// A machine to itself is its loopback, which flows share; where a platform file gives none, it is that of a default NetworkSpec,
// which flows do not share. Links change their bandwidth at the moments of their profiles.
// Leaves out: TCP's slow start and window, Wi-Fi.
// Invariants: clock() is exact; SimGrid's clock, an origin subtracted, stands within 0.2 ns of it while bytes are on
// their way and anywhere when none are. Several fabrics may exist; only one at a time has bytes on their way.
#include "sim/fabric.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "sim/simgrid/file_topology.hpp"
#include "sim/simgrid/physics.hpp"

namespace raysim {
namespace {

namespace s4u = simgrid::s4u;
using sg::Physics;
using sg::Star;

// Hosts of SimGrid for machines and devices, and the routes between.
class Network {
 public:
  explicit Network(const PlatformSpec& platform);
  ~Network() {
    if (star_ != nullptr) Physics::give_back(*star_);
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  Route route(MachineId from, MachineId to) {
    if (from.index >= hosts_.size() || to.index >= hosts_.size()) throw std::logic_error("no such machine");
    return from == to ? topology_->loopback(from).route : topology_->route(from, to);
  }
  s4u::Host* host(MachineId machine) const { return hosts_.at(machine.index); }
  // Of a star only: there are no devices in platform files.
  s4u::Host* host(DeviceId device) const {
    if (device.index == main_memory) return host(device.machine);
    return star_->device_hosts.at(device.machine.index).at(device.index);
  }
  // What bytes of a copy go from and to: the ports of two devices that have them.
  std::pair<s4u::Host*, s4u::Host*> ends(DeviceId from, DeviceId to) const;
  Duration copy_latency(DeviceId from, DeviceId to) {
    Path path;
    topology_->copy_path(from, to, path);
    return path.latency;
  }
  bool has(DeviceId device) const {
    return star_ != nullptr && device.machine.index < hosts_.size() &&
           device.index < star_->device_hosts[device.machine.index].size();
  }

  // False when flows of the route pass through no link of SimGrid: each has the route's bandwidth for itself.
  bool shared(MachineId from, MachineId to) { return from != to || topology_->loopback(from).shared; }

  // Changes of links that are due by now.
  void change_links(Time now);
  Time next_change() const { return next_change_ < changes_.size() ? changes_[next_change_].at : Time::max(); }

 private:
  struct Change {
    Time at;
    s4u::Link* link;
    double bandwidth;
  };
  void add_changes(const LinkSpec& spec, s4u::Link* up, s4u::Link* down);

  std::unique_ptr<Topology> topology_;
  Star* star_ = nullptr;  // none: of a file
  std::vector<s4u::Host*> hosts_;
  std::vector<Change> changes_;  // in order of time
  std::size_t next_change_ = 0;
};

Network::Network(const PlatformSpec& platform) {
  Physics& physics = Physics::instance();
  if (!platform.simgrid_file.empty()) {
    auto topology = std::make_unique<sg::FileTopology>(platform);
    hosts_ = topology->hosts();
    topology_ = std::move(topology);
    return;
  }
  topology_ = std::make_unique<Tree>(platform);
  star_ = &physics.borrow_star(platform);
  hosts_ = star_->hosts;
  hosts_.resize(platform.machines.size());
  for (std::uint32_t i = 0; i < platform.machines.size(); ++i)
    add_changes(link_of(platform, {i}), star_->up[i], star_->down[i]);
  for (std::size_t i = 0; i < platform.switches.size(); ++i)
    add_changes(platform.switches[i].uplink, star_->switch_up[i], star_->switch_down[i]);
  std::stable_sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
}

std::pair<s4u::Host*, s4u::Host*> Network::ends(DeviceId from, DeviceId to) const {
  if (!are_peers(star_->device_specs, from, to)) return {host(from), host(to)};
  const auto& ports = star_->port_hosts[from.machine.index];
  return {ports[from.index], ports[to.index]};
}

void Network::add_changes(const LinkSpec& spec, s4u::Link* up, s4u::Link* down) {
  for (const LinkChange& change : spec.profile)
    for (s4u::Link* link : {up, down})
      changes_.push_back({change.at, link, spec.bandwidth.bytes_per_second * change.factor});
}

void Network::change_links(Time now) {
  for (; next_change_ < changes_.size() && changes_[next_change_].at <= now; ++next_change_)
    changes_[next_change_].link->set_bandwidth(changes_[next_change_].bandwidth);
}

class SimgridFabric final : public Fabric {
 public:
  explicit SimgridFabric(const PlatformSpec& platform) : physics_(Physics::instance()), network_(platform) {
    for (const MachineSpec& machine : platform.machines) disk_specs_.push_back(machine.disks);
  }
  ~SimgridFabric() override;
  SimgridFabric(const SimgridFabric&) = delete;
  SimgridFabric& operator=(const SimgridFabric&) = delete;

  Route route(MachineId from, MachineId to) override { return network_.route(from, to); }
  void start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) override;
  void start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) override;
  void start_work(Time at, DeviceId device, Duration work, FlowId id) override;
  void start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) override;
  void cancel_flow(FlowId id) override;
  bool busy() const override { return !flows_.empty(); }
  Time advance(Time until, std::vector<FlowId>& ended) override;
  Time clock() const override { return clock_; }

 private:
  struct Flow {
    FlowId id;
    std::uint64_t order = 0;    // of start; flows that end together are reported in it
    s4u::Host* from = nullptr;  // null: work on the host `to`
    s4u::Host* to = nullptr;
    s4u::Disk* disk = nullptr;  // bytes that it reads or writes,
    DiskUse use = DiskUse::read;
    Bytes bytes;                  // that go through SimGrid
    Duration work;                // likewise
    s4u::ActivityPtr in_physics;  // null before the first byte enters and after the last one left
  };
  // The moment a flow's first byte enters the wires; for a flow without bytes there, its end.
  struct Entry {
    Time at;
    std::uint64_t order = 0;
    FlowId id;
    bool operator>(const Entry& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  void begin(Time at, FlowId id);
  void add(Time entry, Flow flow);
  void run(Time until);
  void enter_due();
  void enter(Flow& flow);
  void move_to(Time stop);
  void step(double until);
  void left_wires();
  double in_simgrid(Time t) const { return origin_simgrid_ + (t - origin_).in_seconds(); }
  Time rounded_up(double simgrid_clock) const;

  Physics& physics_;
  Network network_;
  std::vector<std::vector<DiskSpec>> disk_specs_;  // of each machine
  std::map<DiskId, s4u::Disk*> disks_;             // that have been used
  Time clock_;
  Time origin_;                                    // this moment of clock_ ...
  double origin_simgrid_ = 0;                      // ... is this one of SimGrid's clock
  std::uint64_t started_ = 0;                      // flows, ever
  std::size_t on_wires_ = 0;                       // flows in SimGrid
  std::unordered_map<std::uint64_t, Flow> flows_;  // by id; the nodes do not move, SimGrid holds pointers to them
  std::vector<Entry> entries_;                     // a heap, soonest first; those of cancelled flows stay until due
  std::vector<Flow*> ended_;                       // not yet reported
};

SimgridFabric::~SimgridFabric() {
  if (on_wires_ == 0) return;
  for (auto& [id, flow] : flows_) {
    if (flow.in_physics) physics_.cancel(flow.in_physics);
  }
  physics_.step(physics_.clock());  // SimGrid lets go of them, before the hosts go to another fabric
  physics_.end_turn(this);
}

void SimgridFabric::begin(Time at, FlowId id) {
  if (at < clock_) throw std::logic_error("a flow starts before the physical clock");
  if (flows_.contains(id.value)) throw std::logic_error("a flow with this id is on its way");
  run(at);
  if (clock_ < at) throw std::logic_error("a flow ended before this one starts; call advance() first");
}

void SimgridFabric::add(Time entry, Flow flow) {
  flow.order = started_++;
  entries_.push_back({entry, flow.order, flow.id});
  std::push_heap(entries_.begin(), entries_.end(), std::greater<>{});
  flows_.emplace(flow.id.value, std::move(flow));
}

void SimgridFabric::start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) {
  if (size.count < 0) throw std::logic_error("start_flow: negative size");
  const Route path = network_.route(from, to);
  begin(at, id);
  Time entry = at + std::max(path.latency - under_way, Duration{});
  const bool shared = network_.shared(from, to);
  if (!shared) entry = entry + path.bandwidth.time_for(size);
  add(entry, {.id = id,
              .from = network_.host(from),
              .to = network_.host(to),
              .bytes = shared ? size : Bytes{},
              .work = {},
              .in_physics = nullptr});
}

void SimgridFabric::start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) {
  if (size.count < 0) throw std::logic_error("start_copy: negative size");
  const Duration latency = network_.copy_latency(from, to);
  const auto [source, target] = network_.ends(from, to);
  begin(at, id);
  add(at + latency, {.id = id, .from = source, .to = target, .bytes = size, .work = {}, .in_physics = nullptr});
}

void SimgridFabric::start_work(Time at, DeviceId device, Duration work, FlowId id) {
  if (work < Duration{} || !network_.has(device))
    throw std::logic_error("start_work: negative work, or no such device");
  begin(at, id);
  add(at, {.id = id, .from = nullptr, .to = network_.host(device), .bytes = {}, .work = work, .in_physics = nullptr});
}

void SimgridFabric::start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) {
  if (size.count < 0 || disk.machine.index >= disk_specs_.size() ||
      disk.index >= disk_specs_[disk.machine.index].size())
    throw std::logic_error("start_io: negative size, or no such disk");
  begin(at, id);
  const DiskSpec& spec = disk_specs_[disk.machine.index][disk.index];
  s4u::Disk*& known = disks_[disk];
  if (known == nullptr) known = physics_.disk(network_.host(disk.machine), disk.index, spec);
  Flow flow;
  flow.id = id;
  flow.disk = known;
  flow.use = use;
  flow.bytes = size;
  add(at + spec.latency, std::move(flow));
}

void SimgridFabric::cancel_flow(FlowId id) {
  const auto found = flows_.find(id.value);
  if (found == flows_.end()) return;
  if (found->second.in_physics) {
    physics_.cancel(found->second.in_physics);
    left_wires();
  }
  std::erase(ended_, &found->second);
  flows_.erase(found);
}

Time SimgridFabric::advance(Time until, std::vector<FlowId>& ended) {
  if (until < clock_) throw std::logic_error("advance: the moment lies before the physical clock");
  run(until);
  std::sort(ended_.begin(), ended_.end(), [](const Flow* a, const Flow* b) { return a->order < b->order; });
  for (const Flow* flow : ended_) {
    const FlowId id = flow->id;
    ended.push_back(id);
    flows_.erase(id.value);
  }
  ended_.clear();
  return clock_;
}

// To the first moment at which flows end, or to `until`.
void SimgridFabric::run(Time until) {
  while (true) {
    network_.change_links(clock_);
    enter_due();
    if (!ended_.empty() || clock_ >= until) return;
    const Time next = std::min(until, network_.next_change());
    move_to(entries_.empty() ? next : std::min(next, entries_.front().at));
  }
}

void SimgridFabric::enter_due() {
  while (!entries_.empty() && entries_.front().at <= clock_) {
    const Entry entry = entries_.front();
    std::pop_heap(entries_.begin(), entries_.end(), std::greater<>{});
    entries_.pop_back();
    const auto found = flows_.find(entry.id.value);
    if (found == flows_.end() || found->second.order != entry.order) continue;  // cancelled
    if (found->second.bytes.count > 0 || found->second.work > Duration{}) {
      enter(found->second);
    } else {
      ended_.push_back(&found->second);
    }
  }
}

void SimgridFabric::enter(Flow& flow) {
  if (on_wires_ == 0) {
    // SimGrid stood still while nothing was on its way: tie its present to ours. So it never runs through idle time,
    // and its clock, shared by all fabrics of the process, needs no meeting with that of any other.
    physics_.begin_turn(this);
    origin_ = clock_;
    origin_simgrid_ = physics_.clock();
  }
  flow.in_physics = flow.disk != nullptr   ? physics_.start_io(flow.disk, flow.use, flow.bytes, &flow)
                    : flow.from != nullptr ? physics_.start(flow.from, flow.to, flow.bytes, &flow)
                                           : physics_.start_work(flow.to, flow.work, &flow);
  ++on_wires_;
}

// To `stop`, or to the first moment before it at which bytes arrive. No entry lies between.
void SimgridFabric::move_to(Time stop) {
  const double target = in_simgrid(stop);
  while (on_wires_ > 0 && ended_.empty() && physics_.clock() < target) step(target);
  if (ended_.empty()) {
    clock_ = stop;
    return;
  }
  clock_ = std::clamp(rounded_up(physics_.clock()), clock_, stop);
  // On to the full nanosecond, where others may end too.
  const double end = in_simgrid(clock_);
  while (on_wires_ > 0 && physics_.clock() < end) step(end);
}

void SimgridFabric::step(double until) {
  for (void* token : physics_.step(until)) {
    auto* const flow = static_cast<Flow*>(token);
    flow->in_physics = nullptr;
    left_wires();
    ended_.push_back(flow);
  }
}

void SimgridFabric::left_wires() {
  if (--on_wires_ == 0) physics_.end_turn(this);
}

Time SimgridFabric::rounded_up(double simgrid_clock) const {
  const double elapsed = simgrid_clock - origin_simgrid_ - sg::date_precision;
  return origin_ + Duration::nanoseconds(static_cast<std::int64_t>(std::ceil(elapsed * 1e9)));
}

}  // namespace

std::unique_ptr<Fabric> make_simgrid_fabric(const PlatformSpec& platform) {
  return std::make_unique<SimgridFabric>(platform);
}

NetworkModel network_model(const PlatformSpec& platform) {
  const NetworkModel model = platform.network.model;
  if (model != NetworkModel::automatic) return model;
  return platform.machines.size() <= most_machines_of_flow ? NetworkModel::flow : NetworkModel::chunk;
}

std::unique_ptr<Fabric> make_fabric(const PlatformSpec& platform) {
  if (network_model(platform) == NetworkModel::flow) return make_simgrid_fabric(platform);
  if (platform.simgrid_file.empty()) return make_chunk_fabric(platform, std::make_unique<Tree>(platform));
  return make_chunk_fabric(platform, std::make_unique<sg::FileTopology>(platform));
}

std::vector<SimgridHost> load_simgrid_hosts(const std::string& path) {
  std::vector<SimgridHost> hosts;
  for (const auto& [name, host] : Physics::instance().load_file(path).hosts) {
    const auto* properties = host->get_properties();
    SimgridHost entry{name, host->get_core_count(), {properties->begin(), properties->end()}};
    std::sort(entry.properties.begin(), entry.properties.end());
    hosts.push_back(std::move(entry));
  }
  return hosts;
}

}  // namespace raysim
