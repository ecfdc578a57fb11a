// Do tasks, objects and errors of programs in C++ do what Ray's do? Zero costs, so that times are those of the tasks alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/cpp_program.hpp"

namespace {

using namespace cpp_program;  // NOLINT(google-build-using-namespace)

double square(double x) { return x * x; }
ray::Task<double> slow_square(ray::Context& ray, double x) {
  co_await ray.compute(100ms);
  co_return x* x;
}
double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}
ray::Task<double> sum_of_refs(ray::Context& ray, std::vector<ray::Ref<double>> refs) {
  co_return sum(co_await ray.get(refs));
}
ray::Task<ray::Returns<int, std::string>> both(ray::Context&, int x) { co_return {x, std::to_string(x)}; }
void nothing() {}
ray::Task<> nap(ray::Context& ray, double seconds) { co_await ray.sleep(ray::Duration(seconds)); }
ray::Task<int> fail(ray::Context& ray) {
  co_await ray.sleep(1ms);
  throw std::runtime_error("no luck");
}
int fail_at_once() { throw std::runtime_error("no luck at all"); }
ray::Task<int> get_of_failed(ray::Context& ray) {
  const auto ref = co_await ray.remote<fail>();
  co_return co_await ray.get(ref);
}
ray::Task<std::int64_t> fibonacci(ray::Context& ray, std::int64_t n) {
  if (n < 2) co_return n;
  const auto a = co_await ray.remote<fibonacci>({.num_cpus = 0}, n - 1);
  const auto b = co_await ray.remote<fibonacci>({.num_cpus = 0}, n - 2);
  co_return co_await ray.get(a) + co_await ray.get(b);
}

// A type of the program's own, of whose references nobody else knows.
struct Parcel {
  std::string label;
  std::vector<ray::Ref<int>> contents;
};
ray::Task<Parcel> parcel_of(ray::Context& ray, int x) {
  const auto made = co_await ray.put(x);
  Parcel parcel;
  parcel.contents.push_back(made);
  co_return parcel;
}
std::vector<ray::Ref<Parcel>> boxed_twice(const std::vector<ray::Ref<Parcel>>& parcels) { return parcels; }
struct Shelf {
  Parcel kept;
  void keep(const Parcel& parcel) { kept = parcel; }
  ray::Task<int> look(ray::Context& ray) { co_return co_await ray.get(kept.contents.front()); }
};

ray::Generator<int> count_to(ray::Context& ray, int most) {
  for (int i = 1; i <= most; ++i) {
    co_await ray.sleep(100ms);
    co_yield i;
  }
  if (most == 3) throw std::runtime_error("no four");
}
ray::Task<> work_until_cancelled(ray::Context& ray) {
  try {
    for (;;) co_await ray.sleep(100ms);
  } catch (const std::exception&) {
    seen.emplace_back("caught by the way");
  } catch (const ray::KeyboardInterrupt&) {
    seen.emplace_back(ray.is_cancelled() ? "interrupted" : "no");
    throw;
  }
}

}  // namespace

TEST_CASE("C++ programs: a disk has a bandwidth each way, and only so much room") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        co_await ray.write_disk(1'500'000'000);
        co_await ray.read_disk(1'000'000'000);
        try {
          co_await ray.write_disk(1'000'000'000);
        } catch (const std::exception& error) {
          seen.emplace_back(error.what());
        }
        try {
          co_await ray.read_disk(-1);
        } catch (const ray::ValueError& error) {
          seen.emplace_back(error.what());
        }
      },
      2, {"OSError: [Errno 28] No space left on device", "the size is negative"});
}

TEST_CASE("C++ programs: tasks take values and references, and give values") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto three = co_await ray.remote<square>(3);
        const auto nine = co_await ray.remote<slow_square>(three);
        seen.push_back(std::to_string(co_await ray.get(nine)));
        std::vector<ray::Ref<double>> refs{three, nine};
        const auto total = co_await ray.remote<sum_of_refs>(refs);
        seen.push_back(std::to_string(co_await ray.get(total)));
        const auto list = co_await ray.put(std::vector<double>(3, 0.5));
        const auto added = co_await ray.remote<sum>(list);
        seen.push_back(std::to_string(co_await ray.get(added)));
        for (const double value : co_await ray.get(refs)) seen.push_back(std::to_string(value));
      },
      0.1, {"81.000000", "90.000000", "1.500000", "9.000000", "81.000000"});
}

TEST_CASE("C++ programs: several returns, and none") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto [number, text] = co_await ray.remote<both>(5);
        seen.push_back(co_await ray.get(text));
        const auto refs = co_await ray.remote<both>(6);
        const auto [six, as_text] = co_await ray.get(refs);
        seen.push_back(as_text + std::to_string(six + co_await ray.get(number)));
        std::vector<ray::Ref<void>> done;
        done.push_back(co_await ray.remote<nothing>());
        done.push_back(co_await ray.remote<nap>(0.5));
        co_await ray.get(done);
      },
      0.5, {"5", "611"});
}

TEST_CASE("C++ programs: references inside of values keep their objects, whoever has them") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        auto made = co_await ray.remote<parcel_of>(8);
        Parcel parcel = co_await ray.get(made);
        made = {};
        co_await ray.sleep(1s);
        const auto shelf = co_await ray.create_actor<Shelf>();
        const auto kept = co_await ray.call<&Shelf::keep>(shelf, parcel);
        co_await ray.get(kept);
        parcel = {};
        co_await ray.sleep(1s);
        const auto look = co_await ray.call<&Shelf::look>(shelf);
        seen.push_back(std::to_string(co_await ray.get(look)));
      },
      2.0, {"8"});
  // One value deeper, and dropped by its reader.
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        std::vector<ray::Ref<Parcel>> parcels;
        parcels.push_back(co_await ray.remote<parcel_of>(9));
        auto boxed = co_await ray.remote<boxed_twice>(parcels);
        parcels.clear();
        co_await ray.sleep(1s);
        parcels = co_await ray.get(boxed);
        boxed = {};
        const Parcel parcel = co_await ray.get(parcels.front());
        parcels.clear();
        co_await ray.sleep(1s);
        seen.push_back(std::to_string(co_await ray.get(parcel.contents.front())));
      },
      2.0, {"9"});
}

TEST_CASE("C++ programs: wait gives what is ready and what is not, and ends with its timeout") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        std::vector<ray::Ref<void>> refs;
        for (int i = 4; i > 0; --i) refs.push_back(co_await ray.remote<nap>(0.1 * i));
        const auto [ready, pending] = co_await ray.wait(refs, {.num_returns = 2});
        seen.push_back(std::to_string(ready.size()) + std::to_string(pending.size()));
        if (ready == std::vector{refs[2], refs[3]}) seen.emplace_back("the short ones");
        const auto [none, all] = co_await ray.wait(pending, {.timeout = 50ms});
        seen.push_back(std::to_string(none.size()) + std::to_string(all.size()));
        try {
          co_await ray.get(pending[0], 50ms);
        } catch (const ray::GetTimeoutError&) {
          seen.emplace_back("too late");
        }
      },
      0.3, {"22", "the short ones", "02", "too late"});
}

TEST_CASE("C++ programs: an exception of a task comes out of get with its text") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto failed = co_await ray.remote<fail>();
        const auto failed_at_once = co_await ray.remote<fail_at_once>();
        const auto nested = co_await ray.remote<get_of_failed>();
        for (const auto& ref : {failed, failed_at_once, nested}) {
          try {
            co_await ray.get(ref);
          } catch (const ray::RayTaskError& error) {
            seen.push_back(error.name() + ": " + error.what());
          }
        }
      },
      0.001, {"RayTaskError: no luck", "RayTaskError: no luck at all", "RayTaskError: no luck"});
}

TEST_CASE("C++ programs: tasks call tasks") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto ref = co_await ray.remote<fibonacci>({.num_cpus = 0}, 12);
        seen.push_back(std::to_string(co_await ray.get(ref)));
      },
      0, {"144"});
}

TEST_CASE("C++ programs: items of generators come one by one, errors last") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto items = co_await ray.remote<count_to>(2);
        const std::vector<ray::Ref<int>> first{ray.peek(items)};
        const auto [ready, pending] = co_await ray.wait(first, {.timeout = 50ms});
        seen.push_back(std::to_string(pending.size()));
        while (const auto item = co_await ray.next(items)) {
          const int value = co_await ray.get(*item);
          seen.push_back(std::to_string(value) + (ray.now() < 0.15s ? " early" : " later"));
        }
        const auto more = co_await ray.remote<count_to>({.generator_backpressure = 1}, 3);
        co_await ray.sleep(1s);
        try {
          while (const auto item = co_await ray.next(more)) seen.push_back(std::to_string(co_await ray.get(*item)));
        } catch (const ray::RayTaskError& error) {
          seen.emplace_back(error.what());
        }
      },
      1.4, {"1", "1 early", "2 later", "1", "2", "3", "no four"});
}

TEST_CASE("C++ programs: a cancelled task is interrupted where it waits") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        const auto ref = co_await ray.remote<work_until_cancelled>();
        co_await ray.sleep(1s);
        co_await ray.cancel(ref);
        try {
          co_await ray.get(ref);
        } catch (const ray::TaskCancelledError& error) {
          seen.push_back(error.name());
        }
        const auto bad = co_await ray.remote<nothing>({.runtime_env = {.name = "broken", .setup = 1s, .fails = true}});
        try {
          co_await ray.get(bad);
        } catch (const ray::RuntimeEnvSetupError& error) {
          seen.push_back(error.name());
        }
      },
      -1, {"interrupted", "TaskCancelledError", "RuntimeEnvSetupError"});
}

TEST_CASE("C++ programs: how the driver ends is how the run ends") {
  SimulationResult result = run([](ray::Context& ray) -> ray::Task<> {
    const auto ref = co_await ray.remote<fail>();
    co_await ray.get(ref);
  });
  CHECK(result.error == ErrorType::task_error);
  CHECK(result.message == "no luck");
  result = run([](ray::Context& ray) -> ray::Task<> {
    co_await ray.sleep(1s);
    throw std::logic_error("my mistake");
  });
  CHECK(result.error == ErrorType::plain);
  CHECK(result.message == "my mistake");
  CHECK(result.end.in_seconds() == doctest::Approx(1));
  result = run([](ray::Context& ray) -> ray::Task<> {
    static_cast<void>(ray.sleep(1s));
    co_return;
  });
  CHECK(result.error == ErrorType::plain);
  CHECK(result.message == "a call of sleep was not awaited, expected `co_await ray.sleep(...)`");
  result = run([](ray::Context& ray) -> ray::Task<> {
    static_cast<void>(ray.remote<nothing>());
    co_await ray.sleep(1s);
  });
  CHECK(result.error == ErrorType::plain);
  CHECK(result.message ==
        "a call of remote, call, put, kill or ready was not awaited, expected `co_await ray.remote(...)`");
}

TEST_CASE("C++ programs: parameters have their type, or nothing") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        seen.push_back(std::to_string(ray.parameter<int>("count")) + std::to_string(ray.parameter<double>("count")));
        seen.push_back(std::to_string(ray.parameter<double>("rate")) + ray.parameter<std::string>("word"));
        seen.emplace_back(ray.parameter<bool>("loud") ? "loud" : "quiet");
        const auto told = [](auto&& wrong) {
          try {
            wrong();
          } catch (const std::logic_error& error) {
            seen.emplace_back(error.what());
          }
        };
        told([&] { static_cast<void>(ray.parameter<std::string>("count")); });
        told([&] { static_cast<void>(ray.parameter<int>("cuont")); });
        co_return;
      },
      0,
      {"33.000000", "0.500000x", "loud", "the parameter count is of another type",
       "the program declares no parameter cuont"});
}

TEST_CASE("C++ programs: a stream's draws depend on seed and name alone") {
  expect(
      [](ray::Context& ray) -> ray::Task<> {
        ray::Random first = ray.random("a");
        ray::Random same = ray.random("a");
        ray::Random other = ray.random("b");
        const double draw = first.uniform();
        seen.emplace_back(draw == same.uniform() && draw != other.uniform() && draw >= 0 && draw < 1 ? "ok" : "no");
        double mean = 0;
        for (int i = 0; i < 10'000; ++i) mean += first.exponential(3) / 10'000;
        seen.emplace_back(mean > 2.9 && mean < 3.1 ? "ok" : std::to_string(mean));
        co_return;
      },
      0, {"ok", "ok"});
}

namespace {
using Blobs = std::vector<ray::Ref<ray::Blob>>;
constexpr std::int64_t blob_bytes = 100'000'000;

ray::Task<> put_and_drop(ray::Context& ray) {
  for (int i = 0; i < 5; ++i) {
    {
      const auto blob = co_await ray.put(ray::Blob{blob_bytes});
      const auto same = blob;
    }
    co_await ray.sleep(3s);  // owners tell stores once a second
  }
}
ray::Task<> get_all(ray::Context& ray, Blobs blobs) {
  co_await ray.sleep(10s);
  co_await ray.get(blobs);
}
// The references lie in a value, which lies in the arguments of a task.
ray::Task<> put_and_pass_on(ray::Context& ray) {
  Blobs blobs;
  for (int i = 0; i < 5; ++i) blobs.push_back(co_await ray.put(ray::Blob{blob_bytes}));
  const auto list = co_await ray.put(blobs);
  blobs.clear();
  const auto use = co_await ray.remote<get_all>(list);
  co_await ray.get(use);
}
}  // namespace

TEST_CASE("C++ programs: an object ends with its last reference, wherever that is") {
  const auto peak = [](ray::Program::Driver driver) {
    struct Peak final : zero_cost::Log {
      void on_store(const raysim::StoreRecord& store) override { bytes = std::max(bytes, store.used); }
      raysim::Bytes bytes;
    } most;
    const SimulationResult result = run(driver, most);
    CHECK(std::string(name_of(result.error)) + " " + result.message == "ok ");
    return static_cast<double>(most.bytes.count);
  };
  CHECK(peak(put_and_drop) == doctest::Approx(blob_bytes).epsilon(0.01));
  CHECK(peak(put_and_pass_on) == doctest::Approx(5 * blob_bytes).epsilon(0.01));
}
