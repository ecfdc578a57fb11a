// Processes that end at any event: who is told, what comes back, what never happens.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr Duration route = Duration::microseconds(50);

// Ends a process at a moment, from a process of its own.
void kill_at(Actor& executioner, Duration when, ProcessId victim) {
  executioner.react = [&executioner, victim](int) { executioner.engine.kill(victim); };
  executioner.station.after<Actor>(when, Note<9>{});
}

struct World {
  explicit World(bool contended, EngineSettings settings = {}, PlatformSpec platform = machines(3))
      : engine(make_engine(with(platform, contended), settings)),
        client(*engine, engine->add_process({0})),
        server_process(engine->add_process({1})),
        server(*engine, server_process),
        executioner(*engine, engine->add_process({2})) {}
  static PlatformSpec with(PlatformSpec platform, bool contended) {
    platform.machines[1].contended = contended;
    return platform;
  }
  std::unique_ptr<Engine> engine;
  Actor client;
  ProcessId server_process;
  Actor server;
  Actor executioner;
};

}  // namespace

TEST_SUITE("process") {
  TEST_CASE("whoever watches a process is told of its end once, a latency later") {
    for (const bool contended : {false, true}) {
      World world(contended);
      Actor second(*world.engine, world.engine->add_process({1}));
      Actor third(*world.engine, world.engine->add_process({0}));
      world.engine->watch(world.server_process, world.client.address);
      world.engine->watch(world.server_process, second.address);
      world.engine->watch(world.server_process, third.address);
      world.engine->unwatch(world.server_process, third.address.station);
      kill_at(world.executioner, ms(5), world.server_process);
      world.engine->run();
      world.engine->kill(world.server_process);  // it is dead: nothing happens
      world.engine->run();
      using Deaths = std::vector<std::pair<Time, ProcessId>>;
      CHECK(world.client.deaths == Deaths{{at(ms(5) + route), world.server_process}});
      CHECK(second.deaths.size() == 1);
      CHECK(third.deaths.empty());
      CHECK_FALSE(world.engine->alive(world.server_process));
      CHECK_FALSE(world.engine->alive(world.server.address.station));
      CHECK(world.engine->alive(world.client.address.station));
    }
  }

  TEST_CASE("who watches a process that has ended already is told as well") {
    World world(false);
    world.engine->kill(world.server_process);
    world.engine->watch(world.server_process, world.client.address);
    world.engine->run();
    REQUIRE(world.client.deaths.size() == 1);
    CHECK(world.client.deaths[0].first == at(route));
  }

  TEST_CASE("the end of a process is heard after everything it had sent") {
    EngineSettings settings;
    settings.costs[2].size = Bytes{60'000};  // 48 us of wire more than the notice has
    World world(false, settings);
    world.engine->watch(world.server_process, world.client.address);
    world.server.station.after<Actor>(ms(5), Note<1>{});
    world.server.react = [&](int) { world.server.station.send(world.client.address, Note<2>{1}); };
    kill_at(world.executioner, ms(5) + Duration::microseconds(1), world.server_process);
    world.engine->run();
    REQUIRE(world.client.got.size() == 1);
    REQUIRE(world.client.deaths.size() == 1);
    CHECK(world.client.got[0].time <= world.client.deaths[0].first);
  }

  TEST_CASE("a message to a dead process comes back to a sender that asked, after the way there and back") {
    for (const bool contended : {false, true}) {
      World world(contended);
      kill_at(world.executioner, ms(5), world.server_process);
      world.client.react = [&](int value) {
        world.client.station.send(world.server.address, Asked{value, nullptr});
        world.client.station.send(world.server.address, Note<2>{value});
      };
      world.client.station.after<Actor>(ms(4), Note<1>{1});                               // arrives alive
      world.client.station.after<Actor>(ms(5) - Duration::microseconds(20), Note<1>{2});  // dies on its way
      world.client.station.after<Actor>(ms(6), Note<1>{3});                               // sent to a dead one
      CHECK(world.engine->run() == RunEnd::empty);
      CHECK(world.server.got.size() == 2);
      const std::vector<Actor::Event> expected{{at(ms(5) - Duration::microseconds(20) + route * 2), 2},
                                               {at(ms(6) + route * 2), 3}};
      CHECK(world.client.returned == expected);
    }
  }

  TEST_CASE("a message that comes back to a sender that has died too is gone") {
    World world(false);
    const auto token = std::make_shared<int>(1);
    world.client.station.send(world.server.address, Asked{1, token});
    world.engine->kill(world.server_process);
    kill_at(world.executioner, Duration::microseconds(80), world.engine->process_of(world.client.address.station));
    CHECK(world.engine->run() == RunEnd::empty);
    CHECK(world.client.returned.empty());
    CHECK(token.use_count() == 1);
  }

  TEST_CASE("what waits for service in a process that ends is answered by nobody and goes back from a mailbox") {
    for (const bool contended : {false, true}) {
      CAPTURE(contended);
      EngineSettings settings;
      settings.costs[4].service = ms(10);
      World world(contended, settings);
      std::vector<int> answered;
      world.server.react = [&](int value) { world.server.station.send(world.client.address, Note<3>{value}); };
      world.client.react = [&](int value) { answered.push_back(value); };
      for (int i = 1; i <= 5; ++i) world.client.station.send(world.server.address, Asked{i, nullptr});
      kill_at(world.executioner, ms(25), world.server_process);
      world.engine->run();
      CHECK(answered == std::vector<int>{1, 2});
      // The third is being served when the process ends; the others have not been looked at.
      std::set<int> returned;
      for (const Actor::Event& event : world.client.returned) returned.insert(event.value);
      CHECK(returned.contains(4) == contended);  // with a core of its own, a station takes a message on when it arrives
      CHECK(returned.contains(5) == contended);
      CHECK_FALSE(returned.contains(1));
    }
  }

  TEST_CASE("what a process would have sent after its end is never sent") {
    EngineSettings settings;
    settings.costs = costs_of_notes(ms(10), {}, {});
    for (const bool contended : {false, true}) {
      CAPTURE(contended);
      for (const std::int64_t size : {0, 10'000'000}) {
        CAPTURE(size);
        for (const auto& [when, arrives] :
             std::map<Duration, bool>{{ms(9), false}, {ms(11), size == 0}, {ms(40), true}}) {
          CAPTURE(when.ns);
          World world(contended, settings);
          world.server.react = [&](int) { world.server.station.send(world.client.address, Note<2>{}, Bytes{size}); };
          world.server.station.after<Actor>({}, Note<1>{});
          kill_at(world.executioner, when, world.server_process);
          CHECK(world.engine->run() == RunEnd::empty);
          CHECK(world.client.got.size() == (arrives ? 1 : 0));
        }
      }
    }
  }

  TEST_CASE("a message on a way of ten seconds arrives although its sender ends meanwhile") {
    PlatformSpec platform = machines(3);
    platform.network.latency = Duration::seconds(5);
    World world(false, {}, platform);
    world.server.station.send(world.client.address, Note<1>{});
    kill_at(world.executioner, ms(1), world.server_process);
    world.engine->run();
    CHECK(world.client.got == std::vector<Actor::Event>{{at(Duration::seconds(10)), 0}});
  }

  TEST_CASE("timers and jobs of a process end with it, and do not keep the run alive") {
    EngineSettings settings;
    settings.patience = Duration::seconds(1);
    for (const bool contended : {false, true}) {
      CAPTURE(contended);
      World world(contended, settings);
      const auto token = std::make_shared<int>(1);
      world.server.station.after<Actor>(Duration::seconds(3'600), Asked{1, token});
      world.server.station.compute<Actor>(Duration::seconds(1'800), Asked{2, token});
      kill_at(world.executioner, ms(5), world.server_process);
      world.client.react = [&](int left) {
        if (left == 9'999) CHECK(token.use_count() == 1);  // released with the process
        world.client.station.after<Actor>(ms(100), Note<1>{left - 1}, true);
      };
      world.client.station.after<Actor>(ms(100), Note<1>{9'999}, true);
      CHECK(world.engine->run() == RunEnd::starved);
      CHECK(world.engine->now() < at(Duration::seconds(2)));
      CHECK(world.server.got.empty());
    }
  }

  TEST_CASE("the cores of a process that ends go to those who wait for them") {
    for (const CpuPriority priority : {CpuPriority::low, CpuPriority::normal}) {
      auto engine = make_engine(machines(2, true));
      const ProcessId victim = engine->add_process({0});
      Actor first(*engine, victim, priority);
      Actor also_first(*engine, victim, priority);
      Actor second(*engine, engine->add_process({0}), CpuPriority::low);
      Actor executioner(*engine, engine->add_process({1}));
      first.station.compute<Actor>(Duration::seconds(1), Note<1>{});
      also_first.station.compute<Actor>(Duration::seconds(1), Note<1>{});
      second.station.compute<Actor>(Duration::seconds(1), Note<1>{});
      kill_at(executioner, ms(300), victim);
      CHECK(engine->run() == RunEnd::empty);
      CHECK(first.got.empty());
      CHECK(also_first.got.empty());
      REQUIRE(second.got.size() == 1);
      // The core was never idle, and the second one had a third of the first 300 ms, or its small share beside normal ones.
      const Duration had = at(ms(1'300)) - second.got[0].time;
      CHECK(engine->machine({0}).busy() == ms(1'300) - had);
      CHECK(had >= (priority == CpuPriority::low ? ms(88) : ms(0)));
      CHECK(had <= (priority == CpuPriority::low ? ms(112) : ms(16)));
    }
  }

  TEST_CASE("a process may end itself inside a service") {
    for (const bool contended : {false, true}) {
      World world(contended);
      world.engine->watch(world.server_process, world.client.address);
      world.server.react = [&](int) { world.engine->kill(world.server_process); };
      for (int i = 0; i < 3; ++i) world.client.station.send(world.server.address, Asked{i, nullptr});
      CHECK(world.engine->run() == RunEnd::empty);
      CHECK(world.server.got.size() == 1);
      CHECK(world.client.returned.size() == 2);
      CHECK(world.client.deaths.size() == 1);
    }
  }
}

namespace {

// A dozen actors that send each other questions at random, compute, and are killed at random moments.
struct Crowd {
  static constexpr std::size_t size = 12;
  Crowd(std::uint64_t seed, bool contended)
      : random(seed, "crowd"), engine(make_engine(machines(4, contended, 2), costs())) {
    for (std::size_t i = 0; i < size; ++i) {
      const ProcessId process = engine->add_process({static_cast<std::uint32_t>(i % 4)});
      processes.push_back(process);
      actors.push_back(std::make_unique<Actor>(*engine, process, i % 2 == 0 ? CpuPriority::normal : CpuPriority::low));
      Actor& actor = *actors.back();
      actor.react = [this, i](int value) { act(i, value); };
      actor.on_return = [this, i](int value) {
        REQUIRE(engine->alive(processes[i]));
        REQUIRE(++ended[value] == 1);
      };
      actor.station.after<Actor>(Duration{static_cast<std::int64_t>(random.below(1'000'000))}, Note<1>{0});
    }
  }
  static EngineSettings costs() {
    EngineSettings settings;
    settings.costs = costs_of_notes(Duration::microseconds(100), Duration::microseconds(700), ms(1));
    settings.costs[4].service = Duration::microseconds(300);
    return settings;
  }
  void act(std::size_t i, int value) {
    REQUIRE(engine->alive(processes[i]));
    if (value > 0) REQUIRE(++ended[value] == 1);
    Actor& self = *actors[i];
    for (std::uint64_t n = random.below(3); n > 0 && next_question < 2'000; --n) {
      const std::size_t to = random.below(size);
      asked_by[++next_question] = i;
      const Bytes extra{random.below(10) == 0 ? 500'000 : 0};
      self.station.charge(Duration{static_cast<std::int64_t>(random.below(200'000))});
      self.station.send(actors[to]->address, Asked{next_question, token}, extra);
    }
    if (random.below(4) == 0) self.station.compute<Actor>(ms(2), Note<1>{0});
    if (random.below(3) == 0) self.station.after<Actor>(ms(1), Note<1>{0});
    if (random.below(60) == 0) engine->kill(processes[random.below(size)]);
  }

  RandomStream random;
  std::shared_ptr<int> token = std::make_shared<int>(1);
  std::unique_ptr<Engine> engine;
  std::vector<ProcessId> processes;
  std::vector<std::unique_ptr<Actor>> actors;
  std::map<int, std::size_t> asked_by;
  std::map<int, int> ended;  // question -> times it was delivered or came back
  int next_question = 0;
};

}  // namespace

TEST_SUITE("process") {
  TEST_CASE("with deaths at random, every question of a survivor is delivered or comes back, once") {
    int deaths = 0;
    int came_back = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Crowd crowd(seed, seed % 2 == 0);
      REQUIRE(crowd.engine->run() == RunEnd::empty);
      for (const auto& [question, actor] : crowd.asked_by)
        if (crowd.engine->alive(crowd.processes[actor])) REQUIRE(crowd.ended[question] == 1);
      REQUIRE(crowd.token.use_count() == 1);
      for (std::size_t i = 0; i < Crowd::size; ++i) {
        deaths += crowd.engine->alive(crowd.processes[i]) ? 0 : 1;
        came_back += static_cast<int>(crowd.actors[i]->returned.size());
      }
    }
    CHECK(deaths > 500);
    CHECK(came_back > 500);
  }
}
