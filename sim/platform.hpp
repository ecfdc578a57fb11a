// The physical side of a cluster, as plain data: machines, their cores, and the wires between them.
//
// Models: machines in a star (every machine behind one link of its own, a loopback inside each) or in a tree of switches, or any
// topology of a SimGrid platform file; links whose bandwidth changes in time; devices of machines that compute by themselves,
// each behind a link to its machine and, where it has one, at a port to the machine's other devices; disks. Leaves out: memory of
// devices, caches of disks.
// Invariants: machine names are unique; cores >= 1; speeds and bandwidths > 0 (a disk's: once an engine is made); latencies >= 0; a
// switch comes after the one above it.
#pragma once

#include <optional>
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
  // Of its port into a switch that joins the machine's devices, as NVLink does; 0: none, and copies between devices cross
  // both their links.
  Bandwidth peer{0};
  Duration peer_latency = Duration::microseconds(1);  // of the port: a copy crosses two
  bool operator==(const DeviceSpec&) const = default;
};

// How long work takes on a device that does nothing else; `work` is that at speed 1.
Duration alone_on(const DeviceSpec& device, Duration work);

// Where bytes of a copy lie that are in no device, but in the machine's own memory.
inline constexpr std::uint32_t main_memory = ~std::uint32_t{0};

// A device of a machine: index in MachineSpec::devices, or main_memory.
struct DeviceId {
  MachineId machine;
  std::uint32_t index = 0;
  constexpr auto operator<=>(const DeviceId&) const = default;
};

// A disk of a machine, which all that runs there shares: at the same time, its reads have the one bandwidth evenly, its writes
// the other, and together they never have more than the larger of the two.
struct DiskSpec {
  Bytes capacity{200'000'000'000'000};
  Bytes used;             // by what was there before
  Bandwidth read{0};      // 0: not said
  Bandwidth write{0};     // likewise
  Duration latency = {};  // of each read and write
  bool operator==(const DiskSpec&) const = default;
};

// A disk of a machine: index in MachineSpec::disks.
struct DiskId {
  MachineId machine;
  std::uint32_t index = 0;
  constexpr auto operator<=>(const DiskId&) const = default;
};

enum class DiskUse : std::uint8_t { read, write };

// From a moment on a link carries this part of its bandwidth, above 0.
struct LinkChange {
  Time at;
  double factor = 1;
  bool operator==(const LinkChange&) const = default;
};

// Full duplex: both directions have the bandwidth.
struct LinkSpec {
  Bandwidth bandwidth;
  Duration latency;
  std::vector<LinkChange> profile = {};  // in order of time
  bool operator==(const LinkSpec&) const = default;
};

// Index of a switch in PlatformSpec::switches.
struct SwitchId {
  std::uint32_t index = 0;
  constexpr auto operator<=>(const SwitchId&) const = default;
};

// Machines of a rack, or a site: they reach all others over one uplink.
struct SwitchSpec {
  std::string name;
  LinkSpec uplink;
  std::optional<SwitchId> above = {};  // none: the middle of the network
};

struct MachineSpec {
  std::string name;
  int cores = 1;
  // True: every process on the machine takes turns on `cores` (see sim/machine.hpp). False: the cores are
  // enough for what runs there, so a process never waits for one.
  bool contended = false;
  std::vector<DeviceSpec> devices = {};
  std::vector<DiskSpec> disks = {};
  std::optional<SwitchId> at_switch = {};  // none: the middle of the network
  std::optional<LinkSpec> link = {};       // none: that of the network
};

// Who says how bytes share links; see sim/fabric.hpp. `automatic` takes one by the number of machines.
enum class NetworkModel : std::uint8_t { automatic, flow, chunk };

// One link from a machine to its switch or the middle of the star; a route goes up, then down.
struct NetworkSpec {
  NetworkModel model = NetworkModel::automatic;
  Bandwidth bandwidth{1.25e9};
  Duration latency = Duration::microseconds(25);  // of one link; a route of the star crosses two
  Bandwidth loopback_bandwidth{5e9};
  Duration loopback_latency = Duration::microseconds(10);
};

struct PlatformSpec {
  std::vector<MachineSpec> machines;
  NetworkSpec network;
  std::vector<SwitchSpec> switches = {};
  // Path of a SimGrid platform file. When set, hosts, links and routes come from it and `network` is unused;
  // machines are its hosts, by name.
  std::string simgrid_file;
};

}  // namespace raysim
