// Which links lie between two machines.
//
// Models: routes as lists of links, each link one direction. Leaves out: several routes between two machines, loopbacks.
// Invariants: a route is the same at all times; the links of a route differ.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/platform.hpp"

namespace raysim {

struct Route {
  Duration latency;
  Bandwidth bandwidth;  // of the narrowest link
};

// What a transfer crosses: indices into Topology::links() in the order of the way.
struct Path {
  Duration latency;
  Bandwidth own;  // of links that everybody has for himself; 0: none
  std::vector<std::uint32_t> links;
};

// A machine's way to itself.
struct Loopback {
  Route route;
  bool shared = true;  // else everybody has it for himself
};

class Topology {
 public:
  virtual ~Topology() = default;
  // Between two machines that differ. Throw std::invalid_argument when there is no route.
  virtual Route route(MachineId from, MachineId to) = 0;
  virtual void path(MachineId from, MachineId to, Path& into) = 0;
  virtual Loopback loopback(MachineId machine) = 0;
  // What bytes cross between two memories that differ, at least one of them a device's. Throws std::logic_error when there is no
  // such device.
  virtual void copy_path(DeviceId from, DeviceId to, Path& into) = 0;
  // Those of all routes that have been asked for; their indices stay.
  [[nodiscard]] virtual const std::vector<LinkSpec>& links() const = 0;
};

// The machine's link, of its own or as all have it.
LinkSpec link_of(const PlatformSpec& platform, MachineId machine);

// Whether what a copy moves goes over ports into the switch between two devices of a machine. `devices`: of each machine.
[[nodiscard]] inline bool are_peers(const std::vector<std::vector<DeviceSpec>>& devices, DeviceId from, DeviceId to) {
  const auto has_port = [&](DeviceId device) {
    return device.index != main_memory && devices[device.machine.index][device.index].peer.bytes_per_second > 0;
  };
  return from.machine == to.machine && has_port(from) && has_port(to);
}

// Machines under switches, switches under switches. Links: up and down of each machine, then of each switch, then out and in of each
// device's link and of its port.
class Tree final : public Topology {
 public:
  explicit Tree(const PlatformSpec& platform);

  Route route(MachineId from, MachineId to) override;
  void path(MachineId from, MachineId to, Path& into) override;
  void copy_path(DeviceId from, DeviceId to, Path& into) override;
  Loopback loopback(MachineId /*machine*/) override { return {loopback_, true}; }
  [[nodiscard]] const std::vector<LinkSpec>& links() const override { return links_; }

  [[nodiscard]] std::uint32_t up(MachineId machine) const { return 2 * machine.index; }
  [[nodiscard]] std::uint32_t up(SwitchId of) const { return 2 * (machines_ + of.index); }

 private:
  static constexpr std::uint32_t middle = ~std::uint32_t{0};

  // Calls visit(up link of `from`'s side) and visit(down link) for each link of the way, in no order.
  template <class Visit>
  void each_link(MachineId from, MachineId to, Visit visit) const;

  std::uint32_t machines_ = 0;
  std::vector<LinkSpec> links_;
  std::vector<std::uint32_t> switch_of_;  // by machine
  std::vector<std::uint32_t> above_;      // by switch
  std::vector<std::uint32_t> depth_;      // by switch; those in the middle have 1
  Route loopback_;
  std::vector<std::vector<DeviceSpec>> devices_;  // of each machine
  std::vector<std::uint32_t> first_out_;          // of each machine's devices: link out and in, port out and in
};

}  // namespace raysim
