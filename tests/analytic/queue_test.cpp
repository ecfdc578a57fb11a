// Stations and shared cores as queues whose waiting times are known, and the two clocks of flows and events.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// Passes everything on, and checks that the fabric never runs ahead of the engine nor falls behind it.
class WatchedFabric final : public Fabric {
 public:
  explicit WatchedFabric(const PlatformSpec& platform) : inner_(make_simgrid_fabric(platform)) {}
  Route route(MachineId from, MachineId to) override { return inner_->route(from, to); }
  void start_flow(Time now, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) override {
    CHECK(now == engine->now());
    inner_->start_flow(now, from, to, size, id, under_way);
  }
  void start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) override {
    inner_->start_copy(at, from, to, size, id);
  }
  void start_work(Time at, DeviceId device, Duration work, FlowId id) override {
    inner_->start_work(at, device, work, id);
  }
  void start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) override {
    inner_->start_io(at, disk, use, size, id);
  }
  void cancel_flow(FlowId id) override { inner_->cancel_flow(id); }
  [[nodiscard]] bool busy() const override { return inner_->busy(); }
  Time advance(Time until, std::vector<FlowId>& ended) override {
    CHECK(until >= engine->now());
    return inner_->advance(until, ended);
  }
  [[nodiscard]] Time clock() const override { return inner_->clock(); }
  Engine* engine = nullptr;

 private:
  std::unique_ptr<Fabric> inner_;
};

struct Waits {
  double mean = 0;
  double longest = 0;
};

// Jobs of one length that come to a machine of c cores; how long they wait before their work counts.
template <class Gap>
Waits waits(int cores, Duration work, int jobs, const Gap& gap) {
  EngineSettings settings;
  settings.sharing.tick = settings.sharing.request = Duration::seconds(1'000'000);  // nobody is interrupted
  auto engine = make_engine(machines(1, true, cores), settings);
  Actor queue(*engine, engine->add_process({0}));
  Actor source(*engine, engine->add_process({0}));
  std::vector<Time> arrivals;
  Waits result;
  source.react = [&](int left) {
    arrivals.push_back(engine->now());
    queue.station.compute<Actor>(work, Note<2>{static_cast<int>(arrivals.size()) - 1});
    if (left > 1) source.station.after<Actor>(gap(), Note<1>{left - 1});
  };
  queue.react = [&](int job) {
    const double wait = (engine->now() - arrivals[static_cast<std::size_t>(job)] - work).in_seconds();
    result.mean += wait / jobs;
    result.longest = std::max(result.longest, wait);
  };
  source.station.after<Actor>({}, Note<1>{jobs});
  CHECK(engine->run() == RunEnd::empty);
  CHECK(queue.got.size() == static_cast<std::size_t>(jobs));
  return result;
}

// The same with one event loop as the server.
double mean_wait_at_station(Duration service, double load, int jobs, std::uint64_t seed) {
  EngineSettings settings;
  settings.costs[2].service = service;
  PlatformSpec platform = machines(1);
  platform.network.loopback_latency = Duration{};
  auto engine = make_engine(platform, settings);
  Actor source(*engine, engine->add_process({0}));
  Actor server(*engine, engine->add_process({0}));
  RandomStream random(seed, "poisson");
  double waited = 0;
  source.react = [&](int left) {
    source.station.send(server.address, Note<2>{});
    const double gap = -std::log(1 - random.uniform()) * service.in_seconds() / load;
    if (left > 1) source.station.after<Actor>(Duration::seconds(gap), Note<1>{left - 1});
  };
  server.react = [&](int) { waited += (server.station.now() - engine->now() - service).in_seconds(); };
  source.station.after<Actor>({}, Note<1>{jobs});
  engine->run();
  return waited / jobs;
}

constexpr Duration service = ms(10);

}  // namespace

TEST_SUITE("queues") {
  TEST_CASE("the mean wait at an event loop with Poisson arrivals is that of M-D-1") {
    for (const double load : {0.3, 0.5, 0.8}) {
      CAPTURE(load);
      const double exact = load * service.in_seconds() / (2 * (1 - load));  // Pollaczek and Khinchine
      double sum = 0;
      for (std::uint64_t seed = 0; seed < 10; ++seed) sum += mean_wait_at_station(service, load, 100'000, seed);
      CHECK(sum / 10 == doctest::Approx(exact).epsilon(0.02));
    }
  }

  TEST_CASE("the mean wait for shared cores with Poisson arrivals is that of M-D-c") {
    // Mean wait in units of the service: 1 core by Pollaczek and Khinchine; more cores from the chain of the number in the
    // system at multiples of the service (Crommelin 1932), solved numerically.
    struct Case {
      int cores;
      double load;
      double wait;
    };
    for (const Case& c : {Case{1, 0.5, 0.5}, Case{1, 0.8, 2.0}, Case{2, 0.5, 0.17674}, Case{2, 0.8, 0.90328},
                          Case{4, 0.5, 0.04965}, Case{4, 0.8, 0.38609}}) {
      CAPTURE(c.cores);
      CAPTURE(c.load);
      double sum = 0;
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        RandomStream random(seed, "gaps");
        sum += waits(c.cores, service, 40'000, [&] {
                 return Duration::seconds(-std::log(1 - random.uniform()) * service.in_seconds() / (c.load * c.cores));
               }).mean;
      }
      CHECK(sum / 6 / service.in_seconds() == doctest::Approx(c.wait).epsilon(0.03));
    }
  }

  TEST_CASE("with regular arrivals nobody waits while the cores suffice") {
    for (const int cores : {1, 2, 5}) {
      const Duration enough{(service.ns + cores - 1) / cores};
      CHECK(waits(cores, service, 1'000, [&] { return enough; }).longest == 0);
    }
  }

  TEST_CASE("with regular arrivals that are too many each waits as long as the backlog says") {
    // c cores, one arrival each g: job n starts in round n / c, at floor(n / c) x service, or at its arrival.
    constexpr int cores = 4;
    constexpr int jobs = 1'000;
    const Duration gap = ms(2);
    double sum = 0;
    for (int n = 0; n < jobs; ++n) {
      const std::int64_t arrival = gap.ns * n;
      const std::int64_t start = service.ns * (n / cores) + gap.ns * (n % cores);  // the cores are staggered
      sum += static_cast<double>(start - arrival) * 1e-9;
    }
    CHECK(waits(cores, service, jobs, [&] { return gap; }).mean == doctest::Approx(sum / jobs).epsilon(1e-6));
  }
}

TEST_SUITE("shared_link") {
  TEST_CASE("n messages over one link arrive together, n times later than one, and the two clocks never part") {
    for (const int n : {1, 2, 7, 40}) {
      const PlatformSpec platform = machines(2);
      auto fabric = std::make_unique<WatchedFabric>(platform);
      WatchedFabric& watched = *fabric;
      Engine engine(platform, std::move(fabric), {});
      watched.engine = &engine;
      Actor a(engine, engine.add_process({0}));
      Actor b(engine, engine.add_process({1}));
      Actor clock(engine, engine.add_process({0}));
      for (int i = 0; i < n; ++i) a.station.send(b.address, Note<1>{i}, Bytes{12'500'000});
      int looked = 0;
      clock.react = [&](int) {
        if (!watched.busy()) return;
        CHECK(watched.clock() == engine.now());
        ++looked;
        clock.station.after<Actor>(Duration::microseconds(377), Note<2>{});
      };
      b.react = [&](int) {
        if (watched.busy()) CHECK(watched.clock() == engine.now());
      };
      clock.station.after<Actor>(Duration::microseconds(100), Note<2>{});
      engine.run();
      REQUIRE(b.got.size() == static_cast<std::size_t>(n));
      for (const Actor::Event& event : b.got)
        CHECK(event.time.in_seconds() == doctest::Approx(50e-6 + n * 0.01).epsilon(1e-6));
      CHECK(looked == doctest::Approx(n * 0.01 / 377e-6).epsilon(0.05));
    }
  }

  TEST_CASE("messages that start one after the other share what is left") {
    // Two of 12.5 MB, the second 5 ms after the first: half of the first is through when they begin to share.
    auto engine = make_engine(machines(2));
    Actor a(*engine, engine->add_process({0}));
    Actor b(*engine, engine->add_process({1}));
    a.react = [&](int value) { a.station.send(b.address, Note<1>{value}, Bytes{12'500'000}); };
    a.station.after<Actor>({}, Note<2>{1});
    a.station.after<Actor>(ms(5), Note<2>{2});
    engine->run();
    REQUIRE(b.got.size() == 2);
    CHECK(b.got[0].value == 1);
    CHECK(b.got[0].time.in_seconds() == doctest::Approx(50e-6 + 0.015).epsilon(1e-6));
    CHECK(b.got[1].time.in_seconds() == doctest::Approx(50e-6 + 0.020).epsilon(1e-6));
  }

  TEST_CASE("a ring that passes blocks on takes its bytes over the bandwidth, for every link is used by one") {
    // Ring all-reduce of n machines: 2 (n - 1) steps, each sends a block of size / n to the next machine.
    constexpr int n = 6;
    constexpr std::int64_t size = 60'000'000;
    auto engine = make_engine(machines(n));
    std::vector<std::unique_ptr<Actor>> ring;
    for (std::uint32_t i = 0; i < n; ++i) ring.push_back(std::make_unique<Actor>(*engine, engine->add_process({i})));
    for (std::size_t i = 0; i < n; ++i)
      ring[i]->react = [&, i](int step) {
        if (step < 2 * (n - 1)) ring[i]->station.send(ring[(i + 1) % n]->address, Note<1>{step + 1}, Bytes{size / n});
      };
    for (const auto& actor : ring) actor->station.after<Actor>({}, Note<1>{0});
    engine->run();
    const double step = 50e-6 + static_cast<double>(size) / n / 1.25e9;
    CHECK(engine->now().in_seconds() == doctest::Approx(2 * (n - 1) * step).epsilon(1e-6));
  }
}
