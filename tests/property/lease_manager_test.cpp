// Random sequences of whatever can happen to a raylet's leases: does anything get lost, answered twice, or held for ever?
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/raylet/lease_manager.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

struct World final : LeasePort {
  explicit World(std::uint64_t seed) : random(seed, "world") {
    cluster.nodes.reserve(8);
    for (const char* name : {"local", "a", "b"}) {
      NodeSpec node;
      node.name = name;
      node.total.set(cpu_resource, ResourceAmount::of(4));
      order.push_back({static_cast<std::uint32_t>(cluster.nodes.size())});
      cluster.nodes.push_back(node);
    }
    ClusterResourceScheduler::Setup setup{cluster, classes, order, {}, {}};
    scheduler.emplace(setup, RandomStream(seed, "ties"), NodeId{0});
    LeaseManagerSettings settings;
    settings.worker_cap_initial_backoff = Duration::milliseconds(1'000);
    settings.worker_cap_max_backoff = Duration::milliseconds(10'000);
    settings.max_pinned_arguments = Bytes{1'000};
    manager.emplace(NodeId{0}, classes, settings, *scheduler, *this);
  }

  [[nodiscard]] Time now() const override { return time; }
  void answer(const Lease& lease, LeaseReply::Status, NodeId) override { ++answers[lease.id]; }
  void granted(Lease&& lease, ProcessId) override {
    ++answers[lease.id];
    running.push_back(std::move(lease));
  }
  std::optional<ProcessId> request_worker(const Lease& lease) override {
    if (random.below(2) == 0) return ProcessId{workers++};
    starting.push_back(lease.id);
    return std::nullopt;
  }
  void forget_worker(const Lease& lease) override { std::erase(starting, lease.id); }
  bool pull_arguments(const Lease& lease) override {
    if (random.below(2) == 0) return true;
    pulling.push_back(lease.id);
    return false;
  }
  void stop_pull(const Lease& lease) override { std::erase(pulling, lease.id); }
  bool arguments_local(const Lease& lease) override {
    if (random.below(8) != 0) return true;
    pulling.push_back(lease.id);
    return false;
  }
  bool pull_blocked(const Lease&) override { return random.below(4) == 0; }
  void schedule_again_at(Time when) override { REQUIRE(when > time); }
  void announce_infeasible(const Lease&) override {}
  void resources_changed() override {}

  ObjectRef any_object() { return {StationId{0}, static_cast<std::uint32_t>(random.below(4))}; }

  void submit() {
    SchedulingClass wanted;
    wanted.function = {static_cast<std::uint32_t>(random.below(3))};
    wanted.resources.set(cpu_resource, ResourceAmount::of(static_cast<double>(random.below(6))));
    if (random.below(4) == 0) wanted.strategy.kind = SchedulingStrategy::Kind::spread;
    Lease lease;
    lease.id = {submitted++};
    lease.scheduling_class = classes.id_of(wanted);
    lease.grant_or_reject = random.below(4) == 0;
    lease.selected_by_locality = random.below(4) == 0;
    lease.owner_process = {static_cast<std::uint32_t>(random.below(3))};
    if (random.below(3) == 0)
      lease.arguments = new LeaseArguments({{any_object(), Bytes{400}}, {any_object(), Bytes{400}}});
    manager->queue(std::move(lease));
    manager->schedule();
  }

  // One of a list, taken out of it.
  template <class T>
  std::optional<T> take(std::vector<T>& from) {
    if (from.empty()) return std::nullopt;
    const std::size_t i = random.below(from.size());
    T taken = std::move(from[i]);
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
    return taken;
  }

  void happen() {
    time = time + Duration::milliseconds(static_cast<std::int64_t>(random.below(500)));
    switch (random.below(11)) {
      case 0:
      case 1:
      case 2: return submit();
      case 3:
        if (auto lease = take(running)) manager->finished(*lease);
        break;
      case 4:
        if (const auto lease = take(starting)) CHECK(manager->worker_arrived(*lease, {workers++}));
        break;
      case 5:
        if (const auto lease = take(starting)) manager->worker_failed(*lease, WorkerFailure::registration_timeout);
        break;
      case 6:
        if (const auto lease = take(pulling)) manager->arguments_ready(*lease);
        break;
      case 7:
        if (!running.empty()) manager->block(running[random.below(running.size())]);
        break;
      case 8:
        if (!running.empty()) manager->unblock(running[random.below(running.size())]);
        break;
      case 9: scheduler->set_node({1}, cluster.nodes[1], cluster.nodes[1].total, random.below(4) != 0); break;
      default: manager->cancel({random.below(submitted + 1)}); break;
    }
    manager->schedule();
  }

  // What is pinned, running and free fits together.
  void check() {
    const LeaseManager::Counts counts = manager->counts();
    CHECK(counts.running == counts.waiting_for_worker + static_cast<std::int64_t>(running.size()));
    CHECK(counts.waiting_for_worker == static_cast<std::int64_t>(starting.size()));
    CHECK(counts.waiting_for_arguments == static_cast<std::int64_t>(pulling.size()));
    std::size_t answered = 0;
    for (const auto& [lease, times] : answers) {
      REQUIRE(times == 1);
      ++answered;
    }
    const std::int64_t waiting = counts.waiting + counts.waiting_for_worker + counts.waiting_for_arguments +
                                 counts.to_schedule + counts.infeasible;
    CHECK(static_cast<std::int64_t>(submitted) == static_cast<std::int64_t>(answered) + waiting);
  }

  RandomStream random;
  ClusterSpec cluster;
  std::vector<NodeId> order;
  SchedulingClasses classes;
  Time time;
  std::optional<ClusterResourceScheduler> scheduler;
  std::optional<LeaseManager> manager;
  std::vector<Lease> running;
  std::vector<LeaseId> starting;
  std::vector<LeaseId> pulling;
  std::map<LeaseId, int> answers;
  std::uint64_t submitted = 0;
  std::uint32_t workers = 0;
};

}  // namespace

TEST_SUITE("lease manager") {
  TEST_CASE("every lease is answered once or waits, and in the end nothing is held") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(seed);
      World world(seed);
      for (int step = 0; step < 200; ++step) {
        CAPTURE(step);
        world.happen();
        world.check();
      }
      if (seed % 2 == 0) world.manager->drain();
      world.manager->schedule();
      world.manager->cancel_if([](const Lease&) { return true; }, LeaseReply::Status::canceled);
      for (Lease& lease : world.running) {
        world.manager->finished(lease);
        world.manager->finished(lease);
      }
      world.running.clear();
      world.check();
      CHECK(world.answers.size() == world.submitted);
      CHECK(world.manager->node_idle());
      CHECK(world.manager->counts().pinned_objects == 0);
      CHECK_FALSE(world.manager->any_queued());
    }
  }
}
