// Do actors, options and placement groups of programs in C++ do what Ray's do? Zero costs.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/cpp_program.hpp"

namespace {

using namespace cpp_program;  // NOLINT(google-build-using-namespace)

ray::Task<double> slow_square(ray::Context& ray, double x) {
  co_await ray.compute(100ms);
  co_return x* x;
}
void nothing() {}
ray::Task<> nap(ray::Context& ray, double seconds) { co_await ray.sleep(ray::Duration(seconds)); }

struct Counter {
  int total = 0;
  int add(int n) { return total += n; }
  ray::Task<int> add_slowly(ray::Context& ray, int n) {
    co_await ray.sleep(100ms);
    co_return total += n;
  }
  ray::Task<int> add_to(ray::Context& ray, ray::Actor<Counter> other, int n) {
    const auto ref = co_await ray.call<&Counter::add>(other, n);
    co_return co_await ray.get(ref);
  }
  void leave(ray::Context& ray) { ray.exit_actor(); }
  ray::Actor<Counter> me(ray::Context& ray) const { return ray.self<Counter>(); }
};
ray::Task<Counter> load_counter(ray::Context& ray, int start) {
  co_await ray.sleep(2s);
  co_return Counter{start};
}
struct Other {};

}  // namespace

TEST_CASE("C++ programs: actors keep state, take calls in order, are found by name") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto counter = co_await ray.create_actor<Counter>({.name = "counter"}, 5);
        std::vector<ray::Ref<int>> refs;
        for (int i = 0; i < 3; ++i) refs.push_back(co_await ray.call<&Counter::add_slowly>(counter, 1));
        for (const int total : co_await ray.get(refs)) seen.push_back(std::to_string(total));
        const auto found = co_await ray.get_actor<Counter>("counter");
        const auto last = co_await ray.call<&Counter::add>(found, 10);
        seen.push_back(std::to_string(co_await ray.get(last)));
        const auto other = co_await ray.create_actor<Counter>();
        const auto added = co_await ray.call<&Counter::add_to>(other, counter, 2);
        seen.push_back(std::to_string(co_await ray.get(added)));
        const auto me = co_await ray.call<&Counter::me>(other);
        const auto same = co_await ray.get(me);
        const auto zero = co_await ray.call<&Counter::add>(same, 0);
        seen.push_back(std::to_string(co_await ray.get(zero)));
      },
      0.3, {"6", "7", "8", "18", "20", "0"});
}

TEST_CASE("C++ programs: a function can make an actor, and calls can overlap") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto loaded = co_await ray.create_actor<load_counter>(7);
        const auto seven = co_await ray.call<&Counter::add>(loaded, 0);
        seen.push_back(std::to_string(co_await ray.get(seven)));
        const auto wide = co_await ray.create_actor<Counter>({.max_concurrency = 4});
        std::vector<ray::Ref<int>> refs;
        for (int i = 0; i < 4; ++i) refs.push_back(co_await ray.call<&Counter::add_slowly>(wide, 1));
        co_await ray.get(refs);
        static constexpr ray::ConcurrencyGroup groups[] = {{"io", 2}};
        const auto grouped = co_await ray.create_actor<Counter>({.concurrency_groups = groups});
        refs.clear();
        for (int i = 0; i < 4; ++i)
          refs.push_back(co_await ray.call<&Counter::add_slowly>(grouped, {.concurrency_group = "io"}, 1));
        co_await ray.get(refs);
      },
      2.3, {"7"});
}

TEST_CASE("C++ programs: actors end when they are killed, when they leave, when the last handle goes") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto try_call = [](ray::Context& context, ray::Actor<Counter> actor) -> ray::Task<> {
          try {
            const auto ref = co_await context.call<&Counter::add>(actor, 1);
            co_await context.get(ref);
            seen.emplace_back("alive");
          } catch (const ray::RayActorError& error) {
            seen.push_back(error.name());
          }
        };
        const auto killed = co_await ray.create_actor<Counter>();
        const auto leaver = co_await ray.create_actor<Counter>();
        co_await try_call(ray, killed);
        co_await ray.kill(killed);
        co_await try_call(ray, killed);
        co_await ray.call<&Counter::leave>(leaver);
        co_await ray.sleep(1s);
        co_await try_call(ray, leaver);
        {
          const auto local = co_await ray.create_actor<Counter>({.name = "local"});
          co_await try_call(ray, local);
        }
        co_await ray.sleep(1s);
        try {
          co_await ray.get_actor<Counter>("local");
        } catch (const ray::ValueError& error) {
          seen.emplace_back(error.what());
        }
      },
      2, {"alive", "ActorDiedError", "ActorDiedError", "alive", "failed to look up actor local"});
}

TEST_CASE("C++ programs: what cannot be is said, and nothing is asked of it") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto named = co_await ray.create_actor<Counter>({.name = "a"});
        const auto told = [](auto&& wrong) -> ray::Task<> {
          try {
            co_await wrong();
          } catch (const std::exception& error) {
            seen.emplace_back(error.what());
          }
        };
        co_await told([&] { return ray.remote<nothing>({.num_cpus = -1}); });
        co_await told([&] { return ray.remote<nothing>({.num_gpus = 1.5}); });
        co_await told([&] { return ray.remote<nothing>({.scheduling_strategy = ray::node_affinity("n7")}); });
        co_await told([&] { return ray.sleep(-1s); });
        co_await told([&] { return ray.get_actor<Other>("a"); });
        co_await told([&] { return ray.call<&Counter::add>(named, {.concurrency_group = "io"}, 1); });
        co_await told([&] { return ray.call<&Counter::add>(ray::Actor<Counter>(), 1); });
        try {
          ray.exit_actor();
        } catch (const ray::ValueError& error) {
          seen.emplace_back(error.what());
        }
      },
      0,
      {"num_cpus is -1, expected 0 or an amount from 0.0001 to 1000000000",
       "num_gpus is 1.5, expected a whole number when above 1, as Ray shares only single GPUs",
       "there is no node 'n7', expected one of n0, n1, did you mean 'n0'?",
       "the time to sleep is -1 s, expected 0 s or more", "the actor named a is a Counter",
       "the actor has no concurrency group 'io'", "the handle is of no actor", "exit_actor() outside of an actor"});
}

TEST_CASE("C++ programs: functions have names in the record, and what is printed has time and place") {
  printed.clear();
  zero_cost::Log log;
  const SimulationResult result = run(
      [](ray::Context& ray) -> ray::Task<> {
        co_await ray.sleep(1s);
        ray.print("at", ray.now().count(), "on", ray.node());
        const auto counter = co_await ray.create_actor<Counter>();
        const auto ref = co_await ray.call<&Counter::add>(counter, 1);
        co_await ray.get(ref);
        const auto squared = co_await ray.remote<slow_square>(2);
        co_await ray.get(squared);
      },
      log);
  CHECK(result.error == ErrorType::none);
  CHECK(log.functions == std::vector<std::string>{"Counter", "Counter.add", "slow_square"});
  CHECK(printed.size() == 1);
  CHECK(printed.front().body == "the driver");
  CHECK(printed.front().seconds == doctest::Approx(1));
  CHECK(printed.front().text == "at 1 on n0");
}

TEST_CASE("C++ programs: options decide where, labels and groups too") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        static constexpr ray::Resource slot[] = {{"slot", 1}};
        const std::vector<ray::Bundle> bundles{{.num_cpus = 2}, {.num_cpus = 1}};
        const auto group = co_await ray.placement_group(bundles, {.strategy = ray::PlacementStrategy::strict_spread});
        seen.emplace_back(co_await ray.wait(group) ? "there" : "not there");
        std::vector<std::string> nodes = co_await ray.nodes_of(group);
        std::sort(nodes.begin(), nodes.end());
        seen.insert(seen.end(), nodes.begin(), nodes.end());
        const auto before = ray.now();
        const auto one = co_await ray.remote<nap>({.scheduling_strategy = ray::in_group(group, 0)}, 0.1);
        const auto two = co_await ray.remote<nap>({.scheduling_strategy = ray::in_group(group, 0)}, 0.1);
        const auto both = std::vector{one, two};
        co_await ray.get(both);
        seen.emplace_back(ray.now() - before < 200ms ? "at the same time" : "one by one");
        const auto ready = co_await ray.ready(group);
        const ray::PlacementGroup same = co_await ray.get(ready);
        seen.emplace_back(same.id == group.id ? "ready" : "another");
        co_await ray.remove(group);
        const auto gone = co_await ray.ready(group);
        try {
          co_await ray.get(gone);
        } catch (const ray::TaskPlacementGroupRemoved& error) {
          seen.emplace_back(error.what());
        }
        std::vector<ray::Ref<void>> refs;
        for (int i = 0; i < 3; ++i) refs.push_back(co_await ray.remote<nap>({.resources = slot}, 0.1));
        co_await ray.get(refs);
      },
      -1, {"there", "n0", "n1", "at the same time", "ready", "the placement group has been removed"});
}
