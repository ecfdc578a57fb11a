#include "sim/simgrid/star.hpp"

#include "sim/topology.hpp"

namespace raysim::sg {
namespace {

namespace s4u = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;

constexpr double any_bandwidth = 1e9;  // until set_links()

void set(s4u::Link* link, Bandwidth bandwidth, Duration latency) {
  link->set_bandwidth(bandwidth.bytes_per_second)->set_latency(latency.in_seconds());
}

}  // namespace

Star::Star(const PlatformSpec& platform, const std::string& prefix, s4u::NetZone& root) {
  s4u::NetZone* const middle = s4u::create_star_zone(prefix);
  middle->set_parent(&root);
  // SimGrid finds no way between something in a zone and something in a zone inside of it. So with switches or devices everything
  // has a zone of its own.
  bool plain = platform.switches.empty();
  for (const MachineSpec& machine : platform.machines) plain = plain && machine.devices.empty();
  for (std::size_t i = 0; i < platform.switches.size(); ++i)
    add_switch(platform.switches[i], prefix + ".switch" + std::to_string(i), *middle);
  for (std::size_t i = 0; i < platform.machines.size(); ++i) {
    const MachineSpec& machine = platform.machines[i];
    const std::string name = prefix + "." + std::to_string(i);
    s4u::NetZone& zone = machine.at_switch ? *zones_[machine.at_switch->index] : *middle;
    plain ? add_machine(name, zone) : add_machine_with_devices(name, machine.devices, zone);
    at_.push_back(machine.at_switch);
    device_specs.push_back(machine.devices);
  }
  // A zone has its number in the one around it when it has been sealed: those inside come first, and routes after that.
  for (std::size_t i = zones_.size(); i-- > 0;) {
    const std::string name = zones_[i]->get_name();
    s4u::NetZone* const way_out = s4u::create_star_zone(name + ".out");
    way_out->set_parent(zones_[i]);
    NetPoint* const router = way_out->create_router(name + ".router");
    way_out->add_route(router, nullptr, nullptr, nullptr, {}, true);
    way_out->seal();
    zones_[i]->add_route(way_out->get_netpoint(), nullptr, router, nullptr, {}, true);
    zones_[i]->seal();
    s4u::NetZone& around = above_[i] ? *zones_[above_[i]->index] : *middle;
    NetPoint* const point = zones_[i]->get_netpoint();
    around.add_route(point, nullptr, router, nullptr, {s4u::LinkInRoute(switch_up[i])}, false);
    around.add_route(nullptr, point, nullptr, router, {s4u::LinkInRoute(switch_down[i])}, false);
  }
  middle->seal();
}

// Its router is the way in and out.
void Star::add_switch(const SwitchSpec& spec, const std::string& name, s4u::NetZone& middle) {
  s4u::NetZone& around = spec.above ? *zones_[spec.above->index] : middle;
  zones_.push_back(s4u::create_star_zone(name));
  zones_.back()->set_parent(&around);
  switch_up.push_back(around.create_link(name + ".up", any_bandwidth));
  switch_down.push_back(around.create_link(name + ".down", any_bandwidth));
  above_.push_back(spec.above);
}

void Star::add_machine(const std::string& name, s4u::NetZone& zone) {
  s4u::Host* const host = zone.create_host(name, work_a_second);  // the speed is never used
  hosts.push_back(host);
  device_hosts.emplace_back();
  port_hosts.emplace_back();
  up.push_back(zone.create_link(name + ".up", any_bandwidth));
  down.push_back(zone.create_link(name + ".down", any_bandwidth));
  loopback.push_back(zone.create_link(name + ".loopback", any_bandwidth));
  NetPoint* const point = host->get_netpoint();
  zone.add_route(point, nullptr, nullptr, nullptr, {s4u::LinkInRoute(up.back())}, false);
  zone.add_route(nullptr, point, nullptr, nullptr, {s4u::LinkInRoute(down.back())}, false);
  zone.add_route(point, point, nullptr, nullptr, {s4u::LinkInRoute(loopback.back())}, false);
}

// The machine's zone within the star: its host is the gateway to the others.
void Star::add_machine_with_devices(const std::string& name, const std::vector<DeviceSpec>& devices,
                                    s4u::NetZone& parent) {
  s4u::NetZone* const zone = s4u::create_star_zone(name + ".zone");
  zone->set_parent(&parent);
  s4u::Host* const host = zone->create_host(name, work_a_second);
  NetPoint* const point = host->get_netpoint();
  hosts.push_back(host);
  loopback.push_back(zone->create_link(name + ".loopback", any_bandwidth));
  zone->add_route(point, point, nullptr, nullptr, {s4u::LinkInRoute(loopback.back())}, false);
  zone->add_route(point, nullptr, nullptr, nullptr, {}, true);
  const auto add_host = [&](const std::string& its_name, double speed, Bandwidth bandwidth) {
    s4u::Host* const its_host = zone->create_host(its_name, speed * work_a_second);
    s4u::Link* const out = zone->create_link(its_name + ".out", bandwidth.bytes_per_second);
    s4u::Link* const in = zone->create_link(its_name + ".in", bandwidth.bytes_per_second);
    zone->add_route(its_host->get_netpoint(), nullptr, nullptr, nullptr, {s4u::LinkInRoute(out)}, false);
    zone->add_route(nullptr, its_host->get_netpoint(), nullptr, nullptr, {s4u::LinkInRoute(in)}, false);
    return its_host;
  };
  auto& its_devices = device_hosts.emplace_back();
  auto& its_ports = port_hosts.emplace_back();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string device = name + ".device" + std::to_string(i);
    const bool has_port = devices[i].peer.bytes_per_second > 0;
    its_devices.push_back(add_host(device, devices[i].speed, devices[i].link));
    its_ports.push_back(has_port ? add_host(device + ".port", 1, devices[i].peer) : nullptr);
  }
  zone->seal();
  up.push_back(parent.create_link(name + ".up", any_bandwidth));
  down.push_back(parent.create_link(name + ".down", any_bandwidth));
  NetPoint* const machine = zone->get_netpoint();
  parent.add_route(machine, nullptr, point, nullptr, {s4u::LinkInRoute(up.back())}, false);
  parent.add_route(nullptr, machine, nullptr, point, {s4u::LinkInRoute(down.back())}, false);
}

bool Star::serves(const PlatformSpec& platform) const {
  const auto& machines = platform.machines;
  if (hosts.size() < machines.size() || above_.size() != platform.switches.size()) return false;
  for (std::size_t i = 0; i < above_.size(); ++i)
    if (above_[i] != platform.switches[i].above) return false;
  for (std::size_t i = 0; i < machines.size(); ++i)
    if (machines[i].devices != device_specs[i] || machines[i].at_switch != at_[i]) return false;
  return true;
}

void Star::set_links(const PlatformSpec& platform) {
  for (std::uint32_t i = 0; i < platform.machines.size(); ++i) {
    const LinkSpec link = link_of(platform, {i});
    set(up[i], link.bandwidth, link.latency);
    set(down[i], link.bandwidth, link.latency);
    set(loopback[i], platform.network.loopback_bandwidth, platform.network.loopback_latency);
  }
  for (std::size_t i = 0; i < platform.switches.size(); ++i) {
    const LinkSpec& link = platform.switches[i].uplink;
    set(switch_up[i], link.bandwidth, link.latency);
    set(switch_down[i], link.bandwidth, link.latency);
  }
}

}  // namespace raysim::sg
