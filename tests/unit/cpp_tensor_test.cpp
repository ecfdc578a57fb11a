// Do tensors of programs in C++ (Ray Direct Transport) stay on their GPUs, and go where Ray sends them? Zero costs.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/cpp_program.hpp"

namespace {

using namespace cpp_program;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t gb = 1'000'000'000;

// Two GPUs of 8 GB in one machine: 100 GB/s between them, 10 GB/s to its memory.
raysim::ClusterSpec two_gpus() {
  raysim::ClusterSpec spec = zero_cost::cluster({{4, {}}});
  raysim::DeviceSpec device{.link = raysim::Bandwidth{10e9}, .latency = {}};
  device.peer = raysim::Bandwidth{100e9};
  device.peer_latency = {};
  spec.add_gpus(spec.nodes.front(), {"", raysim::Bytes{8 * gb}}, device, 2);
  spec.nodes.front().total.set(raysim::object_store_memory_resource, raysim::ResourceAmount::of(20e9));
  return spec;
}

struct Log : zero_cost::Log {
  void on_copy(const raysim::CopyRecord& copy) override { copies.push_back(copy); }
  void on_device_memory(const raysim::DeviceMemoryRecord& memory) override { used[memory.device] = memory.used; }
  std::vector<raysim::CopyRecord> copies;
  std::map<std::uint32_t, raysim::Bytes> used;
};

Log run_on_gpus(ray::Program::Driver driver, const std::vector<std::string>& wanted) {
  seen.clear();
  Log log;
  const SimulationResult result = run(driver, log, two_gpus());
  CHECK(std::string(name_of(result.error)) + " " + result.message == "ok ");
  CHECK(seen == wanted);
  for (const auto& [device, used] : log.used) CHECK(used == raysim::Bytes{});
  return log;
}

struct Stage {
  ray::Blob make(std::int64_t bytes) { return {bytes}; }
  std::vector<float> numbers(int count) { return std::vector<float>(static_cast<std::size_t>(count), 0.5F); }
  ray::Returns<int, int> two() { return {1, 2}; }
  int size(const ray::Blob& tensor) { return static_cast<int>(tensor.bytes / gb); }
  double sum(const std::vector<float>& tensor) {
    double total = 0;
    for (const float x : tensor) total += static_cast<double>(x);
    return total;
  }
  ray::Task<int> push(ray::Context& ray, ray::Actor<Stage> to) {
    const auto tensor = co_await ray.put(ray::Blob{4 * gb}, {.tensor_transport = ray::TensorTransport::nixl});
    const auto other = co_await ray.call<&Stage::size>(to, tensor);
    const auto own = co_await ray.get(tensor);
    co_return static_cast<int>(own.bytes / gb) + co_await ray.get(other);
  }
};

ray::Task<ray::Actor<Stage>> stage(ray::Context& ray) {
  co_return co_await ray.create_actor<Stage>({.num_gpus = 1, .enable_tensor_transport = true});
}

// What awaiting it throws.
template <class Awaitable>
ray::Task<> note_error(Awaitable awaitable) {
  try {
    co_await awaitable;
  } catch (const ray::RayError& error) {
    seen.push_back(error.name() + ": " + error.what());
  }
}

}  // namespace

TEST_CASE("C++ programs: what a method returns with a transport goes from GPU to GPU, and its value with it") {
  const Log log = run_on_gpus(
      [](ray::Context& ray) -> ray::Task<> {
        const auto first = co_await stage(ray);
        const auto second = co_await stage(ray);
        auto tensor = co_await ray.call<&Stage::make>(first, {.tensor_transport = ray::TensorTransport::nccl}, 4 * gb);
        const auto size = co_await ray.call<&Stage::size>(second, tensor);
        seen.push_back(std::to_string(co_await ray.get(size)));
        tensor = {};
        auto numbers =
            co_await ray.call<&Stage::numbers>(first, {.tensor_transport = ray::TensorTransport::nixl}, 1000);
        const auto sum = co_await ray.call<&Stage::sum>(second, numbers);
        seen.push_back(std::to_string(co_await ray.get(sum)));
        numbers = {};
        co_await ray.sleep(1s);
      },
      {"4", "500.000000"});
  REQUIRE(log.copies.size() == 2);
  CHECK(log.copies[0].cause == raysim::CopyRecord::Cause::device_to_device);
  CHECK(log.copies[0].bytes == raysim::Bytes{4 * gb});
  CHECK((log.copies[0].ended - log.copies[0].started).in_seconds() == doctest::Approx(0.04).epsilon(0.01));
}

TEST_CASE("C++ programs: a driver gets a tensor through the object store only") {
  const Log log = run_on_gpus(
      [](ray::Context& ray) -> ray::Task<> {
        const auto first = co_await stage(ray);
        auto tensor = co_await ray.call<&Stage::make>(first, {.tensor_transport = ray::TensorTransport::nccl}, 4 * gb);
        co_await note_error(ray.get(tensor));
        const auto blob = co_await ray.get(tensor, {.use_object_store = true});
        seen.push_back(std::to_string(blob.bytes / gb));
        tensor = {};
        co_await ray.sleep(1s);
      },
      {"ValueError: ray.get is not allowed on RDT objects of the two-sided transport nccl; use a one-sided one, or "
       "pass "
       "use_object_store to get it through the object store",
       "4"});
  REQUIRE(log.copies.size() == 1);
  CHECK(log.copies[0].cause == raysim::CopyRecord::Cause::device_to_host);
  CHECK((log.copies[0].ended - log.copies[0].started).in_seconds() == doctest::Approx(0.4).epsilon(0.01));
}

TEST_CASE("C++ programs: a tensor that is put stays where it is, is there for its own process, and goes to others") {
  const Log log = run_on_gpus(
      [](ray::Context& ray) -> ray::Task<> {
        const auto first = co_await stage(ray);
        const auto second = co_await stage(ray);
        const auto pushed = co_await ray.call<&Stage::push>(first, second);
        seen.push_back(std::to_string(co_await ray.get(pushed)));
        const auto own = co_await ray.put(ray::Blob{gb}, {.tensor_transport = ray::TensorTransport::nixl});
        const auto size = co_await ray.call<&Stage::size>(second, own);
        seen.push_back(std::to_string(co_await ray.get(size)));
      },
      {"8", "1"});
  REQUIRE(log.copies.size() == 2);
  CHECK(log.copies[0].cause == raysim::CopyRecord::Cause::device_to_device);
  CHECK(log.copies[0].bytes == raysim::Bytes{4 * gb});
  CHECK(log.copies[1].cause == raysim::CopyRecord::Cause::host_to_device);
  CHECK(log.copies[1].bytes == raysim::Bytes{gb});
}

TEST_CASE("C++ programs: what cannot be of tensors is said") {
  run_on_gpus(
      [](ray::Context& ray) -> ray::Task<> {
        using enum ray::TensorTransport;
        const auto plain = co_await ray.create_actor<Stage>({.num_gpus = 1});
        const auto with = co_await stage(ray);
        try {
          co_await ray.call<&Stage::make>(plain, {.tensor_transport = nccl}, gb);
        } catch (const ray::ValueError& error) {
          seen.emplace_back(error.what());
        }
        try {
          co_await ray.call<&Stage::two>(with, {.tensor_transport = nccl});
        } catch (const ray::ValueError& error) {
          seen.emplace_back(error.what());
        }
        for (const ray::TensorTransport transport : {gloo, cuda_ipc}) try {
            co_await ray.put(ray::Blob{gb}, {.tensor_transport = transport});
          } catch (const ray::ValueError& error) {
            seen.emplace_back(error.what());
          }
        const auto own = co_await ray.put(ray::Blob{gb}, {.tensor_transport = nixl});
        co_await note_error(ray.get(own, {.use_object_store = true}));
        const auto large = co_await ray.call<&Stage::make>(with, {.tensor_transport = nixl}, 9 * gb);
        co_await note_error(ray.get(large, {.use_object_store = true}));
      },
      {"the actor has no part in transfers of tensors: set enable_tensor_transport in its class",
       "a call with a tensor_transport gives one value",
       "ray.put is not supported for the two-sided transport gloo; use a one-sided one, or return the value from a "
       "method "
       "with this tensor_transport",
       "tensor transport cuda_ipc does not support tensors on device cpu",
       "ValueError: use_object_store is not supported for RDT objects that no actor has put; get them without",
       "RayTaskError: RayTaskError(OutOfMemoryError): Stage.make: torch.OutOfMemoryError: CUDA out of memory. Tried to "
       "allocate 8.38 GiB. GPU 1 has a total capacity of 7.45 GiB of which 7.45 GiB is free."});
}
