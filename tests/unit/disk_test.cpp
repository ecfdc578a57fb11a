// Disks of machines: reads and writes that share a bandwidth, and room, against closed forms, under both models of the network.
#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/machine_user.hpp"

using namespace fabric_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests
using namespace raysim;         // NOLINT(google-build-using-namespace)

namespace {

constexpr std::int64_t mb = 1'000'000;

constexpr NetworkModel both[] = {NetworkModel::flow, NetworkModel::chunk};

PlatformSpec with_disks(NetworkModel model = NetworkModel::flow) {
  PlatformSpec platform = star(2);
  platform.network.model = model;
  DiskSpec disk;
  disk.capacity = {100 * mb};
  disk.used = {10 * mb};
  disk.read = {200e6};
  disk.write = {100e6};
  platform.machines[1].disks = {disk, disk};
  platform.machines[1].disks[1].latency = Duration::milliseconds(5);
  return platform;
}
constexpr DiskId first{m1, 0};
constexpr DiskId slow_to_start{m1, 1};

}  // namespace

TEST_SUITE("disks") {
  TEST_CASE("a read alone takes its bytes' time after the latency, and reads at the same time share evenly") {
    for (const NetworkModel model : both) {
      CAPTURE(static_cast<int>(model));
      const auto fabric = make_fabric(with_disks(model));
      fabric->start_io(Time{}, slow_to_start, DiskUse::read, Bytes{20 * mb}, FlowId{1});
      check_next(*fabric, 0.105, {1});
      const double start = fabric->clock().in_seconds();
      fabric->start_io(fabric->clock(), first, DiskUse::read, Bytes{20 * mb}, FlowId{2});
      fabric->start_io(fabric->clock(), first, DiskUse::read, Bytes{60 * mb}, FlowId{3});
      fabric->start_io(fabric->clock(), slow_to_start, DiskUse::write, Bytes{0}, FlowId{4});  // feels nobody
      check_next(*fabric, start + 0.005, {4});
      check_next(*fabric, start + 0.2, {2});  // 100 MB/s each
      check_next(*fabric, start + 0.4, {3});  // 20 MB in that time, then 40 at 200 MB/s
    }
  }

  TEST_CASE("reads and writes have a bandwidth each, and together the larger of the two") {
    for (const NetworkModel model : both) {
      CAPTURE(static_cast<int>(model));
      const auto fabric = make_fabric(with_disks(model));
      fabric->start_io(Time{}, first, DiskUse::write, Bytes{50 * mb}, FlowId{1});
      fabric->start_io(Time{}, first, DiskUse::read, Bytes{50 * mb}, FlowId{2});
      check_next(*fabric, 0.5, {1, 2});
      const Time start = fabric->clock();
      fabric->start_io(start, first, DiskUse::write, Bytes{50 * mb}, FlowId{3});
      check_next(*fabric, start.in_seconds() + 0.5, {3});
      // Four writers would have more than writes may: the reader has the rest.
      const Time again = fabric->clock();
      for (std::uint64_t i = 4; i < 8; ++i) fabric->start_io(again, first, DiskUse::write, Bytes{15 * mb}, FlowId{i});
      fabric->start_io(again, first, DiskUse::read, Bytes{50 * mb}, FlowId{8});
      check_next(*fabric, again.in_seconds() + 0.5, {8});
      check_next(*fabric, again.in_seconds() + 0.6, {4, 5, 6, 7});
    }
  }

  TEST_CASE("a disk is as its platform says, whatever another fabric's was on the same star") {
    for (int i = 0; i < 4; ++i) {
      const double rate = i % 2 == 0 ? 100e6 : 400e6;
      PlatformSpec platform = with_disks(both[i / 2]);
      platform.machines[1].disks[0].write = {rate};
      const auto fabric = make_fabric(platform);
      fabric->start_io(Time{}, first, DiskUse::write, Bytes{40 * mb}, FlowId{1});
      check_next(*fabric, 40e6 / rate, {1});
    }
  }

  TEST_CASE("a disk without bandwidth, or none at all, is a mistake") {
    for (const NetworkModel model : both) {
      CAPTURE(static_cast<int>(model));
      PlatformSpec platform = with_disks(model);
      platform.machines[1].disks[0].read = {};
      const auto fabric = make_fabric(platform);
      CHECK_THROWS_AS(fabric->start_io(Time{}, first, DiskUse::read, Bytes{1}, FlowId{1}), std::logic_error);
      CHECK_THROWS_AS(fabric->start_io(Time{}, {m0, 0}, DiskUse::read, Bytes{1}, FlowId{1}), std::logic_error);
    }
  }

  TEST_CASE("what a process that dies was writing leaves its share to the others") {
    for (const NetworkModel model : both) {
      CAPTURE(static_cast<int>(model));
      const PlatformSpec platform = with_disks(model);
      Engine engine(platform, make_fabric(platform), {});
      Worker worker(engine);
      Worker victim(engine);
      worker.victim = victim.station.process();
      worker.kills_after = 1;
      worker.station.use_disk<Worker>(first, DiskUse::write, Bytes{25 * mb}, Done{1});
      worker.station.use_disk<Worker>(first, DiskUse::write, Bytes{75 * mb}, Done{2});
      victim.station.use_disk<Worker>(first, DiskUse::write, Bytes{75 * mb}, Done{3});
      engine.run();
      REQUIRE(worker.ends.size() == 2);
      check_time(worker.ends[0], 0.75);  // a third each
      check_time(worker.ends[1], 1.25);  // 50 MB alone
      CHECK(victim.ends.empty());
    }
  }

  TEST_CASE("the room of a disk is for all of its machine") {
    const PlatformSpec platform = with_disks();
    Engine engine(platform, make_fabric(platform), {});
    REQUIRE(engine.disks_of(m1) == 2);
    CHECK(engine.disks_of(m0) == 0);
    Disk& disk = engine.disk(first);
    CHECK(disk.free() == Bytes{90 * mb});
    CHECK_FALSE(disk.take({91 * mb}));
    CHECK(disk.take({90 * mb}));
    CHECK(engine.disk(first).free() == Bytes{});
    CHECK(engine.disk(slow_to_start).used() == Bytes{10 * mb});
    disk.give_back({40 * mb});
    CHECK(disk.used() == Bytes{60 * mb});
  }
}
