// The parts of a platform file that describe the network.
//
// Models: the keys `network`, `switches` and `link`; switches with a `count`, among which those under them are dealt out in blocks.
// Leaves out: nodes and machines (load.hpp). Invariants: a switch is read after the one above it; every mistake is an InputError.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>

#include "platforms/yaml_reader.hpp"
#include "sim/platform.hpp"

namespace raysim {

class NetworkLoader {
 public:
  explicit NetworkLoader(PlatformSpec& platform) : platform_(platform) {}

  void read_network(const YamlReader& value);
  void read_switches(const YamlReader& value);
  // Of a machine; what it does not say is as the network has it.
  [[nodiscard]] LinkSpec read_link(const YamlReader& value) const;
  // The switch of that name for the `index`th of so many that name it.
  [[nodiscard]] SwitchId switch_for(const YamlReader& value, std::int64_t index, std::int64_t count) const;

  static std::array<const MappingSpec*, 4> mappings();

 private:
  struct Switches {
    std::uint32_t first = 0;
    std::int64_t count = 1;
  };
  void read_switch(const YamlReader& value);
  void add_switch(const YamlReader& value, SwitchSpec spec);

  PlatformSpec& platform_;
  std::map<std::string, Switches, std::less<>> switches_;
  std::set<std::string, std::less<>> unread_;  // switches
};

}  // namespace raysim
