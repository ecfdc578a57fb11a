// Copies between memories of devices and machines, and tensors that go from actor to actor, against closed forms.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/fabric.hpp"
#include "tests/analytic/zero_cost.hpp"

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;
constexpr std::int64_t gib = std::int64_t{1} << 30;
constexpr double pcie = 25e9;
constexpr double port = 300e9;
constexpr double network = 10e9;
constexpr std::int64_t size = 1'000'000'000;

// Two machines with four devices each.
PlatformSpec two_boxes(NetworkModel model, bool peers) {
  PlatformSpec platform;
  platform.network.model = model;
  platform.network.bandwidth = Bandwidth{network};
  platform.network.latency = Duration::microseconds(20);
  for (const char* name : {"a", "b"}) {
    MachineSpec& machine = platform.machines.emplace_back();
    machine.name = name;
    DeviceSpec device{.link = Bandwidth{pcie}, .latency = Duration::microseconds(5)};
    if (peers) device.peer = Bandwidth{port};
    machine.devices.assign(4, device);
  }
  return platform;
}

struct Copy {
  DeviceId from;
  DeviceId to;
};

// When each of some copies of 1 GB ends that begin together, in their order.
std::vector<double> ends_of(const PlatformSpec& platform, const std::vector<Copy>& copies) {
  const auto fabric = make_fabric(platform);
  for (std::size_t i = 0; i < copies.size(); ++i)
    fabric->start_copy(Time{}, copies[i].from, copies[i].to, Bytes{size}, FlowId{i});
  std::vector<double> ends(copies.size());
  std::vector<FlowId> ended;
  while (fabric->busy()) {
    const Time at = fabric->advance(Time::max(), ended);
    for (const FlowId id : ended) ends[id.value] = at.in_seconds();
    ended.clear();
  }
  return ends;
}

constexpr MachineId a{0};
constexpr MachineId b{1};
DeviceId gpu(MachineId machine, std::uint32_t index) { return {machine, index}; }
DeviceId memory(MachineId machine) { return {machine, main_memory}; }
double seconds_at(double bandwidth) { return static_cast<double>(size) / bandwidth; }

// In both network models.
void check_ends(bool peers, const std::vector<Copy>& copies, const std::vector<double>& expected) {
  for (const NetworkModel model : {NetworkModel::flow, NetworkModel::chunk}) {
    const std::vector<double> ends = ends_of(two_boxes(model, peers), copies);
    for (std::size_t i = 0; i < copies.size(); ++i) CHECK(ends[i] == doctest::Approx(expected[i]).epsilon(0.01));
  }
}

// --- whole runs

constexpr FunctionId actor_class{0};
constexpr FunctionId make{1};
constexpr FunctionId use{2};

struct Seen : Log {
  void on_device_memory(const DeviceMemoryRecord& memory) override {
    last[{memory.node, memory.device}] = memory.used;
    peak = std::max(peak, memory.used);
  }
  void on_copy(const CopyRecord& copy) override { copies.push_back(copy); }
  std::map<std::pair<std::uint32_t, std::uint32_t>, Bytes> last;
  Bytes peak;
  std::vector<CopyRecord> copies;
};

// Two nodes with two devices each.
ClusterSpec gpu_nodes(bool peers, Bytes memory_of_each = {}) {
  ClusterSpec spec = zero_cost::cluster({{4, {}}, {4, {}}});
  spec.platform.network.bandwidth = Bandwidth{network};
  DeviceSpec device{.link = Bandwidth{pcie}, .latency = {}};
  if (peers) device.peer = Bandwidth{port};
  device.peer_latency = {};
  for (NodeSpec& node : spec.nodes) spec.add_gpus(node, {"", memory_of_each}, device, 2);
  return spec;
}

RemoteFunction makes(Bytes bytes) {
  RemoteFunction made = function("Stage.make", {});
  made.return_size = Distribution::constant(static_cast<double>(bytes.count));
  return made;
}

ActorOptions on_node(std::uint32_t node, double gpus) {
  ActorOptions options;
  options.resources.set(gpu_resource, ResourceAmount::of(gpus));
  options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
  options.strategy.node = {node};
  options.tensor_transport = true;
  return options;
}

// What a driver does with two actors, on nodes, with so much of a device each.
struct Program {
  TensorTransport transport = TensorTransport::nccl;
  std::uint32_t nodes[2] = {0, 0};
  double gpus = 1;
  bool source_on_cpu = false;
  bool fetch = false;      // the driver gets the tensor itself, by way of the object store
  Bytes held = {};         // of each actor's device, from its constructor on
  std::string error = {};  // that the driver has seen

  Body run(TaskContext& context) {
    ActorHandle source;
    ActorHandle reader;
    Body first = context.create_actor(actor_class, on_node(nodes[0], source_on_cpu ? 0 : gpus), {}, source);
    co_await first;
    Body second = context.create_actor(actor_class, on_node(nodes[1], gpus), {}, reader);
    co_await second;
    ActorCall making{source, make, {}, std::nullopt, default_group, std::nullopt};
    making.transport = transport;
    HeldRef tensor = context.hold(context.call(making));
    try {
      if (fetch) {
        Body got = context.get_through_store({tensor.ref()}, std::nullopt);
        co_await got;
      } else {
        ActorCall using_it{reader, use, {}, std::nullopt, default_group, std::nullopt};
        using_it.args.emplace_back(tensor.ref());
        const ObjectRef used = context.call(using_it);
        Body got = context.get({used}, std::nullopt);
        co_await got;
      }
    } catch (const RayError& e) {
      error = e.what();
    }
    tensor = {};
    const auto pause = context.sleep(ms(1'000));
    co_await pause;
  }
};

Seen simulate(Program& program, const ClusterSpec& spec, Bytes bytes) {
  SimulationOptions options;
  options.functions = {function("Stage", {}), makes(bytes), function("Stage.use", ms(1))};
  options.functions[0].device_memory = program.held;
  options.driver = [&program](TaskContext& context) { return program.run(context); };
  Seen seen;
  const SimulationResult result = run(spec, profile(), std::move(options), seen);
  CHECK(result.error == ErrorType::none);
  CHECK_FALSE(result.starved);
  return seen;
}

double span(const CopyRecord& copy) { return (copy.ended - copy.started).in_seconds(); }

}  // namespace

TEST_SUITE("device copies") {
  TEST_CASE("a link carries both directions at once, each with its bandwidth") {
    const double alone = 5e-6 + seconds_at(pcie);
    check_ends(false, {{memory(a), gpu(a, 0)}, {gpu(a, 0), memory(a)}}, {alone, alone});
    check_ends(false, {{memory(a), gpu(a, 0)}, {memory(a), gpu(a, 0)}},
               {5e-6 + 2 * seconds_at(pcie), 5e-6 + 2 * seconds_at(pcie)});
  }

  TEST_CASE("between devices of a machine a copy takes the ports, or else both links") {
    check_ends(true, {{gpu(a, 0), gpu(a, 1)}}, {2e-6 + seconds_at(port)});
    check_ends(false, {{gpu(a, 0), gpu(a, 1)}}, {10e-6 + seconds_at(pcie)});
    // Two into one device share its port; copies between other pairs feel nothing.
    check_ends(true, {{gpu(a, 0), gpu(a, 1)}, {gpu(a, 2), gpu(a, 1)}, {gpu(a, 1), gpu(a, 3)}},
               {2e-6 + 2 * seconds_at(port), 2e-6 + 2 * seconds_at(port), 2e-6 + seconds_at(port)});
    // The link to the machine is another one.
    check_ends(true, {{gpu(a, 0), gpu(a, 1)}, {memory(a), gpu(a, 1)}},
               {2e-6 + seconds_at(port), 5e-6 + seconds_at(pcie)});
  }

  TEST_CASE("all to all among the devices of a machine: each port carries what three others send") {
    std::vector<Copy> copies;
    for (std::uint32_t from = 0; from < 4; ++from)
      for (std::uint32_t to = 0; to < 4; ++to)
        if (from != to) copies.push_back({gpu(a, from), gpu(a, to)});
    check_ends(true, copies, std::vector<double>(copies.size(), 2e-6 + 3 * seconds_at(port)));
  }

  TEST_CASE("between machines a copy takes device link, network and device link at once") {
    check_ends(true, {{gpu(a, 0), gpu(b, 0)}}, {50e-6 + seconds_at(network)});
    check_ends(false, {{memory(a), gpu(b, 0)}}, {45e-6 + seconds_at(network)});
    // Four share the machine's link of the network.
    std::vector<Copy> copies;
    for (std::uint32_t i = 0; i < 4; ++i) copies.push_back({gpu(a, i), gpu(b, i)});
    check_ends(true, copies, std::vector<double>(4, 50e-6 + 4 * seconds_at(network)));
  }

  TEST_CASE("what cannot be copied is refused") {
    for (const NetworkModel model : {NetworkModel::flow, NetworkModel::chunk}) {
      const auto fabric = make_fabric(two_boxes(model, true));
      CHECK_THROWS_AS(fabric->start_copy(Time{}, gpu(a, 0), gpu(a, 0), Bytes{1}, FlowId{1}), std::logic_error);
      CHECK_THROWS_AS(fabric->start_copy(Time{}, memory(a), memory(b), Bytes{1}, FlowId{1}), std::logic_error);
      CHECK_THROWS_AS(fabric->start_copy(Time{}, memory(a), gpu(a, 4), Bytes{1}, FlowId{1}), std::logic_error);
      CHECK_THROWS_AS(fabric->start_copy(Time{}, memory(a), gpu(a, 0), Bytes{-1}, FlowId{1}), std::logic_error);
    }
  }
}

TEST_SUITE("tensors") {
  TEST_CASE(
      "a tensor goes to another device over the ports, the links or the network, and is freed after its last use") {
    struct Case {
      bool peers;
      std::uint32_t reader;
      double bandwidth;
    };
    for (const auto& [peers, reader, bandwidth] : {Case{true, 0, port}, {false, 0, pcie}, {true, 1, network}}) {
      for (const TensorTransport transport : {TensorTransport::nccl, TensorTransport::nixl}) {
        Program program{.transport = transport, .nodes = {0, reader}};
        const Seen seen = simulate(program, gpu_nodes(peers), Bytes{size});
        CHECK(program.error.empty());
        REQUIRE(seen.copies.size() == 1);
        CHECK(seen.copies[0].cause == CopyRecord::Cause::device_to_device);
        CHECK(seen.copies[0].bytes == Bytes{size});
        CHECK(span(seen.copies[0]) == doctest::Approx(seconds_at(bandwidth)).epsilon(0.01));
        CHECK(seen.peak == Bytes{size});
        for (const auto& [device, used] : seen.last) CHECK(used == Bytes{});
      }
    }
  }

  TEST_CASE("in main memory a tensor takes the network, and no device") {
    Program program{.transport = TensorTransport::gloo, .nodes = {0, 1}};
    const Seen seen = simulate(program, gpu_nodes(true), Bytes{size});
    CHECK(program.error.empty());
    CHECK(seen.copies.empty());
    CHECK(seen.peak == Bytes{});
    REQUIRE(seen.attempts.size() >= 2);
    const auto& making = seen.attempts[seen.attempts.size() - 2];
    CHECK((seen.attempts.back().started - making.ended).in_seconds() ==
          doctest::Approx(seconds_at(network)).epsilon(0.01));
  }

  TEST_CASE("by NIXL a tensor goes from main memory to a device") {
    Program program{.transport = TensorTransport::nixl, .source_on_cpu = true};
    const Seen seen = simulate(program, gpu_nodes(true), Bytes{size});
    CHECK(program.error.empty());
    REQUIRE(seen.copies.size() == 1);
    CHECK(seen.copies[0].cause == CopyRecord::Cause::host_to_device);
    CHECK(span(seen.copies[0]) == doctest::Approx(seconds_at(pcie)).epsilon(0.01));
  }

  TEST_CASE("actors that share a device: nothing is copied by CUDA IPC, and NCCL refuses") {
    Program shared{.transport = TensorTransport::cuda_ipc, .gpus = 0.5};
    const Seen seen = simulate(shared, gpu_nodes(true), Bytes{size});
    CHECK(shared.error.empty());
    CHECK(seen.copies.empty());
    CHECK(seen.peak == Bytes{size});
    Program elsewhere{.transport = TensorTransport::cuda_ipc, .nodes = {0, 1}};
    simulate(elsewhere, gpu_nodes(true), Bytes{size});
    CHECK(elsewhere.error.find("RayTaskError(ValueError): Stage.use: ValueError: the CUDA IPC transport") == 0);
    Program refused{.transport = TensorTransport::nccl, .gpus = 0.5};
    simulate(refused, gpu_nodes(true), Bytes{size});
    CHECK(refused.error.find("RayTaskError(NcclError): Stage.use") == 0);
  }

  TEST_CASE("a driver gets a tensor by a copy to main memory and the object store") {
    Program program{.fetch = true};
    const Seen seen = simulate(program, gpu_nodes(true), Bytes{size});
    CHECK(program.error.empty());
    REQUIRE(seen.copies.size() == 1);
    CHECK(seen.copies[0].cause == CopyRecord::Cause::device_to_host);
    CHECK(span(seen.copies[0]) == doctest::Approx(seconds_at(pcie)).epsilon(0.01));
    for (const auto& [device, used] : seen.last) CHECK(used == Bytes{});
  }

  TEST_CASE(
      "a device that is full fails the method that would return, the call that would receive, or the constructor") {
    // 6 GiB are the actors' own: half for each when they share the device.
    Program returns{.fetch = true, .held = Bytes{6 * gib}};
    simulate(returns, gpu_nodes(true, Bytes{8 * gib}), Bytes{3 * gib});
    CHECK(returns.error ==
          "RayTaskError(OutOfMemoryError): Stage.make: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate "
          "3.00 GiB. GPU 0 has a total capacity of 8.00 GiB of which 2.00 GiB is free.");
    Program receives{.transport = TensorTransport::nixl, .gpus = 0.5};
    const Seen seen = simulate(receives, gpu_nodes(true, Bytes{4 * gib}), Bytes{3 * gib});
    CHECK(receives.error.find("RayTaskError(OutOfMemoryError): Stage.use: torch.OutOfMemoryError") == 0);
    CHECK(seen.peak == Bytes{3 * gib});
    Program constructor{.gpus = 0.5, .held = Bytes{5 * gib}};
    simulate(constructor, gpu_nodes(true, Bytes{8 * gib}), Bytes{mib});
    CHECK(constructor.error.find("ActorDiedError") != std::string::npos);
  }
}
