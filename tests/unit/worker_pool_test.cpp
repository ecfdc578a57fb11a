// The worker pool's bookkeeping: who gets an idle worker, when a process is started, and who is asked to exit.
#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <vector>

#include "models/raylet/worker_pool.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

SystemConfig config(std::int64_t concurrency = 0) {
  SystemConfig c;
  c.idle_worker_killing_time_threshold = Duration::seconds(1);
  c.worker_maximum_startup_concurrency = concurrency;
  return c;
}
ProcessId worker(std::uint32_t n) { return {n}; }
LeaseId lease(std::uint64_t n) { return {n}; }
Time second(double s) { return Time{} + Duration::seconds(s); }

// Starts what the pool asks for, with numbers from `next` on; returns how many.
int start_all(WorkerPool& pool, std::uint32_t& next) {
  int started = 0;
  while (pool.next_start()) {
    pool.started(worker(next++));
    ++started;
  }
  return started;
}

}  // namespace

TEST_SUITE("worker_pool") {
  TEST_CASE("the worker that became idle last is reused first") {
    WorkerPool pool(config(), 4, 4);
    for (std::uint32_t i = 1; i <= 3; ++i) CHECK_FALSE(pool.push(worker(i), second(i), false));
    CHECK(pool.idle() == 3);
    CHECK(pool.pop(lease(1)) == worker(3));
    CHECK(pool.pop(lease(2)) == worker(2));
    CHECK_FALSE(pool.push(worker(3), second(4), false));
    CHECK(pool.pop(lease(3)) == worker(3));
    CHECK(pool.pop(lease(4)) == worker(1));
    CHECK(pool.idle() == 0);
  }

  TEST_CASE("a lease that finds no idle worker waits and has a process started, first come first served") {
    WorkerPool pool(config(2), 8, 8);
    std::uint32_t next = 1;
    CHECK_FALSE(pool.next_start());
    for (std::uint64_t i = 1; i <= 3; ++i) CHECK_FALSE(pool.pop(lease(i)));
    CHECK(start_all(pool, next) == 2);
    pool.registered(worker(2));
    CHECK(pool.push(worker(2), second(1), false) == lease(1));
    CHECK(start_all(pool, next) == 1);  // there is room for the third now
    pool.registered(worker(1));
    CHECK(pool.push(worker(1), second(2), false) == lease(2));
    pool.registered(worker(3));
    CHECK(pool.push(worker(3), second(3), false) == lease(3));
    CHECK(start_all(pool, next) == 0);
    CHECK(pool.idle() == 0);
  }

  TEST_CASE("no more processes start at once than CPUs of the node, cores of the machine or the setting allow") {
    struct Case {
      std::int64_t setting;
      std::int64_t cpus;
      int cores;
      int allowed;
    };
    for (const Case& c : {Case{0, 4, 8, 4}, Case{0, 20, 2, 2}, Case{0, 0, 8, 1}, Case{3, 20, 2, 3}}) {
      WorkerPool pool(config(c.setting), c.cpus, c.cores);
      std::uint32_t next = 1;
      for (std::uint64_t i = 1; i <= 30; ++i) CHECK_FALSE(pool.pop(lease(i)));
      CHECK(start_all(pool, next) == c.allowed);
    }
  }

  TEST_CASE("a returned worker serves a lease whose process is still to be started, which is then not started") {
    WorkerPool pool(config(1), 8, 8);
    std::uint32_t next = 1;
    for (std::uint64_t i = 1; i <= 3; ++i) CHECK_FALSE(pool.pop(lease(i)));
    CHECK(start_all(pool, next) == 1);
    CHECK(pool.push(worker(50), second(1), false) == lease(1));
    CHECK(pool.push(worker(51), second(1), false) == lease(2));
    CHECK(pool.push(worker(52), second(1), false) == lease(3));
    pool.registered(worker(1));
    CHECK_FALSE(pool.push(worker(1), second(2), false));  // nobody waits any more
    CHECK(start_all(pool, next) == 0);
  }

  TEST_CASE("a forgotten lease gets no worker") {
    WorkerPool pool(config(1), 8, 8);
    std::uint32_t next = 1;
    for (std::uint64_t i = 1; i <= 3; ++i) CHECK_FALSE(pool.pop(lease(i)));
    CHECK(start_all(pool, next) == 1);
    pool.forget(lease(1));  // its process is on its way
    pool.forget(lease(3));  // its process is not
    pool.registered(worker(1));
    CHECK(pool.push(worker(1), second(1), false) == lease(2));
    CHECK(start_all(pool, next) == 0);
    CHECK_FALSE(pool.push(worker(2), second(1), false));
  }

  TEST_CASE("spares fill up what is idle or starting, as far as the limit on starts allows") {
    WorkerPool pool(config(4), 20, 20);
    CHECK(pool.spares(3) == 3);
    CHECK(pool.spares(10) == 4);
    pool.started(worker(1));
    pool.started(worker(2));
    CHECK(pool.spares(10) == 2);
    CHECK(pool.spares(2) == 0);
    pool.registered(worker(1));
    CHECK_FALSE(pool.push(worker(1), second(1), false));
    CHECK(pool.spares(3) == 1);
    CHECK(pool.spares(0) == 0);
  }

  TEST_CASE("workers idle for the threshold are asked to exit, the longest idle first, down to what may stay") {
    WorkerPool pool(config(), 4, 4);
    for (std::uint32_t i = 1; i <= 5; ++i) CHECK_FALSE(pool.push(worker(i), second(0.1 * i), false));
    CHECK(pool.sweep(second(1.09), 0).empty());
    CHECK(pool.sweep(second(1.35), 1) == std::vector<ProcessId>{worker(1), worker(2)});
    CHECK(pool.sweep(second(1.35), 1).empty());  // once
    CHECK(pool.idle() == 3);
    CHECK(pool.sweep(second(9), 2) == std::vector<ProcessId>{worker(3)});
    CHECK(pool.pop(lease(1)) == worker(5));
    CHECK(pool.pop(lease(2)) == worker(4));
    CHECK_FALSE(pool.pop(lease(3)));
  }

  TEST_CASE("a worker that was asked to exit counts against spares until it has answered or is dead") {
    WorkerPool pool(config(9), 9, 9);
    for (std::uint32_t i = 1; i <= 3; ++i) CHECK_FALSE(pool.push(worker(i), second(0), false));
    CHECK(pool.sweep(second(2), 1).size() == 2);
    CHECK(pool.spares(5) == 2);
    pool.exit_answered(worker(1));
    CHECK(pool.spares(5) == 3);
    pool.exit_answered(worker(1));
    pool.died(worker(2));
    CHECK(pool.spares(5) == 4);
  }

  TEST_CASE("a worker that never ran a task is reused after all that did") {
    WorkerPool pool(config(), 4, 4);
    CHECK_FALSE(pool.push(worker(1), second(1), false));
    CHECK_FALSE(pool.push(worker(2), second(2), true));
    CHECK_FALSE(pool.push(worker(3), second(3), true));
    CHECK_FALSE(pool.push(worker(4), second(4), false));
    std::vector<ProcessId> order;
    for (std::uint64_t i = 1; i <= 4; ++i) order.push_back(pool.pop(lease(i)).value());
    CHECK(order == std::vector<ProcessId>{worker(4), worker(1), worker(2), worker(3)});
  }

  TEST_CASE("a warm worker counts as idle since long ago") {
    WorkerPool pool(config(), 2, 2);
    pool.add_warm(worker(1));
    pool.add_warm(worker(2));
    CHECK(pool.idle() == 2);
    CHECK(pool.sweep(second(0), 1) == std::vector<ProcessId>{worker(1)});
    CHECK(pool.pop(lease(1)) == worker(2));
  }

  TEST_CASE("a process that dies while it starts frees its place, and its lease has another one started") {
    WorkerPool pool(config(1), 8, 8);
    std::uint32_t next = 1;
    CHECK_FALSE(pool.pop(lease(1)));
    CHECK(start_all(pool, next) == 1);
    pool.died(worker(1));
    CHECK(start_all(pool, next) == 1);
    pool.registered(worker(2));
    CHECK(pool.push(worker(2), second(1), false) == lease(1));
  }

  TEST_CASE("in any order of events no worker is given twice and every lease gets one in the end") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      RandomStream random(seed, "worker pool");
      WorkerPool pool(config(static_cast<std::int64_t>(1 + random.below(3))), 8, 8);
      std::uint32_t next = 1;
      std::uint64_t leases = 0;
      std::set<std::uint64_t> waiting;
      std::set<ProcessId> starting;
      std::vector<ProcessId> leased;
      std::set<ProcessId> idle;
      const auto free = [&](ProcessId w) {
        if (const auto got = pool.push(w, second(1), false)) {
          REQUIRE(waiting.erase(got->value) == 1);
          leased.push_back(w);
        } else {
          REQUIRE(waiting.empty());
          idle.insert(w);
        }
      };
      for (int step = 0; step < 200 || !waiting.empty(); ++step) {
        REQUIRE(step < 10'000);
        const auto what = random.below(4);
        if (what == 0 && step < 200) {
          const LeaseId wanted = lease(++leases);
          if (const auto got = pool.pop(wanted)) {
            REQUIRE(idle.erase(*got) == 1);
            leased.push_back(*got);
          } else {
            waiting.insert(wanted.value);
          }
        } else if (what == 1 && !starting.empty()) {
          const ProcessId up = *starting.begin();
          starting.erase(up);
          pool.registered(up);
          free(up);
        } else if (what == 2 && !leased.empty()) {
          const ProcessId back = leased.back();
          leased.pop_back();
          free(back);
        }
        while (pool.next_start()) {
          pool.started(worker(next));
          REQUIRE(starting.insert(worker(next++)).second);
          REQUIRE(starting.size() <= 3);
        }
        REQUIRE(pool.idle() == static_cast<std::int64_t>(idle.size()));
      }
    }
  }

  TEST_CASE("a lease gets a worker of its environment, which is set up once") {
    constexpr EnvironmentId pip{1};
    constexpr EnvironmentId conda{2};
    WorkerPool pool(config(2), 8, 8);
    CHECK_FALSE(pool.push(worker(1), second(1), false));
    CHECK_FALSE(pool.next_setup());
    CHECK_FALSE(pool.pop(lease(1), false, {pip}));  // the idle worker has none
    CHECK_FALSE(pool.pop(lease(2), false, {pip}));
    CHECK_FALSE(pool.pop(lease(3), false, {conda}));
    CHECK(pool.next_setup() == pip);
    CHECK(pool.next_setup() == conda);
    CHECK_FALSE(pool.next_setup());
    CHECK_FALSE(pool.next_start());
    pool.set_up(pip, false);
    CHECK(pool.take_hopeless().empty());
    CHECK(pool.next_start() == WorkerKind{pip});
    pool.started(worker(2), {pip});
    CHECK(pool.next_start() == WorkerKind{pip});
    pool.started(worker(3), {pip});
    pool.registered(worker(2));
    CHECK(pool.push(worker(2), second(2), true, {pip}) == lease(1));
    pool.died(worker(3));  // another is started in its place
    CHECK(pool.next_start() == WorkerKind{pip});
    pool.started(worker(4), {pip});
    pool.set_up(conda, true);
    CHECK(pool.take_hopeless() == std::vector<LeaseId>{lease(3)});
    CHECK_FALSE(pool.pop(lease(4), false, {conda}));
    CHECK_FALSE(pool.next_setup());
    CHECK(pool.take_hopeless() == std::vector<LeaseId>{lease(4)});
    CHECK(pool.pop(lease(5)) == worker(1));
    CHECK(pool.push(worker(2), second(3), false, {pip}) == lease(2));
    CHECK_FALSE(pool.push(worker(2), second(4), false, {pip}));
    CHECK_FALSE(pool.pop(lease(6)));
    CHECK(pool.pop(lease(7), false, {pip}) == worker(2));
  }

  TEST_CASE("a worker serves the job that took it first, or for which it was started") {
    constexpr WorkerKind one{{}, {0}};
    constexpr WorkerKind other{{}, {1}};
    WorkerPool pool(config(2), 8, 8);
    CHECK_FALSE(pool.push(worker(1), second(1), true));  // started ahead of demand, for nobody
    CHECK_FALSE(pool.push(worker(2), second(1), false, one));
    CHECK_FALSE(pool.push(worker(3), second(2), false, other));
    CHECK(pool.pop(lease(1), false, one) == worker(2));
    CHECK(pool.pop(lease(2), false, one) == worker(1));
    CHECK_FALSE(pool.pop(lease(3), false, one));
    CHECK(pool.next_start() == one);
    pool.started(worker(4), one);
    CHECK_FALSE(pool.push(worker(5), second(3), false, other));  // no use to who waits
    pool.registered(worker(4));
    CHECK(pool.push(worker(4), second(4), true, one) == lease(3));
    CHECK(pool.pop(lease(4), false, other) == worker(5));
    CHECK(pool.pop(lease(5), false, other) == worker(3));
    CHECK(pool.idle() == 0);
  }
}
