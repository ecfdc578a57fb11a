// A star of machines in SimGrid, with switches between where the platform has some.
//
// Models: a zone of SimGrid for the middle and for each switch; machines in it, each behind an up and a down link. With switches or
// devices a machine is a zone of its own: its host in the middle, each device a host behind a link out and a link in, and its port
// to the others a second host behind two such links. Leaves out: latencies, which the fabric counts.
// Invariants: SimGrid never forgets a star; its links may change between two uses.
#pragma once

#include <optional>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/platform.hpp"

namespace raysim::sg {

// SimGrid counts work in flops: so many are a second's at speed 1.
inline constexpr double work_a_second = 1e9;

struct Star {
  // Built inside of `root`; names of hosts and links start with `prefix`.
  Star(const PlatformSpec& platform, const std::string& prefix, simgrid::s4u::NetZone& root);
  // Its first machines are those of the platform, with their devices, at the same switches.
  [[nodiscard]] bool serves(const PlatformSpec& platform) const;
  void set_links(const PlatformSpec& platform);

  // Of machines, then of switches.
  std::vector<simgrid::s4u::Link*> up;
  std::vector<simgrid::s4u::Link*> down;
  std::vector<simgrid::s4u::Link*> switch_up;
  std::vector<simgrid::s4u::Link*> switch_down;
  std::vector<simgrid::s4u::Link*> loopback;
  std::vector<simgrid::s4u::Host*> hosts;
  std::vector<std::vector<DeviceSpec>> device_specs;           // of each machine
  std::vector<std::vector<simgrid::s4u::Host*>> device_hosts;  // likewise
  std::vector<std::vector<simgrid::s4u::Host*>> port_hosts;    // likewise; null: it has no port
  bool lent = false;

 private:
  void add_switch(const SwitchSpec& spec, const std::string& name, simgrid::s4u::NetZone& middle);
  void add_machine(const std::string& name, simgrid::s4u::NetZone& zone);
  void add_machine_with_devices(const std::string& name, const std::vector<DeviceSpec>& devices,
                                simgrid::s4u::NetZone& zone);

  std::vector<simgrid::s4u::NetZone*> zones_;   // of switches
  std::vector<std::optional<SwitchId>> at_;     // of machines
  std::vector<std::optional<SwitchId>> above_;  // of switches
};

}  // namespace raysim::sg
