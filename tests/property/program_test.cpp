// Random programs on random clusters under every policy: nothing gets lost, nothing is over-used, nothing comes too early.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/property/invariants.hpp"
#include "tests/property/setup.hpp"

using namespace property;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

struct Run {
  SimulationResult result;
  Log log;
  Observer observer;
};

// One after the other.
std::string policy_of(std::uint64_t seed) { return std::string(policy_names()[seed % policy_names().size()]); }

void start(const Setup& setup, Run& run, std::uint64_t seed, const std::string& policy) {
  SimulationOptions options;
  options.seed = seed;
  options.policy = policy;
  options.warm_workers = setup.warm;
  options.driver = arm(*setup.program, run.observer);
  options.functions = setup.program->functions;
  run.result = zero_cost::run(setup.cluster, setup.profile, std::move(options), run.log);
}

void check_all(const Setup& setup, const Run& run) {
  REQUIRE_FALSE(run.result.starved);
  REQUIRE(run.result.error == ErrorType::none);
  check_records(run.log);
  check_capacity(setup.cluster, *setup.program, run.observer, run.log);
  check_outcomes(run.observer, run.log);
}

}  // namespace

TEST_SUITE("programs") {
  TEST_CASE("every task ends once as it should, within the resources, under every policy") {
    std::uint64_t tasks = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
      CAPTURE(seed);
      const Setup setup = random_setup(seed, {});
      const std::string policy = policy_of(seed);
      CAPTURE(policy);
      Run run;
      start(setup, run, seed, policy);
      check_all(setup, run);
      tasks += run.log.submitted;
    }
    CHECK(tasks > 3'000);
  }

  TEST_CASE("a worker that is idle but owns a running task does not exit") {
    // The body ends at once; its task runs on the other node for 5 s. No idle worker is kept longer than a second.
    ClusterSpec cluster = zero_cost::cluster({{1, {}}, {1, {{"there", 1}}}});
    TaskOptions there = zero_cost::options(1);
    there.resources.set(cluster.resource_names.id_of("there"), ResourceAmount::of(1));
    std::vector<RemoteFunction> functions{zero_cost::function("long", ms(5'000)), zero_cost::function("body", {})};
    functions[1].body = [there](TaskContext& context) -> Body {
      context.submit(zero_cost::call(0, there));
      const auto pause = context.sleep(ms(1));
      co_await pause;
    };
    SimulationOptions options;
    options.functions = functions;
    options.warm_workers = true;
    options.driver = [](TaskContext& context) -> Body {
      const ObjectRef body = context.submit(zero_cost::call(1, zero_cost::options(1)));
      Body get = context.get({body}, std::nullopt);
      co_await get;
      const auto rest = context.sleep(ms(20'000));
      co_await rest;
    };
    Log log;
    Profile profile = zero_cost::profile();
    profile.system.num_workers_soft_limit = 0;
    zero_cost::run(cluster, profile, std::move(options), log);
    CHECK(log.submitted == 2);
    CHECK(log.attempts.size() == 2);
    for (const AttemptRecord& attempt : log.attempts) CHECK(attempt.outcome == AttemptOutcome::finished);
  }

  TEST_CASE("tasks that their body does not wait for end as well") {
    std::uint64_t abandoned = 0;
    for (std::uint64_t seed = 500; seed < 560; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.abandons = true;
      const Setup setup = random_setup(seed, settings);
      Run run;
      start(setup, run, seed, policy_of(seed));
      check_all(setup, run);
      for (const Seen& seen : run.observer.all()) abandoned += seen.body->waits ? 0 : 1;
    }
    CHECK(abandoned > 100);
  }

  TEST_CASE("a body sees the end of a task only when its process has heard of it") {
    for (std::uint64_t seed = 4'000; seed < 4'300; ++seed) {
      CAPTURE(seed);
      const Setup setup = random_setup(seed, {});
      Run run;
      start(setup, run, seed, "hybrid");
      check_learned(run.observer, run.log);
    }
  }

  TEST_CASE(
      "a chain of a hundred thousand tasks whose first one fails ends in one error, and runs nothing but the first") {
    std::vector<RemoteFunction> functions{zero_cost::function("link", ms(1)), zero_cost::function("crash", ms(1))};
    functions[1].crash_attempts = 1;
    SimulationOptions options;
    options.functions = functions;
    options.warm_workers = true;
    options.driver = [](TaskContext& context) -> Body {
      ObjectRef last = context.submit(zero_cost::call(1, zero_cost::options(1, 0)));
      for (int i = 0; i < 100'000; ++i) last = context.submit(zero_cost::call(0, zero_cost::options(1), {last}));
      Body get = context.get({last}, std::nullopt);
      co_await get;
    };
    Log log;
    const ClusterSpec cluster = zero_cost::cluster({{4, {}}});
    const Profile profile = zero_cost::profile();
    const SimulationResult result = zero_cost::run(cluster, profile, std::move(options), log);
    CHECK(result.error == ErrorType::task_error);
    CHECK(log.submitted == 100'001);
    CHECK(log.attempts.size() == 1);
  }

  TEST_CASE("another policy or another seed still brings every task to the same end") {
    for (std::uint64_t seed = 1'000; seed < 1'020; ++seed) {
      CAPTURE(seed);
      const Setup setup = random_setup(seed, {});
      for (const std::string_view policy : policy_names()) {
        CAPTURE(policy);
        for (std::uint64_t run_seed = 0; run_seed < 2; ++run_seed) {
          Run run;
          start(setup, run, run_seed, std::string(policy));
          check_all(setup, run);
        }
      }
    }
  }

  TEST_CASE("workers that crash are replaced, tasks end after as many attempts as retries allow") {
    std::uint64_t crashed = 0;
    for (std::uint64_t seed = 2'000; seed < 2'080; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.crashes = true;
      const Setup setup = random_setup(seed, settings);
      Run run;
      start(setup, run, seed, policy_of(seed));
      check_all(setup, run);
      for (const AttemptRecord& a : run.log.attempts) crashed += a.outcome == AttemptOutcome::retried ? 1 : 0;
    }
    CHECK(crashed > 200);
  }

  TEST_CASE("the same seed gives the same run, another seed another one") {
    int different = 0;
    for (std::uint64_t seed = 3'000; seed < 3'030; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.crashes = seed % 2 == 0;
      const Setup setup = random_setup(seed, settings);
      Run first;
      Run second;
      Run other;
      start(setup, first, 1, policy_of(seed));
      start(setup, second, 1, policy_of(seed));
      start(setup, other, 2, policy_of(seed));
      REQUIRE(first.result.fingerprint == second.result.fingerprint);
      REQUIRE(first.result.events == second.result.events);
      REQUIRE(first.result.end == second.result.end);
      REQUIRE(first.log.attempts.size() == second.log.attempts.size());
      different += first.result.fingerprint != other.result.fingerprint ? 1 : 0;
    }
    CHECK(different > 25);
  }
}
