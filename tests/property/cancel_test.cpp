// Random programs of tasks, generators and actors of which parts are cancelled: everything that was asked for ends, the same way each
// time.
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <vector>

#include "tests/property/setup.hpp"

using namespace property;   // NOLINT(google-build-using-namespace): the vocabulary of these tests
using namespace zero_cost;  // NOLINT(google-build-using-namespace)

namespace {

enum Function : std::uint32_t { computes, sleeps, parent, stream, list, actor_class, method };

struct Outcomes {
  std::array<std::uint64_t, 32> by_error{};
  std::uint64_t items = 0;
  std::uint64_t ended = 0;
  std::uint64_t refused = 0;

  void count(ErrorType error) {
    ++by_error[static_cast<std::size_t>(error)];
    ++ended;
  }
  [[nodiscard]] std::uint64_t of(ErrorType error) const { return by_error[static_cast<std::size_t>(error)]; }
};

struct World {
  explicit World(std::uint64_t seed) : random(seed, "cancelled") {}
  Duration some_time() { return Duration::microseconds(100 + static_cast<std::int64_t>(random.below(400'000))); }
  TaskCall leaf() {
    TaskCall made = call(random.below(2) == 0 ? computes : sleeps, options(1, static_cast<int>(random.below(3))));
    made.duration = some_time();
    return made;
  }
  RandomStream random;
  Outcomes outcomes;
};

Payload depth(int value) { return {std::make_shared<const int>(value), Bytes{8}}; }

TaskCall nested(World& world, int levels) {
  if (levels == 0 || world.random.below(3) == 0) return world.leaf();
  TaskCall made = call(parent, options(1, static_cast<int>(world.random.below(3))));
  made.args.emplace_back(depth(levels - 1));
  return made;
}

// Submits some, waits for some of them, sleeps; may swallow the interrupt, may cancel what it has submitted.
Body run_parent(World& world, TaskContext& context) {
  const auto& args = context.arguments();
  const int levels = args.empty() ? 0 : *static_cast<const int*>(args.front().value.data.get());
  std::vector<ObjectRef> refs;
  for (auto more = 1 + world.random.below(3); more > 0; --more) refs.push_back(context.submit(nested(world, levels)));
  if (world.random.below(4) == 0) context.cancel(refs.front(), world.random.below(2) == 0, true);
  const bool swallows = world.random.below(4) == 0;
  try {
    if (world.random.below(2) == 0) {
      const auto sleep = context.sleep(world.some_time());
      co_await sleep;
    }
    if (world.random.below(3) == 0) {
      WaitResult result;
      Body waiting = context.wait(refs, 1 + world.random.below(refs.size()), world.some_time(), result);
      co_await waiting;
    } else {
      Body getting = context.get(refs, std::nullopt);
      co_await getting;
    }
  } catch (const RayError&) {
    if (!swallows) throw;
  }
}

Body run_stream(World& world, TaskContext& context) {
  for (auto more = world.random.below(6); more > 0; --more) {
    if (world.random.below(2) == 0) {
      const auto sleep = context.sleep(world.some_time());
      co_await sleep;
    }
    Body yielding = context.yield({});
    co_await yielding;
    if (world.random.below(12) == 0) throw RayError(ErrorType::plain, "broken off");
  }
}

Body consume(World& world, TaskContext& context, ObjectRef generator) {
  for (;;) {
    std::optional<ObjectRef> item;
    Body next = context.next(generator, item);
    co_await next;
    if (!item) co_return;
    ++world.outcomes.items;
    Body getting = context.get({*item}, std::nullopt);
    try {
      co_await getting;
    } catch (const RayError&) {
    }
    if (world.random.below(3) == 0) {
      const auto sleep = context.sleep(world.some_time());
      co_await sleep;
    }
  }
}

struct Asked {
  ObjectRef ref;
  bool generator = false;
};

Asked ask(World& world, TaskContext& context, const std::vector<ActorHandle>& actors,
          const std::vector<Asked>& before) {
  const auto what = world.random.below(8);
  if (what < 4) {
    TaskCall made = what == 0 ? world.leaf() : nested(world, 3);
    if (what == 0 && !before.empty()) made.args.emplace_back(before[world.random.below(before.size())].ref);
    return {context.submit(made)};
  }
  if (what < 6) {
    // One that is held back keeps what it has, so it has nothing: else nobody might be left to take its items.
    const std::int64_t most = world.random.below(2) == 0 ? -1 : 1 + static_cast<std::int64_t>(world.random.below(3));
    TaskCall made = call(what == 4 ? stream : list, options(most < 0 ? 1 : 0));
    made.options.generator_backpressure = most;
    return {context.submit(made), what == 4};
  }
  ActorCall made;
  made.actor = actors[world.random.below(actors.size())];
  made.method = {std::array<std::uint32_t, 3>{sleeps, method, stream}[world.random.below(3)]};
  made.duration = world.some_time();
  const bool generator = made.method.index == stream;
  return {context.call(made), generator};
}

Body drive(World& world, TaskContext& context) {
  std::vector<ActorHandle> actors(2);
  for (std::size_t i = 0; i < actors.size(); ++i) {
    ActorOptions with;
    with.async_actor = i == 0;
    with.max_concurrency = i == 0 ? 100 : static_cast<int>(1 + world.random.below(3));
    Body creating = context.create_actor({actor_class}, with, {}, actors[i]);
    co_await creating;
  }
  std::vector<Asked> asked;
  for (int i = 0; i < 25; ++i) {
    asked.push_back(ask(world, context, actors, asked));
    if (world.random.below(2) == 0) {
      const auto sleep = context.sleep(world.some_time());
      co_await sleep;
    }
    if (world.random.below(3) != 0) continue;
    try {
      context.cancel(asked[world.random.below(asked.size())].ref, world.random.below(3) == 0,
                     world.random.below(2) == 0);
    } catch (const RayError& error) {
      CHECK(error.type() == ErrorType::value_error);
      ++world.outcomes.refused;
    }
  }
  for (const Asked& one : asked) {
    if (one.generator) {
      Body taking = consume(world, context, one.ref);
      co_await taking;
    }
    ErrorType outcome = ErrorType::none;
    Body getting = context.get({one.ref}, std::nullopt);
    try {
      co_await getting;
    } catch (const RayError& error) {
      outcome = error.type();
    }
    world.outcomes.count(outcome);
  }
}

SimulationResult run_world(std::uint64_t seed, Outcomes& outcomes) {
  Setup setup = random_setup(seed, {});
  World world(seed);
  const auto with_world = [&](auto body) {
    return BodyMaker([&world, body](TaskContext& context) { return body(world, context); });
  };
  SimulationOptions with;
  with.seed = seed;
  with.warm_workers = setup.warm;
  with.functions = {function("computes", ms(10)), function("sleeps", ms(10)), function("parent", {}),
                    function("stream", {}),       function("list", {}),       function("Actor", {}),
                    function("method", {})};
  with.functions[sleeps].computes = false;
  with.functions[parent].body = with.functions[method].body = with_world(run_parent);
  with.functions[stream].body = with.functions[list].body = with_world(run_stream);
  with.functions[stream].num_returns = streaming_returns;
  with.functions[list].num_returns = dynamic_returns;
  with.functions[actor_class].body = [](TaskContext&) -> Body { co_return; };
  with.driver = with_world(drive);
  Log log;
  const SimulationResult result = run(setup.cluster, setup.profile, std::move(with), log);
  outcomes = world.outcomes;
  return result;
}

}  // namespace

TEST_CASE("whatever is cancelled, everything ends, and twice in the same way") {
  Outcomes all;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    Outcomes outcomes;
    const SimulationResult result = run_world(seed, outcomes);
    REQUIRE(result.deadlock.empty());
    REQUIRE_FALSE(result.starved);
    REQUIRE(result.error == ErrorType::none);
    REQUIRE(outcomes.ended == 25);
    for (const ErrorType error : {ErrorType::get_timeout, ErrorType::keyboard_interrupt, ErrorType::end_of_stream,
                                  ErrorType::worker_crashed, ErrorType::actor_died, ErrorType::system_error})
      REQUIRE(outcomes.of(error) == 0);
    for (std::size_t i = 0; i < all.by_error.size(); ++i) all.by_error[i] += outcomes.by_error[i];
    all.items += outcomes.items;
    all.refused += outcomes.refused;
    if (seed % 10 != 0) continue;
    Outcomes again;
    CHECK(run_world(seed, again).fingerprint == result.fingerprint);
    CHECK(again.by_error == outcomes.by_error);
  }
  CHECK(all.of(ErrorType::none) > 1'000);
  CHECK(all.of(ErrorType::task_cancelled) > 300);
  CHECK(all.of(ErrorType::task_error) > 30);
  CHECK(all.items > 200);
  CHECK(all.refused > 20);
}
