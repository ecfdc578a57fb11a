// Ray's options of tasks, actors, calls and placement groups.
//
// Models: what .options(...) takes; what is not given is as in Ray. Leaves out: what raysim does not simulate (the contents of a
// runtime environment, retry_exceptions).
// Mirrors python/ray/_common/ray_option_utils.py and python/ray/util/scheduling_strategies.py (2.60).
// Invariants: written in braces in the order in which they stand here, `{.num_cpus = 2, .max_retries = 0}`; they own nothing
// (texts and lists must live until the call), so that GCC 12 cannot destroy them twice in a co_await expression.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ray {

// Seconds of simulated time; 500ms, 2s and 0.5s are some with `using namespace std::chrono_literals`.
using Duration = std::chrono::duration<double>;

// A custom resource.
struct Resource {
  std::string_view name = {};
  double amount = 0;
};

// What a node's label must be: "v", "!v", "in(a,b)" or "!in(a,b)".
struct Label {
  std::string_view key = {};
  std::string_view value = {};
};
using LabelSelector = std::span<const Label>;

struct PlacementGroup {
  std::uint32_t id = ~std::uint32_t{0};
};

// Made by spread(), node_affinity() and in_group(); as it stands, Ray's DEFAULT.
struct SchedulingStrategy {
  enum class Kind : std::uint8_t { standard, spread, node_affinity, placement_group };
  Kind kind = Kind::standard;
  bool soft = false;
  bool capture_child_tasks = false;
  std::int32_t bundle = -1;
  PlacementGroup group = {};
  std::string_view node = {};
};

inline SchedulingStrategy spread() { return {.kind = SchedulingStrategy::Kind::spread}; }
// On the node of this name; `soft`: elsewhere when it is not alive or too small.
inline SchedulingStrategy node_affinity(std::string_view node, bool soft = false) {
  return {.kind = SchedulingStrategy::Kind::node_affinity, .soft = soft, .node = node};
}
// In a bundle of a placement group; -1: in any of them.
inline SchedulingStrategy in_group(PlacementGroup group, std::int32_t bundle = -1, bool capture_child_tasks = false) {
  return {.kind = SchedulingStrategy::Kind::placement_group,
          .capture_child_tasks = capture_child_tasks,
          .bundle = bundle,
          .group = group};
}

// What a worker must have before it starts; equal names are the same environment.
struct RuntimeEnv {
  std::string_view name = {};
  Duration setup = {};  // on a node that does not have it
  bool fails = false;   // its setup does: RuntimeEnvSetupError
};

struct TaskOptions {
  std::optional<double> num_cpus = {};  // 1
  std::optional<double> num_gpus = {};  // 0
  std::int64_t memory = 0;              // bytes
  std::span<const Resource> resources = {};
  std::string_view accelerator_type = {};  // the model of a GPU
  std::optional<int> max_retries = {};     // 3; -1: without end
  std::optional<SchedulingStrategy> scheduling_strategy = {};
  LabelSelector label_selector = {};
  RuntimeEnv runtime_env = {};
  int max_calls = 0;  // of the function, said by its first call: its workers exit after so many; 0: never
  std::int64_t generator_backpressure = -1;  // a generator waits while so many of its items are not consumed; -1: never
  int priority = 0;                          // not Ray's: for policies that have an order
};

struct ConcurrencyGroup {
  std::string_view name = {};
  int max_concurrency = 1;
};

struct ActorOptions {
  std::optional<double> num_cpus = {};  // 1 to be placed, 0 while it lives
  std::optional<double> num_gpus = {};
  std::int64_t memory = 0;
  std::span<const Resource> resources = {};
  std::string_view accelerator_type = {};
  std::optional<SchedulingStrategy> scheduling_strategy = {};
  LabelSelector label_selector = {};
  RuntimeEnv runtime_env = {};
  std::string_view name = {};
  std::string_view name_space = {};
  bool detached = false;  // lifetime="detached"
  bool get_if_exists = false;
  int max_restarts = 0;                     // -1: without end
  int max_task_retries = 0;                 // -1: without end
  std::int64_t max_pending_calls = -1;      // -1: no limit
  bool is_async = false;                    // as a class with `async def` methods: they take turns on one thread
  std::optional<int> max_concurrency = {};  // 1, of an async actor 1000
  std::span<const ConcurrencyGroup> concurrency_groups = {};
  bool enable_tensor_transport = false;  // it may take tensors, and return them
};

// How a tensor goes to the actors that are given it (Ray Direct Transport): it stays in the memory of the GPU of whoever made it, without
// one in that of its node, and counts there with the size of the value. object_store: as any other value.
enum class TensorTransport : std::uint8_t { object_store, nccl, nixl, gloo, cuda_ipc };

struct CallOptions {
  std::string_view concurrency_group = {};
  std::optional<int> max_task_retries = {};
  TensorTransport tensor_transport = TensorTransport::object_store;  // of what the method returns
};

struct GetOptions {
  std::optional<Duration> timeout = {};
  bool use_object_store = false;  // also tensors, which are copied to the memory of their node first
};

struct PutOptions {
  TensorTransport tensor_transport = TensorTransport::object_store;  // else nixl or cuda_ipc
};

struct CancelOptions {
  bool force = false;     // ends the worker
  bool recursive = true;  // the tasks that it has called, too
};

struct WaitOptions {
  std::size_t num_returns = 1;
  std::optional<Duration> timeout = {};
  bool fetch_local = true;  // what lies in the stores of other nodes comes to this one, and is ready when it is here
};

struct Bundle {
  double num_cpus = 0;
  double num_gpus = 0;
  std::int64_t memory = 0;
  std::span<const Resource> resources = {};
};

enum class PlacementStrategy : std::uint8_t { pack, spread, strict_pack, strict_spread };

struct PlacementGroupOptions {
  PlacementStrategy strategy = PlacementStrategy::pack;
  std::string_view name = {};
  bool detached = false;
};

}  // namespace ray
