#include "sim/simgrid/file_topology.hpp"

#include <algorithm>
#include <stdexcept>

namespace raysim::sg {

namespace s4u = simgrid::s4u;

FileTopology::FileTopology(const PlatformSpec& platform) : file_(Physics::instance().load_file(platform.simgrid_file)) {
  for (const MachineSpec& machine : platform.machines) {
    const auto found = file_.hosts.find(machine.name);
    if (found == file_.hosts.end())
      throw std::invalid_argument("platform file '" + file_.path + "' has no host '" + machine.name + "'");
    hosts_.push_back(found->second);
  }
}

Loopback FileTopology::loopback(MachineId machine) {
  if (!file_.without_loopback.contains(hosts_.at(machine.index))) return {way(machine, machine).route, true};
  const NetworkSpec network;
  return {{network.loopback_latency, network.loopback_bandwidth}, false};
}

const FileTopology::Way& FileTopology::way(MachineId from, MachineId to) {
  const std::uint64_t key = std::uint64_t{from.index} << 32 | to.index;
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  return known_.emplace(key, ask(from, to)).first->second;
}

FileTopology::Way FileTopology::ask(MachineId from, MachineId to) {
  std::vector<s4u::Link*> links;
  double latency = 0;
  std::string why;
  s4u::Host* const source = hosts_.at(from.index);
  s4u::Host* const target = hosts_.at(to.index);
  try {
    source->route_to(target, links, &latency);
  } catch (const std::exception& error) {
    links.clear();
    why = std::string(": ") + error.what();
  }
  if (links.empty()) {
    throw std::invalid_argument("platform file '" + file_.path + "': no route from '" + source->get_name() + "' to '" +
                                target->get_name() + "'" + why);
  }
  Way way{{Duration::seconds(latency), Bandwidth{links.front()->get_bandwidth()}},
          {Duration::seconds(latency), {}, {}}};
  for (const s4u::Link* link : links) add(*link, way);
  return way;
}

void FileTopology::add(const s4u::Link& link, Way& way) {
  const Bandwidth bandwidth{link.get_bandwidth()};
  way.route.bandwidth = std::min(way.route.bandwidth, bandwidth);
  if (link.get_sharing_policy() == s4u::Link::SharingPolicy::FATPIPE) {
    way.path.own = way.path.own.bytes_per_second > 0 ? std::min(way.path.own, bandwidth) : bandwidth;
    return;
  }
  const auto [known, is_new] = index_.emplace(&link, static_cast<std::uint32_t>(links_.size()));
  if (is_new) links_.push_back({bandwidth, Duration::seconds(link.get_latency())});
  std::vector<std::uint32_t>& shared = way.path.links;
  if (std::find(shared.begin(), shared.end(), known->second) == shared.end()) shared.push_back(known->second);
}

}  // namespace raysim::sg

namespace raysim {

void check_simgrid_routes(const PlatformSpec& platform) {
  constexpr std::uint32_t most_for_all_pairs = 300;
  sg::FileTopology topology(platform);
  const auto machines = static_cast<std::uint32_t>(platform.machines.size());
  const auto check = [&](std::uint32_t a, std::uint32_t b) {
    if (a != b) topology.route({a}, {b});
  };
  for (std::uint32_t a = 0; a < machines; ++a) {
    for (std::uint32_t b = 0; machines <= most_for_all_pairs && b < machines; ++b) check(a, b);
    for (const std::uint32_t b : {std::uint32_t{0}, (a + 1) % machines}) {
      check(a, b);
      check(b, a);
    }
  }
}

}  // namespace raysim
