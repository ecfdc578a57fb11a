// Do several drivers share a cluster as jobs of Ray do? With zero costs, so that times are those of the calls alone.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr FunctionId make_actor{0};
constexpr FunctionId ping{1};
constexpr FunctionId work{2};
constexpr FunctionId hold{3};

Body nothing(TaskContext&) { co_return; }

RemoteFunction bodied(const char* name, BodyMaker body) {
  RemoteFunction made = function(name, {});
  made.body = std::move(body);
  return made;
}

// What a record says of jobs, beside what Log keeps.
struct JobLog final : RecordSink {
  void on_submitted(std::uint64_t count, std::uint32_t job) override { submitted[job] += count; }
  void on_attempt(const AttemptRecord& attempt) override {
    attempts.push_back(attempt);
    workers[attempt.job].insert(attempt.worker);
  }
  void on_worker_started(std::uint32_t, Time) override {}
  void on_actor(const ActorRecord& actor) override { actors[actor.actor] = actor; }
  void on_group(const GroupRecord& group) override { groups[group.group] = group; }
  void on_job(const JobRecord& job) override { jobs[job.job].push_back(job); }
  std::map<std::uint32_t, std::uint64_t> submitted;
  std::map<std::uint32_t, std::set<std::uint32_t>> workers;
  std::map<std::uint32_t, ActorRecord> actors;
  std::map<std::uint32_t, GroupRecord> groups;
  std::map<std::uint32_t, std::vector<JobRecord>> jobs;
  std::vector<AttemptRecord> attempts;
};

JobOptions job(BodyMaker driver, Duration at = {}, std::string name_space = "") {
  return {std::move(driver), "job", at, std::nullopt, std::move(name_space)};
}

// On two nodes of two CPUs.
SimulationResult run_jobs(std::vector<JobOptions> jobs, JobLog& log, Duration driver_exit = {}) {
  SimulationOptions options;
  options.functions = {bodied("Actor", nothing), function("Actor.ping", {}), function("work", ms(100)),
                       function("hold", Duration::seconds(60))};
  options.jobs = std::move(jobs);
  Profile with = profile();
  with.costs.driver_exit = driver_exit;
  const ClusterSpec spec = cluster({{2, {}}, {2, {}}});
  Simulation simulation(spec, with, std::move(options), log);
  return simulation.run();
}

ActorOptions named(std::string name, bool detached = false, std::string name_space = "") {
  ActorOptions options;
  options.name = std::move(name);
  options.name_space = std::move(name_space);
  options.detached = detached;
  return options;
}

ActorCall to(const ActorHandle& actor) { return {actor, ping, {}, std::nullopt, default_group, std::nullopt}; }

Body work_on(TaskContext& context, int tasks) {
  std::vector<ObjectRef> refs;
  for (int i = 0; i < tasks; ++i) refs.push_back(context.submit(call(work.index, options(1))));
  Body got = context.get(refs, std::nullopt);
  co_await got;
}

// Makes an actor and waits until it is there.
Body make(TaskContext& context, ActorOptions options, ActorHandle& made) {
  Body creating = context.create_actor(make_actor, std::move(options), {}, made);
  co_await creating;
  Body got = context.get({context.call(to(made))}, std::nullopt);
  co_await got;
}

// The error that looking up a name gives.
Body look_up(TaskContext& context, std::string name, ErrorType& error, std::string name_space = "") {
  ActorHandle found;
  try {
    Body finding = context.get_actor(std::move(name), std::move(name_space), found);
    co_await finding;
    Body got = context.get({context.call(to(found))}, std::nullopt);
    co_await got;
    error = ErrorType::none;
  } catch (const RayError& problem) {
    error = problem.type();
  }
}

}  // namespace

TEST_CASE("each job has workers of its own, also when those of the other one are idle") {
  JobLog log;
  const auto waves = [](TaskContext& context) -> Body {
    for (int wave = 0; wave < 3; ++wave) {
      Body working = work_on(context, 2);
      co_await working;
      const auto idle = context.sleep(ms(300));
      co_await idle;
    }
  };
  const SimulationResult result = run_jobs({job(waves), job(waves, ms(150))}, log);
  CHECK(result.error == ErrorType::none);
  CHECK(log.submitted == std::map<std::uint32_t, std::uint64_t>{{0, 6}, {1, 6}});
  CHECK(log.attempts.size() == 12);
  REQUIRE(log.workers.size() == 2);
  for (const std::uint32_t worker : log.workers[0]) CHECK_FALSE(log.workers[1].contains(worker));
}

TEST_CASE("the run ends with the last driver, and each has times of its own") {
  JobLog log;
  const auto working = [](int tasks) { return [=](TaskContext& context) { return work_on(context, tasks); }; };
  const SimulationResult result = run_jobs({job(working(4)), job(working(8), ms(1000)), job(working(4), ms(500))}, log);
  CHECK(result.end == Time{} + ms(1200));
  REQUIRE(result.jobs.size() == 3);
  CHECK(result.jobs[0].end == Time{} + ms(100));
  CHECK(result.jobs[1].end == Time{} + ms(1200));
  CHECK(result.jobs[2].end == Time{} + ms(600));
  REQUIRE(log.jobs[2].size() == 2);
  CHECK(log.jobs[2][0].state == "RUNNING");
  CHECK(log.jobs[2][0].at == Time{} + ms(500));
  CHECK(log.jobs[2][1].state == "SUCCEEDED");
  CHECK(log.jobs[2][1].at == Time{} + ms(600));
}

TEST_CASE("two jobs may have actors of one name, and do not see each other's") {
  JobLog log;
  std::array<ErrorType, 3> seen{};
  const auto first = [](TaskContext& context) -> Body {
    ActorHandle actor;
    ActorHandle other;
    Body making = make(context, named("same"), actor);
    co_await making;
    making = make(context, named("only"), other);
    co_await making;
    const auto busy = context.sleep(ms(1000));
    co_await busy;
  };
  const auto second = [&](TaskContext& context) -> Body {
    ActorHandle actor;
    Body making = make(context, named("same"), actor);
    co_await making;
    Body looking = look_up(context, "same", seen[0]);
    co_await looking;
    looking = look_up(context, "only", seen[1]);
    co_await looking;
  };
  CHECK(run_jobs({job(first), job(second, ms(200))}, log).error == ErrorType::none);
  CHECK(seen[0] == ErrorType::none);
  CHECK(seen[1] == ErrorType::value_error);
  // In one namespace the name is taken, and found.
  const auto third = [&](TaskContext& context) -> Body {
    Body looking = look_up(context, "only", seen[2]);
    co_await looking;
    ActorHandle actor;
    Body making = make(context, named("same"), actor);
    co_await making;
  };
  const SimulationResult result = run_jobs({job(first, {}, "team"), job(third, ms(200), "team")}, log);
  CHECK(seen[2] == ErrorType::none);
  CHECK(result.jobs[1].error == ErrorType::value_error);
}

TEST_CASE("actors and placement groups end with their driver, but for detached ones") {
  JobLog log;
  std::array<ErrorType, 2> seen{};
  const auto first = [&](TaskContext& context) -> Body {
    ActorHandle actor;
    ActorHandle kept;
    Body making = make(context, named("mine", false, "team"), actor);
    co_await making;
    making = make(context, named("kept", true, "team"), kept);
    co_await making;
    for (const bool detached : {false, true}) {
      auto spec = std::make_shared<PlacementGroupSpec>();
      spec->bundles.emplace_back().resources.set(cpu_resource, ResourceAmount::of(1));
      spec->detached = detached;
      const PlacementGroupId group = context.new_group_id();
      Body creating = context.create_group(group, spec);
      co_await creating;
      bool ready = false;
      creating = context.wait_group(group, Duration::seconds(10), ready);
      co_await creating;
    }
  };
  const auto second = [&](TaskContext& context) -> Body {
    Body looking = look_up(context, "mine", seen[0], "team");
    co_await looking;
    looking = look_up(context, "kept", seen[1], "team");
    co_await looking;
  };
  CHECK(run_jobs({job(first), job(second, Duration::seconds(20))}, log).error == ErrorType::none);
  CHECK(seen[0] == ErrorType::value_error);
  CHECK(seen[1] == ErrorType::none);
  CHECK(log.actors[0].state == "DEAD");
  CHECK(log.actors[1].state == "ALIVE");
  CHECK(log.groups[0].state == "REMOVED");
  CHECK(log.groups[1].state == "CREATED");
}

TEST_CASE("what a driver leaves behind is gone when its process has ended, and the next job has the whole cluster") {
  JobLog log;
  const auto first = [](TaskContext& context) -> Body {
    for (int i = 0; i < 4; ++i) context.submit(call(hold.index, options(1)));
    const auto submitting = context.sleep(ms(1000));
    co_await submitting;
  };
  const auto second = [](TaskContext& context) { return work_on(context, 4); };
  CHECK(run_jobs({job(first), job(second, ms(1200))}, log, ms(100)).end == Time{} + ms(1300));
  // Its process is there 200 ms longer: the second waits for that, and to hear of room on the other node.
  const SimulationResult waits = run_jobs({job(first), job(second, ms(1200))}, log, ms(400));
  CHECK(waits.end >= Time{} + ms(1500));
  CHECK(waits.end <= Time{} + ms(1600));
  CHECK(waits.jobs[0].end == Time{} + ms(1000));
}

TEST_CASE("a driver that fails is not the end of the others, and its error is that of the run") {
  JobLog log;
  const auto fails = [](TaskContext&) -> Body {
    throw RayError(ErrorType::value_error, "no luck");
    co_return;
  };
  const auto second = [](TaskContext& context) { return work_on(context, 4); };
  const SimulationResult result = run_jobs({job(second), job(fails, ms(20)), job(second, ms(200))}, log);
  CHECK(result.end == Time{} + ms(300));
  CHECK(result.error == ErrorType::value_error);
  CHECK(result.message == "driver job: no luck");
  CHECK(result.jobs[0].error == ErrorType::none);
  CHECK(result.jobs[1].error == ErrorType::value_error);
  CHECK(log.jobs[1].back().state == "FAILED");
}

TEST_CASE("tasks of a detached actor go on when the driver that made it has gone") {
  JobLog log;
  SimulationOptions options;
  int ended = 0;
  const auto busy = [&](TaskContext& context) -> Body {
    Body working = work_on(context, 2);
    co_await working;
    ++ended;
  };
  options.functions = {bodied("Actor", nothing), bodied("Actor.busy", busy), function("work", ms(1000))};
  const auto first = [](TaskContext& context) -> Body {
    ActorHandle actor;
    Body making = context.create_actor(make_actor, named("busy", true, "team"), {}, actor);
    co_await making;
    context.call(to(actor));
    const auto calling = context.sleep(ms(100));
    co_await calling;
  };
  const auto second = [](TaskContext& context) -> Body {
    const auto waiting = context.sleep(Duration::seconds(3));
    co_await waiting;
  };
  options.jobs = {job(first), job(second)};
  const ClusterSpec spec = cluster({{2, {}}, {2, {}}});
  const Profile with = profile();
  Simulation simulation(spec, with, std::move(options), log);
  CHECK(simulation.run().error == ErrorType::none);
  CHECK(ended == 1);
  std::uint64_t worked = 0;
  for (const AttemptRecord& attempt : log.attempts) worked += attempt.function == work.index ? 1 : 0;
  CHECK(worked == 2);
  CHECK(log.submitted[0] == 3);
}
