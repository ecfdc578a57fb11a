// Random programs with actors: are calls run in order, and is nothing read before it is made?
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// What a result carries: when it was made, and who asked for it.
struct Made {
  Time at;
  std::uint32_t caller = 0;
  std::uint32_t number = 0;  // among the caller's calls to one actor
};

constexpr FunctionId actor_class{0};
constexpr FunctionId method{1};
constexpr FunctionId caller_task{2};

struct Seen {
  // By actor, life and caller: the numbers in the order in which calls began.
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>, std::vector<std::uint32_t>> begun;
  std::uint64_t lives = 0;
  std::uint64_t calls = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t early = 0;  // arguments that were read before they were made
};

struct World {
  std::uint64_t seed = 0;
  std::vector<bool> ordered;  // by actor
  bool killing = false;
  Seen seen;
};

struct Order {
  std::uint32_t actor;
  std::uint32_t caller;
  std::uint32_t number;
};

const Made& made_of(const Argument& arg) { return *static_cast<const Made*>(arg.value.data.get()); }

Body construct(World& world, TaskContext& context) {
  context.actor_state() = std::make_shared<std::uint64_t>(world.seen.lives++);
  co_return;
}

// The first argument says who calls; the others are results of earlier calls.
Body work(World& world, TaskContext& context) {
  const auto order = *static_cast<const Order*>(context.arguments().front().value.data.get());
  const auto life = *static_cast<const std::uint64_t*>(context.actor_state().get());
  world.seen.begun[{order.actor, life, order.caller}].push_back(order.number);
  for (std::size_t i = 1; i < context.arguments().size(); ++i)
    world.seen.early += made_of(context.arguments()[i]).at > context.now() ? 1 : 0;
  RandomStream random(world.seed, "work/" + std::to_string(order.caller) + "/" + std::to_string(order.number));
  const auto busy = context.sleep(ms(static_cast<std::int64_t>(random.below(20))));
  co_await busy;
  const Made made{context.now(), order.caller, order.number};
  context.set_return(0, {std::make_shared<const Made>(made), Bytes{64}});
}

// Calls actors at random, with results so far as arguments, and waits for all.
Body call_actors(World& world, TaskContext& context, std::vector<ActorHandle> actors, std::uint32_t caller) {
  RandomStream random(world.seed, "caller/" + std::to_string(caller));
  std::vector<ObjectRef> refs;
  std::map<std::size_t, std::uint32_t> numbers;
  for (std::uint64_t n = 5 + random.below(25); n > 0; --n) {
    const std::size_t chosen = random.below(actors.size());
    ActorCall call{actors[chosen], method, {}, std::nullopt, default_group, std::nullopt};
    const Order order{static_cast<std::uint32_t>(chosen), caller, numbers[chosen]++};
    call.args.emplace_back(Payload{std::make_shared<const Order>(order), Bytes{32}});
    for (std::uint64_t a = random.below(3); a > 0 && !refs.empty(); --a)
      call.args.emplace_back(refs[random.below(refs.size())]);
    refs.push_back(context.call(call));
    ++world.seen.calls;
    const auto pause = context.sleep(ms(static_cast<std::int64_t>(random.below(4))));
    co_await pause;
    if (world.killing && random.below(30) == 0) context.kill(actors[random.below(actors.size())], false);
  }
  for (const ObjectRef ref : refs) {
    try {
      Body got = context.get({ref}, std::nullopt);
      co_await got;
      ++world.seen.finished;
    } catch (const RayError&) {
      ++world.seen.failed;
    }
  }
}

Body drive(World& world, TaskContext& context) {
  RandomStream random(world.seed, "driver");
  std::vector<ActorHandle> actors;
  for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
    ActorOptions options;
    options.placement.emplace();
    options.placement->set(cpu_resource, ResourceAmount::of(1));
    options.max_restarts = -1;
    if (random.below(3) == 0) options.max_concurrency = static_cast<int>(2 + random.below(4));
    options.async_actor = options.max_concurrency > 1 && random.below(2) == 0;
    if (world.killing && random.below(2) == 0) options.max_task_retries = -1;
    world.ordered.push_back(!options.out_of_order());
    actors.emplace_back();
    Body made = context.create_actor(actor_class, options, {}, actors.back());
    co_await made;
  }
  std::vector<ObjectRef> tasks;
  for (std::uint64_t n = random.below(4); n > 0; --n) {
    TaskCall task = call(caller_task.index, options(1, 0));
    task.args.emplace_back(Payload{std::make_shared<const std::vector<ActorHandle>>(actors), Bytes{64}});
    task.args.emplace_back(Payload{std::make_shared<const std::uint32_t>(static_cast<std::uint32_t>(n)), Bytes{8}});
    tasks.push_back(context.submit(task));
  }
  Body own = call_actors(world, context, actors, 0);
  co_await own;
  Body all = context.get(tasks, std::nullopt);
  co_await all;
}

Body call_from_task(World& world, TaskContext& context) {
  const auto& arguments = context.arguments();
  const auto actors = *static_cast<const std::vector<ActorHandle>*>(arguments[0].value.data.get());
  const auto caller = *static_cast<const std::uint32_t*>(arguments[1].value.data.get());
  Body calling = call_actors(world, context, actors, caller);
  co_await calling;
}

SimulationResult run_world(World& world, bool shared_machine) {
  const auto bodied = [](const char* name, BodyMaker body) {
    RemoteFunction made = function(name, {});
    made.body = std::move(body);
    return made;
  };
  SimulationOptions with;
  with.seed = world.seed;
  with.functions = {bodied("Actor", [&](TaskContext& context) { return construct(world, context); }),
                    bodied("Actor.work", [&](TaskContext& context) { return work(world, context); }),
                    bodied("caller", [&](TaskContext& context) { return call_from_task(world, context); })};
  with.driver = [&](TaskContext& context) { return drive(world, context); };
  ClusterSpec spec = cluster({{4, {}}, {4, {}}, {2, {}}});
  if (shared_machine) spec = on_one_machine(std::move(spec), 2);
  Profile costs = profile();
  costs.costs.actor_execute_before = costs.costs.actor_execute_after = Duration::microseconds(50);
  Log log;
  return run(spec, costs, std::move(with), log);
}

// An actor that keeps order begins the calls of a caller as 0, 1, 2, ...
void check_order(const World& world) {
  for (const auto& [who, numbers] : world.seen.begun) {
    if (!world.ordered[std::get<0>(who)]) continue;
    CAPTURE(std::get<0>(who));
    CAPTURE(std::get<2>(who));
    for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == i);
  }
}

}  // namespace

TEST_SUITE("actors") {
  TEST_CASE("calls of a caller run in order, and results are read after they are made") {
    for (std::uint64_t seed = 0; seed < 80; ++seed) {
      CAPTURE(seed);
      World world;
      world.seed = seed;
      const SimulationResult result = run_world(world, seed % 2 == 1);
      REQUIRE(result.error == ErrorType::none);
      REQUIRE_FALSE(result.starved);
      CHECK(world.seen.finished == world.seen.calls);
      CHECK(world.seen.early == 0);
      check_order(world);
    }
  }

  TEST_CASE("when actors crash every call still ends once, with a result or an error") {
    std::uint64_t failed = 0;
    std::uint64_t lives = 0;
    for (std::uint64_t seed = 0; seed < 80; ++seed) {
      CAPTURE(seed);
      World world;
      world.seed = seed;
      world.killing = true;
      const SimulationResult result = run_world(world, seed % 2 == 1);
      REQUIRE(result.error == ErrorType::none);
      REQUIRE_FALSE(result.starved);
      CHECK(world.seen.finished + world.seen.failed == world.seen.calls);
      CHECK(world.seen.early == 0);
      failed += world.seen.failed;
      lives += world.seen.lives - world.ordered.size();
    }
    CHECK(failed > 0);  // or nothing was tested
    CHECK(lives > 0);
  }
}
