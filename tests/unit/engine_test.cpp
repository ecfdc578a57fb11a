// The engine: order of events, how a run ends, bytes that contend, and what becomes of payloads.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/unit/engine_checks.hpp"

using namespace engine_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// An actor's timer chain: `count` foreground or background ticks, one each `period`.
void tick_on(Actor& actor, int count, Duration period, bool background) {
  actor.station.after<Actor>(period, Note<1>{count}, background);
  actor.react = [&actor, period, background](int left) {
    if (left > 1) actor.station.after<Actor>(period, Note<1>{left - 1}, background);
  };
}

}  // namespace

TEST_SUITE("event_queue") {
  TEST_CASE("random pushes and pops leave in the order of a sorted list, equal times in order of arrival") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      RandomStream random(seed, "queue");
      EventQueue queue;
      std::vector<std::pair<std::int64_t, std::uint64_t>> model;  // time, order
      std::uint64_t pushed = 0;
      std::int64_t now = 0;
      for (int step = 0; step < 3'000; ++step) {
        if (random.below(5) < 3) {
          const auto time = now + static_cast<std::int64_t>(random.below(20));
          queue.push(Time{time}, nullptr);
          model.emplace_back(time, pushed++);
        } else if (!model.empty()) {
          const auto first = std::min_element(model.begin(), model.end());
          REQUIRE(queue.next_time().ns == first->first);
          const QueuedEvent event = queue.pop();
          REQUIRE(event.at_ns == first->first);
          REQUIRE(event.order == first->second);
          now = event.at_ns;
          model.erase(first);
        }
        REQUIRE(queue.size() == model.size());
        std::size_t seen = 0;
        queue.each([&](const QueuedEvent&) { ++seen; });
        REQUIRE(seen == model.size());
      }
    }
  }

  TEST_CASE("ten thousand events of one time leave in the order they came") {
    EventQueue queue;
    for (int i = 0; i < 10'000; ++i) queue.push(Time{5}, nullptr);
    for (std::uint64_t i = 0; i < 10'000; ++i) REQUIRE(queue.pop().order == i);
    CHECK(queue.empty());
  }
}

TEST_SUITE("cells") {
  TEST_CASE("cells are reused, and a payload that owns memory is destroyed once") {
    const auto token = std::make_shared<int>(1);
    CellPool pool;
    for (int round = 0; round < 3'000; ++round) {
      Cell* cell = pool.take();
      CHECK(pool.in_use() == 1);
      cell->store(Asked{round, token});
      CHECK(token.use_count() == 2);
      CHECK(cell->take<Asked>().value == round);
      CHECK(token.use_count() == 1);
      pool.give_back(cell);
    }
    CHECK(pool.in_use() == 0);
  }

  TEST_CASE("addressing a cell forgets what its last message said") {
    Cell cell;
    cell.background = cell.returns = cell.going_back = cell.completion = true;
    cell.transit_ns = 9;
    cell.address({3}, {4}, 5);
    CHECK_FALSE((cell.background || cell.returns || cell.going_back || cell.completion));
    CHECK((cell.transit_ns == 0));
    CHECK(cell.target == StationId{3});
    CHECK(cell.sender == StationId{4});
    CHECK((cell.kind == 5));
  }

  // Where a payload may be when a run is over: on its way, in a flow, in a mailbox, behind a service, at a core, waiting for one.
  TEST_CASE("a run that is left half way releases every payload") {
    for (const bool contended : {false, true}) {
      for (const Duration stop : {ms(0), ms(1), ms(3), ms(9), ms(40), ms(1'000)}) {
        CAPTURE(contended);
        CAPTURE(stop.ns);
        const auto token = std::make_shared<int>(1);
        {
          EngineSettings settings;
          settings.costs[4].service = ms(20);
          auto engine = make_engine(machines(2, contended), settings);
          Actor sender(*engine, engine->add_process({0}));
          Actor receiver(*engine, engine->add_process({1}));
          Actor stopper(*engine, engine->add_process({0}));
          receiver.react = [&](int value) {
            receiver.station.compute<Actor>(ms(30), Asked{value, token});
            if (value < 9) receiver.station.send(sender.address, Asked{9, token});
          };
          stopper.react = [&](int) { engine->stop(); };
          sender.station.after<Actor>(ms(2'000), Asked{0, token});
          for (int i = 0; i < 4; ++i) sender.station.send(receiver.address, Asked{i, token});
          sender.station.send(receiver.address, Asked{7, token}, Bytes{20'000'000});  // 16 ms of wire
          stopper.station.after<Actor>(stop, Note<1>{});
          CHECK(engine->run() == RunEnd::stopped);
          CHECK(token.use_count() > 1);
        }
        CHECK(token.use_count() == 1);
      }
    }
  }
}

TEST_SUITE("run") {
  TEST_CASE("a run ends empty when nothing is left") {
    auto engine = make_engine(machines(1));
    CHECK(engine->run() == RunEnd::empty);
    Actor actor(*engine, engine->add_process({0}));
    tick_on(actor, 5, ms(10), false);
    CHECK(engine->run() == RunEnd::empty);
    CHECK(actor.got.size() == 5);
    CHECK(engine->now() == at(ms(50)));
    CHECK(engine->events() == 5);
  }

  TEST_CASE("a run ends at once when it is stopped, and goes on when it is run again") {
    auto engine = make_engine(machines(1));
    Actor actor(*engine, engine->add_process({0}));
    tick_on(actor, 5, ms(10), false);
    Actor stopper(*engine, engine->add_process({0}));
    stopper.react = [&](int) { engine->stop(); };
    stopper.station.after<Actor>(ms(25), Note<1>{});
    CHECK(engine->run() == RunEnd::stopped);
    CHECK(engine->now() == at(ms(25)));
    CHECK(actor.got.size() == 2);
    CHECK(engine->run() == RunEnd::empty);
    CHECK(actor.got.size() == 5);
  }

  TEST_CASE("a run is interrupted when its watcher says so, after some tens of thousands of events") {
    auto engine = make_engine(machines(1));
    Actor actor(*engine, engine->add_process({0}));
    tick_on(actor, 1'000'000, ms(1), false);
    int calls = 0;
    CHECK(engine->run([&] { return ++calls < 3; }) == RunEnd::interrupted);
    CHECK(calls == 3);
    CHECK(engine->events() == 3 * 65'536);
  }

  TEST_CASE("background alone starves a run after its patience, not before and not much later") {
    EngineSettings settings;
    settings.patience = Duration::seconds(10);
    auto engine = make_engine(machines(1), settings);
    Actor actor(*engine, engine->add_process({0}));
    tick_on(actor, 1'000'000, ms(100), true);
    CHECK(engine->run() == RunEnd::starved);
    CHECK(engine->now() > at(Duration::seconds(10)));
    CHECK(engine->now() <= at(Duration::seconds(10.2)));
  }

  TEST_CASE("patience is counted from the last foreground event, however long the run is") {
    EngineSettings settings;
    settings.patience = Duration::seconds(10);
    auto engine = make_engine(machines(1), settings);
    Actor background(*engine, engine->add_process({0}));
    tick_on(background, 1'000'000, ms(100), true);
    Actor foreground(*engine, engine->add_process({0}));
    tick_on(foreground, 10, Duration::seconds(10), false);
    CHECK(engine->run() == RunEnd::starved);
    CHECK(foreground.got.size() == 10);
    CHECK(engine->now() > at(Duration::seconds(110)));
    CHECK(engine->now() <= at(Duration::seconds(110.2)));
  }

  TEST_CASE("a background timer that wakes somebody within the patience keeps a long run alive") {
    EngineSettings settings;
    settings.patience = Duration::seconds(10);
    auto engine = make_engine(machines(1), settings);
    Actor actor(*engine, engine->add_process({0}));
    // Foreground for 7 s, then 7 s with nothing but a background timer, and so on.
    actor.station.after<Actor>(Duration::seconds(7), Note<1>{19});
    actor.react = [&](int left) {
      if (left > 0) actor.station.after<Actor>(Duration::seconds(7), Note<1>{left - 1}, left % 2 == 1);
    };
    CHECK(engine->run() == RunEnd::empty);
    CHECK(actor.got.size() == 20);
  }

  TEST_CASE("foreground work that waits for a core is not starved by background work that has it") {
    EngineSettings settings;
    settings.patience = Duration::seconds(10);
    auto engine = make_engine(machines(1, true), settings);
    Actor background(*engine, engine->add_process({0}));
    Actor task(*engine, engine->add_process({0}), CpuPriority::low);
    background.react = [&](int left) {
      if (left > 1) background.station.compute<Actor>(Duration::seconds(4), Note<1>{left - 1}, true);
    };
    background.station.compute<Actor>(Duration::seconds(4), Note<1>{9}, true);
    task.station.compute<Actor>(Duration::seconds(1), Note<1>{1});
    CHECK(engine->run() == RunEnd::empty);
    CHECK(task.got.size() == 1);
    CHECK(background.got.size() == 9);
  }

  TEST_CASE("the same calls give the same fingerprint, another time or another order another one") {
    const auto fingerprint = [](Duration first, Duration second) {
      auto engine = make_engine(machines(1));
      Actor a(*engine, engine->add_process({0}));
      Actor b(*engine, engine->add_process({0}));
      a.station.after<Actor>(first, Note<1>{});
      b.station.after<Actor>(second, Note<1>{});
      engine->run();
      return engine->fingerprint();
    };
    CHECK(fingerprint(ms(1), ms(2)) == fingerprint(ms(1), ms(2)));
    CHECK(fingerprint(ms(1), ms(2)) != fingerprint(ms(2), ms(1)));
    CHECK(fingerprint(ms(1), ms(2)) != fingerprint(ms(1), ms(3)));
  }

  TEST_CASE("messages are counted by kind when they are sent, timers are not") {
    auto engine = make_engine(machines(1));
    Actor a(*engine, engine->add_process({0}));
    Actor b(*engine, engine->add_process({0}));
    a.station.send(b.address, Note<2>{});
    a.station.send(b.address, Note<2>{});
    a.station.send(b.address, Asked{});
    a.station.after<Actor>(ms(1), Note<3>{});
    engine->run();
    CHECK(engine->messages_by_kind()[2] == 2);
    CHECK(engine->messages_by_kind()[4] == 1);
    CHECK(engine->messages() == 3);
  }
}

TEST_SUITE("wires") {
  constexpr double route = 50e-6;
  constexpr double bandwidth = 1.25e9;

  TEST_CASE("a message takes the wake-up of its receiver, the latency and its bytes, as a flow or not") {
    for (const std::int64_t size : {0, 1'000, 65'535, 65'536, 65'537, 1'000'000, 100'000'000}) {
      CAPTURE(size);
      EngineSettings settings;
      settings.network_wakeup = ms(2);
      settings.loopback_wakeup = ms(3);
      auto engine = make_engine(machines(2), settings);
      Actor a(*engine, engine->add_process({0}));
      Actor b(*engine, engine->add_process({1}));
      Actor near(*engine, engine->add_process({0}));
      a.station.send(b.address, Note<1>{}, Bytes{size});
      a.station.send(near.address, Note<1>{}, Bytes{size});
      engine->run();
      REQUIRE(b.got.size() == 1);
      const double bytes = static_cast<double>(size);
      CHECK(b.got[0].time.in_seconds() == doctest::Approx(2e-3 + route + bytes / bandwidth).epsilon(1e-6));
      CHECK(near.got[0].time.in_seconds() == doctest::Approx(3e-3 + 10e-6 + bytes / 5e9).epsilon(1e-6));
      CHECK(engine->flows() == (size > 65'536 ? 2 : 0));
      CHECK(engine->flow_bytes().count == (size > 65'536 ? 2 * size : 0));
    }
  }

  TEST_CASE("the size of a kind counts on the wire as well as the extra bytes") {
    EngineSettings settings;
    settings.costs[2].size = Bytes{30'000'000};
    auto engine = make_engine(machines(2), settings);
    Actor a(*engine, engine->add_process({0}));
    Actor b(*engine, engine->add_process({1}));
    a.station.send(b.address, Note<2>{}, Bytes{20'000'000});
    engine->run();
    REQUIRE(b.got.size() == 1);
    CHECK(b.got[0].time.in_seconds() == doctest::Approx(route + 50e6 / bandwidth).epsilon(1e-6));
  }

  TEST_CASE("big messages share a link, small ones pass them") {
    auto engine = make_engine(machines(3));
    Actor a(*engine, engine->add_process({0}));
    Actor b(*engine, engine->add_process({1}));
    Actor c(*engine, engine->add_process({2}));
    a.station.send(c.address, Note<1>{1}, Bytes{10'000'000});
    b.station.send(c.address, Note<1>{2}, Bytes{30'000'000});
    a.station.send(c.address, Note<1>{3}, Bytes{1'250});
    engine->run();
    REQUIRE(c.got.size() == 3);
    CHECK(c.got[0].value == 3);
    CHECK(c.got[0].time.in_seconds() == doctest::Approx(route + 1e-6).epsilon(1e-6));
    CHECK(c.got[1].value == 1);
    CHECK(c.got[1].time.in_seconds() == doctest::Approx(route + 20e6 / bandwidth).epsilon(1e-6));
    CHECK(c.got[2].time.in_seconds() == doctest::Approx(route + 40e6 / bandwidth).epsilon(1e-6));
  }

  TEST_CASE("a flow is no silence: it keeps a run alive longer than the patience") {
    EngineSettings settings;
    settings.patience = Duration::seconds(1);
    auto engine = make_engine(machines(2), settings);
    Actor a(*engine, engine->add_process({0}));
    Actor b(*engine, engine->add_process({1}));
    Actor background(*engine, engine->add_process({0}));
    tick_on(background, 100, ms(100), true);
    a.station.send(b.address, Note<1>{}, Bytes{6'250'000'000});  // 5 s
    CHECK(engine->run() == RunEnd::starved);
    CHECK(b.got.size() == 1);
    CHECK(engine->now() > at(Duration::seconds(6)));
  }
}
