// Random drivers on one cluster, some of which leave work behind: what each asks for ends, no worker serves two jobs, and nothing of a
// job is left when its driver has gone.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/property/setup.hpp"

using namespace property;   // NOLINT(google-build-using-namespace): the vocabulary of these tests
using namespace zero_cost;  // NOLINT(google-build-using-namespace)

namespace {

enum Function : std::uint32_t { computes, parent, actor_class, method };

struct World {
  explicit World(std::uint64_t seed) : random(seed, "jobs") {}
  Duration some_time() { return Duration::microseconds(100 + static_cast<std::int64_t>(random.below(500'000))); }
  TaskCall some_task() {
    TaskCall made = call(random.below(3) == 0 ? parent : computes, options(1));
    made.duration = some_time();
    return made;
  }
  RandomStream random;
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t taken = 0;  // names that another actor of the namespace had
  std::uint64_t found = 0;
};

Body run_parent(World& world, TaskContext& context) {
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 2; ++i) {
    TaskCall made = call(computes, options(1));
    made.duration = world.some_time();
    refs.push_back(context.submit(made));
  }
  if (world.random.below(3) == 0) co_return;
  Body getting = context.get(refs, std::nullopt);
  co_await getting;
}

// Makes or finds an actor by a name that other drivers use as well, in a namespace of its own or in a common one.
Body use_actor(World& world, TaskContext& context, std::vector<ObjectRef>& refs, std::vector<ActorHandle>& kept) {
  ActorOptions with;
  with.placement.emplace();
  with.placement->set(cpu_resource, ResourceAmount::of(1));
  with.name = std::string(1, static_cast<char>('a' + world.random.below(2)));
  with.name_space = world.random.below(2) == 0 ? "common" : "";
  with.detached = world.random.below(3) == 0;
  ActorHandle actor;
  try {
    Body making = context.create_actor({actor_class}, with, {}, actor);
    co_await making;
  } catch (const RayError&) {
    ++world.taken;
    actor = {};
  }
  if (!actor.valid()) {
    try {
      Body finding = context.get_actor(with.name, with.name_space, actor);
      co_await finding;
      ++world.found;
    } catch (const RayError&) {
      co_return;  // it has gone meanwhile
    }
  }
  ActorCall made;
  made.actor = actor;
  made.method = {method};
  made.duration = world.some_time();
  refs.push_back(context.call(made));
  kept.push_back(actor);
}

Body drive(World& world, TaskContext& context) {
  std::vector<ObjectRef> refs;
  std::vector<ActorHandle> actors;
  for (int i = 0; i < 12; ++i) {
    if (world.random.below(4) == 0) {
      Body using_one = use_actor(world, context, refs, actors);
      co_await using_one;
    } else {
      refs.push_back(context.submit(world.some_task()));
    }
    if (world.random.below(3) != 0) continue;
    const auto rest = context.sleep(world.some_time());
    co_await rest;
  }
  if (world.random.below(3) == 0) co_return;  // and leaves all that behind
  for (const ObjectRef ref : refs) {
    ++world.asked;
    try {
      Body getting = context.get({ref}, std::nullopt);
      co_await getting;
    } catch (const RayError& error) {
      CHECK(error.type() == ErrorType::actor_died);  // another driver's, which has ended
    }
    ++world.answered;
  }
}

struct JobLog final : RecordSink {
  void on_submitted(std::uint64_t, std::uint32_t) override {}
  void on_attempt(const AttemptRecord& attempt) override {
    if (attempt.function <= parent) jobs[attempt.worker].insert(attempt.job);
  }
  void on_worker_started(std::uint32_t, Time) override {}
  std::map<std::uint32_t, std::set<std::uint32_t>> jobs;  // by worker, of tasks
};

struct Outcome {
  SimulationResult result;
  World world;
  std::size_t left = 0;      // processes of jobs whose driver has gone
  std::size_t detached = 0;  // those that outlive theirs
};

Outcome run_world(std::uint64_t seed) {
  Setup setup = random_setup(seed, {});
  Outcome outcome{{}, World(seed), 0, 0};
  World& world = outcome.world;
  SimulationOptions with;
  with.seed = seed;
  with.warm_workers = setup.warm;
  with.functions = {function("computes", ms(10)), function("parent", {}), function("Actor", {}),
                    function("method", ms(10))};
  with.functions[parent].body = [&](TaskContext& context) { return run_parent(world, context); };
  with.functions[actor_class].body = [](TaskContext&) -> Body { co_return; };
  const auto drivers = 2 + world.random.below(4);
  for (std::uint64_t i = 0; i < drivers; ++i)
    with.jobs.push_back({[&](TaskContext& context) { return drive(world, context); }, "job" + std::to_string(i),
                         world.some_time() * static_cast<std::int64_t>(i), std::nullopt, ""});
  // Is there when all others are over.
  with.jobs.push_back({[](TaskContext& context) -> Body {
                         const auto wait = context.sleep(Duration::seconds(300));
                         co_await wait;
                       },
                       "last", Duration{}, std::nullopt, ""});
  JobLog log;
  Simulation simulation(setup.cluster, setup.profile, std::move(with), log);
  outcome.result = simulation.run();
  for (const auto& [worker, jobs] : log.jobs) CHECK(jobs.size() == 1);
  const Runtime& runtime = simulation.runtime();
  for (std::uint32_t process = 0; process < 100'000; ++process) {
    const JobId job = runtime.job_of({process});
    if (job == no_job || job.index == drivers || !runtime.engine.alive(ProcessId{process})) continue;
    const bool is_detached = runtime.jobs[job.index].driver == ProcessId{};
    ++(is_detached ? outcome.detached : outcome.left);
  }
  return outcome;
}

}  // namespace

TEST_CASE("jobs share a cluster and nothing else, and leave nothing behind but what is detached") {
  std::uint64_t asked = 0;
  std::uint64_t taken = 0;
  std::uint64_t found = 0;
  std::size_t detached = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    const Outcome outcome = run_world(seed);
    REQUIRE_FALSE(outcome.result.starved);
    REQUIRE(outcome.result.error == ErrorType::none);
    REQUIRE(outcome.world.answered == outcome.world.asked);
    REQUIRE(outcome.left == 0);
    asked += outcome.world.asked;
    taken += outcome.world.taken;
    found += outcome.world.found;
    detached += outcome.detached;
    if (seed % 10 == 0) CHECK(run_world(seed).result.fingerprint == outcome.result.fingerprint);
  }
  CHECK(asked > 1'000);
  CHECK(taken > 30);
  CHECK(found > 20);
  CHECK(detached > 30);
}
