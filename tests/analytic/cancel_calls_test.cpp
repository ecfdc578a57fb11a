// What becomes of calls of actors that are cancelled, and when? With zero costs.
#include "tests/analytic/cancelling.hpp"

using namespace cancelling;  // NOLINT(google-build-using-namespace)

TEST_SUITE("cancel of an actor's calls") {
  // Calls `note` three times, cancels the call of this number, then asks for the state.
  struct Calls {
    std::vector<Seen> seen = std::vector<Seen>(3);
    int state = 0;
  };
  Calls cancel_call(std::size_t which, bool async) {
    Calls calls;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      ActorOptions with;
      with.async_actor = async;
      with.max_concurrency = async ? 1'000 : 1;
      ActorHandle actor;
      Body creating = context.create_actor({made}, with, {}, actor);
      co_await creating;
      const auto call_it = [&](FunctionId method) {
        return context.call({actor, method, {}, std::nullopt, default_group, std::nullopt});
      };
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 3; ++i) refs.push_back(call_it(note));
      const auto sleep = context.sleep(ms(500));
      co_await sleep;
      CHECK_THROWS_AS(context.cancel(refs[which], true, true), RayError);
      context.cancel(refs[which], false, true);
      for (std::size_t i = 0; i < 3; ++i) {
        Body watching = watch(context, refs[i], calls.seen[i]);
        co_await watching;
      }
      const ObjectRef state = call_it(tell);
      Body got = context.get({state}, std::nullopt);
      co_await got;
      calls.state = *static_cast<const int*>(context.value(state).data.get());
    };
    run_driver(cluster({{2, {}}}), driver, log);
    return calls;
  }

  TEST_CASE("one that runs on a thread goes on, and its caller sees the cancel") {
    const Calls calls = cancel_call(0, false);
    CHECK(calls.seen[0].error == ErrorType::task_cancelled);
    CHECK(calls.seen[0].at == doctest::Approx(2));
    CHECK(calls.seen[2].at == doctest::Approx(6));
    CHECK(calls.seen[2].error == ErrorType::none);
    CHECK(calls.state == 1);
  }

  TEST_CASE("one that waits for its turn is answered when it comes, and does not run") {
    const Calls calls = cancel_call(1, false);
    CHECK(calls.seen[0].error == ErrorType::none);
    CHECK(calls.seen[1].error == ErrorType::task_cancelled);
    CHECK(calls.seen[1].at == doctest::Approx(2));
    CHECK(calls.seen[2].error == ErrorType::none);
    CHECK(calls.seen[2].at == doctest::Approx(4));
  }

  TEST_CASE("one that waits in an event loop is interrupted at once") {
    Calls calls = cancel_call(1, true);
    CHECK(calls.seen[0].at == doctest::Approx(2));
    CHECK(calls.seen[1].error == ErrorType::task_cancelled);
    CHECK(calls.seen[1].at == doctest::Approx(2));  // looked at after the first
    CHECK(calls.seen[2].at == doctest::Approx(2));
  }

  TEST_CASE("a sleep without a body in an event loop ends in the moment of the cancel") {
    Seen seen;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      ActorOptions with;
      with.async_actor = true;
      with.max_concurrency = 1'000;
      ActorHandle actor;
      Body creating = context.create_actor({made}, with, {}, actor);
      co_await creating;
      const ObjectRef ref = context.call({actor, {nap}, {}, std::nullopt, default_group, std::nullopt});
      const ObjectRef other = context.call({actor, {nap}, {}, ms(3'000), default_group, std::nullopt});
      const auto sleep = context.sleep(ms(500));
      co_await sleep;
      context.cancel(ref, false, true);
      Body watching = watch(context, ref, seen);
      co_await watching;
      Body got = context.get({other}, std::nullopt);
      co_await got;
      CHECK(context.now().in_seconds() == doctest::Approx(3));
    };
    run_driver(cluster({{2, {}}}), driver, log);
    CHECK(seen.error == ErrorType::task_cancelled);
    CHECK(seen.at == doctest::Approx(0.5));
  }

  TEST_CASE("a call to an actor that has no place yet ends at once") {
    Seen seen;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      ActorOptions with;
      with.resources.set(cpu_resource, ResourceAmount::of(64));
      ActorHandle actor;
      Body creating = context.create_actor({made}, with, {}, actor);
      co_await creating;
      const ObjectRef ref = context.call({actor, note, {}, std::nullopt, default_group, std::nullopt});
      const auto sleep = context.sleep(ms(500));
      co_await sleep;
      context.cancel(ref, false, true);
      Body watching = watch(context, ref, seen);
      co_await watching;
    };
    run_driver(cluster({{2, {}}}), driver, log);
    CHECK(seen.error == ErrorType::task_cancelled);
    CHECK(seen.at == doctest::Approx(0.5));
  }
}
