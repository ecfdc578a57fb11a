// Stations: one message at a time, what a cost delays, and the same times with a core of one's own as on a shared machine.
#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr Duration route = Duration::microseconds(50);
constexpr Duration loopback = Duration::microseconds(10);

// When answers arrive: a server that charges before it answers, with requests at random times from two senders.
std::vector<Actor::Event> answers(bool contended, std::uint64_t seed) {
  PlatformSpec platform = machines(3);
  platform.machines[1].contended = contended;  // the server's: one core, one process
  EngineSettings settings;
  settings.costs = costs_of_notes(ms(2), ms(7));
  auto engine = make_engine(platform, settings);
  Actor client(*engine, engine->add_process({0}));
  Actor other(*engine, engine->add_process({2}));
  Actor server(*engine, engine->add_process({1}));
  RandomStream random(seed, "service");
  server.react = [&](int value) {
    if (value < 0) return;  // a timer of its own
    server.station.charge(Duration{static_cast<std::int64_t>(random.below(5'000'000))});
    server.station.send(client.address, Note<3>{value});
    if (random.below(3) == 0) server.station.send(client.address, Note<3>{1'000 + value});
    if (random.below(4) == 0) server.station.after<Actor>(ms(5), Note<2>{-1 - value});
  };
  RandomStream arrivals(seed, "arrivals");
  for (Actor* sender : {&client, &other})
    sender->react = [&, sender](int value) {
      if (value > 0) return;
      if (arrivals.below(2) == 0)
        sender->station.send(server.address, Note<1>{-value});
      else
        sender->station.send(server.address, Note<2>{-value});
    };
  for (int i = 1; i <= 100; ++i) {
    const Duration when{static_cast<std::int64_t>(arrivals.below(900'000'000))};
    (i % 2 == 0 ? client : other).station.after<Actor>(when, Note<4>{-i});
  }
  CHECK(engine->run() == RunEnd::empty);
  std::vector<Actor::Event> result;
  for (const Actor::Event& event : client.got)
    if (event.value > 0) result.push_back(event);
  return result;
}

struct Pair {
  explicit Pair(bool contended, EngineSettings settings = {})
      : engine(make_engine(machines(1, contended), settings)),
        a(*engine, engine->add_process({0})),
        b(*engine, engine->add_process({0})) {}
  std::unique_ptr<Engine> engine;
  Actor a;
  Actor b;
};

}  // namespace

TEST_SUITE("station") {
  TEST_CASE("messages are served one at a time in order of arrival") {
    EngineSettings settings;
    settings.costs = costs_of_notes(ms(10), ms(1));
    for (const bool contended : {false, true}) {
      PlatformSpec platform = machines(2);
      platform.machines[1].contended = contended;
      auto engine = make_engine(platform, settings);
      Actor client(*engine, engine->add_process({0}));
      Actor server(*engine, engine->add_process({1}));
      server.react = [&](int value) { server.station.send(client.address, Note<3>{value}); };
      for (int i = 0; i < 5; ++i) client.station.send(server.address, Note<1>{i});
      client.station.send(server.address, Note<2>{5});
      engine->run();
      REQUIRE(client.got.size() == 6);
      for (int i = 0; i < 5; ++i)
        CHECK(client.got[static_cast<std::size_t>(i)] == Actor::Event{at(ms(10) * (i + 1) + route * 2), i});
      CHECK(client.got[5] == Actor::Event{at(ms(51) + route * 2), 5});
    }
  }

  TEST_CASE("an own core and a shared machine with one core for one process give the same times") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const auto own_core = answers(false, seed);
      REQUIRE(own_core.size() >= 100);
      REQUIRE(own_core == answers(true, seed));
    }
  }

  TEST_CASE("what is charged before a send delays it, what comes after only delays the next message") {
    Pair world(false);
    world.a.react = [&](int) {
      world.a.station.charge(ms(3));
      world.a.station.send(world.b.address, Note<2>{1});
      world.a.station.charge(ms(4));
      world.a.station.send(world.b.address, Note<2>{2});
      world.a.station.charge(ms(5));
    };
    world.a.station.after<Actor>({}, Note<1>{});
    world.a.station.after<Actor>({}, Note<1>{});
    world.engine->run();
    const std::vector<Actor::Event> expected{
        {at(ms(3) + loopback), 1}, {at(ms(7) + loopback), 2}, {at(ms(15) + loopback), 1}, {at(ms(19) + loopback), 2}};
    CHECK(world.b.got == expected);
  }

  TEST_CASE("on a shared machine everything leaves when the whole cost is paid") {
    Pair world(true);
    world.a.react = [&](int) {
      world.a.station.charge(ms(3));
      world.a.station.send(world.b.address, Note<2>{1});
      world.a.station.charge(ms(4));
      world.a.station.send(world.b.address, Note<2>{2});
      world.a.station.charge(ms(5));
    };
    world.a.station.after<Actor>({}, Note<1>{});
    world.a.station.after<Actor>({}, Note<1>{});
    world.engine->run();
    const std::vector<Actor::Event> expected{
        {at(ms(12) + loopback), 1}, {at(ms(12) + loopback), 2}, {at(ms(24) + loopback), 1}, {at(ms(24) + loopback), 2}};
    CHECK(world.b.got == expected);
    CHECK(world.engine->machine({0}).busy() == ms(24));
  }

  TEST_CASE("sending costs the sender, service costs the receiver") {
    EngineSettings settings;
    settings.costs[2].service = ms(5);
    settings.costs[2].sending = ms(2);
    Pair world(false, settings);
    std::vector<Time> clocks;
    world.b.react = [&](int) { clocks.push_back(world.b.station.now()); };
    world.a.react = [&](int) {
      for (int i = 0; i < 3; ++i) world.a.station.send(world.b.address, Note<2>{});
      clocks.push_back(world.a.station.now());
    };
    world.a.station.after<Actor>({}, Note<1>{});
    world.engine->run();
    CHECK(clocks == std::vector<Time>{at(ms(6)), at(ms(7) + loopback), at(ms(12) + loopback), at(ms(17) + loopback)});
  }

  TEST_CASE("a message handed over has no way to go, but costs its sending and its service") {
    EngineSettings settings;
    settings.costs[2].service = ms(5);
    settings.costs[2].sending = ms(2);
    settings.costs[2].size = Bytes{1'000'000'000};
    settings.loopback_wakeup = ms(100);
    for (const bool contended : {false, true}) {
      Pair world(contended, settings);
      Actor third(*world.engine, world.engine->add_process({0}));
      world.b.react = [&](int) { world.b.station.hand_over(third.address, Note<1>{}); };
      world.a.react = [&](int) { world.a.station.hand_over(world.b.address, Note<2>{}); };
      world.a.station.after<Actor>(ms(1), Note<1>{});
      world.engine->run();
      REQUIRE(third.got.size() == 1);
      CHECK(third.got[0].time == at(ms(1 + 2 + 5)));
      CHECK(world.engine->flows() == 0);
    }
  }

  TEST_CASE("a timer runs from the end of what has been charged and costs only its own service") {
    EngineSettings settings;
    settings.costs = costs_of_notes(ms(2), {}, {});
    for (const bool contended : {false, true}) {
      Pair world(contended, settings);
      std::vector<Time> due;
      world.a.react = [&](int left) {
        due.push_back(world.engine->now());
        world.a.station.charge(ms(3));
        if (left > 0) world.a.station.after<Actor>(ms(10), Note<1>{left - 1});
      };
      world.a.station.after<Actor>(ms(10), Note<1>{2});
      world.engine->run();
      CHECK(due == std::vector<Time>{at(ms(10)), at(ms(25)), at(ms(40))});
    }
  }

  TEST_CASE("a timer of no delay comes after the messages that are there already") {
    for (const bool contended : {false, true}) {
      Pair world(contended);
      std::vector<int> order;
      world.a.react = [&](int value) {
        order.push_back(value);
        if (value == 1) world.a.station.after<Actor>({}, Note<1>{4});
      };
      for (int i = 1; i <= 3; ++i) world.a.station.after<Actor>(ms(1), Note<1>{i});
      world.engine->run();
      CHECK(order == std::vector<int>{1, 2, 3, 4});
    }
  }

  TEST_CASE("computing leaves the event loop free") {
    for (const bool contended : {false, true}) {
      PlatformSpec platform = machines(1, contended, 2);
      auto engine = make_engine(platform);
      Actor a(*engine, engine->add_process({0}));
      a.station.compute<Actor>(ms(50), Note<1>{1});
      a.station.after<Actor>(ms(20), Note<1>{2});
      a.station.after<Actor>(ms(70), Note<1>{3});
      engine->run();
      CHECK(a.got == std::vector<Actor::Event>{{at(ms(20)), 2}, {at(ms(50)), 1}, {at(ms(70)), 3}});
    }
  }

  TEST_CASE("processes that compute share the cores of a shared machine, and only of that") {
    const auto ends = [](bool contended, int cores) {
      auto engine = make_engine(machines(1, contended, cores));
      Actor a(*engine, engine->add_process({0}));
      Actor b(*engine, engine->add_process({0}));
      a.station.compute<Actor>(ms(40), Note<1>{});
      b.station.compute<Actor>(ms(40), Note<1>{});
      engine->run();
      return std::vector<Time>{a.got.at(0).time, b.got.at(0).time};
    };
    CHECK(ends(false, 1) == std::vector<Time>{at(ms(40)), at(ms(40))});
    CHECK(ends(true, 2) == std::vector<Time>{at(ms(40)), at(ms(40))});
    CHECK(ends(true, 1) == std::vector<Time>{at(ms(76)), at(ms(80))});  // slices of 4 ms
  }

  TEST_CASE("a job that is started inside a service begins when the service is paid") {
    EngineSettings settings;
    settings.costs = costs_of_notes(ms(5), {}, {});
    for (const bool contended : {false, true}) {
      Pair world(contended, settings);
      std::vector<Time> ends;
      world.a.react = [&](int value) {
        if (value == 0) world.a.station.compute<Actor>(ms(20), Note<2>{1});
        if (value == 1) ends.push_back(world.engine->now());
      };
      world.a.station.after<Actor>({}, Note<1>{0});
      world.engine->run();
      CHECK(ends == std::vector<Time>{at(ms(25))});
    }
  }
}
