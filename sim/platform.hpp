// The physical side of a cluster, as plain data: machines, their cores, and the wires between them.
//
// Models: machines in a star (every machine behind one link of its own, a loopback inside each), or any
// topology of a SimGrid platform file; devices of machines that compute by themselves, each behind a link to its machine.
// Leaves out: disks, memory of devices, links between devices.
// Invariants: machine names are unique; cores >= 1; speeds and bandwidths > 0; latencies >= 0.
#pragma once

#include <string>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

// Index of a machine in PlatformSpec::machines.
struct MachineId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const MachineId&) const = default;
};

// An accelerator of a machine.
struct DeviceSpec {
  double speed = 1;                              // work done a unit of time
  bool shared = false;                           // jobs at the same time share the speed evenly; false: each has it all
  Bandwidth link{25e9};                          // to the machine's memory, as PCIe 4.0 x16 gives
  Duration latency = Duration::microseconds(5);  // of that link
  bool operator==(const DeviceSpec&) const = default;
};

// How long work takes on a device that does nothing else; `work` is that at speed 1.
Duration alone_on(const DeviceSpec& device, Duration work);

// A device of a machine: index in MachineSpec::devices.
struct DeviceId {
  MachineId machine;
  std::uint32_t index = 0;
  constexpr auto operator<=>(const DeviceId&) const = default;
};

struct MachineSpec {
  std::string name;
  int cores = 1;
  // True: every process on the machine takes turns on `cores` (see sim/machine.hpp). False: the cores are
  // enough for what runs there, so a process never waits for one.
  bool contended = false;
  std::vector<DeviceSpec> devices = {};
};

// One link from a machine to the middle of the star; a route is up link, then down link.
struct NetworkSpec {
  Bandwidth bandwidth{1.25e9};
  Duration latency = Duration::microseconds(25);  // of one link; a route crosses two
  Bandwidth loopback_bandwidth{5e9};
  Duration loopback_latency = Duration::microseconds(10);
};

struct PlatformSpec {
  std::vector<MachineSpec> machines;
  NetworkSpec network;
  // Path of a SimGrid platform file. When set, hosts, links and routes come from it and `network` is unused;
  // machines are its hosts, by name.
  std::string simgrid_file;
};

}  // namespace raysim
