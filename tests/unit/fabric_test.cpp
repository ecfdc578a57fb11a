// The fabric on SimGrid against closed forms: what a flow takes alone and among others, and several fabrics in one
// process. Platform files are in fabric_file_test.cpp.
#include <doctest/doctest.h>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/random.hpp"
#include "tests/unit/fabric_checks.hpp"

using namespace fabric_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

TEST_SUITE("fabric") {
  TEST_CASE("one flow takes latency plus size over bandwidth") {
    const auto fabric = make_simgrid_fabric(star(2));
    const Route route = fabric->route(m0, m1);
    CHECK(route.latency == Duration::microseconds(50));
    CHECK(route.bandwidth == Bandwidth{bandwidth_of_link});
    for (const std::int64_t size : {1LL, 7LL, 1'000LL, 5'242'880LL, 1'000'000'000LL, 3'000'000'000'001LL}) {
      const Time start = fabric->clock();
      fabric->start_flow(start, m0, m1, Bytes{size}, FlowId{7});
      CHECK(fabric->busy());
      check_next(*fabric, start.in_seconds() + latency_of_route + static_cast<double>(size) / bandwidth_of_link, {7});
      CHECK_FALSE(fabric->busy());
    }
  }

  TEST_CASE("two flows share a down link, and an up link") {
    const auto fabric = make_simgrid_fabric(star(3));
    fabric->start_flow(Time{}, m0, m2, Bytes{10'000'000}, FlowId{1});
    fabric->start_flow(Time{}, m1, m2, Bytes{30'000'000}, FlowId{2});
    check_next(*fabric, latency_of_route + 20e6 / bandwidth_of_link, {1});
    check_next(*fabric, latency_of_route + 40e6 / bandwidth_of_link, {2});

    const Time start = fabric->clock();
    fabric->start_flow(start, m0, m1, Bytes{10'000'000}, FlowId{1});
    fabric->start_flow(start, m0, m2, Bytes{10'000'000}, FlowId{2});
    check_next(*fabric, start.in_seconds() + latency_of_route + 20e6 / bandwidth_of_link, {1, 2});
  }

  TEST_CASE("links are full duplex: traffic back costs nothing") {
    const auto fabric = make_simgrid_fabric(star(3));
    fabric->start_flow(Time{}, m0, m1, Bytes{10'000'000}, FlowId{2});
    fabric->start_flow(Time{}, m1, m0, Bytes{10'000'000}, FlowId{1});
    fabric->start_flow(Time{}, m2, m2, Bytes{1'000'000'000}, FlowId{3});
    check_next(*fabric, latency_of_route + 10e6 / bandwidth_of_link, {2, 1});  // in order of start
  }

  TEST_CASE("a flow that starts while another runs") {
    const auto fabric = make_simgrid_fabric(star(3));
    // Alone until the second one's first byte, 1 ms and a latency after its own: then half each.
    fabric->start_flow(Time{}, m0, m2, Bytes{5'000'000}, FlowId{1});
    CHECK(next_end(*fabric, micros(1000)).flows.empty());
    fabric->start_flow(micros(1000), m1, m2, Bytes{5'000'000}, FlowId{2});
    const double alone = bandwidth_of_link * 1e-3;
    const double first_end = 1e-3 + latency_of_route + (5e6 - alone) * 2 / bandwidth_of_link;
    check_next(*fabric, first_end, {1});
    check_next(*fabric, first_end + alone / bandwidth_of_link, {2});
  }

  TEST_CASE("bandwidth that one flow cannot use goes to the others") {
    const auto fabric = make_simgrid_fabric(star(4));
    const MachineId d{3};
    // Three into C: a third each. The one that also leaves A with another flow: that one takes A's other two thirds.
    fabric->start_flow(Time{}, m0, m2, Bytes{10'000'000}, FlowId{1});
    fabric->start_flow(Time{}, m1, m2, Bytes{10'000'000}, FlowId{2});
    fabric->start_flow(Time{}, d, m2, Bytes{10'000'000}, FlowId{3});
    fabric->start_flow(Time{}, m0, m1, Bytes{20'000'000}, FlowId{4});
    check_next(*fabric, latency_of_route + 30e6 / bandwidth_of_link, {1, 2, 3, 4});
  }

  TEST_CASE("n flows into one machine") {
    constexpr std::uint32_t flows = 500;
    PlatformSpec platform = star(flows + 1);
    platform.network.latency = Duration::nanoseconds(300);  // so short that SimGrid's own weights would not add up
    const auto fabric = make_simgrid_fabric(platform);
    std::vector<std::uint64_t> all;
    for (std::uint32_t i = 1; i <= flows; ++i) {
      fabric->start_flow(Time{}, MachineId{i}, m0, Bytes{1'000'000}, FlowId{i});
      all.push_back(i);
    }
    check_next(*fabric, 600e-9 + flows * 1e6 / bandwidth_of_link, all);
  }

  TEST_CASE("a machine to itself is its loopback, which flows share") {
    const auto fabric = make_simgrid_fabric(star(2));
    CHECK(fabric->route(m1, m1).latency == NetworkSpec{}.loopback_latency);
    CHECK(fabric->route(m1, m1).bandwidth == NetworkSpec{}.loopback_bandwidth);
    fabric->start_flow(Time{}, m1, m1, Bytes{5'000'000}, FlowId{1});
    check_next(*fabric, 10e-6 + 5e6 / 5e9, {1});
    const Time start = fabric->clock();
    fabric->start_flow(start, m1, m1, Bytes{5'000'000}, FlowId{1});
    fabric->start_flow(start, m1, m1, Bytes{5'000'000}, FlowId{2});
    fabric->start_flow(start, m0, m1, Bytes{125'000}, FlowId{3});
    check_next(*fabric, start.in_seconds() + latency_of_route + 1e-4, {3});
    check_next(*fabric, start.in_seconds() + 10e-6 + 10e6 / 5e9, {1, 2});
  }

  TEST_CASE("a cancelled flow never reports and leaves its share to the others at once") {
    const auto fabric = make_simgrid_fabric(star(3));
    fabric->start_flow(Time{}, m0, m2, Bytes{10'000'000}, FlowId{1});
    fabric->start_flow(Time{}, m1, m2, Bytes{10'000'000}, FlowId{2});
    CHECK(next_end(*fabric, micros(2050)).flows.empty());
    fabric->cancel_flow(FlowId{2});
    fabric->cancel_flow(FlowId{99});  // unknown: no effect
    check_next(*fabric, 2.05e-3 + (10e6 - 2e-3 * bandwidth_of_link / 2) / bandwidth_of_link, {1});
    CHECK_FALSE(fabric->busy());
    CHECK(next_end(*fabric, micros(90'000)).flows.empty());

    // Before its first byte; and the id is free again.
    fabric->start_flow(micros(90'000), m0, m1, Bytes{1'250'000}, FlowId{2});
    fabric->cancel_flow(FlowId{2});
    CHECK_FALSE(fabric->busy());
    fabric->start_flow(micros(90'010), m0, m1, Bytes{1'250'000}, FlowId{2});
    check_next(*fabric, 90.01e-3 + latency_of_route + 1e-3, {2});
  }

  TEST_CASE("advance stops where it is told to when nothing ends before") {
    const auto fabric = make_simgrid_fabric(star(2));
    CHECK(next_end(*fabric, micros(5)).at == micros(5));
    CHECK(next_end(*fabric, micros(5)).at == micros(5));
    fabric->start_flow(micros(5), m0, m1, Bytes{12'500'000}, FlowId{1});  // 10 ms
    for (std::int64_t now = 6; now < 10'055; now += 97) {
      const End end = next_end(*fabric, micros(now));
      CHECK(end.at == micros(now));
      CHECK(end.flows.empty());
      CHECK(fabric->busy());
    }
    CHECK(next_end(*fabric, Time{10'054'999}).flows.empty());
    const End last = next_end(*fabric, Time{10'055'000});  // exactly
    CHECK(last.at == micros(10'055));
    CHECK(last.flows == std::vector<std::uint64_t>{1});
    CHECK(next_end(*fabric).at == Time::max());
  }

  TEST_CASE("a flow of no bytes takes the latency") {
    PlatformSpec platform = star(2);
    const auto fabric = make_simgrid_fabric(platform);
    fabric->start_flow(Time{}, m0, m1, Bytes{0}, FlowId{1});
    CHECK(fabric->busy());
    CHECK(next_end(*fabric, Time{49'999}).flows.empty());
    check_next(*fabric, latency_of_route, {1});
    platform.network.latency = Duration{};
    const auto prompt = make_simgrid_fabric(platform);
    prompt->start_flow(micros(3), m0, m1, Bytes{0}, FlowId{1});
    const End end = next_end(*prompt);
    CHECK(end.at == micros(3));
    CHECK(end.flows == std::vector<std::uint64_t>{1});
  }

  TEST_CASE("without latency, bytes take their time") {
    PlatformSpec platform = star(3);
    platform.network.latency = Duration{};
    const auto fabric = make_simgrid_fabric(platform);
    fabric->start_flow(micros(3), m0, m2, Bytes{1250}, FlowId{1});
    fabric->start_flow(micros(3), m1, m2, Bytes{1250}, FlowId{2});
    check_next(*fabric, 5e-6, {1, 2});
  }

  TEST_CASE("clocks never part: many flows in a row over 1e5 s") {
    const auto fabric = make_simgrid_fabric(star(3));
    // A background flow keeps SimGrid's clock running all the time, on links of its own.
    fabric->start_flow(Time{}, m1, m2, Bytes{200'000LL * 1'250'000'000LL}, FlowId{1});
    raysim::RandomStream random(1, "flows");
    Time now;
    for (std::uint64_t i = 0; i < 5'000; ++i) {
      now = now + Duration::nanoseconds(static_cast<std::int64_t>(random.below(40'000'000'000ULL)));
      REQUIRE(next_end(*fabric, now).flows.empty());
      REQUIRE(fabric->clock() == now);
      const auto size = static_cast<std::int64_t>(1 + random.below(3'000));  // up to 2.4 us
      fabric->start_flow(now, m0, m1, Bytes{size}, FlowId{2 + i});
      REQUIRE(fabric->clock() == now);
      const End end = next_end(*fabric);
      REQUIRE(end.flows == std::vector<std::uint64_t>{2 + i});
      const Time exact = now + Duration::microseconds(50) + Bandwidth{bandwidth_of_link}.time_for(Bytes{size});
      REQUIRE(std::abs((end.at - exact).ns) <= 1);
      now = end.at;
    }
    CHECK(now.in_seconds() > 9e4);
    check_next(*fabric, 200'000.00005, {1});
  }

  TEST_CASE("a reaction can start flows at the very moment of an end") {
    const auto fabric = make_simgrid_fabric(star(2));
    fabric->start_flow(Time{}, m0, m1, Bytes{1'000}, FlowId{0});
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
      const End end = next_end(*fabric);
      REQUIRE(end.at == Time{static_cast<std::int64_t>(i) * 50'800});
      fabric->start_flow(end.at, m0, m1, Bytes{1'000}, FlowId{i});
    }
  }

  TEST_CASE("what went wrong is said") {
    const auto fabric = make_simgrid_fabric(star(2));
    std::vector<FlowId> ended;
    fabric->advance(micros(10), ended);
    CHECK_THROWS_AS(fabric->advance(micros(9), ended), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(9), m0, m1, Bytes{1}, FlowId{1}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, m2, Bytes{1}, FlowId{1}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, m1, Bytes{-1}, FlowId{1}), std::logic_error);
    fabric->start_flow(micros(10), m0, m1, Bytes{1'250'000}, FlowId{1});
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, m1, Bytes{1}, FlowId{1}), std::logic_error);
    // Past the end of a flow that nobody collected.
    CHECK_THROWS_AS(fabric->start_flow(micros(9'000), m0, m1, Bytes{1}, FlowId{2}), std::logic_error);
    PlatformSpec broken = star(1);
    broken.network.bandwidth = Bandwidth{0};
    CHECK_THROWS_AS(make_simgrid_fabric(broken), std::invalid_argument);
  }
}

TEST_SUITE("fabric: several in one process") {
  TEST_CASE("each begins at 0 and has its own platform") {
    const auto first = make_simgrid_fabric(star(2));
    first->start_flow(Time{}, m0, m1, Bytes{1'250'000}, FlowId{1});
    check_next(*first, latency_of_route + 1e-3, {1});
    PlatformSpec slow = star(3);
    slow.network.bandwidth = Bandwidth{1e6};
    slow.network.latency = Duration::milliseconds(1);
    const auto second = make_simgrid_fabric(slow);
    CHECK(second->clock() == Time{});
    second->start_flow(Time{}, m1, m2, Bytes{1'000'000}, FlowId{1});
    check_next(*second, 1.002, {1});
    // Back to the first: its clock stood.
    first->start_flow(micros(2'000), m1, m0, Bytes{1'250'000}, FlowId{2});
    check_next(*first, 2e-3 + latency_of_route + 1e-3, {2});
  }

  TEST_CASE("one after another, with flows left on their way") {
    for (int i = 0; i < 200; ++i) {
      PlatformSpec platform = star(2 + static_cast<std::uint32_t>(i % 4));
      platform.network.bandwidth = Bandwidth{1e8 * (1 + i % 3)};
      const auto fabric = make_simgrid_fabric(platform);
      fabric->start_flow(Time{}, m0, m1, Bytes{10'000'000}, FlowId{1});
      check_next(*fabric, latency_of_route + 10e6 / platform.network.bandwidth.bytes_per_second, {1});
      const Time start = fabric->clock();
      fabric->start_flow(start, m0, m1, Bytes{10'000'000}, FlowId{1});
      fabric->start_flow(start, m1, m1, Bytes{10'000'000}, FlowId{2});
      CHECK(next_end(*fabric, start + Duration::microseconds(200)).flows.empty());
    }
  }

  TEST_CASE("two with flows on their way at once are refused") {
    const auto first = make_simgrid_fabric(star(2));
    const auto second = make_simgrid_fabric(star(2));
    first->start_flow(Time{}, m0, m1, Bytes{1'250'000}, FlowId{1});
    CHECK(next_end(*first, micros(500)).flows.empty());
    second->start_flow(Time{}, m0, m1, Bytes{1'250'000}, FlowId{1});
    std::vector<FlowId> ended;
    CHECK_THROWS_AS(second->advance(micros(500), ended), std::logic_error);
    check_next(*first, latency_of_route + 1e-3, {1});
  }

  TEST_CASE("a run gives the same to the nanosecond whatever ran before") {
    PlatformSpec platform = star(6);
    platform.network.bandwidth = Bandwidth{1.1e9};
    const std::vector<std::int64_t> first = mixed_run(platform);
    CHECK(first.size() > 3'000);
    for (int i = 0; i < 3; ++i) {
      const auto other = make_simgrid_fabric(star(2));
      other->start_flow(Time{}, m0, m1, Bytes{123'456'789'012}, FlowId{1});
      next_end(*other);
      CHECK(mixed_run(platform) == first);
    }
  }

  TEST_CASE("a thousand machines") {
    const auto fabric = make_simgrid_fabric(star(1'000));
    fabric->start_flow(Time{}, MachineId{999}, m0, Bytes{1'250'000}, FlowId{1});
    check_next(*fabric, latency_of_route + 1e-3, {1});
  }
}
