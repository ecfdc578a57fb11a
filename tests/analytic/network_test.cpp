// Transfers whose times are known, in both models of the network.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr double bandwidth = 1.25e9;
constexpr double latency = 50e-6;  // of a route
constexpr double tolerance = 0.01;

struct World {
  World(PlatformSpec spec, NetworkModel model) : platform(std::move(spec)) {
    platform.network.model = model;
    engine = std::make_unique<Engine>(platform, make_fabric(platform), EngineSettings{});
    for (std::uint32_t i = 0; i < platform.machines.size(); ++i)
      actors.push_back(std::make_unique<Actor>(*engine, engine->add_process({i})));
  }
  void send(std::size_t from, std::size_t to, std::int64_t bytes, int value = 0) {
    actors[from]->station.send(actors[to]->address, Note<1>{value}, Bytes{bytes});
  }
  double run() {
    engine->run();
    return engine->now().in_seconds();
  }

  PlatformSpec platform;
  std::unique_ptr<Engine> engine;
  std::vector<std::unique_ptr<Actor>> actors;  // one a machine
};

// Racks of so many machines, with uplinks of the bandwidth of one machine times `uplink`.
PlatformSpec racks(std::uint32_t count, std::size_t size, double uplink) {
  PlatformSpec platform = machines(count * size);
  for (std::uint32_t r = 0; r < count; ++r)
    platform.switches.push_back({"rack" + std::to_string(r), {Bandwidth{uplink * bandwidth}, {}}, {}});
  for (std::size_t i = 0; i < platform.machines.size(); ++i)
    platform.machines[i].at_switch = SwitchId{static_cast<std::uint32_t>(i / size)};
  return platform;
}

template <class Check>
void in_both(const Check& check) {
  for (const NetworkModel model : {NetworkModel::flow, NetworkModel::chunk}) {
    CAPTURE(static_cast<int>(model));
    check(model);
  }
}

}  // namespace

TEST_SUITE("network") {
  TEST_CASE("alone on its way a transfer takes latency plus bytes over the narrowest link") {
    in_both([](NetworkModel model) {
      PlatformSpec platform = machines(2);
      platform.machines[1].link = LinkSpec{Bandwidth{bandwidth / 4}, Duration::microseconds(25)};
      for (const auto& [from, to] : {std::pair{0, 1}, std::pair{1, 0}}) {
        World world(platform, model);
        world.send(static_cast<std::size_t>(from), static_cast<std::size_t>(to), 25'000'000);
        CHECK(world.run() == doctest::Approx(latency + 25e6 / bandwidth * 4).epsilon(tolerance));
      }
    });
  }

  TEST_CASE("n transfers over one link are through n times later than one") {
    for (const int n : {1, 2, 7, 40})
      in_both([n](NetworkModel model) {
        World world(machines(2), model);
        for (int i = 0; i < n; ++i) world.send(0, 1, 12'500'000, i);
        CHECK(world.run() == doctest::Approx(latency + n * 0.01).epsilon(tolerance));
        CHECK(world.actors[1]->got.size() == static_cast<std::size_t>(n));
      });
  }

  TEST_CASE("who comes later gets half of what is left") {
    in_both([](NetworkModel model) {
      World world(machines(2), model);
      world.actors[0]->react = [&](int value) { world.send(0, 1, 125'000'000, value); };
      world.actors[0]->station.after<Actor>({}, Note<2>{1});
      world.actors[0]->station.after<Actor>(ms(50), Note<2>{2});
      world.run();
      const auto& got = world.actors[1]->got;
      REQUIRE(got.size() == 2);
      CHECK(got[0].time.in_seconds() == doctest::Approx(0.15).epsilon(tolerance));
      CHECK(got[1].time.in_seconds() == doctest::Approx(0.20).epsilon(tolerance));
    });
  }

  TEST_CASE("a star: all to one and one to all take all bytes over one link, all to all those of one machine") {
    constexpr std::size_t n = 20;
    constexpr std::int64_t size = 5 << 20;
    const double one = size / bandwidth;
    for (int pattern = 0; pattern < 3; ++pattern)
      in_both([&](NetworkModel model) {
        CAPTURE(pattern);
        World world(machines(n), model);
        for (std::size_t a = 0; a < n; ++a)
          for (std::size_t b = 0; b < n; ++b)
            if (a != b && (pattern != 0 || b == 0) && (pattern != 1 || a == 0)) world.send(a, b, size);
        CHECK(world.run() == doctest::Approx(latency + (n - 1) * one).epsilon(tolerance));
      });
  }

  TEST_CASE("one that is held up elsewhere leaves its share to the others") {
    // Ten send to machine 0, one of them to machine 11 as well: that one has nine tenths of its link.
    in_both([](NetworkModel model) {
      World world(machines(12), model);
      for (std::size_t i = 1; i <= 10; ++i) world.send(i, 0, 125'000'000);
      world.send(1, 11, 1'125'000'000);
      world.run();
      REQUIRE(world.actors[11]->got.size() == 1);
      CHECK(world.actors[0]->got.back().time.in_seconds() == doctest::Approx(1.0).epsilon(tolerance));
      CHECK(world.actors[11]->got[0].time.in_seconds() == doctest::Approx(1.0).epsilon(tolerance));
    });
  }

  TEST_CASE("a ring all-reduce takes 2 (n - 1) / n of its bytes over the bandwidth") {
    constexpr std::size_t n = 6;
    constexpr std::int64_t size = 60'000'000;
    in_both([](NetworkModel model) {
      World world(machines(n), model);
      for (std::size_t i = 0; i < n; ++i)
        world.actors[i]->react = [&world, i](int step) {
          if (step < static_cast<int>(2 * (n - 1))) world.send(i, (i + 1) % n, size / n, step + 1);
        };
      for (const auto& actor : world.actors) actor->station.after<Actor>({}, Note<1>{0});
      CHECK(world.run() == doctest::Approx(2 * (n - 1) * (latency + size / n / bandwidth)).epsilon(tolerance));
    });
  }

  TEST_CASE("chunks that go from machine to machine over three hops take the time of all chunks and two more") {
    static constexpr int chunks = 50;
    static constexpr std::int64_t chunk = 5 << 20;
    in_both([](NetworkModel model) {
      World world(machines(4), model);
      // The first sends the next one when one has left; the others pass on what has come.
      for (std::size_t i = 0; i < 3; ++i)
        world.actors[i]->react = [&world, i](int value) { world.send(i, i + 1, chunk, value); };
      const Duration one = Bandwidth{bandwidth}.time_for(Bytes{chunk});
      for (int i = 0; i < chunks; ++i) world.actors[0]->station.after<Actor>(one * i, Note<2>{i});
      CHECK(world.run() == doctest::Approx((chunks + 2) * one.in_seconds() + 3 * latency).epsilon(tolerance));
      CHECK(world.actors[3]->got.size() == chunks);
    });
  }

  TEST_CASE("chunks of one connection follow each other without a gap, however long the way") {
    in_both([](NetworkModel model) {
      PlatformSpec platform = machines(2);
      platform.network.latency = ms(15);
      World world(platform, model);
      for (int i = 0; i < 20; ++i) world.actors[0]->station.send(world.actors[1]->address, Chunk{i}, Bytes{12'500'000});
      CHECK(world.run() == doctest::Approx(0.03 + 20 * 0.01).epsilon(tolerance));
      for (std::size_t i = 0; i < 20; ++i) CHECK(world.actors[1]->got.at(i).value == static_cast<int>(i));
    });
  }

  TEST_CASE("an uplink that is narrower than its rack holds up what leaves the rack only") {
    in_both([](NetworkModel model) {
      // Two racks of 8 with an uplink as wide as two machines: each machine sends to its partner in the other rack.
      World across(racks(2, 8, 2), model);
      for (std::size_t i = 0; i < 16; ++i) across.send(i, (i + 8) % 16, 12'500'000);
      CHECK(across.run() == doctest::Approx(latency + 8 * 0.01 / 2).epsilon(tolerance));
      World inside(racks(2, 8, 2), model);
      for (std::size_t i = 0; i < 16; ++i) inside.send(i, i / 8 * 8 + (i + 1) % 8, 12'500'000);
      CHECK(inside.run() == doctest::Approx(latency + 0.01).epsilon(tolerance));
    });
  }

  TEST_CASE("a link that gets slower, and well again") {
    in_both([](NetworkModel model) {
      PlatformSpec platform = machines(2);
      // 1 s at full, 2 s at a tenth, then full again: 1.25 + 0.25 + the rest of 2.5 GB.
      platform.machines[0].link =
          LinkSpec{Bandwidth{bandwidth}, {}, {{Time{1'000'000'000}, 0.1}, {Time{3'000'000'000}, 1}}};
      World world(platform, model);
      world.send(0, 1, 2'500'000'000);
      CHECK(world.run() == doctest::Approx(3.8).epsilon(tolerance));
    });
  }
}
