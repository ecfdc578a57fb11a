// Random sequences of whatever can happen to an owner's leases: does every task end once, and does nothing stay open?
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "models/core_worker/task_submitter.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

struct World final : SubmitterPort {
  struct Open {
    NodeId node;
    RequestWorkerLease request;
  };
  struct Running {
    std::uint32_t slot;
    std::uint32_t task;
    ProcessId worker;
  };

  explicit World(std::uint64_t seed)
      : random(seed, "world"),
        submitter({LeaseRequestLimit::fixed(limit), Duration::milliseconds(500), true}, 0, *this) {}

  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] NodeId local_node() const override { return {0}; }
  FirstNode first_node(const SchedulingKey&) override { return {{static_cast<std::uint32_t>(random.below(2))}, false}; }
  void request_lease(NodeId node, RequestWorkerLease request) override {
    open.push_back({node, request});
    std::map<SchedulingClassId, std::int64_t> of_class;
    for (const Open& o : open) ++of_class[o.request.scheduling_class];
    CHECK(of_class[request.scheduling_class] <= 3 * limit);  // three keys a class
  }
  void cancel_lease(NodeId, LeaseId lease, std::uint32_t key) override {
    CHECK(std::any_of(open.begin(), open.end(), [&](const Open& o) { return o.request.lease == lease; }));
    cancels.push_back(key);
  }
  void push_task(const LeasedWorker& worker, std::uint32_t slot, std::uint32_t task) override {
    for (const Running& r : running) CHECK(r.slot != slot);
    running.push_back({slot, task, worker.process});
    ++leased[worker.process];
  }
  void return_worker(const LeasedWorker& worker, Return) override { leased.erase(worker.process); }
  void report_backlog() override {
    for (const auto& [id, backlog] : submitter.backlog()) CHECK(backlog >= 0);
  }
  void cancel_running(const LeasedWorker& worker, std::uint32_t task, bool, bool) override {
    CHECK(std::any_of(running.begin(), running.end(),
                      [&](const Running& r) { return r.task == task && r.worker == worker.process; }));
  }
  void fail_task(std::uint32_t task, ErrorType error) override {
    CHECK(error != ErrorType::none);
    ++ended[task];
  }
  void exit_process() override { FAIL("a driver does not exit"); }

  void submit() {
    SchedulingKey key;
    key.scheduling_class = {static_cast<std::uint32_t>(random.below(2))};
    const auto arg = static_cast<std::uint32_t>(random.below(3));
    if (arg > 0) key.store_args = {{StationId{0}, arg}};
    submitter.submit(submitted++, key);
  }

  template <class T>
  std::optional<T> take(std::vector<T>& from) {
    if (from.empty()) return std::nullopt;
    const std::size_t i = random.below(from.size());
    const T taken = from[i];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
    return taken;
  }

  void answer(LeaseReply::Status status) {
    const auto request = take(open);
    if (!request) return;
    LeaseReply reply;
    reply.status = status;
    reply.tag = request->request.tag;
    reply.lease = request->request.lease;
    reply.node = {2};
    if (status == LeaseReply::Status::granted) leased[reply.worker_process = {workers++}] = 0;
    submitter.on(reply);
  }
  void end_task(bool crash) {
    const auto done = take(running);
    if (!done) return;
    ++ended[done->task];
    if (crash)
      CHECK(submitter.worker_died(done->worker).size() == 1);
    else
      submitter.task_done(done->slot, random.below(8) == 0);
  }

  void happen(bool may_submit) {
    time = time + Duration::milliseconds(static_cast<std::int64_t>(random.below(200)));
    switch (random.below(may_submit ? 14 : 11)) {
      case 0:
      case 1:
      case 2: return answer(LeaseReply::Status::granted);
      case 3: return answer(LeaseReply::Status::redirected);
      case 4: return answer(LeaseReply::Status::rejected);
      case 5: return answer(random.below(4) == 0 ? LeaseReply::Status::unschedulable : LeaseReply::Status::canceled);
      case 6:
      case 7: return end_task(false);
      case 8: return end_task(true);
      case 9:
        if (const auto key = take(cancels)) submitter.cancel_answered(*key, random.below(2) == 0);
        return;
      case 10:
        if (submitted > 0) submitter.cancel(static_cast<std::uint32_t>(random.below(submitted)), false, true);
        return;
      default: return submit();
    }
  }

  static constexpr std::int64_t limit = 4;
  RandomStream random;
  Time time;
  NormalTaskSubmitter submitter;
  std::vector<Open> open;
  std::vector<std::uint32_t> cancels;
  std::vector<Running> running;
  std::map<ProcessId, int> leased;
  std::map<std::uint32_t, int> ended;
  std::uint32_t submitted = 0;
  std::uint32_t workers = 0;
};

}  // namespace

TEST_SUITE("task submitter") {
  TEST_CASE("every task ends once, every worker goes back, and no key is left") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(seed);
      World world(seed);
      for (int step = 0; step < 300; ++step) world.happen(true);
      for (int step = 0; step < 20'000 && world.submitter.keys() > 0; ++step) world.happen(false);
      CHECK(world.submitter.keys() == 0);
      CHECK(world.open.empty());
      CHECK(world.running.empty());
      CHECK(world.leased.empty());
      REQUIRE(world.ended.size() == world.submitted);
      for (const auto& [task, times] : world.ended) REQUIRE(times == 1);
    }
  }
}
