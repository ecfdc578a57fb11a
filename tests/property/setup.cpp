#include "tests/property/setup.hpp"

#include <string>
#include <vector>

#include "scenarios/load_profile.hpp"

namespace property {

namespace {

ClusterSpec random_cluster(RandomStream& random) {
  std::vector<zero_cost::Node> nodes;
  const auto count = 1 + random.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    zero_cost::Node node{static_cast<double>(1 + random.below(4)), {}};
    if (random.below(3) == 0) node.custom["special"] = static_cast<double>(1 + random.below(3)) / 2;
    if (random.below(4) == 0) node.custom["node" + std::to_string(i)] = 1;
    if (i > 0 && random.below(6) == 0) node.cpus = 0.5;
    nodes.push_back(node);
  }
  ClusterSpec spec = zero_cost::cluster(nodes);
  if (random.below(2) == 0) spec.platform.network = {};
  if (random.below(2) == 0) spec = zero_cost::on_one_machine(spec, static_cast<int>(1 + random.below(4)));
  return spec;
}

// Nothing costs CPU time, but messages take their time: without that, owners and raylets that disagree about where there is
// room could ask each other for ever at one moment.
Profile quick_profile() {
  Profile profile = zero_cost::profile();
  profile.costs.loopback_wakeup = profile.costs.network_wakeup = Duration::microseconds(20);
  return profile;
}

}  // namespace

Setup random_setup(std::uint64_t seed, const ProgramSettings& settings) {
  static const Profile measured = load_profile("ray-2.60");
  RandomStream random(seed, "setup");
  Setup setup;
  setup.cluster = random_cluster(random);
  setup.profile = random.below(2) == 0 ? measured : quick_profile();
  setup.program = random_program(random, setup.cluster, settings);
  setup.warm = random.below(2) == 0;
  return setup;
}

}  // namespace property
