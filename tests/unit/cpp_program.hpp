// Runs programs in C++ that stand in a test, with zero costs.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "include/raysim/ray.hpp"
#include "scenarios/program_host.hpp"
#include "tests/analytic/zero_cost.hpp"

namespace cpp_program {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using raysim::ErrorType;
using raysim::SimulationResult;

// What the program of a test has seen, in order.
inline std::vector<std::string> seen;

struct Printed {
  double seconds;
  std::string body;
  std::string text;
};
inline std::vector<Printed> printed;

inline raysim::ClusterSpec two_nodes() {
  raysim::ClusterSpec cluster = zero_cost::cluster({{2, {{"slot", 1}}}, {2, {}}});
  for (raysim::NodeSpec& node : cluster.nodes)
    node.total.set(raysim::object_store_memory_resource, raysim::ResourceAmount::of(1e9));
  for (raysim::MachineSpec& machine : cluster.platform.machines) machine.disks = {{{2'000'000'000}, {}, {2e9}, {1e9}}};
  return cluster;
}

inline SimulationResult run(ray::Program::Driver driver, zero_cost::Log& log,
                            const raysim::ClusterSpec& cluster = two_nodes()) {
  const ray::Program program(driver, {{"count", 3}, {"rate", 0.5}, {"loud", true}, {"word", "x"}});
  const raysim::LoadedProgram loaded{&program, {program.parameters().begin(), program.parameters().end()}};
  raysim::SimulationOptions options;
  options.driver =
      raysim::make_program_driver(loaded, 3, [](raysim::Time now, const std::string& body, const std::string& text) {
        printed.push_back({now.in_seconds(), body, text});
      });
  return zero_cost::run(cluster, zero_cost::profile(), std::move(options), log);
}
inline SimulationResult run(ray::Program::Driver driver) {
  zero_cost::Log log;
  return run(driver, log);
}

// No error, so many seconds (below 0: some), and all this seen.
inline void expect(ray::Program::Driver driver, double seconds, const std::vector<std::string>& wanted) {
  seen.clear();
  const SimulationResult result = run(driver);
  CHECK(std::string(name_of(result.error)) + " " + result.message == "ok ");
  if (seconds >= 0) CHECK(result.end.in_seconds() == doctest::Approx(seconds));
  const auto lines = [](const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += text + '\n';
    return all;
  };
  CHECK(lines(seen) == lines(wanted));
}

}  // namespace cpp_program
