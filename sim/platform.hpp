// The physical side of a cluster, as plain data: machines, their cores, and the wires between them.
//
// Models: machines in a star (every machine behind one link of its own, a loopback inside each), or any
// topology of a SimGrid platform file. Leaves out: disks and accelerators.
// Invariants: machine names are unique; cores >= 1; bandwidths > 0; latencies >= 0.
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

struct MachineSpec {
  std::string name;
  int cores = 1;
  // True: every process on the machine takes turns on `cores` (see sim/machine.hpp). False: the cores are
  // enough for what runs there, so a process never waits for one.
  bool contended = false;
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
