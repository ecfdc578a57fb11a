// The research baselines in small runs where each must win or lose for a known reason.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// Nothing costs CPU time; a message takes 20 us.
Profile quick() {
  Profile p = profile();
  p.costs.loopback_wakeup = p.costs.network_wakeup = Duration::microseconds(20);
  return p;
}

struct Experiment {
  ClusterSpec cluster;
  std::vector<RemoteFunction> functions;
  std::function<BodyMaker()> driver;
  Duration view_delay{};
  Duration decision_time{};
};

struct Outcome {
  SimulationResult result;
  Log log;
  [[nodiscard]] double makespan() const { return result.end.in_seconds(); }
  // From the moment a task could have run until it did.
  [[nodiscard]] double mean_wait() const {
    double sum = 0;
    for (const AttemptRecord& a : log.attempts) sum += (a.started - a.resolved).in_seconds();
    return sum / static_cast<double>(log.attempts.size());
  }
  [[nodiscard]] std::map<std::uint32_t, int> by_node() const {
    std::map<std::uint32_t, int> counts;
    for (const AttemptRecord& a : log.attempts) ++counts[a.node];
    return counts;
  }
  // Start times of a function's attempts, sorted.
  [[nodiscard]] std::vector<double> starts(std::uint32_t function) const {
    std::vector<double> times;
    for (const AttemptRecord& a : log.attempts)
      if (a.function == function) times.push_back(a.started.in_seconds());
    std::sort(times.begin(), times.end());
    return times;
  }
};

Outcome simulate(const Experiment& experiment, const std::string& policy, std::uint64_t seed = 0) {
  SimulationOptions options;
  options.seed = seed;
  options.policy = policy;
  options.warm_workers = true;
  options.view_delay = experiment.view_delay;
  options.decision_time = experiment.decision_time;
  options.functions = experiment.functions;
  options.driver = experiment.driver();
  Outcome outcome;
  const Profile costs = quick();
  outcome.result = run(experiment.cluster, costs, std::move(options), outcome.log);
  REQUIRE_FALSE(outcome.result.starved);
  REQUIRE(outcome.result.error == ErrorType::none);
  return outcome;
}

// A driver that submits `count` tasks of each listed function with its options, one function after the other, and gets all.
struct Batch {
  std::uint32_t function;
  int count;
  int priority = 0;
  Duration pause{};  // before it
  int max_retries = 3;
};
std::function<BodyMaker()> submits(std::vector<Batch> batches) {
  return [batches] {
    return BodyMaker([batches](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (const Batch& batch : batches) {
        if (batch.pause > Duration{}) {
          const auto pause = context.sleep(batch.pause);
          co_await pause;
        }
        TaskOptions options = zero_cost::options(1, batch.max_retries);
        options.priority = batch.priority;
        for (int i = 0; i < batch.count; ++i) refs.push_back(context.submit(call(batch.function, options)));
      }
      Body get = context.get(refs, std::nullopt);
      co_await get;
    });
  };
}

RemoteFunction lasting(const std::string& name, Distribution duration) {
  RemoteFunction made = function(name, {});
  made.duration = std::move(duration);
  made.return_size = Distribution::constant(8);
  return made;
}
RemoteFunction lasting(const std::string& name, double seconds) {
  return lasting(name, Distribution::constant(seconds));
}

// Bodies on every node submit tasks at the same time, each asking the raylet of its own node.
Experiment many_owners(int nodes, int cpus, int tasks_each, Distribution duration) {
  Experiment e;
  e.cluster = cluster(std::vector<Node>(static_cast<std::size_t>(nodes), Node{static_cast<double>(cpus), {}}));
  e.functions = {lasting("work", std::move(duration)), function("owner", {})};
  e.functions[1].body = [tasks_each](TaskContext& context) -> Body {
    std::vector<ObjectRef> refs;
    for (int i = 0; i < tasks_each; ++i) refs.push_back(context.submit(call(0, options(1))));
    Body get = context.get(refs, std::nullopt);
    co_await get;
  };
  e.driver = [nodes] {
    return BodyMaker([nodes](TaskContext& context) -> Body {
      std::vector<ObjectRef> refs;
      for (int i = 0; i < nodes; ++i) {
        TaskOptions there = options(0);
        there.strategy.kind = SchedulingStrategy::Kind::node_affinity;
        there.strategy.node = {static_cast<std::uint32_t>(i)};
        refs.push_back(context.submit(call(1, there)));
      }
      Body get = context.get(refs, std::nullopt);
      co_await get;
    });
  };
  return e;
}

double mean_over_seeds(const Experiment& e, const std::string& policy, double (Outcome::*figure)() const, int seeds) {
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) sum += (simulate(e, policy, static_cast<std::uint64_t>(seed)).*figure)();
  return sum / seeds;
}

Experiment on_one_node(double cpus, std::vector<RemoteFunction> functions, std::vector<Batch> batches) {
  Experiment e;
  e.cluster = cluster({{cpus, {}}});
  e.functions = std::move(functions);
  e.driver = submits(std::move(batches));
  return e;
}

}  // namespace

TEST_SUITE("baselines_in_runs") {
  TEST_CASE("round robin gives every node the same number of tasks, also one that takes twice as long to be free") {
    Experiment e;
    e.cluster = cluster({{4, {}}, {2, {}}, {4, {}}});
    e.functions = {lasting("work", 1)};
    e.driver = submits({{0, 9}});
    const Outcome outcome = simulate(e, "round_robin");
    CHECK(outcome.by_node() == std::map<std::uint32_t, int>{{0, 3}, {1, 3}, {2, 3}});
    CHECK(outcome.makespan() > 2);                        // the third task of the small node waits there
    CHECK(simulate(e, "least_loaded").makespan() < 1.1);  // nine tasks, ten CPUs
  }

  TEST_CASE("priority runs the urgent tasks first, though they came last, and Ray runs them as they came") {
    const Experiment e = on_one_node(1, {lasting("first", 0.6), lasting("low", 0.1), lasting("high", 0.1)},
                                     {{0, 1}, {1, 5}, {2, 5, 10}});
    const Outcome ranked = simulate(e, "priority");
    CHECK(ranked.starts(2).back() < ranked.starts(1).front());
    const Outcome ray = simulate(e, "hybrid");
    CHECK(ray.starts(1).front() < ray.starts(2).front());
    CHECK(ranked.makespan() < ray.makespan() + 0.1);  // the same work
  }

  TEST_CASE(
      "Ray and policies without an order take no notice of priorities: tasks that differ in nothing else go as they "
      "came") {
    const Experiment e = on_one_node(1, {lasting("first", 0.6), lasting("work", 0.1)}, {{0, 1}, {1, 5}, {1, 5, 10}});
    const auto in_order = [&](const std::string& policy) {
      std::vector<std::pair<Time, std::uint64_t>> starts;
      for (const AttemptRecord& a : simulate(e, policy).log.attempts) starts.emplace_back(a.started, a.task);
      std::sort(starts.begin(), starts.end());
      return std::is_sorted(starts.begin(), starts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
    };
    for (const std::string policy : {"hybrid", "spread", "random", "least_loaded", "locality_first"}) {
      CAPTURE(policy);
      CHECK(in_order(policy));
    }
    CHECK_FALSE(in_order("priority"));
  }

  TEST_CASE("raylets hear of the tasks that wait at owners: the demand that is seen is nearly all that there is") {
    Experiment e;
    e.cluster = cluster({{2, {}}, {2, {}}});
    e.functions = {lasting("work", 1), lasting("wide", 1)};
    e.driver = submits({{0, 100}});
    const SimulationResult result = simulate(e, "hybrid").result;
    REQUIRE(result.demand.size() == 1);
    CHECK(result.demand.front().first == "{CPU: 1}");
    CHECK(result.demand.front().second > 80);
    CHECK(result.demand.front().second <= 100);
    const auto reports = result.messages_by_kind[static_cast<std::size_t>(MessageKind::report_worker_backlog)];
    const auto requests = result.messages_by_kind[static_cast<std::size_t>(MessageKind::request_worker_lease)];
    CHECK(reports > 25);  // each second while tasks wait, and with requests that change something
    CHECK(reports <= requests + 26);
  }

  TEST_CASE("without preemption an urgent task waits for a running one, with preemption it starts at once") {
    const Experiment e =
        on_one_node(2, {lasting("low", 10), lasting("high", 1)}, {{0, 2, 0, {}, 0}, {1, 1, 5, Duration::seconds(1)}});
    CHECK(simulate(e, "priority").starts(1).front() > 9.9);
    const Outcome preempting = simulate(e, "priority_preempt");
    CHECK(preempting.starts(1).front() < 1.1);
    // The victim is tried again though its max_retries is 0, and ends well.
    std::map<AttemptOutcome, int> ends;
    for (const AttemptRecord& a : preempting.log.attempts) ++ends[a.outcome];
    CHECK(ends == std::map<AttemptOutcome, int>{{AttemptOutcome::finished, 3}, {AttemptOutcome::retried, 1}});
    CHECK(preempting.makespan() > 12);  // its first second is lost, and it starts after the urgent one
  }

  TEST_CASE("an urgent task does not preempt one that is as urgent") {
    const Experiment e =
        on_one_node(1, {lasting("low", 3), lasting("high", 1)}, {{0, 1, 5}, {1, 1, 5, Duration::seconds(1)}});
    CHECK(simulate(e, "priority_preempt").starts(1).front() > 2.9);
  }

  TEST_CASE("the shortest first lowers the mean wait of a heavy-tailed bag, not its work") {
    Distribution heavy;
    heavy.kind = Distribution::Kind::pareto;
    heavy.a = 0.05;
    heavy.b = 1.2;
    heavy.max = 20;
    const Experiment e = on_one_node(4, {lasting("work", heavy)}, {{0, 200}});
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      CAPTURE(seed);
      const Outcome shortest = simulate(e, "shortest_first", seed);
      const Outcome ray = simulate(e, "hybrid", seed);
      CHECK(shortest.mean_wait() < 0.6 * ray.mean_wait());
      double work[2] = {0, 0};
      for (const AttemptRecord& a : shortest.log.attempts) work[0] += (a.ended - a.started).in_seconds();
      for (const AttemptRecord& a : ray.log.attempts) work[1] += (a.ended - a.started).in_seconds();
      CHECK(work[0] == doctest::Approx(work[1]));
    }
  }

  TEST_CASE("estimates from finished runs put the function that has been shorter first") {
    // Both functions have the same distribution on paper; the runs that the owner sees differ.
    const Distribution slow{Distribution::Kind::list, 0, 0, 0, {1.0}};
    const Distribution fast{Distribution::Kind::list, 0, 0, 0, {0.1}};
    const Experiment e = on_one_node(1, {lasting("slow", slow), lasting("fast", fast)},
                                     {{0, 1}, {1, 1}, {0, 5, 0, Duration::seconds(2)}, {1, 5}});
    const Outcome estimated = simulate(e, "shortest_first_estimated");
    // Of the second round one slow task may have started before the fast ones came.
    CHECK(estimated.starts(1).back() < estimated.starts(0)[2]);
    const Outcome ray = simulate(e, "hybrid");
    CHECK(ray.starts(1).back() > ray.starts(0)[2]);
  }

  TEST_CASE("two choices with late binding waits less than one random node with early binding would") {
    // Round robin binds early too, but knows the turn; late binding still beats it where durations differ.
    Distribution exponential;
    exponential.kind = Distribution::Kind::exponential;
    exponential.a = 0.6;
    Experiment e;
    e.cluster = cluster(std::vector<Node>(10, Node{1, {}}));
    e.functions = {lasting("work", exponential)};
    e.driver = submits({{0, 60}});
    const double late = mean_over_seeds(e, "two_choices", &Outcome::makespan, 10);
    const double early = mean_over_seeds(e, "round_robin", &Outcome::makespan, 10);
    CHECK(late < early);
  }

  TEST_CASE("stealing repairs an imbalance: all tasks start at one node, all nodes run them") {
    Experiment e;
    e.cluster = cluster(std::vector<Node>(4, Node{2, {}}));
    e.functions = {lasting("work", 0.6)};
    e.driver = submits({{0, 40}});
    const Outcome outcome = simulate(e, "work_stealing");
    for (std::uint32_t node = 0; node < 4; ++node) CHECK(outcome.by_node()[node] >= 7);
    CHECK(outcome.makespan() < 1.4 * 40 * 0.6 / 8);
  }

  TEST_CASE("a central scheduler decides one lease after the other") {
    Experiment e;
    e.cluster = cluster(std::vector<Node>(30, Node{1, {}}));
    e.functions = {lasting("work", 1)};
    e.driver = submits({{0, 30}});
    e.decision_time = ms(20);
    const Outcome central = simulate(e, "central");
    CHECK(central.by_node().size() == 30);
    CHECK(central.starts(0).back() >= 30 * 0.02);
    CHECK(central.starts(0).back() < 30 * 0.02 + 0.01);
    e.decision_time = {};
    CHECK(simulate(e, "central").starts(0).back() < 0.01);
  }

  TEST_CASE("a central scheduler needs no second answer: it knows what it has assigned") {
    const Experiment e = many_owners(6, 2, 12, Distribution::constant(0.6));
    const Outcome central = simulate(e, "central");
    CHECK(central.makespan() < 0.6 * 6 + 0.1);  // 72 tasks, 12 CPUs, no gap
  }

  TEST_CASE("the oracle is no worse than hybrid where owners on many nodes see each other late") {
    const Experiment e = many_owners(8, 2, 10, Distribution{Distribution::Kind::exponential, 0.3, 0, 0, {}});
    const double oracle = mean_over_seeds(e, "oracle", &Outcome::makespan, 60);
    const double hybrid = mean_over_seeds(e, "hybrid", &Outcome::makespan, 60);
    CHECK(oracle <= hybrid * 1.02);
  }

  // 60 MB lie on node 1, which is then busy, and 40 MB on node 2; a task reads both.
  TEST_CASE(
      "a task whose best node is busy: to the second best by locality first, anywhere by Ray, nowhere far unaware") {
    Experiment e;
    e.cluster = cluster(std::vector<zero_cost::Node>(4, zero_cost::Node{1, {}}));
    for (NodeSpec& node : e.cluster.nodes)
      node.total.set(object_store_memory_resource, {1'000'000'000 * ResourceAmount::unit});
    e.functions = {lasting("large", 0.01), lasting("small", 0.01), lasting("busy", 10), lasting("read", 0.1)};
    e.functions[0].return_size = Distribution::constant(60e6);
    e.functions[1].return_size = Distribution::constant(40e6);
    e.driver = [] {
      return BodyMaker([](TaskContext& context) -> Body {
        const auto on = [](std::uint32_t function, std::uint32_t node) {
          TaskOptions there = options(1);
          there.strategy.kind = SchedulingStrategy::Kind::node_affinity;
          there.strategy.node = {node};
          return call(function, there);
        };
        const ObjectRef large = context.submit(on(0, 1));
        const ObjectRef small = context.submit(on(1, 2));
        const auto made = context.sleep(Duration::seconds(1));
        co_await made;
        const ObjectRef busy = context.submit(on(2, 1));
        const auto begun = context.sleep(Duration::seconds(1));
        co_await begun;
        const TaskCall reads = call(3, options(1), {large, small});
        const ObjectRef read = context.submit(reads);
        Body get = context.get({read, busy}, std::nullopt);
        co_await get;
      });
    };
    const auto where = [&](const std::string& policy) {
      std::set<std::uint32_t> nodes;
      for (std::uint64_t seed = 0; seed < 12; ++seed)
        for (const AttemptRecord& a : simulate(e, policy, seed).log.attempts)
          if (a.function == 3) nodes.insert(a.node);
      return nodes;
    };
    CHECK(where("locality_first") == std::set<std::uint32_t>{2});
    CHECK(where("hybrid") == std::set<std::uint32_t>{0, 2, 3});
    CHECK(where("locality_unaware") == std::set<std::uint32_t>{0});
  }

  TEST_CASE("an older view costs time, and none to the oracle") {
    Experiment e = many_owners(8, 2, 10, Distribution{Distribution::Kind::exponential, 0.3, 0, 0, {}});
    const double fresh = mean_over_seeds(e, "least_loaded", &Outcome::mean_wait, 10);
    const double seeing = mean_over_seeds(e, "oracle", &Outcome::mean_wait, 10);
    e.view_delay = Duration::seconds(5);
    CHECK(mean_over_seeds(e, "least_loaded", &Outcome::mean_wait, 10) > fresh);
    CHECK(mean_over_seeds(e, "oracle", &Outcome::mean_wait, 10) == doctest::Approx(seeing).epsilon(0.05));
  }

  TEST_CASE("a decision of a raylet costs the time that the scenario says") {
    Experiment e;
    e.cluster = cluster({{4, {}}, {4, {}}});
    e.functions = {lasting("work", 1)};
    e.driver = submits({{0, 1}});
    CHECK(simulate(e, "hybrid").starts(0).front() < 0.001);
    e.decision_time = ms(30);
    const double start = simulate(e, "hybrid").starts(0).front();
    CHECK(start >= 0.03);
    CHECK(start < 0.031);
  }
}
