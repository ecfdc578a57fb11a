// Cores that are shared: priorities, fair shares, exact CPU time. Jobs are given to the machine without stations.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr Duration tick = ms(4);
constexpr double low_weight = 36;  // of 1024

EngineSettings slowed_by(double share) {
  EngineSettings settings;
  settings.sharing.tick = tick;
  settings.sharing.low_weight = low_weight;
  settings.sharing.slowdown = share;
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
  explicit Bench(int cores, const EngineSettings& settings = slowed_by(0))
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

// The tiny simulation: an ideal core that all jobs share at every moment, each with the same part of it.
std::vector<double> ideal_ends(const std::vector<Job>& jobs) {
  std::vector<double> left;
  for (const Job& job : jobs) left.push_back(job.work.in_seconds());
  std::vector<double> ends(jobs.size(), -1);
  double now = 0;
  for (;;) {
    std::vector<std::size_t> here;
    double next = 1e9;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (ends[i] >= 0) continue;
      if (jobs[i].arrival.in_seconds() <= now + 1e-12)
        here.push_back(i);
      else
        next = std::min(next, jobs[i].arrival.in_seconds());
    }
    if (here.empty() && next == 1e9) return ends;
    for (const std::size_t i : here) next = std::min(next, now + left[i] * static_cast<double>(here.size()));
    for (const std::size_t i : here) {
      left[i] -= (next - now) / static_cast<double>(here.size());
      if (left[i] < 1e-12) ends[i] = next;
    }
    now = next;
  }
}

// When a core that is never idle while there is work ends its last job, in whatever order it works.
Time end_of_work(std::vector<Job> jobs) {
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.arrival < b.arrival; });
  Time free;
  for (const Job& job : jobs) free = std::max(free, job.arrival) + job.work;
  return free;
}

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

  TEST_CASE("equal jobs that come together end together, but for a few ticks") {
    for (const int cores : {1, 4})
      for (const int each : {2, 5}) {
        Bench bench(cores);
        const auto ends = bench.run(std::vector<Job>(static_cast<std::size_t>(cores * each), {Time{}, ms(200)}));
        const auto [first, last] = std::minmax_element(ends.begin(), ends.end());
        CHECK(*last >= at(ms(200) * each));
        CHECK(*last <= at(ms(200) * each + tick));
        CHECK(*first >= at(ms(200) * each - tick * each * 2));
      }
  }

  TEST_CASE("a normal job takes the core from a low one at once") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(10), CpuPriority::low}, {at(ms(3)), ms(2), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(12)), at(ms(5))});
  }

  TEST_CASE("of two busy cores it takes that of the low job") {
    Bench bench(2);
    const auto ends = bench.run({{Time{}, ms(20), CpuPriority::normal},
                                 {Time{}, ms(20), CpuPriority::low},
                                 {at(ms(3)), ms(2), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(20)), at(ms(22)), at(ms(5))});
  }

  TEST_CASE("a low job that has not had its request keeps the core until the next tick") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(10), CpuPriority::low}, {at(ms(1)), ms(2), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(12)), at(ms(6))});
  }

  TEST_CASE("a core that has nothing left takes over who waits at another") {
    Bench bench(2);
    const auto ends = bench.run({{Time{}, ms(50)}, {Time{}, ms(1)}, {Time{}, ms(50)}, {Time{}, ms(1)}});
    CHECK(*std::max_element(ends.begin(), ends.end()) <= at(ms(52)));
  }

  TEST_CASE("a core with two normal jobs less than another takes one over at its tick") {
    // Two long ones a core; when both of one core have ended, the low job there does not keep it from helping.
    Bench bench(2);
    const auto ends = bench.run({{Time{}, ms(100), CpuPriority::normal},
                                 {Time{}, ms(10), CpuPriority::normal},
                                 {Time{}, ms(100), CpuPriority::normal},
                                 {Time{}, ms(10), CpuPriority::normal},
                                 {Time{}, ms(400), CpuPriority::low}});
    CHECK(ends[0] <= at(ms(130)));
    CHECK(ends[2] <= at(ms(130)));
  }

  TEST_CASE("a thread that has more to do keeps its core, however many wait") {
    EngineSettings settings = slowed_by(0);
    settings.costs[1].service = Duration::microseconds(600);
    const auto engine = make_engine(machines(1, true, 1), settings);
    Actor first(*engine, engine->add_process({0}));
    Actor second(*engine, engine->add_process({0}));
    for (Actor* actor : {&first, &second, &first, &second}) actor->station.after<Actor>(ms(1), Note<1>{});
    engine->run();
    // Each takes up its second message when its first is paid: the second thread after both of the first one.
    REQUIRE(second.got.size() == 2);
    CHECK(first.got[1].time == Time{1'600'000});
    CHECK(second.got[1].time == Time{2'800'000});
  }

  TEST_CASE("a low job beside a normal one that never ends gets its share, and no more") {
    Bench bench(1);
    const auto ends = bench.run(
        {{Time{}, Duration::seconds(10), CpuPriority::normal}, {Time{}, Duration::seconds(10), CpuPriority::low}});
    // While the normal one has its 10 s, the low one has 36 of 1024 parts of that.
    CHECK(ends[0].in_seconds() == doctest::Approx(10 + 10 * low_weight / 1024).epsilon(0.002));
    CHECK(ends[1] == at(Duration::seconds(20)));
  }

  TEST_CASE("a low job that ends at the moment a normal one comes has ended") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(10)}, {at(ms(10)), ms(50), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(10)), at(ms(60))});
  }

  TEST_CASE("jobs without work end at once on a free core") {
    Bench bench(1);
    const auto ends = bench.run({{at(ms(0)), ms(0)}, {at(ms(1)), ms(3)}, {at(ms(3)), ms(0), CpuPriority::normal}});
    CHECK(ends == std::vector<Time>{at(ms(0)), at(ms(4)), at(ms(3))});
  }

  TEST_CASE("random equal jobs on one core end within a few ticks of an ideal core that all share") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      RandomStream random(seed, "one core");
      const auto jobs = random_jobs(random, 25, 400'000'000, false);
      const auto ends = Bench(1).run(jobs);
      const auto ideal = ideal_ends(jobs);
      // A job may wait a tick for each of the others that are there, of which there may be ten.
      for (std::size_t i = 0; i < jobs.size(); ++i)
        REQUIRE(std::abs(ends[i].in_seconds() - ideal[i]) < 12 * tick.in_seconds());
    }
  }

  TEST_CASE("one core is never idle while there is work of either priority") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      RandomStream random(seed, "never idle");
      const auto jobs = random_jobs(random, 25, 600'000'000, true);
      Bench bench(1);
      const auto ends = bench.run(jobs);
      REQUIRE(bench.busy() == total_work(jobs));
      REQUIRE(*std::max_element(ends.begin(), ends.end()) == end_of_work(jobs));
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
}

TEST_SUITE("machine_sharing") {
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

  TEST_CASE("a job that comes or goes costs no event for each core that is busy") {
    const auto events = [](int cores) {
      std::vector<Job> jobs(static_cast<std::size_t>(cores - 1), Job{Time{}, ms(10'000)});
      for (int i = 0; i < 1'000; ++i) jobs.push_back({at(ms(2 * i)), ms(1)});
      Bench bench(cores, slowed_by(0.4));
      bench.run(jobs);
      return bench.engine->events();
    };
    CHECK(events(64) < events(2) + 64 * 10);
  }

  TEST_CASE("with slowdown every job still gets its time and nobody is lost") {
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
