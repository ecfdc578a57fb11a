#include <fmt/format.h>

#include "analysis/summary.hpp"
#include "scenarios/interpret.hpp"
#include "scenarios/load.hpp"
#include "scenarios/load_profile.hpp"
#include "scenarios/simulation.hpp"

using namespace raysim;

int main(int argc, char** argv) {
  Scenario scenario = load_scenario(argv[2]);
  Profile profile = load_profile(scenario.program.ray.profile);
  apply_system_config(scenario.program, profile);
  RunHeader header;
  for (const auto& n : scenario.cluster.nodes) header.nodes.push_back({n.name, n.total.get(cpu_resource).value()});
  Summary summary(header);
  SimulationOptions options;
  options.seed = argc > 3 ? std::stoull(argv[3]) : 0;
  options.policy = scenario.program.ray.policy;
  options.warm_workers = scenario.program.warm_workers;
  options.functions = make_functions(scenario.program, scenario.cluster, 3);
  options.driver = make_driver(scenario.program, scenario.cluster, 3);
  Simulation sim(scenario.cluster, profile, options, summary);
  auto r = sim.run();
  fmt::print("end {} err {} {} starved {} events {} messages {} fp {:016x}\n", r.end.in_seconds(), name_of(r.error), r.message, r.starved, r.events, r.messages, r.fingerprint);
  for (std::uint32_t i = 0; i < header.nodes.size() && i < 5; ++i)
    fmt::print("{} tasks {} util {:.3f} started {}\n", header.nodes[i].name, summary.nodes()[i].tasks, summary.utilisation(i, r.end - Time{}), summary.nodes()[i].workers_started);
  fmt::print("p50 {} max {} ideal {} path {}\n", summary.scheduling_delay().percentile(.5).in_seconds(), summary.scheduling_delay().max().in_seconds(), summary.ideal_seconds(), summary.critical_path().in_seconds());
}
