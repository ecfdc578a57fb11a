// What the tests of the fabric share: a star, expectations about the next end, and a run with much sharing.
//
// Times are compared to the nanosecond (ends are rounded up to one), which is finer than 1e-6 of any time here that is
// longer than a millisecond.
#pragma once

#include <doctest/doctest.h>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/random.hpp"

namespace fabric_checks {

using raysim::Bandwidth;
using raysim::Bytes;
using raysim::Duration;
using raysim::Fabric;
using raysim::FlowId;
using raysim::MachineId;
using raysim::make_simgrid_fabric;
using raysim::NetworkSpec;
using raysim::PlatformSpec;
using raysim::Route;
using raysim::Time;

inline constexpr double bandwidth_of_link = 1.25e9;
inline constexpr double latency_of_route = 50e-6;  // of a route

inline PlatformSpec star(std::uint32_t machines) {
  PlatformSpec platform;
  for (std::uint32_t i = 0; i < machines; ++i) platform.machines.push_back({"m" + std::to_string(i), 4, false});
  return platform;
}

// What ended, and when.
struct End {
  Time at;
  std::vector<std::uint64_t> flows;
};

inline End next_end(Fabric& fabric, Time until = Time::max()) {
  std::vector<FlowId> ended;
  End end{fabric.advance(until, ended), {}};
  for (const FlowId flow : ended) end.flows.push_back(flow.value);
  return end;
}

// Rounded up to a nanosecond, where what lies closer than rounding errors do is a whole one; one may be missing.
inline void check_time(Time got, double seconds) {
  CAPTURE(got.ns);
  CAPTURE(seconds * 1e9);
  CHECK(static_cast<double>(got.ns) > seconds * 1e9 - 0.5);
  CHECK(static_cast<double>(got.ns) < seconds * 1e9 + 1.01);
}

inline void check_next(Fabric& fabric, double seconds, std::vector<std::uint64_t> flows) {
  const End end = next_end(fabric);
  check_time(end.at, seconds);
  CHECK(end.flows == flows);
  CHECK(fabric.clock() == end.at);
}

inline Time micros(std::int64_t n) { return Time{n * 1000}; }

inline constexpr MachineId m0{0};
inline constexpr MachineId m1{1};
inline constexpr MachineId m2{2};

// A run with much sharing; every result depends on the ones before.
inline std::vector<std::int64_t> mixed_run(const PlatformSpec& platform, bool loopback = true) {
  const auto fabric = raysim::make_fabric(platform);
  const auto machines = static_cast<std::uint32_t>(platform.machines.size());
  raysim::RandomStream random(42, "mixed run");
  std::vector<std::int64_t> record;
  std::vector<FlowId> ended;
  Time now;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    now = now + Duration::nanoseconds(static_cast<std::int64_t>(random.below(500'000)));
    while (fabric->clock() < now) {
      ended.clear();
      record.push_back(fabric->advance(now, ended).ns);
      for (const FlowId flow : ended) record.push_back(static_cast<std::int64_t>(flow.value));
    }
    const MachineId from{static_cast<std::uint32_t>(random.below(machines))};
    MachineId to{static_cast<std::uint32_t>(random.below(machines))};
    if (to == from && !loopback) to = MachineId{(to.index + 1) % machines};
    fabric->start_flow(now, from, to, Bytes{static_cast<std::int64_t>(random.below(3'000'000))}, FlowId{i});
    if (i % 17 == 0) fabric->cancel_flow(FlowId{i - i / 17 % 5});
  }
  while (fabric->busy()) {
    ended.clear();
    record.push_back(fabric->advance(Time::max(), ended).ns);
    for (const FlowId flow : ended) record.push_back(static_cast<std::int64_t>(flow.value));
  }
  return record;
}

}  // namespace fabric_checks
