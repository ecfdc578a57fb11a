// The two network models on the same random workloads: `chunk` ends them at nearly the moment at which `flow` does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

struct Send {
  Time at;
  MachineId from;
  MachineId to;
  Bytes size;
};

// A star, or two levels of switches that are narrower than what lies under them; machines with links of their own.
PlatformSpec random_platform(RandomStream& random) {
  PlatformSpec platform;
  const std::uint64_t machines = 2 + random.below(24);
  const std::uint64_t racks = random.below(3) == 0 ? 0 : 1 + random.below(4);
  for (std::uint64_t i = 0; i < racks; ++i) {
    SwitchSpec rack{"rack" + std::to_string(i), {Bandwidth{1e9 * static_cast<double>(1 + random.below(4))}, {}}, {}};
    if (i >= 2 && random.below(2) == 0) rack.above = SwitchId{static_cast<std::uint32_t>(random.below(2))};
    platform.switches.push_back(rack);
  }
  for (std::uint64_t i = 0; i < machines; ++i) {
    MachineSpec machine{"m" + std::to_string(i), 1, false};
    if (racks > 0) machine.at_switch = SwitchId{static_cast<std::uint32_t>(random.below(racks))};
    if (random.below(5) == 0)
      machine.link = LinkSpec{Bandwidth{0.5e9 + 2e9 * random.uniform()}, Duration::microseconds(20)};
    platform.machines.push_back(machine);
  }
  return platform;
}

// All to all, to one, from one, or anyhow; at once or one after the other.
std::vector<Send> random_workload(RandomStream& random, std::uint64_t machines) {
  std::vector<Send> sends;
  const std::uint64_t pattern = random.below(4);
  const std::uint64_t count = 1 + random.below(300);
  const double spread = random.below(2) == 0 ? 0 : 0.2 * random.uniform();
  const double largest = std::exp(std::log(1e5) + random.uniform() * std::log(1e3));
  const auto machine = [&] { return MachineId{static_cast<std::uint32_t>(random.below(machines))}; };
  for (std::uint64_t i = 0; i < count; ++i) {
    Send send{Time{} + Duration::seconds(random.uniform() * spread), machine(), machine(), {}};
    if (pattern == 1) send.to = {0};
    if (pattern == 2) send.from = {0};
    if (send.from == send.to) send.to.index = (send.to.index + 1) % static_cast<std::uint32_t>(machines);
    send.size = {65'537 + static_cast<std::int64_t>(random.uniform() * largest)};
    sends.push_back(send);
  }
  std::stable_sort(sends.begin(), sends.end(), [](const Send& a, const Send& b) { return a.at < b.at; });
  return sends;
}

struct Result {
  std::vector<double> ends;  // of each send, in seconds
  double makespan = 0;
};

Result run(Fabric& fabric, const std::vector<Send>& sends) {
  Result result;
  result.ends.resize(sends.size());
  std::vector<FlowId> ended;
  const auto advance = [&](Time until) {
    ended.clear();
    const Time at = fabric.advance(until, ended);
    for (const FlowId id : ended) result.ends.at(id.value) = at.in_seconds();
  };
  for (std::size_t i = 0; i < sends.size(); ++i) {
    while (fabric.busy() && fabric.clock() < sends[i].at) advance(sends[i].at);
    fabric.start_flow(sends[i].at, sends[i].from, sends[i].to, sends[i].size, FlowId{i});
  }
  while (fabric.busy()) advance(Time::max());
  result.makespan = *std::max_element(result.ends.begin(), result.ends.end());
  return result;
}

}  // namespace

TEST_SUITE("network models") {
  TEST_CASE("flow and chunk end 200 random workloads within 5 percent of each other") {
    double worst = 0;
    double sum = 0;
    double slowdowns = 0;
    std::size_t sent = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(seed);
      RandomStream random(seed, "network");
      PlatformSpec platform = random_platform(random);
      const std::vector<Send> sends = random_workload(random, platform.machines.size());
      platform.network.model = NetworkModel::flow;
      const Result flow = run(*make_fabric(platform), sends);
      platform.network.model = NetworkModel::chunk;
      const Result chunk = run(*make_fabric(platform), sends);
      const double off = std::abs(chunk.makespan / flow.makespan - 1);
      CHECK(off < 0.05);
      worst = std::max(worst, off);
      sum += off;
      for (std::size_t i = 0; i < sends.size(); ++i)
        slowdowns +=
            std::abs((chunk.ends[i] - sends[i].at.in_seconds()) / (flow.ends[i] - sends[i].at.in_seconds()) - 1);
      sent += sends.size();
    }
    MESSAGE("makespan off by " << sum / 2 << " % on average, " << worst * 100 << " % at most; a single transfer by "
                               << 100 * slowdowns / static_cast<double>(sent) << " % on average");
  }
}
