// See physics.hpp. Measured and read in SimGrid 3.32; what SimGrid 4 changes is said where it matters.
#include "sim/simgrid/physics.hpp"

#include <xbt/log.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <optional>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <stdexcept>
#include <string_view>
#include <typeinfo>

#include "sim/simgrid/platform_file.hpp"

namespace raysim::sg {
namespace {

namespace s4u = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;
using simgrid::kernel::routing::NetZoneImpl;

// Where SimGrid's clock begins. A double has the same spacing of values, 2^-35 s, all over [2^17 s, 2^18 s), so a
// run gives the same result to the bit wherever in this span it begins, that is whatever ran before it in the
// process. Only time with bytes on their way counts (see SimgridFabric::enter): 36 hours of it. Beyond, the spacing
// doubles each time the clock does and an end may move by a nanosecond.
constexpr double clock_begin = 131072.0;

// Thrown through SimGrid by RootZone::do_seal().
struct KeepOpen {};

// The zone that holds all others. Engine::run() seals the root zone at its first call, after which SimGrid accepts
// no further platform. It does so exactly once, and sealing begins with do_seal(): leaving it by an exception keeps
// the root open, so that platforms can be added at any time. (SimGrid 4: to be tried again.)
class RootZone final : public NetZoneImpl {
 public:
  RootZone() : NetZoneImpl("raysim") {}

 private:
  void do_seal() override { throw KeepOpen{}; }
  // Fabrics never send between platforms.
  void get_local_route(const NetPoint* /*src*/, const NetPoint* /*dst*/, simgrid::kernel::routing::Route* /*into*/,
                       double* /*latency*/) override {
    throw std::invalid_argument("no route between two platforms");
  }
  void get_graph(const s_xbt_graph_t* /*graph*/, std::map<std::string, xbt_node_t, std::less<>>* /*nodes*/,
                 std::map<std::string, xbt_edge_t, std::less<>>* /*edges*/) override {}
};

// SimGrid installs handlers for these when its engine is made; how a process dies is not its business here.
class KeepSignalHandlers {
 public:
  KeepSignalHandlers() {
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), nullptr, &saved_.at(i));
  }
  ~KeepSignalHandlers() {
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &saved_.at(i), nullptr);
  }
  KeepSignalHandlers(const KeepSignalHandlers&) = delete;
  KeepSignalHandlers& operator=(const KeepSignalHandlers&) = delete;

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGSEGV, SIGBUS};
  std::array<struct sigaction, signals.size()> saved_{};
};

void set_options() {
  // A platform's numbers mean what they say: no factors, no cap by TCP's window, no cost of acknowledgements on the
  // way back (links are full duplex, and 5 % of back traffic is within what a cluster's network is not known to).
  s4u::Engine::set_config("network/model:CM02");
  s4u::Engine::set_config("network/optim:Lazy");
  s4u::Engine::set_config("network/bandwidth-factor:1");
  s4u::Engine::set_config("network/crosstraffic:0");
  s4u::Engine::set_config("network/TCP-gamma:1e30");
  // CM02 weighs a flow by the latency of its route, in the solver's sums of 1/latency too: with many flows of a few
  // microseconds their rounding error exceeds the solver's absolute tolerance and SimGrid aborts. And a flow without
  // any latency would never end. Latency factor 0 gives every flow the weight 1 (shares are plain max-min, sums are
  // exact); weight-S only has to be positive, because SimGrid skips actions whose nominal weight is 0.
  s4u::Engine::set_config("network/latency-factor:0");
  s4u::Engine::set_config("network/weight-S:1e-9");
  s4u::Engine::set_config("surf/precision", date_precision);
  s4u::Engine::set_config("maxmin/precision", 1e-9);
  // What a platform file means by a host without a loopback.
  const NetworkSpec network;
  s4u::Engine::set_config("network/loopback-bw", network.loopback_bandwidth.bytes_per_second);
  s4u::Engine::set_config("network/loopback-lat", network.loopback_latency.in_seconds());
}

void check_links(const NetZoneImpl& zone) {
  for (const s4u::Link* link : zone.get_all_links()) {
    if (link->get_sharing_policy() == s4u::Link::SharingPolicy::WIFI) {
      throw std::invalid_argument("link '" + link->get_name() + "' is Wi-Fi, which is not supported");
    }
    if (!(link->get_bandwidth() > 0)) throw std::invalid_argument("link '" + link->get_name() + "' has no bandwidth");
  }
}

// SimGrid aborts when it looks for a route in a zone whose routing is "None".
bool has_no_routing(const NetZoneImpl& zone) {
  return std::string_view(typeid(zone).name()).find("EmptyZone") != std::string_view::npos;
}

// With one host in such a zone there is no route in it to look for, except to itself, which the fabric does not do.
void check_routing(const NetZoneImpl& zone) {
  if (has_no_routing(zone) && (zone.get_vertices().size() > 1 || !zone.get_children().empty())) {
    throw std::invalid_argument("zone '" + zone.get_name() + "' has routing \"None\", which allows one host in it");
  }
  for (const NetZoneImpl* child : zone.get_children()) check_routing(*child);
}

// Each host once as source and once as destination. A route that throws is reported when it is asked for; one that
// kills SimGrid (as a host without any route does in a Dijkstra zone) must do so in the trial.
void try_routes(const FilePlatform& platform) {
  const s4u::Host* before = platform.hosts.rbegin()->second;
  for (const auto& [name, host] : platform.hosts) {
    if (host == before && platform.without_loopback.contains(host)) continue;
    std::cerr << "route from '" << before->get_name() << "' to '" << name << "'\n";
    try {
      std::vector<s4u::Link*> links;
      double latency = 0;
      before->route_to(host, links, &latency);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    }
    before = host;
  }
}

}  // namespace

Physics& Physics::instance() {
  // Never destroyed: SimGrid's own objects die in no order that could be relied on.
  static auto* const physics = new Physics;
  return *physics;
}

Physics::Physics() {
  const KeepSignalHandlers keep;
  std::string name = "raysim";
  std::string log = "--log=root.thresh:error";
  std::string exit = "--cfg=debug/clean-atexit:no";  // nothing to save at exit, and flows may be on their way
  std::array<char*, 4> argv{name.data(), log.data(), exit.data(), nullptr};
  int argc = 3;
  engine_ = new s4u::Engine(&argc, argv.data());
  set_options();
  root_ = new RootZone;
  s4u::NetZone::on_creation_cb([this](const s4u::NetZone& zone) {
    if (!parsing_ || file_zone_ != nullptr) return;
    // The parser takes the top zone of a file for a root: it gives it no parent, hence no models, and looks names up
    // from the true root. Adoption at birth gives it both.
    file_zone_ = zone.get_impl();
    file_zone_->set_parent(root_);
  });
  s4u::Activity::on_completion_cb([this](const s4u::Activity& activity) {
    void* const token = activity.get_data<void>();
    if (token != nullptr && activity.get_state() == s4u::Activity::State::FINISHED) ended_.push_back(token);
  });
  stay_open();
}

void Physics::stay_open() {
  try {
    engine_->run_until(clock_begin);
    throw std::logic_error("SimGrid did not seal its root zone as SimGrid 3.32 does");
  } catch (const KeepOpen&) {  // NOLINT(bugprone-empty-catch): see RootZone
  }
  step(clock_begin);
}

const std::vector<void*>& Physics::step(double until) {
  ended_.clear();
  // run_until() leaves after one event while activities are vetoed. By itself it would run on through any number of
  // completions, and stop up to 10 us before the moment asked for.
  engine_->track_vetoed_activities(&one_event_);
  if (!cancelled_.empty()) {
    // A cancelled flow holds its share until SimGrid has handled it, which it does only after time went on.
    engine_->run_until(clock());
    cancelled_.clear();
  }
  if (ended_.empty()) engine_->run_until(until);
  engine_->track_vetoed_activities(nullptr);
  return ended_;
}

s4u::ActivityPtr Physics::start(s4u::Host* from, s4u::Host* to, Bytes bytes, void* token) {
  // No actor is involved, so the flow belongs to SimGrid's maestro and reports through on_completion. It must not be
  // detached (then it does not report, in 3.32), and the size comes first (without one it would not start).
  s4u::CommPtr flow = s4u::Comm::sendto_async(from, to, static_cast<std::uint64_t>(bytes.count));
  flow->set_data(token);
  return flow;
}

s4u::ActivityPtr Physics::start_work(s4u::Host* host, Duration work, void* token) {
  s4u::ExecPtr job = s4u::Exec::init();
  job->set_host(host)->set_flops_amount(work.in_seconds() * work_a_second)->set_data(token);
  job->start();
  return job;
}

s4u::Disk* Physics::disk(s4u::Host* host, std::uint32_t index, const DiskSpec& spec) {
  s4u::Disk*& disk = disks_[{host, index}];
  const double read = spec.read.bytes_per_second;
  const double write = spec.write.bytes_per_second;
  if (!(read > 0) || !(write > 0)) throw std::logic_error("a disk without bandwidth");
  if (disk == nullptr) {
    disk = host->create_disk(host->get_name() + ".used_disk" + std::to_string(index), read, write);
    disk->seal();
  }
  disk->set_read_bandwidth(read);
  disk->set_write_bandwidth(write);
  disk->set_readwrite_bandwidth(std::max(read, write));
  return disk;
}

s4u::ActivityPtr Physics::start_io(s4u::Disk* disk, DiskUse use, Bytes bytes, void* token) {
  s4u::IoPtr io = s4u::Io::init();
  io->set_disk(disk)->set_size(static_cast<sg_size_t>(bytes.count));
  io->set_op_type(use == DiskUse::read ? s4u::Io::OpType::READ : s4u::Io::OpType::WRITE)->set_data(token);
  io->start();
  return io;
}

void Physics::cancel(const s4u::ActivityPtr& flow) {
  flow->set_data(nullptr);
  flow->cancel();
  cancelled_.push_back(flow);  // SimGrid uses it once more
}

void Physics::begin_turn(const void* fabric) {
  if (turn_ != nullptr && turn_ != fabric) {
    throw std::logic_error("two fabrics with flows on their way at once: SimGrid has one clock a process");
  }
  turn_ = fabric;
}

void Physics::end_turn(const void* fabric) {
  if (turn_ == fabric) turn_ = nullptr;
}

Star& Physics::borrow_star(const PlatformSpec& platform) {
  // SimGrid never gives memory of a platform back, so stars are used again, with other links where needed.
  Star* best = nullptr;
  for (const auto& star : stars_) {
    if (star->lent || !star->serves(platform)) continue;
    if (best == nullptr || star->hosts.size() < best->hosts.size()) best = star.get();
  }
  if (best == nullptr) {
    const std::string prefix = "raysim." + std::to_string(stars_.size());  // names are unique in the process
    stars_.push_back(std::make_unique<Star>(platform, prefix, *root_->get_iface()));
    best = stars_.back().get();
  }
  best->set_links(platform);
  best->lent = true;
  return *best;
}

const FilePlatform& Physics::load_file(const std::string& path) {
  std::string text = read_platform_text(path);
  for (const auto& file : files_) {
    if (file->path == path && file->text == text) return *file;
  }
  if (const auto complaint = complaint_of([&] { try_routes(parse_file(path)); })) {
    std::string message = "platform file '" + path + "': " + *complaint;
    if (!files_.empty()) message += " (names must differ from those of platform files loaded before in this process)";
    throw std::invalid_argument(message);
  }
  files_.push_back(std::make_unique<FilePlatform>(parse_file(path)));
  files_.back()->text = std::move(text);
  return *files_.back();
}

FilePlatform Physics::parse_file(const std::string& path) {
  parsing_ = true;
  file_zone_ = nullptr;
  engine_->load_platform(std::filesystem::absolute(path).string());
  parsing_ = false;
  if (file_zone_ == nullptr) throw std::invalid_argument("it has no zone");
  file_zone_->get_iface()->seal();
  check_links(*file_zone_);
  check_routing(*file_zone_);
  FilePlatform platform{path, {}, {}, {}};
  for (s4u::Host* host : file_zone_->get_filtered_hosts([](const s4u::Host*) { return true; })) {
    platform.hosts.emplace(host->get_name(), host);
    if (has_no_routing(*host->get_englobing_zone()->get_impl())) platform.without_loopback.insert(host);
  }
  if (platform.hosts.empty()) throw std::invalid_argument("it has no host");
  return platform;
}

}  // namespace raysim::sg
