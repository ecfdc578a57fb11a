// The routes of a SimGrid platform file.
//
// Models: SimGrid's routes between hosts, asked once for each pair; links that SimGrid shares among flows, and those that it does not
// (FATPIPE), of which only the narrowest counts. Leaves out: bandwidths that change in time. Invariants: as Topology.
#pragma once

#include <simgrid/s4u.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/simgrid/physics.hpp"
#include "sim/topology.hpp"

namespace raysim::sg {

class FileTopology final : public Topology {
 public:
  // Throws std::invalid_argument when the file cannot be loaded or has no host of a machine's name.
  explicit FileTopology(const PlatformSpec& platform);

  Route route(MachineId from, MachineId to) override { return way(from, to).route; }
  void path(MachineId from, MachineId to, Path& into) override { into = way(from, to).path; }
  void copy_path(DeviceId, DeviceId, Path&) override { throw std::logic_error("platform files have no devices"); }
  Loopback loopback(MachineId machine) override;
  [[nodiscard]] const std::vector<LinkSpec>& links() const override { return links_; }
  [[nodiscard]] const std::vector<simgrid::s4u::Host*>& hosts() const { return hosts_; }

 private:
  struct Way {
    Route route;
    Path path;
  };
  const Way& way(MachineId from, MachineId to);
  Way ask(MachineId from, MachineId to);
  void add(const simgrid::s4u::Link& link, Way& way);

  const FilePlatform& file_;
  std::vector<simgrid::s4u::Host*> hosts_;
  std::vector<LinkSpec> links_;
  std::unordered_map<const simgrid::s4u::Link*, std::uint32_t> index_;  // in links_
  std::unordered_map<std::uint64_t, Way> known_;
};

}  // namespace raysim::sg
