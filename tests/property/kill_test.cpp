// Worker processes that end at any moment, idle, starting, busy, waiting or just done: nothing is lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "tests/property/invariants.hpp"
#include "tests/property/killable.hpp"
#include "tests/property/setup.hpp"

using namespace property;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

struct Run {
  Observer observer;
  Log log;
  std::unique_ptr<KillableCluster> cluster;

  Run(const Setup& setup, std::uint64_t seed, std::vector<Kill> kills) {
    const BodyMaker driver = arm(*setup.program, observer);
    cluster = std::make_unique<KillableCluster>(setup.cluster, setup.profile, *setup.program, driver, seed,
                                                std::move(kills), log);
    over = cluster->run();
  }
  bool over = false;
};

// Moments at which something is about to happen, in a run where nobody was killed: around the steps of some attempt, to a
// worker that takes part in it; or any moment, to any worker.
std::vector<Kill> random_kills(RandomStream& random, const Run& quiet, std::size_t count) {
  std::map<std::uint32_t, std::size_t> number_of;
  for (std::size_t i = 0; i < quiet.cluster->workers(); ++i) number_of[quiet.cluster->process(i).index] = i;
  constexpr std::array<std::int64_t, 8> offsets{-100'000, -1'000, -1, 0, 1, 5'000, 50'000, 300'000};
  const std::int64_t last = quiet.log.attempts.empty() ? 1'000'000 : quiet.log.attempts.back().replied.ns;
  std::vector<Kill> kills;
  for (std::size_t i = 0; i < count; ++i) {
    if (random.below(3) == 0 || quiet.log.attempts.empty()) {
      kills.push_back({random.below(quiet.cluster->workers() + 1),
                       Time{static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last) + 1))}});
      continue;
    }
    const AttemptRecord& a = quiet.log.attempts[random.below(quiet.log.attempts.size())];
    const std::array<Time, 4> moments{a.pushed, a.started, a.ended, a.replied};
    const Time at{moments[random.below(4)].ns + offsets[random.below(offsets.size())]};
    kills.push_back({number_of[a.worker], std::max(at, Time{})});
  }
  return kills;
}

std::map<std::uint64_t, std::vector<const AttemptRecord*>> attempts_of(const Run& run) {
  std::map<std::uint64_t, std::vector<const AttemptRecord*>> tasks;
  for (const AttemptRecord& attempt : run.log.attempts) tasks[attempt.task].push_back(&attempt);
  return tasks;
}

}  // namespace

TEST_SUITE("kills") {
  TEST_CASE("with retries without end every task of the driver comes to its end, whichever workers are killed when") {
    std::size_t killed = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.endless_retries = true;
      const Setup setup = random_setup(seed, settings);
      const Run quiet(setup, seed, {});
      REQUIRE(quiet.over);
      RandomStream random(seed, "kills");
      const Run run(setup, seed, random_kills(random, quiet, 1 + random.below(5)));
      REQUIRE(run.over);
      REQUIRE(run.cluster->outcome() == ErrorType::none);
      killed += run.cluster->killed().size();
      check_records(run.log, true);
      check_capacity(setup.cluster, *setup.program, run.observer, run.log);
      for (const Seen& seen : run.observer.all()) {
        if (seen.body != &setup.program->driver) continue;
        REQUIRE(seen.got);
        REQUIRE(seen.error == expected_error(*seen.body, seen.call));
      }
    }
    CHECK(killed > 250);
  }

  TEST_CASE(
      "a task fails with WorkerCrashedError when its workers were killed more often than it may be retried, not "
      "before") {
    int failed = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.depth = 0;
      const Setup setup = random_setup(seed, settings);
      const Run quiet(setup, seed, {});
      RandomStream random(seed, "kills");
      const Run run(setup, seed, random_kills(random, quiet, 5 + random.below(20)));
      REQUIRE(run.over);
      check_records(run.log);
      const auto attempts = attempts_of(run);
      for (const Seen& seen : run.observer.all()) {
        REQUIRE(seen.got);
        const auto found = attempts.find(seen.task);
        if (found == attempts.end()) {
          REQUIRE((seen.error == ErrorType::task_error || seen.error == ErrorType::task_unschedulable));
          continue;
        }
        const int retries = seen.body->calls[seen.call].options.max_retries;
        const auto count = static_cast<int>(found->second.size());
        if (seen.error == ErrorType::worker_crashed) {
          REQUIRE(count == retries + 1);
          ++failed;
        } else {
          REQUIRE(seen.error == ErrorType::none);
          REQUIRE((retries < 0 || count <= retries + 1));
        }
      }
    }
    CHECK(failed > 30);
  }

  TEST_CASE("a worker that is killed right after its reply has done its task, and the task is not done again") {
    int killed = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.depth = 0;
      const Setup setup = random_setup(seed, settings);
      const Run quiet(setup, seed, {});
      if (quiet.log.attempts.empty()) continue;
      RandomStream random(seed, "late kill");
      const AttemptRecord& a = quiet.log.attempts[random.below(quiet.log.attempts.size())];
      std::vector<Kill> kill;
      for (std::size_t i = 0; i < quiet.cluster->workers(); ++i)
        if (quiet.cluster->process(i).index == a.worker) kill.push_back({i, a.replied});
      const Run run(setup, seed, kill);
      REQUIRE(run.over);
      for (const auto& [task, attempts] : attempts_of(run))
        if (task == a.task) REQUIRE(attempts.size() == 1);
      killed += static_cast<int>(run.cluster->killed().size());
    }
    CHECK(killed > 40);
  }
}
