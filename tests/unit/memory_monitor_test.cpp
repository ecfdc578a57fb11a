// Out of memory: when somebody has to go, who, and whether the task runs again.
#include <doctest/doctest.h>

#include <vector>

#include "models/object_store/memory_monitor.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

using Killed = std::vector<KilledWorker>;
Bytes gib(std::int64_t n) { return Bytes{n << 30}; }
ProcessId process(std::uint32_t i) { return {i}; }
WorkerMemory leased(std::uint32_t i, std::int64_t used, bool retriable, double granted, std::uint64_t owner = 1) {
  return {process(i), gib(used), true, retriable, owner, Time{} + Duration::seconds(granted)};
}
WorkerMemory idle(std::uint32_t i, std::int64_t used) { return {process(i), gib(used), false, false, 0, {}}; }

SystemConfig config(bool by_group = false) {
  SystemConfig c;
  c.memory_usage_threshold = 0.95;
  c.min_memory_free = -1;
  c.max_kill_memory_buffer = gib(3);
  c.idle_worker_killing_memory_threshold = gib(1);
  c.worker_killing_policy_by_group = by_group;
  return c;
}

}  // namespace

TEST_SUITE("memory_monitor") {
  TEST_CASE("the threshold is a part of the memory, or what must be free if that is less") {
    CHECK(MemoryMonitor(gib(100), config()).threshold() == gib(95));
    SystemConfig with_free = config();
    with_free.min_memory_free = gib(2).count;
    CHECK(MemoryMonitor(gib(100), with_free).threshold() == gib(98));
    with_free.min_memory_free = gib(20).count;
    CHECK(MemoryMonitor(gib(100), with_free).threshold() == gib(95));
  }

  TEST_CASE("by time: large idle workers first, then what can be retried, then the newest, until enough is free") {
    const std::vector<WorkerMemory> workers{leased(1, 4, false, 9),
                                            leased(2, 4, true, 1),
                                            leased(3, 4, true, 5),
                                            leased(4, 4, false, 2),
                                            idle(5, 1),
                                            idle(6, 2)};
    CHECK(choose_by_time(workers, gib(100), gib(1)) == Killed{{process(6), false},
                                                              {process(3), true},
                                                              {process(2), true},
                                                              {process(1), false},
                                                              {process(4), false},
                                                              {process(5), false}});
    CHECK(choose_by_time(workers, gib(2), gib(1)) == Killed{{process(6), false}});
    CHECK(choose_by_time(workers, Bytes{gib(2).count + 1}, gib(1)) == Killed{{process(6), false}, {process(3), true}});
    CHECK(choose_by_time({}, gib(2), gib(1)).empty());
  }

  TEST_CASE("by group: of those of one owner that can be retried and are most, the newest") {
    std::vector<WorkerMemory> workers{leased(1, 9, false, 9, 7), leased(2, 1, false, 8, 8), leased(3, 1, false, 7, 9),
                                      leased(4, 1, true, 1, 1),  leased(5, 1, true, 3, 1),  leased(6, 9, true, 6, 2)};
    CHECK(choose_by_group(workers, gib(1)) == Killed{{process(5), true}});
    workers.erase(workers.begin() + 4);
    // Groups of one: the newest, which was the last of its owner and is not run again.
    CHECK(choose_by_group(workers, gib(1)) == Killed{{process(6), false}});
    workers.resize(3);
    CHECK(choose_by_group(workers, gib(1)) == Killed{{process(1), false}});
    workers.push_back(idle(9, 2));
    workers.push_back(idle(10, 3));
    workers.push_back(idle(11, 1));
    CHECK(choose_by_group(workers, gib(1)) == Killed{{process(10), false}});
    CHECK(choose_by_group(std::vector{idle(11, 1)}, gib(1)).empty());
  }

  TEST_CASE("nobody is killed below the threshold, nor before the last victims are dead") {
    MemoryMonitor monitor(gib(100), config());
    const std::vector<WorkerMemory> workers{leased(1, 2, true, 1), leased(2, 2, true, 2), leased(3, 20, true, 0)};
    CHECK(monitor.check(gib(95), workers).empty());
    // 1 GiB over, and 3 GiB more: the small new ones go for the large old one.
    CHECK(monitor.check(gib(96), workers) == Killed{{process(2), true}, {process(1), true}});
    CHECK(monitor.check(gib(99), workers).empty());
    monitor.worker_died(process(2));
    CHECK(monitor.check(gib(99), workers).empty());
    monitor.worker_died(process(1));
    CHECK(monitor.check(gib(96), std::span(workers).subspan(2)) == Killed{{process(3), true}});
    MemoryMonitor by_group(gib(100), config(true));
    CHECK(by_group.check(gib(96), workers) == Killed{{process(2), true}});
    // A small machine keeps a twentieth of its memory free besides.
    MemoryMonitor small(gib(20), config());
    CHECK(small.check(Bytes{gib(19).count + 1}, workers) == Killed{{process(2), true}});
  }
}
