// Cores that are shared: priorities, time slices, exact CPU time. Jobs are given to the machine without stations.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr Duration slice = ms(4);

// Low jobs wait for ever behind normal ones, and cores do not slow each other down.
EngineSettings strict() {
  EngineSettings settings;
  settings.sharing.time_slice = slice;
  settings.sharing.low_patience = Duration::seconds(1'000'000);
  settings.sharing.sharing_slowdown = 0;
  return settings;
}
EngineSettings slowed_by(double share) {
  EngineSettings settings = strict();
  settings.sharing.sharing_slowdown = share;
  return settings;
}

struct Job {
  Time arrival;
  Duration work;
  CpuPriority priority = CpuPriority::low;
};

// Submits jobs to one machine and notes when each ends.
class Bench {
 public:
  explicit Bench(int cores, const EngineSettings& settings = strict())
      : engine(make_engine(machines(1, true, cores), settings)) {}

  void submit(const Job& job) {
    const std::size_t index = ends.size();
    ends.emplace_back(-1);
    at_time(job.arrival, [this, job, index] {
      Cell* done = cell([this, index] { ends[index] = engine->now(); });
      engine->machine({0}).run(job.priority, job.work, done);
    });
  }
  std::vector<Time> run(const std::vector<Job>& jobs) {
    for (const Job& job : jobs) submit(job);
    CHECK(engine->run() == RunEnd::empty);
    return ends;
  }
  [[nodiscard]] Duration busy() const { return engine->machine({0}).busy(); }

  std::unique_ptr<Engine> engine;
  std::vector<Time> ends;

 private:
  struct Call {
    std::function<void()>* function;
  };
  Cell* cell(std::function<void()> function) {
    calls_.push_back(std::make_unique<std::function<void()>>(std::move(function)));
    Cell* made = engine->take_cell();
    made->address(no_station, no_station);
    made->invoke = [](Cell& c, Station*, Fate fate) {
      const auto call = c.take<Call>();
      if (fate == Fate::deliver) (*call.function)();
    };
    made->store(Call{calls_.back().get()});
    engine->begin(*made);
    return made;
  }
  void at_time(Time when, std::function<void()> function) { engine->schedule(when, cell(std::move(function))); }
  std::vector<std::unique_ptr<std::function<void()>>> calls_;
};

std::vector<Job> random_jobs(RandomStream& random, int count, std::uint64_t span_ns, bool both_priorities) {
  std::vector<Job> jobs;
  for (int i = 0; i < count; ++i)
    jobs.push_back({Time{static_cast<std::int64_t>(random.below(span_ns))},
                    Duration{static_cast<std::int64_t>(1 + random.below(40'000'000))},
                    both_priorities && random.below(2) == 0 ? CpuPriority::normal : CpuPriority::low});
  return jobs;
}

// The machine's header as a tiny simulation of one core: normal jobs take it from low ones at once, a job gives
// way to its equals after a slice once somebody waits, and who has just come goes before who has used up a slice.
class OneCore {
 public:
  std::vector<Time> run(const std::vector<Job>& jobs) {
    std::vector<std::size_t> order(jobs.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return jobs[a].arrival < jobs[b].arrival; });
    ends_.assign(jobs.size(), Time{-1});
    std::size_t next = 0;
    while (next < order.size() || running_) {
      const Time arrival = next < order.size() ? jobs[order[next]].arrival : Time::max();
      const Time change = running_ ? next_change() : Time::max();
      if (change <= arrival) {
        advance(change);
        rotate_or_end();
      } else {
        advance(arrival);
        arrive(order[next], jobs[order[next]]);
        ++next;
      }
    }
    return ends_;
  }

 private:
  struct Running {
    std::size_t index;
    Duration left;
    CpuPriority priority;
  };
  struct Queue {
    std::deque<Running> fresh;
    std::deque<Running> used_up;
    [[nodiscard]] bool empty() const { return fresh.empty() && used_up.empty(); }
  };
  Queue& queue(CpuPriority p) { return p == CpuPriority::normal ? normal_ : low_; }
  [[nodiscard]] Time next_change() {
    const Time end = now_ + running_->left;
    if (normal_.empty() && low_.empty()) return end;
    return std::min(end, std::max(now_, since_ + slice));
  }
  void advance(Time to) {
    if (running_) running_->left -= to - now_;
    now_ = to;
  }
  void arrive(std::size_t index, const Job& job) {
    const Running fresh{index, job.work, job.priority};
    if (running_ && running_->priority == CpuPriority::low && job.priority == CpuPriority::normal) {
      low_.fresh.push_front(*running_);
      running_.reset();
    }
    queue(job.priority).fresh.push_back(fresh);
    if (!running_) take_next();
  }
  void rotate_or_end() {
    if (running_->left == Duration{})
      ends_[running_->index] = now_;
    else
      queue(running_->priority).used_up.push_back(*running_);
    running_.reset();
    take_next();
  }
  void take_next() {
    Queue& waiting = normal_.empty() ? low_ : normal_;
    if (waiting.empty()) return;
    auto& from = waiting.fresh.empty() ? waiting.used_up : waiting.fresh;
    running_ = from.front();
    from.pop_front();
    since_ = now_;
  }

  Time now_;
  Time since_;
  std::optional<Running> running_;
  Queue normal_;
  Queue low_;
  std::vector<Time> ends_;
};

Duration total_work(const std::vector<Job>& jobs) {
  Duration sum;
  for (const Job& job : jobs) sum += job.work;
  return sum;
}

}  // namespace

TEST_SUITE("machine") {
  TEST_CASE("jobs that fit on the cores do not disturb each other") {
    Bench bench(3);
    const auto ends = bench.run({{at(ms(0)), ms(30)}, {at(ms(1)), ms(7)}, {at(ms(2)), ms(11)}, {at(ms(8)), ms(3)}});
    CHECK(ends == std::vector<Time>{at(ms(30)), at(ms(8)), at(ms(13)), at(ms(11))});
    CHECK(bench.busy() == ms(51));
  }

  TEST_CASE("equal jobs on one core take turns, a slice each") {
    constexpr int count = 5;
    constexpr int rounds = 10;
    Bench bench(1);
    const auto ends = bench.run(std::vector<Job>(count, {Time{}, slice * rounds}));
    for (int i = 0; i < count; ++i)
      CHECK(ends[static_cast<std::size_t>(i)] == at(slice * (count * rounds - (count - 1 - i))));
  }

  TEST_CASE("equal jobs on several cores end in rounds") {
    Bench bench(4);
    const auto ends = bench.run(std::vector<Job>(12, {Time{}, slice * 10}));
    for (std::size_t i = 0; i < 12; ++i) CHECK(ends[i] == at(slice * (28 + static_cast<std::int64_t>(i / 4))));
  }

  TEST_CASE("a job that has run for long already gives way at once when an equal one comes") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(100)}, {at(ms(50)), ms(2)}});
    CHECK(ends == std::vector<Time>{at(ms(102)), at(ms(52))});
  }

  TEST_CASE("a normal job takes the core from a low one at once and keeps it") {
    Bench bench(1);
    const auto ends = bench.run(
        {{at(ms(0)), ms(10), CpuPriority::low}, {at(ms(3)), ms(50), CpuPriority::normal}, {at(ms(4)), ms(1)}});
    // The first low one goes on for a slice, then the short one, then the rest of the first.
    CHECK(ends == std::vector<Time>{at(ms(61)), at(ms(53)), at(ms(58))});
  }

  TEST_CASE("among equals a job that has just come goes before those that have used up a slice") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(20)}, {at(ms(0)), ms(20)}, {at(ms(9)), ms(1)}});
    CHECK(ends == std::vector<Time>{at(ms(37)), at(ms(41)), at(ms(13))});
  }

  TEST_CASE("a low job that lost its core takes turns with the low jobs on the other cores") {
    Bench bench(2);
    // The normal job takes core 0 for 50 ms; both low jobs then share core 1.
    const auto ends =
        bench.run({{at(ms(0)), ms(100)}, {at(ms(0)), ms(100)}, {at(ms(10)), ms(50), CpuPriority::normal}});
    CHECK(ends[2] == at(ms(60)));
    CHECK(ends[0] - ends[1] <= slice);
    CHECK(ends[1] - ends[0] <= slice);
    CHECK(std::max(ends[0], ends[1]) <= at(ms(125) + slice));
  }

  TEST_CASE("a low job that ends at the moment a normal one comes has ended") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(10)}, {at(ms(10)), ms(50), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(10)), at(ms(60))});
  }

  TEST_CASE("jobs without work end at once, also behind others of their priority") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(0)}, {at(ms(1)), ms(3)}, {at(ms(2)), ms(0), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(0)), at(ms(4)), at(ms(2))});
  }

  TEST_CASE("random jobs of both priorities on one core end exactly when the tiny simulation says") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      RandomStream random(seed, "one core");
      const auto jobs = random_jobs(random, 25, 400'000'000, true);
      Bench bench(1);
      REQUIRE(bench.run(jobs) == OneCore().run(jobs));
      REQUIRE(bench.busy() == total_work(jobs));
    }
  }

  TEST_CASE("on several cores every job gets its exact time, and no interval holds more work than its cores can do") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      RandomStream random(seed, "many cores");
      const int cores = static_cast<int>(1 + random.below(6));
      const auto jobs = random_jobs(random, 60, 200'000'000, true);
      Bench bench(cores);
      const auto ends = bench.run(jobs);
      REQUIRE(bench.busy() == total_work(jobs));
      for (std::size_t i = 0; i < jobs.size(); ++i) REQUIRE(ends[i] - jobs[i].arrival >= jobs[i].work);
      for (const Job& from : jobs)
        for (const Time to : ends) {
          Duration inside;
          for (std::size_t i = 0; i < jobs.size(); ++i)
            if (jobs[i].arrival >= from.arrival && ends[i] <= to) inside += jobs[i].work;
          if (inside > Duration{}) REQUIRE(inside <= (to - from.arrival) * cores);
        }
    }
  }

  TEST_CASE("the last job of a rush ends when a machine that is never idle would have done the work") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      RandomStream random(seed, "rush");
      const auto jobs = random_jobs(random, 40, 1'000'000, true);  // all come within 1 ms
      Bench bench(3);
      const auto ends = bench.run(jobs);
      const Time last = *std::max_element(ends.begin(), ends.end());
      // Cores run dry only at the end, when fewer than three jobs are left, each of at most 40 ms.
      REQUIRE(last.ns * 3 >= total_work(jobs).ns);
      REQUIRE(last.ns * 3 <= total_work(jobs).ns + 2 * 40'000'000 + 3 * 1'000'000);
    }
  }

  TEST_CASE("normal jobs that fit on the cores end as if there were no low ones") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      RandomStream random(seed, "priorities");
      const int cores = static_cast<int>(1 + random.below(4));
      std::vector<Job> jobs = random_jobs(random, 40, 300'000'000, false);
      for (int lane = 0; lane < cores; ++lane) {
        Time free;
        while (free < at(ms(300))) {
          const Time arrival = free + Duration{static_cast<std::int64_t>(1 + random.below(20'000'000))};
          const Duration work{static_cast<std::int64_t>(1 + random.below(30'000'000))};
          jobs.push_back({arrival, work, CpuPriority::normal});
          free = arrival + work;
        }
      }
      const auto ends = Bench(cores).run(jobs);
      for (std::size_t i = 0; i < jobs.size(); ++i)
        if (jobs[i].priority == CpuPriority::normal) REQUIRE(ends[i] == jobs[i].arrival + jobs[i].work);
    }
  }
}

TEST_SUITE("machine_sharing") {
  TEST_CASE("a low job behind normal ones that never end gets a core after its patience, for a slice at a time") {
    for (const int load : {1, 3}) {
      CAPTURE(load);
      EngineSettings settings = strict();
      settings.sharing.low_patience = ms(40);
      std::vector<Job> jobs(static_cast<std::size_t>(load), {Time{}, Duration::seconds(1), CpuPriority::normal});
      jobs.push_back({at(ms(10)), ms(3), CpuPriority::low});
      jobs.push_back({at(ms(500)), ms(3), CpuPriority::low});
      Bench bench(1, settings);
      const auto ends = bench.run(jobs);
      const auto low = static_cast<std::size_t>(load);
      // 40 ms for each normal job, up to the end of a slice, and its own 3 ms.
      CHECK(ends[low] >= at(ms(10 + 40 * load + 3)));
      CHECK(ends[low] <= at(ms(10 + 40 * load + 3) + slice));
      CHECK(ends[low + 1] >= at(ms(500 + 40 * load + 3)));
      CHECK(ends[low + 1] <= at(ms(500 + 40 * load + 3) + slice));
      CHECK(bench.busy() == total_work(jobs));
    }
  }

  TEST_CASE("with any patience every job gets its exact time and nobody waits for ever") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      RandomStream random(seed, "patience");
      EngineSettings settings = strict();
      settings.sharing.low_patience = ms(static_cast<std::int64_t>(random.below(60)));
      const auto jobs = random_jobs(random, 60, 300'000'000, true);
      Bench bench(static_cast<int>(1 + random.below(4)), settings);
      const auto ends = bench.run(jobs);
      REQUIRE(bench.busy() == total_work(jobs));
      for (std::size_t i = 0; i < jobs.size(); ++i) REQUIRE(ends[i] - jobs[i].arrival >= jobs[i].work);
    }
  }

  TEST_CASE("busy cores slow each other down by the share that is given, a job alone not at all") {
    const EngineSettings settings = slowed_by(0.4);
    CHECK(Bench(2, settings).run({{Time{}, ms(100)}}) == std::vector<Time>{at(ms(100))});
    const auto both = Bench(2, settings).run({{Time{}, ms(100)}, {Time{}, ms(100)}});
    CHECK(both[0].in_seconds() == doctest::Approx(0.14).epsilon(1e-6));
    CHECK(both[1].in_seconds() == doctest::Approx(0.14).epsilon(1e-6));
    // Alone for 30 ms, together until the second one is done (50 x 1.4 = 70 ms), alone again.
    const auto later = Bench(2, settings).run({{Time{}, ms(100)}, {at(ms(30)), ms(50)}});
    CHECK(later[1].in_seconds() == doctest::Approx(0.100).epsilon(1e-6));
    CHECK(later[0].in_seconds() == doctest::Approx(0.120).epsilon(1e-6));
    // Half of the other cores busy: half of the slowdown.
    const auto three = Bench(3, settings).run({{Time{}, ms(100)}, {Time{}, ms(100)}});
    CHECK(three[0].in_seconds() == doctest::Approx(0.12).epsilon(1e-6));
  }

  TEST_CASE("with slowdown, slices still share a core evenly and nobody is lost") {
    const EngineSettings settings = slowed_by(0.5);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      RandomStream random(seed, "slowdown");
      const auto jobs = random_jobs(random, 40, 300'000'000, true);
      Bench bench(4, settings);
      const auto ends = bench.run(jobs);
      for (std::size_t i = 0; i < jobs.size(); ++i) REQUIRE(ends[i] - jobs[i].arrival >= jobs[i].work);
      REQUIRE(bench.busy() >= total_work(jobs) - Duration{1'000});
      REQUIRE(bench.busy().ns <= total_work(jobs).ns * 3 / 2 + 1'000);
    }
  }
}
