// The offline HEFT schedule, on task graphs whose best schedule is plain.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/heft.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// Tasks by number, from 1.
class Graph {
 public:
  explicit Graph(const std::vector<double>& cpus) {
    RunHeader header;
    for (const double c : cpus) header.nodes.push_back({"n" + std::to_string(header.nodes.size()), c});
    header.functions = {"f"};
    heft_.emplace(header);
  }
  Graph& task(double seconds, double cpus = 1, AttemptOutcome outcome = AttemptOutcome::finished) {
    AttemptRecord attempt;
    attempt.task = ++tasks_;
    attempt.started = Time{5'000'000'000};
    attempt.ended = attempt.started + Duration::seconds(seconds);
    attempt.cpus = cpus;
    attempt.outcome = outcome;
    heft_->on_attempt(attempt);
    return *this;
  }
  Graph& tasks(int count, double seconds, double cpus = 1) {
    for (int i = 0; i < count; ++i) task(seconds, cpus);
    return *this;
  }
  Graph& argument(std::uint64_t from, std::uint64_t to) {
    heft_->on_argument(to, from);
    return *this;
  }
  HeftSchedule& heft() { return *heft_; }
  [[nodiscard]] double seconds() const {
    const auto result = heft_->schedule();
    REQUIRE(result.makespan.has_value());
    return result.makespan->in_seconds();
  }

 private:
  std::optional<HeftSchedule> heft_;
  std::uint64_t tasks_ = 0;
};

}  // namespace

TEST_SUITE("heft") {
  TEST_CASE("equal tasks fill all CPUs of all nodes round by round") {
    CHECK(Graph({2, 2}).tasks(5, 1).seconds() == 2);
    CHECK(Graph({2, 3}).tasks(5, 1).seconds() == 1);
    CHECK(Graph({4}).seconds() == 0);
  }

  TEST_CASE("independent tasks go longest first, which is not always the best order") {
    CHECK(Graph({1, 1}).task(1).task(1).task(2).seconds() == 2);
    CHECK(Graph({2}).task(3).task(3).task(2).task(2).task(2).seconds() == 7);  // the best would be 6
  }

  TEST_CASE("a task starts when its arguments exist, and what is on the longest way goes first") {
    CHECK(Graph({4}).task(1).task(2).task(3).argument(1, 2).argument(2, 3).seconds() == 6);
    // On one CPU the order does not matter; on two the short task that a long one waits for must go first.
    CHECK(Graph({2}).task(2).task(2).task(0.5).task(3.5).argument(3, 4).seconds() == 4);
    // Fork and join.
    Graph fork({2});
    fork.tasks(6, 1);
    for (std::uint64_t i = 2; i <= 5; ++i) fork.argument(1, i).argument(i, 6);
    CHECK(fork.seconds() == 4);
  }

  TEST_CASE("a task has all of its CPUs on one node, or shares one with others") {
    CHECK(Graph({1, 1, 2}).tasks(2, 1, 2).seconds() == 2);
    CHECK(Graph({1}).tasks(4, 1, 0.5).seconds() == 2);
    CHECK(Graph({1}).task(1, 0.5).task(1, 0.25).task(1, 0.25).task(1, 1).seconds() == 2);
    CHECK(Graph({1}).tasks(100, 1, 0).seconds() == 1);  // none at all: no limit
  }

  TEST_CASE("attempts that failed are no part of the schedule") {
    CHECK(Graph({1}).task(1).task(9, 1, AttemptOutcome::retried).task(1).argument(2, 3).seconds() == 2);
  }

  TEST_CASE("there is no schedule when tasks submit tasks, or ask for more than there is") {
    Graph nested({2});
    nested.task(1);
    AttemptRecord child;
    child.task = (std::uint64_t{7} << 32) | 1;
    nested.heft().on_attempt(child);
    CHECK(nested.heft().schedule().why_not == "tasks submit tasks of their own");
    CHECK(Graph({1}).task(1, 2).heft().schedule().why_not == "a task asks for more CPUs than any node has");
    CHECK(Graph({0}).task(1, 0).heft().schedule().why_not == "no node has CPUs");
  }
}
