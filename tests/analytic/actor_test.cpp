// Do actors live, work in order and end as Ray says? With zero costs, so that times are those of the calls alone.
#include <doctest/doctest.h>

#include <memory>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

Payload number(int value) { return {std::make_shared<const int>(value), Bytes{8}}; }
int number_in(const Payload& payload) { return *static_cast<const int*>(payload.data.get()); }

constexpr FunctionId class_counter{0};
constexpr FunctionId increment{1};
constexpr FunctionId pause_100ms{2};
constexpr FunctionId leave{3};
constexpr FunctionId call_it{4};
constexpr FunctionId ask{5};

int& total(TaskContext& context) { return *static_cast<int*>(context.actor_state().get()); }

Body make_counter(TaskContext& context) {
  const int start = context.arguments().empty() ? 0 : number_in(context.arguments().front().value);
  context.actor_state() = std::make_shared<int>(start);
  co_return;
}
Body increment_it(TaskContext& context) {
  context.set_return(0, number(++total(context)));
  co_return;
}
Body leave_it(TaskContext& context) {
  context.exit_actor();
  co_return;
}
// A task that gets a handle and calls the actor itself.
Body call_from_task(TaskContext& context) {
  const auto& handle = *static_cast<const ActorHandle*>(context.arguments().front().value.data.get());
  const ObjectRef ref = context.call({handle, increment, {}, std::nullopt, default_group, std::nullopt});
  Body got = context.get({ref}, std::nullopt);
  co_await got;
  context.set_return(0, context.value(ref));
}

Body ask_other(TaskContext& context);

RemoteFunction bodied(const char* name, BodyMaker body) {
  RemoteFunction made = function(name, {});
  made.body = std::move(body);
  return made;
}

SimulationOptions program(BodyMaker driver) {
  SimulationOptions options;
  options.functions = {bodied("Counter", make_counter),    bodied("Counter.increment", increment_it),
                       function("Counter.pause", ms(100)), bodied("Counter.leave", leave_it),
                       bodied("call_it", call_from_task),  bodied("Counter.ask", ask_other)};
  options.driver = std::move(driver);
  return options;
}

ActorOptions one_cpu() {
  ActorOptions options;
  options.placement.emplace();
  options.placement->set(cpu_resource, ResourceAmount::of(1));
  return options;
}

ActorCall to(const ActorHandle& actor, FunctionId method) {
  return {actor, method, {}, std::nullopt, default_group, std::nullopt};
}

// Runs a driver on two nodes of two CPUs.
SimulationResult run_driver(BodyMaker driver) {
  Log log;
  return run(cluster({{2, {}}, {2, {}}}), profile(), program(std::move(driver)), log);
}

}  // namespace

TEST_CASE("an actor keeps its state from call to call, and takes calls in order") {
  std::vector<int> seen;
  const auto driver = [&](TaskContext& context) -> Body {
    ActorHandle counter;
    Body made = context.create_actor(class_counter, one_cpu(), {number(5)}, counter);
    co_await made;
    std::vector<ObjectRef> refs;
    for (int i = 0; i < 10; ++i) refs.push_back(context.call(to(counter, increment)));
    Body got = context.get(refs, std::nullopt);
    co_await got;
    for (const ObjectRef ref : refs) seen.push_back(number_in(context.value(ref)));
  };
  const SimulationResult result = run_driver(driver);
  CHECK(result.error == ErrorType::none);
  CHECK(seen == std::vector<int>{6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
}

TEST_CASE("calls of an actor take turns, and as many at a time as it allows") {
  const auto run_with = [](int concurrency, bool async) {
    return run_driver([=](TaskContext& context) -> Body {
      ActorOptions options = one_cpu();
      options.max_concurrency = concurrency;
      options.async_actor = async;
      ActorHandle actor;
      Body made = context.create_actor(class_counter, options, {}, actor);
      co_await made;
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 4; ++i) refs.push_back(context.call(to(actor, pause_100ms)));
      Body got = context.get(refs, std::nullopt);
      co_await got;
    });
  };
  CHECK(run_with(1, false).end.in_seconds() == doctest::Approx(0.4));
  CHECK(run_with(2, false).end.in_seconds() == doctest::Approx(0.2));
  CHECK(run_with(4, true).end.in_seconds() == doctest::Approx(0.1));
}

TEST_CASE("a handle can be passed on, and the last one ends the actor") {
  int seen = 0;
  ErrorType late = ErrorType::none;
  const auto driver = [&](TaskContext& context) -> Body {
    ActorHandle counter;
    Body made = context.create_actor(class_counter, one_cpu(), {}, counter);
    co_await made;
    TaskCall task = call(call_it.index, options(1));
    task.args.emplace_back(Payload{std::make_shared<const ActorHandle>(counter), Bytes{64}});
    const ObjectRef ref = context.submit(task);
    Body got = context.get({ref}, std::nullopt);
    co_await got;
    seen = number_in(context.value(ref));
    task.args.clear();
    const ActorHandle weak(counter.actor());
    counter = ActorHandle();
    const auto later = context.sleep(ms(100));
    co_await later;
    const ObjectRef lost = context.call(to(weak, increment));
    try {
      Body failing = context.get({lost}, std::nullopt);
      co_await failing;
    } catch (const RayError& error) {
      late = error.type();
    }
  };
  const SimulationResult result = run_driver(driver);
  CHECK(result.error == ErrorType::none);
  CHECK(seen == 1);
  CHECK(late == ErrorType::actor_died);
}

TEST_CASE("a call through a handle that is gone still runs") {
  int seen = 0;
  const auto driver = [&](TaskContext& context) -> Body {
    ActorHandle counter;
    Body made = context.create_actor(class_counter, one_cpu(), {}, counter);
    co_await made;
    const ObjectRef ref = context.call(to(counter, increment));
    counter = ActorHandle();
    Body got = context.get({ref}, std::nullopt);
    co_await got;
    seen = number_in(context.value(ref));
  };
  CHECK(run_driver(driver).error == ErrorType::none);
  CHECK(seen == 1);
}

TEST_CASE("names are found, taken once, and free again after the death") {
  std::vector<std::string> seen;
  const auto driver = [&](TaskContext& context) -> Body {
    ActorOptions options = one_cpu();
    options.name = "counter";
    ActorHandle first;
    ActorHandle second;
    Body step = context.create_actor(class_counter, options, {}, first);
    co_await step;
    try {
      step = context.create_actor(class_counter, options, {}, second);
      co_await step;
    } catch (const RayError& error) {
      seen.emplace_back(name_of(error.type()));
    }
    CHECK_FALSE(second.valid());
    options.get_if_exists = true;
    step = context.create_actor(class_counter, options, {}, second);
    co_await step;
    seen.emplace_back(second.actor() == first.actor() ? "same" : "other");
    ActorHandle found;
    step = context.get_actor("counter", "", found);
    co_await step;
    seen.emplace_back(found.actor() == first.actor() ? "found" : "other");
    context.kill(first, true);
    const auto later = context.sleep(ms(100));
    co_await later;
    try {
      step = context.get_actor("counter", "", found);
      co_await step;
    } catch (const RayError& error) {
      seen.emplace_back(name_of(error.type()));
    }
  };
  CHECK(run_driver(driver).error == ErrorType::none);
  CHECK(seen == std::vector<std::string>{"ValueError", "same", "found", "ValueError"});
}

TEST_CASE("an actor with restarts comes again without its state, and its broken calls fail or are tried again") {
  const auto run_with = [](int max_task_retries, std::vector<std::string>& seen) {
    return run_driver([&seen, max_task_retries](TaskContext& context) -> Body {
      ActorOptions options = one_cpu();
      options.max_restarts = 1;
      options.max_task_retries = max_task_retries;
      ActorHandle actor;
      Body step = context.create_actor(class_counter, options, {}, actor);
      co_await step;
      const ObjectRef before = context.call(to(actor, increment));
      step = context.get({before}, std::nullopt);
      co_await step;
      const ObjectRef broken = context.call(to(actor, pause_100ms));
      const auto half = context.sleep(ms(50));
      co_await half;
      context.kill(actor, false);
      try {
        step = context.get({broken}, std::nullopt);
        co_await step;
        seen.emplace_back("ok");
      } catch (const RayError& error) {
        seen.emplace_back(name_of(error.type()));
      }
      const ObjectRef after = context.call(to(actor, increment));
      step = context.get({after}, std::nullopt);
      co_await step;
      seen.push_back(std::to_string(number_in(context.value(after))));
      context.kill(actor, false);
      const ObjectRef last = context.call(to(actor, increment));
      try {
        step = context.get({last}, std::nullopt);
        co_await step;
      } catch (const RayError& error) {
        seen.emplace_back(name_of(error.type()));
      }
    });
  };
  std::vector<std::string> seen;
  CHECK(run_with(0, seen).error == ErrorType::none);
  CHECK(seen == std::vector<std::string>{"ActorUnavailableError", "1", "ActorDiedError"});
  seen.clear();
  CHECK(run_with(-1, seen).error == ErrorType::none);
  CHECK(seen == std::vector<std::string>{"ok", "1", "ActorDiedError"});
}

TEST_CASE("an actor that exits by itself is not restarted") {
  std::string seen;
  const auto driver = [&](TaskContext& context) -> Body {
    ActorOptions options = one_cpu();
    options.max_restarts = -1;
    ActorHandle actor;
    Body step = context.create_actor(class_counter, options, {}, actor);
    co_await step;
    const ObjectRef last = context.call(to(actor, leave));
    step = context.get({last}, std::nullopt);
    co_await step;
    const ObjectRef late = context.call(to(actor, increment));
    try {
      step = context.get({late}, std::nullopt);
      co_await step;
    } catch (const RayError& error) {
      seen = name_of(error.type());
    }
  };
  CHECK(run_driver(driver).error == ErrorType::none);
  CHECK(seen == "ActorDiedError");
}

TEST_CASE("an actor that holds its CPU keeps others waiting until it ends") {
  const auto driver = [&](TaskContext& context) -> Body {
    ActorOptions options;
    options.resources.set(cpu_resource, ResourceAmount::of(2));
    ActorHandle first;
    ActorHandle second;
    ActorHandle third;
    for (ActorHandle* made : {&first, &second, &third}) {
      Body step = context.create_actor(class_counter, options, {}, *made);
      co_await step;
    }
    const ObjectRef waits = context.call(to(third, increment));
    Body step = context.get({waits}, ms(500));
    bool timed_out = false;
    try {
      co_await step;
    } catch (const RayError& error) {
      timed_out = error.type() == ErrorType::get_timeout;
    }
    CHECK(timed_out);
    context.kill(first, true);
    step = context.get({waits}, std::nullopt);
    co_await step;
  };
  const SimulationResult result = run_driver(driver);
  CHECK(result.error == ErrorType::none);
  CHECK(result.end.in_seconds() < 1.0);
}

namespace {
// Two actors whose methods wait for each other.
Body ask_other(TaskContext& context) {
  const auto handle = *static_cast<const ActorHandle*>(context.arguments()[0].value.data.get());
  ActorCall call = to(handle, context.arguments().size() > 1 ? ask : increment);
  if (context.arguments().size() > 1)
    call.args.emplace_back(Payload{std::make_shared<const ActorHandle>(context.own_handle()), Bytes{64}});
  const ObjectRef ref = context.call(call);
  Body got = context.get({ref}, std::nullopt);
  co_await got;
}
}  // namespace

TEST_CASE("actors that wait for each other are a deadlock with its cycle") {
  const auto driver = [&](TaskContext& context) -> Body {
    ActorHandle first;
    ActorHandle second;
    for (ActorHandle* made : {&first, &second}) {
      Body step = context.create_actor(class_counter, one_cpu(), {}, *made);
      co_await step;
    }
    ActorCall call = to(first, ask);
    call.args.emplace_back(Payload{std::make_shared<const ActorHandle>(second), Bytes{64}});
    call.args.emplace_back(number(1));
    const ObjectRef ref = context.call(call);
    Body got = context.get({ref}, std::nullopt);
    co_await got;
  };
  const SimulationResult result = run_driver(driver);
  CHECK(result.starved);
  CHECK(result.deadlock ==
        "Counter.ask waits for Counter.ask, which waits for Counter.increment (queued), which waits for Counter.ask");
}
