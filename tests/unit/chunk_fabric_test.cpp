// The fabric by queues: what one transfer takes to the nanosecond, cancelling, devices, and conservation.
#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

#include "tests/unit/fabric_checks.hpp"

using namespace fabric_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

std::unique_ptr<Fabric> chunk_fabric(PlatformSpec platform) {
  platform.network.model = raysim::NetworkModel::chunk;
  return raysim::make_fabric(platform);
}

}  // namespace

TEST_SUITE("chunk_fabric") {
  TEST_CASE("one transfer takes latency plus size over bandwidth") {
    const auto fabric = chunk_fabric(star(2));
    for (const std::int64_t size : {1LL, 7LL, 1'000LL, 5'242'880LL, 1'000'000'000LL, 3'000'000'000'001LL}) {
      const Time start = fabric->clock();
      fabric->start_flow(start, m0, m1, Bytes{size}, FlowId{7});
      CHECK(fabric->busy());
      const End end = next_end(*fabric);
      CHECK(end.flows == std::vector<std::uint64_t>{7});
      const double exact = latency_of_route + static_cast<double>(size) / bandwidth_of_link;
      CHECK(std::abs((end.at - start).in_seconds() - exact) < 2e-9);
      CHECK_FALSE(fabric->busy());
    }
  }

  TEST_CASE("no bytes take the latency, and a machine to itself its loopback, which is shared") {
    const auto fabric = chunk_fabric(star(2));
    fabric->start_flow(Time{}, m0, m1, Bytes{}, FlowId{1});
    check_next(*fabric, latency_of_route, {1});
    const Time start = fabric->clock();
    fabric->start_flow(start, m0, m0, Bytes{5'000'000}, FlowId{1});
    fabric->start_flow(start, m0, m0, Bytes{10'000'000}, FlowId{2});
    check_next(*fabric, start.in_seconds() + 10e-6 + 2e-3, {1});
    check_next(*fabric, start.in_seconds() + 10e-6 + 3e-3, {2});
  }

  TEST_CASE("a cancelled transfer never reports and leaves its share to the others") {
    const auto fabric = chunk_fabric(star(2));
    fabric->start_flow(Time{}, m0, m1, Bytes{125'000'000}, FlowId{1});
    fabric->start_flow(Time{}, m0, m1, Bytes{125'000'000}, FlowId{2});
    CHECK(next_end(*fabric, micros(50'050)).flows.empty());
    fabric->cancel_flow(FlowId{2});
    fabric->cancel_flow(FlowId{3});  // there is none
    const End end = next_end(*fabric);
    CHECK(end.flows == std::vector<std::uint64_t>{1});
    CHECK(end.at.in_seconds() == doctest::Approx(0.125).epsilon(0.01));
    CHECK_FALSE(fabric->busy());
    // Before its first byte has entered, and while it has ended without anybody having been told.
    const Time now = fabric->clock();
    fabric->start_flow(now, m0, m1, Bytes{1}, FlowId{4});
    fabric->cancel_flow(FlowId{4});
    CHECK_FALSE(fabric->busy());
    fabric->start_flow(now, m0, m1, Bytes{1'000}, FlowId{4});
    CHECK(next_end(*fabric).flows == std::vector<std::uint64_t>{4});
  }

  TEST_CASE("calls that break the rules are refused") {
    const auto fabric = chunk_fabric(star(2));
    fabric->start_flow(micros(10), m0, m1, Bytes{1'000}, FlowId{1});
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, m1, Bytes{1'000}, FlowId{1}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(5), m0, m1, Bytes{1'000}, FlowId{2}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, m1, Bytes{-1}, FlowId{2}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_flow(micros(10), m0, MachineId{9}, Bytes{1}, FlowId{2}), std::logic_error);
    CHECK_THROWS_AS(fabric->start_work(micros(10), {m0, 0}, Duration::microseconds(1), FlowId{2}), std::logic_error);
    CHECK(next_end(*fabric).flows == std::vector<std::uint64_t>{1});
  }

  TEST_CASE("devices: work shares a device evenly and to the nanosecond, copies a link by pieces") {
    PlatformSpec platform = star(1);
    platform.machines[0].devices = {{2, true, Bandwidth{1e9}, Duration::microseconds(5)}};
    const auto fabric = chunk_fabric(platform);
    fabric->start_work(Time{}, {m0, 0}, Duration::milliseconds(4), FlowId{3});
    check_next(*fabric, 2e-3, {3});
    const Time start = fabric->clock();
    fabric->start_work(start, {m0, 0}, Duration::milliseconds(2), FlowId{4});
    fabric->start_work(start, {m0, 0}, Duration::milliseconds(9), FlowId{5});
    check_next(*fabric, start.in_seconds() + 2e-3, {4});
    fabric->cancel_flow(FlowId{5});
    CHECK_FALSE(fabric->busy());
    const raysim::DeviceId memory{m0, raysim::main_memory};
    const Time copying = fabric->clock();
    fabric->start_copy(copying, memory, {m0, 0}, Bytes{100'000'000}, FlowId{1});
    fabric->start_copy(copying, memory, {m0, 0}, Bytes{300'000'000}, FlowId{2});
    const End first = next_end(*fabric);
    CHECK(first.flows == std::vector<std::uint64_t>{1});
    CHECK((first.at - copying).in_seconds() == doctest::Approx(0.2).epsilon(0.01));
    check_next(*fabric, copying.in_seconds() + 5e-6 + 0.4, {2});
  }

  TEST_CASE("every transfer of a run with much sharing ends once, and the run is the same again") {
    PlatformSpec platform = star(10);
    platform.network.model = raysim::NetworkModel::chunk;
    CHECK(mixed_run(platform) == mixed_run(platform));
  }
}
