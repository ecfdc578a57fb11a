#include "sim/topology.hpp"

#include <algorithm>
#include <stdexcept>

namespace raysim {

LinkSpec link_of(const PlatformSpec& platform, MachineId machine) {
  const MachineSpec& spec = platform.machines[machine.index];
  if (spec.link) return *spec.link;
  return {platform.network.bandwidth, platform.network.latency};
}

Tree::Tree(const PlatformSpec& platform)
    : machines_(static_cast<std::uint32_t>(platform.machines.size())),
      loopback_{platform.network.loopback_latency, platform.network.loopback_bandwidth} {
  const auto add = [&](const LinkSpec& link) {
    if (!(link.bandwidth.bytes_per_second > 0)) throw std::invalid_argument("network: bandwidths must be above 0");
    if (link.latency < Duration{}) throw std::invalid_argument("network: latencies must not be below 0");
    links_.push_back(link);
    links_.push_back(link);
  };
  if (!(loopback_.bandwidth.bytes_per_second > 0)) throw std::invalid_argument("network: bandwidths must be above 0");
  if (loopback_.latency < Duration{}) throw std::invalid_argument("network: latencies must not be below 0");
  for (std::uint32_t i = 0; i < machines_; ++i) {
    add(link_of(platform, {i}));
    const auto& at = platform.machines[i].at_switch;
    switch_of_.push_back(at ? at->index : middle);
  }
  for (const SwitchSpec& spec : platform.switches) {
    add(spec.uplink);
    above_.push_back(spec.above ? spec.above->index : middle);
    depth_.push_back(spec.above ? depth_.at(spec.above->index) + 1 : 1);
  }
  for (const MachineSpec& machine : platform.machines) {
    devices_.push_back(machine.devices);
    first_out_.push_back(static_cast<std::uint32_t>(links_.size()));
    for (const DeviceSpec& device : machine.devices) {
      const bool has_port = device.peer.bytes_per_second > 0;
      add({device.link, device.latency});
      add(has_port ? LinkSpec{device.peer, device.peer_latency} : LinkSpec{device.link, device.latency});
    }
  }
}

template <class Visit>
void Tree::each_link(MachineId from, MachineId to, Visit visit) const {
  if (from.index >= machines_ || to.index >= machines_) throw std::logic_error("no such machine");
  visit(up(from), true);
  visit(up(to) + 1, false);
  std::uint32_t a = switch_of_[from.index];
  std::uint32_t b = switch_of_[to.index];
  const auto depth = [&](std::uint32_t at) { return at == middle ? 0 : depth_[at]; };
  while (a != b) {
    if (depth(a) >= depth(b)) {
      visit(up(SwitchId{a}), true);
      a = above_[a];
    } else {
      visit(up(SwitchId{b}) + 1, false);
      b = above_[b];
    }
  }
}

Route Tree::route(MachineId from, MachineId to) {
  if (from == to) return loopback_;
  Route route{{}, links_.at(up(from)).bandwidth};
  each_link(from, to, [&](std::uint32_t link, bool /*going_up*/) {
    route.latency += links_[link].latency;
    route.bandwidth = std::min(route.bandwidth, links_[link].bandwidth);
  });
  return route;
}

void Tree::path(MachineId from, MachineId to, Path& into) {
  into = {{}, {}, std::move(into.links)};
  into.links.clear();
  std::size_t ups = 0;
  each_link(from, to, [&](std::uint32_t link, bool going_up) {
    into.latency += links_[link].latency;
    // Those that go down are found from the end.
    into.links.insert(into.links.begin() + static_cast<std::ptrdiff_t>(ups), link);
    ups += going_up ? 1 : 0;
  });
}

void Tree::copy_path(DeviceId from, DeviceId to, Path& into) {
  const auto spec = [&](DeviceId device) -> const DeviceSpec* {
    const bool known = device.machine.index < machines_;
    if (known && device.index == main_memory) return nullptr;
    if (!known || device.index >= devices_[device.machine.index].size()) throw std::logic_error("no such device");
    return &devices_[device.machine.index][device.index];
  };
  const DeviceSpec* const source = spec(from);
  const DeviceSpec* const target = spec(to);
  if (from == to || (source == nullptr && target == nullptr))
    throw std::logic_error("a copy within a memory, or of no device");
  const std::uint32_t port = are_peers(devices_, from, to) ? 2 : 0;
  const auto first = [&](DeviceId device) { return first_out_[device.machine.index] + 4 * device.index + port; };
  if (from.machine == to.machine)
    into = {{}, {}, {}};
  else
    path(from.machine, to.machine, into);
  if (source != nullptr) into.links.insert(into.links.begin(), first(from));
  if (target != nullptr) into.links.push_back(first(to) + 1);
  if (source != nullptr) into.latency += links_[first(from)].latency;
  if (target != nullptr) into.latency += links_[first(to)].latency;
}

}  // namespace raysim
