// Random programs of actors that hand each other tensors, on devices with little memory: no device is over-full, all that was sent
// arrives, nothing hangs, and nothing is left when the last reference is gone.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t mb = 1'000'000;
constexpr Bytes own{100 * mb};  // of each actor
constexpr FunctionId actor_class{0};
constexpr std::uint32_t first_make = 1;
constexpr std::uint32_t makes = 3;  // of several sizes
constexpr FunctionId join{first_make + makes};
constexpr FunctionId look{first_make + makes + 1};
constexpr FunctionId push{first_make + makes + 2};

ClusterSpec random_cluster(RandomStream& random, Bytes capacity) {
  ClusterSpec spec = zero_cost::cluster(std::vector<Node>(1 + random.below(3), Node{16, {}}));
  spec.platform.network = {};
  spec.platform.network.model = random.below(2) == 0 ? NetworkModel::flow : NetworkModel::chunk;
  for (NodeSpec& node : spec.nodes) {
    DeviceSpec device;
    if (random.below(2) == 0) device.peer = Bandwidth{100e9};
    spec.add_gpus(node, {"", capacity}, device, 2);
  }
  return spec;
}

struct Seen : Log {
  explicit Seen(Bytes of_each) : capacity(of_each) {}
  void on_device_memory(const DeviceMemoryRecord& memory) override {
    CHECK(memory.used >= Bytes{});
    CHECK(memory.used <= capacity);
    used[{memory.node, memory.device}] = memory.used;
  }
  // The call never took what was sent for it: the receiver keeps that, as in Ray.
  void on_failed_unstarted(std::uint32_t, std::uint32_t) override { untaken = true; }
  void on_copy(const CopyRecord& copy) override {
    CHECK(copy.ended >= copy.started);
    if (copy.cause == CopyRecord::Cause::device_to_device) received += copy.bytes;
    if (copy.cause == CopyRecord::Cause::device_to_host) fetched += copy.bytes;
  }
  std::map<std::pair<std::uint32_t, std::uint32_t>, Bytes> used;
  Bytes capacity;  // of each device
  Bytes received;
  Bytes fetched;
  bool untaken = false;
};

ActorCall call(const ActorHandle& actor, FunctionId method) {
  return {actor, method, {}, std::nullopt, default_group, std::nullopt};
}

// A method that puts a tensor, gets it, and has an actor look at it, maybe its own; two that waited for each other would never end.
Body run_push(TaskContext& context) {
  ActorCall looking = call(*static_cast<const ActorHandle*>(context.arguments().front().value.data.get()), look);
  const HeldRef tensor = context.hold(context.put(Payload{nullptr, Bytes{60 * mb}}, TensorTransport::nixl));
  looking.args.emplace_back(tensor.ref());
  context.call(looking);
  Body getting = context.get({tensor.ref()}, std::nullopt);
  co_await getting;
}

struct Program {
  RandomStream& random;
  std::vector<ActorHandle> actors = {};
  std::vector<HeldRef> tensors = {};
  std::set<ErrorType> errors = {};
  double share = random.below(2) == 0 ? 1 : 0.25;  // of a device, for each actor
  int kills = 0;
  bool has_kills = false;

  const ActorHandle& any() { return actors[random.below(actors.size())]; }
  ActorCall call_of(FunctionId method) { return call(any(), method); }

  Body create(TaskContext& context) {
    ActorOptions options;
    options.resources.set(gpu_resource, ResourceAmount::of(share));
    options.tensor_transport = true;
    ActorHandle made;
    Body creating = context.create_actor(actor_class, options, {}, made);
    co_await creating;
    actors.push_back(made);
  }

  Body get(TaskContext& context, std::vector<ObjectRef> refs, bool through_store) {
    try {
      Body getting = through_store ? context.get_through_store(std::move(refs), ms(200'000))
                                   : context.get(std::move(refs), ms(200'000));
      co_await getting;
    } catch (const RayError& error) {
      errors.insert(error.type());
    }
  }

  Body step(TaskContext& context) {
    const std::uint64_t what = random.below(12);
    if (what == 10) {
      tensors.push_back(context.hold(context.put(Payload{nullptr, Bytes{40 * mb}}, TensorTransport::nixl)));
    } else if (what == 11) {
      ActorCall pushing = call_of(push);
      pushing.args.emplace_back(Payload{std::make_shared<const ActorHandle>(any()), Bytes{100}});
      context.call(pushing);
    } else if (what < 3 || tensors.empty()) {
      ActorCall making = call_of({first_make + static_cast<std::uint32_t>(random.below(makes))});
      // NCCL wants a device for each of its ranks.
      making.transport = share == 1 && random.below(2) == 0 ? TensorTransport::nccl : TensorTransport::nixl;
      tensors.push_back(context.hold(context.call(making)));
    } else if (what < 7) {
      ActorCall joining = call_of(random.below(2) == 0 ? join : look);
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
        joining.args.emplace_back(tensors[random.below(tensors.size())].ref());
      if (joining.method == join) joining.transport = TensorTransport::nixl;
      HeldRef result = context.hold(context.call(joining));
      if (joining.method == join) tensors.push_back(std::move(result));
    } else if (what < 8) {
      Body getting = get(context, {tensors[random.below(tensors.size())].ref()}, true);
      co_await getting;
    } else if (what < 9 || !has_kills || kills > 1) {
      tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(random.below(tensors.size())));
    } else {
      ++kills;
      context.kill(actors[random.below(actors.size())], true);
    }
    const auto pause = context.pause();
    co_await pause;
  }

  Body run(TaskContext& context) {
    for (std::uint64_t n = share == 1 ? 2 : 2 + random.below(4); n > 0; --n) {
      Body creating = create(context);
      co_await creating;
    }
    for (int i = 0; i < 60; ++i) {
      Body one = step(context);
      co_await one;
    }
    tensors.clear();
    const auto to_be_freed = context.sleep(ms(100'000));
    co_await to_be_freed;
  }
};

struct Outcome {
  Seen seen;
  std::set<ErrorType> errors = {};
  std::size_t actors = 0;
  int kills = 0;
};

Outcome run_random(std::uint64_t seed, bool kills) {
  RandomStream random(seed, "device memory");
  const Bytes capacity{(random.below(2) == 0 ? 700 : 20'000) * mb};
  const ClusterSpec spec = random_cluster(random, capacity);
  SimulationOptions options;
  options.seed = seed;
  options.functions = {function("Actor", {})};
  options.functions[0].device_memory = own;
  for (std::uint32_t i = 0; i < makes; ++i) {
    options.functions.push_back(function("make", ms(static_cast<std::int64_t>(random.below(50)))));
    options.functions.back().return_size = Distribution::constant(static_cast<double>((20 + 100 * i) * mb));
  }
  options.functions.push_back(function("join", ms(5)));
  options.functions.back().return_size = Distribution::constant(50.0 * mb);
  options.functions.push_back(function("look", ms(20)));
  options.functions.back().device_memory = Bytes{30 * mb};
  options.functions.push_back(function("push", ms(0)));
  options.functions.back().body = run_push;
  Program program{random};
  program.has_kills = kills;
  options.driver = [&program](TaskContext& context) { return program.run(context); };
  Outcome outcome{Seen(capacity), {}, 0, 0};
  const SimulationResult result = run(spec, profile(), std::move(options), outcome.seen);
  CHECK(result.error == ErrorType::none);
  CHECK_FALSE(result.starved);
  outcome.errors = program.errors;
  outcome.actors = program.actors.size();
  outcome.kills = program.kills;
  return outcome;
}

Bytes held(const Seen& seen) {
  Bytes sum;
  for (const auto& [device, used] : seen.used) sum += used;
  return sum;
}

}  // namespace

TEST_SUITE("device memory") {
  TEST_CASE("random programs: nothing is over-full, nothing hangs, and only what actors hold themselves is left") {
    Bytes received;
    Bytes fetched;
    bool was_full = false;
    int clean = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(seed);
      const Outcome outcome = run_random(seed, false);
      const Bytes left{own.count * static_cast<std::int64_t>(outcome.actors)};
      CHECK(held(outcome.seen) >= left);
      if (!outcome.seen.untaken) CHECK(held(outcome.seen) == left);
      clean += outcome.seen.untaken ? 0 : 1;
      received += outcome.seen.received;
      fetched += outcome.seen.fetched;
      was_full = was_full || outcome.errors.contains(ErrorType::task_error);
    }
    CHECK(received > Bytes{});
    CHECK(fetched > Bytes{});
    CHECK(was_full);
    CHECK(clean > 20);
  }

  TEST_CASE("random programs in which actors are killed: nothing is over-full, and nothing hangs") {
    int kills = 0;
    for (std::uint64_t seed = 100; seed < 160; ++seed) {
      CAPTURE(seed);
      kills += run_random(seed, true).kills;
    }
    CHECK(kills > 20);
  }
}
