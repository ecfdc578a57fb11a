// Do owners wait for those who have borrowed their objects, and for nobody else? With zero costs but for the latency of the wires.
#include <doctest/doctest.h>

#include <memory>

#include "tests/analytic/keepers.hpp"

namespace {

using namespace keepers;  // NOLINT(google-build-using-namespace)

constexpr Duration latency = ms(10);  // from a machine to the switch

ObjectRef watched;  // by the case that runs

// A run of a driver on n0, which stops here and there to look into the stores.
struct Run {
  explicit Run(BodyMaker driver) : simulation(nodes(), with_zero_costs, program(std::move(driver)), log) {}

  static ClusterSpec& nodes() {
    static ClusterSpec spec = [] {
      ClusterSpec made = cluster({{2, {}}, {4, {}}});
      made.platform.network.latency = latency;
      made.platform.network.bandwidth = {1e12};
      for (NodeSpec& node : made.nodes)
        node.total.set(object_store_memory_resource, {1'000 * mb * ResourceAmount::unit});
      return made;
    }();
    return spec;
  }
  // Copies of the object then.
  std::size_t copies_at(Duration moment) {
    REQUIRE(simulation.run_until(Time{} + moment));
    std::size_t count = 0;
    for (std::uint32_t node = 0; node < 2; ++node)
      count += simulation.objects({node}).store().contains(watched) ? 1 : 0;
    return count;
  }
  std::uint64_t messages(MessageKind kind) const { return result.messages_by_kind[static_cast<std::size_t>(kind)]; }
  void finish() {
    result = simulation.run();
    CHECK(result.error == ErrorType::none);
    CHECK_FALSE(result.starved);
  }

  // Objects are freed one by one, at once.
  Profile with_zero_costs = [] {
    Profile made = profile();
    made.system.free_objects_batch_size = 1;
    return made;
  }();
  Log log;
  Simulation simulation;
  SimulationResult result;
};

Body put_watched(TaskContext& context, HeldRef& made) {
  Body putting = put_one(context, made);
  co_await putting;
  watched = made.ref();
}
Body until(TaskContext& context, Duration moment) {
  const auto pause = context.sleep(Time{} + moment - context.now());
  co_await pause;
}
// On the other node.
Body create_keeper(TaskContext& context, ActorHandle& keeper) {
  Body made = context.create_actor(class_keeper, on_node(1), {}, keeper);
  co_await made;
}
Body keep_by(TaskContext& context, const ActorHandle& keeper, const HeldRef& object) {
  Body keeping = call_and_get(context, to(keeper, keep, {list_of({object.ref()})}));
  co_await keeping;
}
Body put_and_keep(TaskContext& context, HeldRef& object, ActorHandle& keeper) {
  Body putting = put_watched(context, object);
  co_await putting;
  Body creating = create_keeper(context, keeper);
  co_await creating;
  Body keeping = keep_by(context, keeper, object);
  co_await keeping;
}
Body drop_at(TaskContext& context, const ActorHandle& keeper, Duration moment) {
  Body waiting = until(context, moment);
  co_await waiting;
  Body dropping = call_and_get(context, to(keeper, drop));
  co_await dropping;
}

}  // namespace

TEST_CASE("an actor that keeps a reference keeps the object, until it drops it and its owner has heard of it") {
  Run run([](TaskContext& context) -> Body {
    HeldRef object;
    ActorHandle keeper;
    Body keeping = put_and_keep(context, object, keeper);
    co_await keeping;
    Body first = until(context, ms(1'000));
    co_await first;
    object = HeldRef();
    Body dropping = drop_at(context, keeper, ms(2'000));
    co_await dropping;
    Body end = until(context, ms(3'000));
    co_await end;
  });
  CHECK(run.copies_at(ms(500)) == 1);
  CHECK(run.copies_at(ms(1'500)) == 1);
  // The call takes 20 ms there, the word that it is dropped 20 ms back.
  CHECK(run.copies_at(ms(2'039)) == 1);
  CHECK(run.copies_at(ms(2'041)) == 0);
  run.finish();
  CHECK(run.messages(MessageKind::wait_for_ref_removed) == 1);
  CHECK(run.messages(MessageKind::ref_removed) == 1);
}

TEST_CASE("nobody says anything of references that are used while their task runs only") {
  Run run([](TaskContext& context) -> Body {
    HeldRef object;
    Body putting = put_watched(context, object);
    co_await putting;
    TaskCall looking = call(look.index, options(1));
    looking.args.emplace_back(list_of({object.ref()}));
    HeldRef outer;
    Body outer_putting = put_one(context, outer, list_of({object.ref()}));
    co_await outer_putting;
    const TaskCall by_reference = call(look.index, options(1), {outer.ref()});
    object = HeldRef();
    Body done = context.get({context.submit(looking), context.submit(by_reference)}, std::nullopt);
    co_await done;
    Body end = until(context, ms(3'000));
    co_await end;
  });
  CHECK(run.copies_at(ms(2'000)) == 1);
  run.finish();
  CHECK(run.messages(MessageKind::wait_for_ref_removed) == 0);
  CHECK(run.messages(MessageKind::ref_removed) == 0);
}

TEST_CASE("a borrower that lends on is followed by the one that it has lent to") {
  Run run([](TaskContext& context) -> Body {
    HeldRef object;
    ActorHandle first;
    ActorHandle second;
    Body keeping = put_and_keep(context, object, first);
    co_await keeping;
    Body other = create_keeper(context, second);
    co_await other;
    object = HeldRef();
    Body lending =
        call_and_get(context, to(first, lend, {Payload{std::make_shared<const ActorHandle>(second), Bytes{64}}}));
    co_await lending;
    Body dropping = drop_at(context, first, ms(1'000));
    co_await dropping;
    Body dropping_too = drop_at(context, second, ms(2'000));
    co_await dropping_too;
    Body end = until(context, ms(3'000));
    co_await end;
  });
  CHECK(run.copies_at(ms(900)) == 1);
  CHECK(run.copies_at(ms(1'900)) == 1);
  CHECK(run.copies_at(ms(2'039)) == 1);
  CHECK(run.copies_at(ms(2'041)) == 0);
  run.finish();
  CHECK(run.messages(MessageKind::wait_for_ref_removed) == 2);
  CHECK(run.messages(MessageKind::ref_removed) == 2);
}

TEST_CASE("a borrower whose process has died borrows nothing") {
  Run run([](TaskContext& context) -> Body {
    HeldRef object;
    ActorHandle keeper;
    Body keeping = put_and_keep(context, object, keeper);
    co_await keeping;
    object = HeldRef();
    Body first = until(context, ms(1'000));
    co_await first;
    const HeldRef lost = context.hold(context.call(to(keeper, die)));
    Body end = until(context, ms(3'000));
    co_await end;
  });
  CHECK(run.copies_at(ms(1'019)) == 1);
  CHECK(run.copies_at(ms(1'041)) == 0);
  run.finish();
  CHECK(run.messages(MessageKind::ref_removed) == 0);
}

TEST_CASE("who gets a reference in a returned value borrows it, from its maker or from a borrower") {
  Run run([](TaskContext& context) -> Body {
    // Made by a task, whose worker owns it.
    TaskCall making = call(make.index, options(1));
    making.options.strategy = on_node(1).strategy;
    making.options.strategy_given = true;
    HeldRef result = context.hold(context.submit(making));
    Body got = context.get({result.ref()}, std::nullopt);
    co_await got;
    HeldRef object = context.hold(inside(context.value(result.ref())).front());
    watched = object.ref();
    result = HeldRef();
    // Kept by an actor, which hands it out again after its other users are gone.
    ActorHandle keeper;
    Body made = create_keeper(context, keeper);
    co_await made;
    Body keeping = keep_by(context, keeper, object);
    co_await keeping;
    object = HeldRef();
    Body first = until(context, ms(1'000));
    co_await first;
    HeldRef again = context.hold(context.call(to(keeper, hand_out)));
    Body handed = context.get({again.ref()}, std::nullopt);
    co_await handed;
    object = context.hold(inside(context.value(again.ref())).front());
    again = HeldRef();
    Body dropping = call_and_get(context, to(keeper, drop));
    co_await dropping;
    Body second = until(context, ms(2'000));
    co_await second;
    Body reading = context.get({object.ref()}, std::nullopt);
    co_await reading;
    object = HeldRef();
    Body end = until(context, ms(3'000));
    co_await end;
  });
  CHECK(run.copies_at(ms(900)) == 1);
  CHECK(run.copies_at(ms(1'900)) == 1);
  CHECK(run.copies_at(ms(2'500)) == 0);
  run.finish();
}

TEST_CASE("an object inside of another goes with it, unless somebody has read it out") {
  for (const bool read_out : {false, true}) {
    CAPTURE(read_out);
    Run run([=](TaskContext& context) -> Body {
      HeldRef object;
      Body putting = put_watched(context, object);
      co_await putting;
      HeldRef outer;
      Body outer_putting = put_one(context, outer, list_of({object.ref()}));
      co_await outer_putting;
      object = HeldRef();
      ActorHandle keeper;
      Body made = create_keeper(context, keeper);
      co_await made;
      if (read_out) {
        Body keeping = call_and_get(context, to(keeper, look_inside, {list_of({outer.ref()})}));
        co_await keeping;
      }
      Body first = until(context, ms(1'000));
      co_await first;
      outer = HeldRef();
      Body dropping = drop_at(context, keeper, ms(2'000));
      co_await dropping;
      Body end = until(context, ms(3'000));
      co_await end;
    });
    CHECK(run.copies_at(ms(900)) == 1);
    CHECK(run.copies_at(ms(1'500)) == (read_out ? 1 : 0));
    CHECK(run.copies_at(ms(2'500)) == 0);
    run.finish();
    CHECK(run.messages(MessageKind::wait_for_ref_removed) == (read_out ? 1 : 0));
  }
}
