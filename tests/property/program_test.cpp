// Random programs on random clusters under every policy: nothing gets lost, nothing is over-used, nothing comes too early.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "scenarios/load_profile.hpp"
#include "tests/property/invariants.hpp"

using namespace property;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

ClusterSpec random_cluster(RandomStream& random) {
  std::vector<zero_cost::Node> nodes;
  const auto count = 1 + random.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    zero_cost::Node node{static_cast<double>(1 + random.below(4)), {}};
    if (random.below(3) == 0) node.custom["special"] = static_cast<double>(1 + random.below(3)) / 2;
    if (random.below(4) == 0) node.custom["node" + std::to_string(i)] = 1;
    if (i > 0 && random.below(6) == 0) node.cpus = 0.5;
    nodes.push_back(node);
  }
  ClusterSpec spec = zero_cost::cluster(nodes);
  if (random.below(2) == 0) spec.platform.network = {};
  if (random.below(2) == 0) spec = zero_cost::on_one_machine(spec, static_cast<int>(1 + random.below(4)));
  return spec;
}

// Nothing costs CPU time, but messages take their time: without that, owners and raylets that disagree about where there is
// room could ask each other for ever at one moment.
Profile quick_profile() {
  Profile profile = zero_cost::profile();
  profile.costs.loopback_wakeup = profile.costs.network_wakeup = Duration::microseconds(20);
  return profile;
}

struct Run {
  SimulationResult result;
  Log log;
  Observer observer;
};

struct Setup {
  ClusterSpec cluster;
  Profile profile;
  std::shared_ptr<Program> program;
  bool warm = false;

  void run(Run& run, std::uint64_t seed, const std::string& policy) const {
    SimulationOptions options;
    options.seed = seed;
    options.policy = policy;
    options.warm_workers = warm;
    options.driver = arm(*program, run.observer);
    options.functions = program->functions;
    run.result = zero_cost::run(cluster, profile, std::move(options), run.log);
  }
};

Setup random_setup(std::uint64_t seed, const ProgramSettings& settings) {
  static const Profile measured = load_profile("ray-2.60");
  RandomStream random(seed, "setup");
  Setup setup;
  setup.cluster = random_cluster(random);
  setup.profile = random.below(2) == 0 ? measured : quick_profile();
  setup.program = random_program(random, setup.cluster, settings);
  setup.warm = random.below(2) == 0;
  return setup;
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
      const auto policies = policy_names();
      const std::string policy(policies[seed % policies.size()]);
      CAPTURE(policy);
      Run run;
      setup.run(run, seed, policy);
      check_all(setup, run);
      tasks += run.log.submitted;
    }
    CHECK(tasks > 3'000);
  }

  TEST_CASE("tasks that their body does not wait for end as well") {
    std::uint64_t abandoned = 0;
    for (std::uint64_t seed = 500; seed < 560; ++seed) {
      CAPTURE(seed);
      ProgramSettings settings;
      settings.abandons = true;
      const Setup setup = random_setup(seed, settings);
      Run run;
      setup.run(run, seed, "hybrid");
      check_all(setup, run);
      for (const Seen& seen : run.observer.all()) abandoned += seen.body->waits ? 0 : 1;
    }
    CHECK(abandoned > 100);
  }

  TEST_CASE("a body sees the end of a task only when its process has heard of it") {
    for (std::uint64_t seed = 600; seed < 660; ++seed) {
      CAPTURE(seed);
      const Setup setup = random_setup(seed, {});
      Run run;
      setup.run(run, seed, "hybrid");
      check_learned(run.observer, run.log);
    }
  }

  TEST_CASE("another policy or another seed still brings every task to the same end") {
    for (std::uint64_t seed = 1'000; seed < 1'020; ++seed) {
      CAPTURE(seed);
      const Setup setup = random_setup(seed, {});
      for (const std::string_view policy : policy_names()) {
        CAPTURE(policy);
        for (std::uint64_t run_seed = 0; run_seed < 2; ++run_seed) {
          Run run;
          setup.run(run, run_seed, std::string(policy));
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
      setup.run(run, seed, "hybrid");
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
      setup.run(first, 1, "hybrid");
      setup.run(second, 1, "hybrid");
      setup.run(other, 2, "hybrid");
      REQUIRE(first.result.fingerprint == second.result.fingerprint);
      REQUIRE(first.result.events == second.result.events);
      REQUIRE(first.result.end == second.result.end);
      REQUIRE(first.log.attempts.size() == second.log.attempts.size());
      different += first.result.fingerprint != other.result.fingerprint ? 1 : 0;
    }
    CHECK(different > 25);
  }
}
