// The wires: what a route costs and how bytes that share links slow each other down.
//
// Models: routes with a latency and a bandwidth, flows that share links fairly, and devices whose jobs share their speed evenly,
// disks likewise. Two implementations: `flow` (sim/simgrid/; nothing else includes SimGrid) solves for max-min fair rates whenever a
// flow comes or goes; `chunk` (sim/chunk/) lets pieces queue at links, at a cost that does not depend on how many flows there are.
// Leaves out: packets, loss, TCP windows.
// Invariants: advance() never returns a time before the last one it returned; a flow ends exactly once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/platform.hpp"
#include "sim/time.hpp"
#include "sim/topology.hpp"

namespace raysim {

// Chosen by the caller; handed back when the flow ends.
struct FlowId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const FlowId&) const = default;
};

class Fabric {
 public:
  virtual ~Fabric() = default;

  // Route between two machines of the platform; a machine to itself is its loopback.
  virtual Route route(MachineId from, MachineId to) = 0;

  // Starts `size` bytes from one machine to another at time `at`, which must not lie before the physical clock.
  // Brings the physical clock to `at` first; flows that end before `at` must have been collected by advance()
  // (std::logic_error). The flow ends a route's latency plus its bytes' time later; no bytes are the latency alone.
  void start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id) {
    start_flow(at, from, to, size, id, Duration{});
  }
  // The same for bytes that left so long ago, behind others of their connection: that part of the latency is over.
  virtual void start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) = 0;

  // The same for bytes between memories of devices and machines, at least one of them a device's, over all links between
  // (Topology::copy_path()), and for work on a device: `work` is what the job takes alone at speed 1. Only for machines of a star.
  virtual void start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) = 0;
  virtual void start_work(Time at, DeviceId device, Duration work, FlowId id) = 0;

  // The same for bytes that a disk reads or writes. For any machine; its bandwidths must be above 0 (std::logic_error).
  virtual void start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) = 0;

  // Stops a flow, now by the physical clock; it never reports. No effect when it has ended.
  virtual void cancel_flow(FlowId id) = 0;

  // True while some flow is on its way.
  virtual bool busy() const = 0;

  // Runs the physics until the first moment <= `until` at which flows end, or until `until`. Appends the flows that
  // ended at that moment to `ended`, in the order of their starts, and returns the moment reached (`ended` empty: it is
  // `until`). Fractions of a nanosecond are rounded up.
  virtual Time advance(Time until, std::vector<FlowId>& ended) = 0;

  // The physical clock, in the engine's units: the last moment given to start_flow() or returned by advance().
  virtual Time clock() const = 0;
};

// A fabric on SimGrid with the machines of `platform`. Throws std::invalid_argument with a readable message when
// the platform cannot be built (broken file, unknown host); route() and start_flow() do for a missing route.
// Several may exist in a process and begin at time 0 each; at any moment one of them may have bytes on their way, or
// std::logic_error is thrown. Platform files of one process must not share names of zones, hosts or links.
std::unique_ptr<Fabric> make_simgrid_fabric(const PlatformSpec& platform);

// The other model, on the routes of `topology`.
std::unique_ptr<Fabric> make_chunk_fabric(const PlatformSpec& platform, std::unique_ptr<Topology> topology);

// Up to so many machines `automatic` means `flow`: beyond, the solver's time exceeds all else where all send to all
// (docs/performance.md).
inline constexpr std::size_t most_machines_of_flow = 64;

// What NetworkModel::automatic means for this platform; else what it says.
NetworkModel network_model(const PlatformSpec& platform);

// By the platform's model. Throws as make_simgrid_fabric() does.
std::unique_ptr<Fabric> make_fabric(const PlatformSpec& platform);

// A host of a SimGrid platform file.
struct SimgridHost {
  std::string name;
  int cores = 1;
  std::vector<std::pair<std::string, std::string>> properties;  // in name order
};

// Throws std::invalid_argument when two machines of the platform's SimGrid file have no route. Of more than 300, each is only asked
// for its routes to the first machine and to the next one, and back.
void check_simgrid_routes(const PlatformSpec& platform);

// Loads a SimGrid platform file and lists its hosts in name order. The file stays loaded: make_simgrid_fabric() with
// the same `simgrid_file` uses it. Throws std::invalid_argument (file missing, not XML, no host, SimGrid's own
// complaint).
std::vector<SimgridHost> load_simgrid_hosts(const std::string& path);

}  // namespace raysim
