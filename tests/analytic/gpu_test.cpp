// Tasks on GPUs: time that depends on the device, and devices whose speed is shared, against closed forms.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr double exact = 1e-6;
constexpr std::int64_t gib = std::int64_t{1} << 30;

struct Gpus {
  std::int64_t count = 1;
  DeviceSpec device;
};

// One node, whose GPUs come in these kinds.
ClusterSpec gpu_node(double cpus, const std::vector<Gpus>& kinds) {
  ClusterSpec spec = zero_cost::cluster({{cpus, {}}});
  for (const Gpus& kind : kinds) spec.add_gpus(spec.nodes[0], {}, kind.device, kind.count);
  return spec;
}

// So many tasks of `work` on GPUs at once, each asking for `gpus`; submitted together.
Log simulate(const ClusterSpec& spec, int tasks, double gpus, Duration work, Bytes copied = {}, Bytes back = {}) {
  SimulationOptions run_options;
  RemoteFunction on_gpu = function("on_gpu", work);
  on_gpu.options.resources.set(gpu_resource, ResourceAmount::of(gpus));
  on_gpu.on_gpu = true;
  on_gpu.device_copy = copied;
  on_gpu.device_copy_back = back;
  const TaskOptions with = on_gpu.options;
  run_options.functions = {on_gpu};
  run_options.warm_workers = true;
  run_options.driver = [=](TaskContext& context) -> Body {
    std::vector<ObjectRef> refs;
    for (int i = 0; i < tasks; ++i) refs.push_back(context.submit(call(0, with)));
    Body all = context.get(refs, std::nullopt);
    co_await all;
  };
  Log log;
  const SimulationResult result = run(spec, profile(), std::move(run_options), log);
  CHECK(result.error == ErrorType::none);
  REQUIRE(log.attempts.size() == static_cast<std::size_t>(tasks));
  return log;
}

double span(const AttemptRecord& a) { return (a.ended - a.started).in_seconds(); }
Duration seconds(std::int64_t n) { return Duration::milliseconds(1000 * n); }

}  // namespace

TEST_SUITE("GPUs") {
  TEST_CASE("a task takes its duration over the speed of its device") {
    const Log log =
        simulate(gpu_node(3, {{1, {.speed = 0.5}}, {1, {.speed = 1}}, {1, {.speed = 4}}}), 3, 1, seconds(2));
    for (const AttemptRecord& a : log.attempts) {
      REQUIRE(a.devices.size() == 1);
      CHECK(span(a) == doctest::Approx(std::vector{4.0, 2.0, 0.5}.at(a.devices[0])).epsilon(exact));
      CHECK(a.path.in_seconds() == doctest::Approx(span(a)).epsilon(exact));
    }
  }

  TEST_CASE("a task of several devices is done when the slowest is") {
    const Log log = simulate(gpu_node(1, {{1, {.speed = 4}}, {1, {.speed = 0.5}}}), 1, 2, seconds(1));
    CHECK(log.attempts[0].devices == std::vector<std::uint32_t>{0, 1});
    CHECK(span(log.attempts[0]) == doctest::Approx(2).epsilon(exact));
  }

  TEST_CASE("tasks that share a device share its speed evenly only where the platform says so") {
    for (const bool shared : {false, true}) {
      const Log log = simulate(gpu_node(8, {{2, {.speed = 2, .shared = shared}}}), 8, 0.25, seconds(1));
      for (const AttemptRecord& a : log.attempts) CHECK(span(a) == doctest::Approx(shared ? 2 : 0.5).epsilon(exact));
    }
  }

  TEST_CASE("what is copied to a device takes its link before the work begins") {
    const DeviceSpec device{.speed = 1, .shared = true, .link = Bandwidth{static_cast<double>(gib)}, .latency = {}};
    const Log one = simulate(gpu_node(1, {{1, device}}), 1, 1, seconds(1), Bytes{2 * gib});
    CHECK(span(one.attempts[0]) == doctest::Approx(3).epsilon(exact));
    // Two at once: the link gives half to each, then the device.
    const Log two = simulate(gpu_node(2, {{1, device}}), 2, 0.5, seconds(1), Bytes{gib});
    for (const AttemptRecord& a : two.attempts) CHECK(span(a) == doctest::Approx(2 + 2).epsilon(exact));
    // A part for each device.
    const Log split = simulate(gpu_node(1, {{2, device}}), 1, 2, seconds(1), Bytes{gib});
    CHECK(span(split.attempts[0]) == doctest::Approx(0.5 + 1).epsilon(exact));
  }

  TEST_CASE("what is copied from a device takes its link when the work is done") {
    const DeviceSpec device{.speed = 2, .shared = true, .link = Bandwidth{static_cast<double>(gib)}, .latency = {}};
    const Log both = simulate(gpu_node(1, {{1, device}}), 1, 1, seconds(2), Bytes{2 * gib}, Bytes{3 * gib});
    CHECK(span(both.attempts[0]) == doctest::Approx(2 + 1 + 3).epsilon(exact));
    const Log split = simulate(gpu_node(1, {{2, device}}), 1, 2, seconds(2), {}, Bytes{gib});
    CHECK(span(split.attempts[0]) == doctest::Approx(1 + 0.5).epsilon(exact));
  }

  TEST_CASE("GPUs bound how many tasks run, however many CPUs there are") {
    const Log log = simulate(gpu_node(16, {{3, {}}}), 12, 1, seconds(1));
    Time last;
    for (const AttemptRecord& a : log.attempts) last = std::max(last, a.ended);
    CHECK(last.in_seconds() == doctest::Approx(4).epsilon(1e-3));
  }
}
