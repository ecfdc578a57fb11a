// Does ray.wait return what is ready, in the order of its list, when enough is or its time is over?
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

struct Round {
  std::vector<ObjectRef> refs;
  std::size_t wanted = 0;
  std::optional<Duration> timeout;
};

// When a wait from `begin` on is over, and what it returns, when all objects are ready at these times.
struct Expected {
  Time at;
  std::vector<ObjectRef> ready;
  std::vector<ObjectRef> pending;
};
Expected expected(const Round& round, Time begin, const std::map<ObjectRef, Time>& ready_at) {
  std::vector<Time> times;
  for (const ObjectRef ref : round.refs) times.push_back(std::max(begin, ready_at.at(ref)));
  std::sort(times.begin(), times.end());
  const std::size_t wanted = std::min(round.wanted, round.refs.size());
  Expected result;
  result.at = wanted > 0 ? times[wanted - 1] : begin;
  if (round.timeout && begin + *round.timeout < result.at) result.at = begin + *round.timeout;
  for (const ObjectRef ref : round.refs) {
    const bool taken = ready_at.at(ref) <= result.at && result.ready.size() < wanted;
    (taken ? result.ready : result.pending).push_back(ref);
  }
  return result;
}

// Durations that are all different, so that no two things happen at a time.
class Moments {
 public:
  explicit Moments(std::uint64_t seed) : random_(seed, "moments") {}
  Duration next(std::int64_t most_ms) {
    return Duration{(1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most_ms)))) * 1'000'000 +
                    ++count_};
  }
  RandomStream& random() { return random_; }

 private:
  RandomStream random_;
  std::int64_t count_ = 0;
};

void change(std::vector<ObjectRef>& refs, const std::vector<ObjectRef>& all, RandomStream& random) {
  switch (random.below(5)) {
    case 0:
      refs.clear();
      for (const ObjectRef ref : all)
        if (random.below(2) == 0) refs.push_back(ref);
      return;
    case 1: std::reverse(refs.begin(), refs.end()); return;
    case 2:
      if (!refs.empty()) refs.pop_back();
      return;
    default: return;  // what was pending, and what is new
  }
}

}  // namespace

TEST_CASE("waits on random lists return what they should, when they should") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Moments moments(seed);
    std::map<ObjectRef, Time> ready_at;
    std::vector<ObjectRef> all;
    int checked = 0;
    const auto driver = [&](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < 40; ++i) {
        for (auto more = moments.random().below(3); more > 0 || all.empty(); more -= more > 0 ? 1 : 0) {
          TaskCall next = call(0, options(1));
          next.duration = moments.next(400);
          all.push_back(context.submit(next));
          ready_at[all.back()] = context.now() + *next.duration;
          refs.push_back(all.back());
        }
        change(refs, all, moments.random());
        Round round{refs, static_cast<std::size_t>(moments.random().below(4)), std::nullopt};
        if (moments.random().below(2) == 0) round.timeout = moments.next(100);
        const Expected wanted = expected(round, context.now(), ready_at);
        WaitResult result;
        Body waiting = context.wait(round.refs, round.wanted, round.timeout, result);
        co_await waiting;
        CHECK(context.now() == wanted.at);
        CHECK(result.ready == wanted.ready);
        CHECK(result.pending == wanted.pending);
        refs = result.pending;
        ++checked;
      }
    };
    Log log;
    SimulationOptions with;
    with.warm_workers = true;
    with.functions = {function("work", ms(1))};
    with.driver = driver;
    CHECK(run(cluster({{200, {}}}), profile(), std::move(with), log).error == ErrorType::none);
    CHECK(checked == 40);
  }
}
