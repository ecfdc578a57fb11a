// Devices of machines: work that shares a device's speed, bytes that share its link, against closed forms.
#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/machine_user.hpp"

using namespace fabric_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests
using namespace raysim;         // NOLINT(google-build-using-namespace)

namespace {

PlatformSpec with_devices() {
  PlatformSpec platform = star(3);
  platform.machines[1].devices = {{.speed = 2, .shared = true, .link = Bandwidth{10e9}, .latency = micros(3) - Time{}},
                                  {.speed = 1, .shared = true}};
  return platform;
}
constexpr DeviceId fast{m1, 0};
constexpr DeviceId plain{m1, 1};
constexpr Duration second = Duration::milliseconds(1000);

}  // namespace

TEST_SUITE("devices") {
  TEST_CASE("work alone takes its time over the speed, and jobs at the same time share it evenly") {
    const auto fabric = make_simgrid_fabric(with_devices());
    fabric->start_work(Time{}, fast, second, FlowId{1});
    check_next(*fabric, 0.5, {1});
    // The first has done 0.5 of its 2 when the second comes; then half the speed each.
    const Time start = fabric->clock();
    fabric->start_work(start, fast, second * 2, FlowId{2});
    CHECK(next_end(*fabric, start + Duration::milliseconds(250)).flows.empty());
    fabric->start_work(start + Duration::milliseconds(250), fast, second, FlowId{3});
    fabric->start_work(start + Duration::milliseconds(250), plain, second * 3, FlowId{4});  // feels nobody
    check_next(*fabric, start.in_seconds() + 1.25, {3});
    check_next(*fabric, start.in_seconds() + 1.5, {2});
    check_next(*fabric, start.in_seconds() + 3.25, {4});
    CHECK_FALSE(fabric->busy());
  }

  TEST_CASE("copies share a device's link and not the network") {
    const auto fabric = make_simgrid_fabric(with_devices());
    fabric->start_copy(Time{}, {m1, main_memory}, fast, Bytes{10'000'000}, FlowId{1});
    fabric->start_copy(Time{}, {m1, main_memory}, fast, Bytes{10'000'000}, FlowId{2});
    fabric->start_flow(Time{}, m0, m1, Bytes{1'250'000}, FlowId{3});
    check_next(*fabric, latency_of_route + 1e-3, {3});
    check_next(*fabric, 3e-6 + 2e-3, {1, 2});
  }

  TEST_CASE("machines with devices are reached as the others, and themselves by their loopback") {
    const PlatformSpec platform = with_devices();
    const auto fabric = make_simgrid_fabric(platform);
    for (const auto& [from, to] : {std::pair{m0, m1}, {m1, m0}, {m1, m2}}) {
      const Time start = fabric->clock();
      fabric->start_flow(start, from, to, Bytes{12'500'000}, FlowId{7});
      check_next(*fabric, start.in_seconds() + latency_of_route + 10e-3, {7});
    }
    const Time start = fabric->clock();
    fabric->start_flow(start, m1, m1, Bytes{50'000'000}, FlowId{7});
    check_next(*fabric, start.in_seconds() + 10e-6 + 10e-3, {7});
    CHECK_THROWS_AS(fabric->start_work(fabric->clock(), {m0, 0}, second, FlowId{8}), std::logic_error);
  }

  TEST_CASE("what is cancelled leaves its share to the others") {
    const auto fabric = make_simgrid_fabric(with_devices());
    fabric->start_work(Time{}, plain, second, FlowId{1});
    fabric->start_work(Time{}, plain, second, FlowId{2});
    CHECK(next_end(*fabric, Time{} + second).flows.empty());
    fabric->cancel_flow(FlowId{1});
    check_next(*fabric, 1.5, {2});
  }

  TEST_CASE("a device that is not shared gives its speed to each job, and a process that dies leaves a shared one") {
    PlatformSpec platform = with_devices();
    platform.machines[1].devices[0].shared = false;
    Engine engine(platform, make_simgrid_fabric(platform), {});
    Worker worker(engine);
    Worker victim(engine);
    worker.victim = victim.station.process();
    worker.kills_after = 2;
    worker.station.compute_on<Worker>(fast, second, Done{1});
    worker.station.compute_on<Worker>(fast, second, Done{2});
    worker.station.compute_on<Worker>(plain, second, Done{3});
    victim.station.compute_on<Worker>(plain, second * 10, Done{4});
    worker.station.copy({m1, main_memory}, fast, Bytes{10'000'000'000}, Address<Worker>{worker.station.id()}, Done{5});
    engine.run();
    REQUIRE(worker.ends.size() == 4);
    check_time(worker.ends[0], 0.5);
    check_time(worker.ends[1], 0.5);
    check_time(worker.ends[2], 1.000003);
    check_time(worker.ends[3], 1.25);  // half of its device until the victim was killed, then all
    CHECK(victim.ends.empty());
  }
}
