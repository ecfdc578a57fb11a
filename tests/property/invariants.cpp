#include "tests/property/invariants.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace property {

namespace {

std::map<std::uint64_t, std::vector<const AttemptRecord*>> by_task(const Log& log) {
  std::map<std::uint64_t, std::vector<const AttemptRecord*>> tasks;
  for (const AttemptRecord& attempt : log.attempts) tasks[attempt.task].push_back(&attempt);
  return tasks;
}

struct Change {
  Time time;
  std::int64_t ticks;
  auto operator<=>(const Change&) const = default;  // what is given back at a moment comes first
};

std::int64_t most_at_once(std::vector<Change> changes) {
  std::sort(changes.begin(), changes.end());
  std::int64_t now = 0;
  std::int64_t most = 0;
  for (const Change& change : changes) most = std::max(most, now += change.ticks);
  return most;
}

}  // namespace

void check_records(const Log& log, bool owners_die) {
  for (const auto& [task, attempts] : by_task(log)) {
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const AttemptRecord& a = *attempts[i];
      REQUIRE(a.attempt == static_cast<std::int32_t>(i));
      const bool last = i + 1 == attempts.size();
      if (!last) REQUIRE(a.outcome == AttemptOutcome::retried);
      if (last && !owners_die) REQUIRE(a.outcome != AttemptOutcome::retried);
      REQUIRE(a.submitted <= a.resolved);
      REQUIRE(a.resolved <= a.pushed);
      REQUIRE(a.pushed <= a.started);
      REQUIRE(a.started <= a.ended);
      REQUIRE(a.ended <= a.replied);
      if (i > 0) REQUIRE(a.resolved >= attempts[i - 1]->replied);
    }
  }
}

void check_capacity(const ClusterSpec& cluster, const Program& program, const Observer& observer, const Log& log) {
  std::map<std::uint64_t, const CallPlan*> plans;
  for (const Seen& seen : observer.all()) plans[seen.task] = &seen.body->calls[seen.call];
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Change>> used;  // node, resource
  std::map<std::uint32_t, std::vector<Change>> running;                         // worker
  for (const AttemptRecord& a : log.attempts) {
    const auto plan = plans.find(a.task);
    REQUIRE(plan != plans.end());
    // A body lends its CPU while it waits; of a worker that crashed the owner knows no times.
    if (plan->second->body || a.outcome != AttemptOutcome::finished) continue;
    REQUIRE(a.function < program.functions.size());
    running[a.worker].push_back({a.started, 1});
    running[a.worker].push_back({a.ended, -1});
    for (const auto& [resource, amount] : plan->second->options.resources.entries()) {
      used[{a.node, resource.index}].push_back({a.started, amount.ticks});
      used[{a.node, resource.index}].push_back({a.ended, -amount.ticks});
    }
  }
  for (const auto& [where, changes] : used)
    REQUIRE(most_at_once(changes) <= cluster.nodes[where.first].total.get({where.second}).ticks);
  for (const auto& [worker, changes] : running) REQUIRE(most_at_once(changes) <= 1);
}

void check_outcomes(const Observer& observer, const Log& log) {
  const auto tasks = by_task(log);
  const std::vector<const AttemptRecord*> none;
  const auto attempts_of = [&](std::uint64_t task) -> const std::vector<const AttemptRecord*>& {
    const auto found = tasks.find(task);
    return found == tasks.end() ? none : found->second;
  };
  REQUIRE(log.submitted == observer.all().size());
  for (const Seen& seen : observer.all()) {
    const ErrorType expected = expected_error(*seen.body, seen.call);
    const auto& attempts = attempts_of(seen.task);
    CAPTURE(seen.task);
    REQUIRE(static_cast<int>(attempts.size()) == expected_attempts(*seen.body, seen.call));
    if (!attempts.empty())
      REQUIRE(attempts.back()->outcome ==
              (expected == ErrorType::none ? AttemptOutcome::finished : AttemptOutcome::failed));
    if (seen.body->waits) REQUIRE(seen.got);
    if (seen.got) REQUIRE(seen.error == expected);
    if (seen.got && expected == ErrorType::none) REQUIRE(seen.got_at >= attempts.back()->ended);
    for (const std::uint64_t arg : seen.args)
      if (!attempts.empty() && !attempts_of(arg).empty())
        REQUIRE(attempts.front()->started >= attempts_of(arg).back()->ended);
  }
}

void check_learned(const Observer& observer, const Log& log) {
  std::map<std::uint64_t, Time> replied;
  for (const AttemptRecord& attempt : log.attempts) replied[attempt.task] = attempt.replied;
  for (const Seen& seen : observer.all()) {
    if (!seen.got || !replied.contains(seen.task)) continue;
    const Duration early = replied[seen.task] - seen.got_at;
    CAPTURE(seen.task);
    CHECK(early.ns <= 0);
  }
}

}  // namespace property
