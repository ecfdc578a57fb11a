// Scenarios from texts, and the steps in them: what tests of the loader share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "scenarios/load.hpp"

namespace raysim {

inline const std::string small_cluster =
    "raysim: 1\ncluster: {nodes: {bob: {cpus: 20, gpus: 2, memory: 8 GiB, resources: {bob: 20}, "
    "labels: {zone: a, disk: ssd}}, alice: {cpus: 8}}}\n";

inline Scenario scenario_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return load_scenario_text(small_cluster + text, "x.yaml", overrides);
}

template <class StepType>
const StepType& step_of(const Steps& steps, std::size_t i) {
  REQUIRE(i < steps.size());
  REQUIRE(std::holds_alternative<StepType>(steps[i].what));
  return std::get<StepType>(steps[i].what);
}

}  // namespace raysim
