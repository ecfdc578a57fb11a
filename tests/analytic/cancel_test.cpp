// What becomes of tasks that are cancelled, and when? With zero costs.
#include "tests/analytic/cancelling.hpp"

using namespace cancelling;  // NOLINT(google-build-using-namespace)

namespace {

// Submits a task, waits for `patience`, cancels it, gets it.
Seen cancel_one(std::uint32_t function, Duration patience, bool force, bool recursive, double cpus = 4) {
  Seen seen;
  Log log;
  const auto driver = [&](TaskContext& context) -> Body {
    const ObjectRef ref = context.submit(call(function, options(1)));
    const auto sleep = context.sleep(patience);
    co_await sleep;
    context.cancel(ref, force, recursive);
    Body watching = watch(context, ref, seen);
    co_await watching;
  };
  run_driver(cluster({{cpus, {}}}), driver, log);
  return seen;
}

}  // namespace

TEST_SUITE("cancel") {
  TEST_CASE("a task that waits for a worker, or for its arguments, ends at once") {
    Seen queued;
    Seen dependent;
    Seen first;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef running = context.submit(call(nap, options(1)));
      const ObjectRef waits = context.submit(call(brief, options(1)));
      const ObjectRef depends = context.submit(call(brief, options(1), {running}));
      const auto sleep = context.sleep(ms(500));
      co_await sleep;
      context.cancel(waits, false, true);
      context.cancel(depends, false, true);
      Body a = watch(context, waits, queued);
      co_await a;
      Body b = watch(context, depends, dependent);
      co_await b;
      Body c = watch(context, running, first);
      co_await c;
    };
    run_driver(cluster({{1, {}}}), driver, log);
    for (const Seen& seen : {queued, dependent}) {
      CHECK(seen.error == ErrorType::task_cancelled);
      CHECK(seen.at == doctest::Approx(0.5));
    }
    CHECK(first.error == ErrorType::none);
    CHECK(first.at == doctest::Approx(10));
    CHECK(log.attempts.size() == 1);  // the others never ran
  }

  TEST_CASE("a task cancelled in the moment of its submission never runs") {
    const Seen seen = cancel_one(brief, {}, false, true);
    CHECK(seen.error == ErrorType::task_cancelled);
    CHECK(seen.at == doctest::Approx(0));
  }

  TEST_CASE("a sleep of a running task runs to its end, then it is interrupted") {
    const Seen whole = cancel_one(nap, ms(1'000), false, true);
    CHECK(whole.error == ErrorType::task_cancelled);
    CHECK(whole.message.find("RayTaskError(TaskCancelledError)") == 0);
    CHECK(whole.at == doctest::Approx(10));
    const Seen stepwise = cancel_one(steps, ms(1'000), false, true);
    CHECK(stepwise.error == ErrorType::task_cancelled);
    CHECK(stepwise.at == doctest::Approx(1.2));  // the fourth sleep
  }

  TEST_CASE("a task that waits for an object looks for signals once a second") {
    const Seen seen = cancel_one(outer, ms(2'300), false, true);
    CHECK(seen.error == ErrorType::task_cancelled);
    CHECK(seen.at == doctest::Approx(3));
  }

  TEST_CASE("a task may catch the interrupt and return") {
    int returned = 0;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef ref = context.submit(call(tidy, options(1)));
      const auto sleep = context.sleep(ms(100));
      co_await sleep;
      context.cancel(ref, false, true);
      Body got = context.get({ref}, std::nullopt);
      co_await got;
      returned = *static_cast<const int*>(context.value(ref).data.get());
    };
    run_driver(cluster({{4, {}}}), driver, log);
    CHECK(returned == 7);
  }

  TEST_CASE("force ends the worker at once, and nothing is tried again") {
    Seen forced;
    Seen next;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef ref = context.submit(call(nap, options(1, 3)));
      const auto sleep = context.sleep(ms(1'000));
      co_await sleep;
      context.cancel(ref, true, true);
      Body a = watch(context, ref, forced);
      co_await a;
      Body b = watch(context, context.submit(call(brief, options(1))), next);
      co_await b;
    };
    run_driver(cluster({{1, {}}}), driver, log);
    CHECK(forced.error == ErrorType::task_cancelled);
    CHECK(forced.at == doctest::Approx(1));
    CHECK(next.error == ErrorType::none);
    CHECK(next.at == doctest::Approx(1.1));  // its CPU is free
    CHECK(log.attempts.size() == 2);
    CHECK(log.attempts.front().outcome == AttemptOutcome::failed);
  }

  TEST_CASE("with a forced end goes what the worker owns, and what an ended task has submitted stays") {
    double free = 0;
    Seen lent;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef parent = context.submit(call(outer, options(1)));
      const ObjectRef lender = context.submit(call(lend, options(1)));
      Body got = context.get({lender}, std::nullopt);
      co_await got;
      const auto sleep = context.sleep(ms(2'500));
      co_await sleep;
      context.cancel(parent, true, false);
      context.cancel(lender, true, true);
      const ObjectRef last = context.submit(call(brief, options(2)));
      Body end = context.get({last}, std::nullopt);
      co_await end;
      free = context.now().in_seconds();
      Body watching = watch(context, held_in(context.value(lender)), lent);
      co_await watching;
    };
    run_driver(cluster({{3, {}}}), driver, log);
    CHECK(free == doctest::Approx(2.6));
    CHECK(lent.error == ErrorType::none);
    CHECK(lent.at == doctest::Approx(10));
  }

  TEST_CASE("children are interrupted with their parent") {
    // The parent waits in get for a child that sleeps in steps.
    for (const bool recursive : {true, false}) {
      CAPTURE(recursive);
      Log log;
      std::vector<RemoteFunction> all = functions();
      all[outer].body = [](TaskContext& context) -> Body {
        Body got = context.get({context.submit(call(steps, options(1)))}, std::nullopt);
        co_await got;
      };
      double free = 0;
      SimulationOptions with;
      with.functions = std::move(all);
      with.driver = [&](TaskContext& context) -> Body {
        const ObjectRef parent = context.submit(call(outer, options(1)));
        const auto sleep = context.sleep(ms(500));
        co_await sleep;
        context.cancel(parent, false, recursive);
        const ObjectRef last = context.submit(call(brief, options(2)));
        Body end = context.get({last}, std::nullopt);
        co_await end;
        free = context.now().in_seconds();
      };
      CHECK(run(cluster({{2, {}}}), profile(), std::move(with), log).error == ErrorType::none);
      CHECK(free == doctest::Approx(recursive ? 0.7 : 30.1));
    }
  }

  TEST_CASE("who has borrowed an object asks its owner to cancel") {
    Seen seen;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef lent = context.submit(call(lend, options(1)));
      Body got = context.get({lent}, std::nullopt);
      co_await got;
      const ObjectRef inner = held_in(context.value(lent));
      const auto sleep = context.sleep(ms(1'000));
      co_await sleep;
      context.cancel(inner, true, true);
      Body watching = watch(context, inner, seen);
      co_await watching;
    };
    run_driver(cluster({{2, {}}}), driver, log);
    CHECK(seen.error == ErrorType::task_cancelled);
    CHECK(seen.at == doctest::Approx(1));
  }

  TEST_CASE("a chain of tasks that wait for each other fails from the one that is cancelled on") {
    for (const std::size_t which : {0UL, 2UL}) {
      CAPTURE(which);
      std::vector<Seen> seen(4);
      Log log;
      const auto driver = [&](TaskContext& context) -> Body {
        std::vector<ObjectRef> refs{context.submit(call(nap, options(1)))};
        for (std::size_t i = 0; i < 4; ++i) {
          TaskCall next = call(follow, options(1));
          next.args.emplace_back(holding(refs.back()));
          refs.push_back(context.submit(next));
        }
        const auto sleep = context.sleep(ms(100));
        co_await sleep;
        context.cancel(refs[which + 1], false, true);
        for (std::size_t i = 0; i < 4; ++i) {
          Body watching = watch(context, refs[i + 1], seen[i]);
          co_await watching;
        }
      };
      run_driver(cluster({{1, {}}}), driver, log);
      for (std::size_t i = 0; i < 4; ++i) CHECK((seen[i].error != ErrorType::none) == (i >= which));
      CHECK(seen[which].error == ErrorType::task_cancelled);
    }
  }

  TEST_CASE("a finished task is not cancelled, nor is what was put") {
    Seen seen;
    Seen put;
    Log log;
    const auto driver = [&](TaskContext& context) -> Body {
      const ObjectRef ref = context.submit(call(brief, options(1)));
      const ObjectRef value = context.put(number(1));
      const auto sleep = context.sleep(ms(200));
      co_await sleep;
      context.cancel(ref, false, true);
      context.cancel(value, false, true);
      Body a = watch(context, ref, seen);
      co_await a;
      Body b = watch(context, value, put);
      co_await b;
    };
    run_driver(cluster({{1, {}}}), driver, log);
    CHECK(seen.error == ErrorType::none);
    CHECK(put.error == ErrorType::none);
  }
}
