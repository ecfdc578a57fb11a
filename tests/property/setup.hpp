// A random cluster, a profile and a random program for it.
#pragma once

#include <memory>

#include "tests/property/program.hpp"

namespace property {

struct Setup {
  ClusterSpec cluster;
  Profile profile;
  std::shared_ptr<Program> program;
  bool warm = false;
};

// Up to six nodes, on machines of their own or on one with too few cores; the costs of Ray 2.60, or none but latencies.
Setup random_setup(std::uint64_t seed, const ProgramSettings& settings);

}  // namespace property
