// Coroutine bodies: what runs when, where exceptions come out, and what is destroyed with a body that never ends.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "sim/body.hpp"

namespace {

using raysim::Body;

// Something to wait for: resume() lets the body go on.
struct Gate {
  std::coroutine_handle<> waiting;
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> body) { waiting = body; }
  void await_resume() const {}
  void open() { std::exchange(waiting, {}).resume(); }
};

struct Guard {
  int& alive;
  explicit Guard(int& count) : alive(count) { ++alive; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { --alive; }
};

Body say(std::vector<std::string>& log, Gate& gate, std::string name) {
  log.push_back(name + " begins");
  co_await gate;
  log.push_back(name + " ends");
}

Body say_twice(std::vector<std::string>& log, Gate& gate) {
  Body first = say(log, gate, "first");
  co_await first;
  Body second = say(log, gate, "second");
  co_await second;
  log.emplace_back("done");
}

Body fail_after(Gate& gate, int& alive) {
  const Guard guard(alive);
  co_await gate;
  throw std::runtime_error("inner");
}

Body pass_on(Gate& gate, int& alive) {
  const Guard guard(alive);
  Body inner = fail_after(gate, alive);
  co_await inner;
}

Body catch_it(Gate& gate, int& alive, std::string& caught) {
  Body inner = pass_on(gate, alive);
  try {
    co_await inner;
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  co_await gate;
}

// Nested `depth` times; the innermost waits at the gate.
Body nest(Gate& gate, int depth, int& alive) {
  const Guard guard(alive);
  if (depth == 0) {
    co_await gate;
    co_return;
  }
  Body inner = nest(gate, depth - 1, alive);
  co_await inner;
}

Body count_empty_bodies(int rounds, int& count) {
  for (int i = 0; i < rounds; ++i) {
    Body inner = [](int& n) -> Body {
      ++n;
      co_return;
    }(count);
    co_await inner;
  }
}

}  // namespace

TEST_SUITE("body") {
  TEST_CASE("a body runs nothing before it is started, and a nested one only when it is awaited") {
    std::vector<std::string> log;
    Gate gate;
    Body body = say_twice(log, gate);
    CHECK(log.empty());
    CHECK_FALSE(body.done());
    body.start();
    CHECK(log == std::vector<std::string>{"first begins"});
    gate.open();
    CHECK(log == std::vector<std::string>{"first begins", "first ends", "second begins"});
    CHECK_FALSE(body.done());
    gate.open();
    CHECK(body.done());
    CHECK(log.back() == "done");
    CHECK(body.error() == nullptr);
  }

  TEST_CASE("an exception of a nested body comes out of the await, through bodies that do not catch it") {
    Gate gate;
    int alive = 0;
    std::string caught;
    Body body = catch_it(gate, alive, caught);
    body.start();
    CHECK(alive == 2);
    gate.open();
    CHECK(caught == "inner");
    CHECK(alive == 0);
    CHECK_FALSE(body.done());
    gate.open();
    CHECK(body.done());
    CHECK(body.error() == nullptr);
  }

  TEST_CASE("an exception that nobody catches is the error of the outermost body") {
    Gate gate;
    int alive = 0;
    Body body = pass_on(gate, alive);
    body.start();
    gate.open();
    REQUIRE(body.done());
    REQUIRE(body.error() != nullptr);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(body.error()), "inner", std::runtime_error);
  }

  TEST_CASE("destroying a body that waits destroys every frame inside it once") {
    for (const int depth : {0, 1, 50}) {
      Gate gate;
      int alive = 0;
      {
        Body body = nest(gate, depth, alive);
        body.start();
        CHECK(alive == depth + 1);
        CHECK_FALSE(body.done());
      }
      CHECK(alive == 0);
    }
  }

  TEST_CASE("a body that was never started is destroyed without running") {
    int alive = 0;
    Gate gate;
    { const Body body = nest(gate, 3, alive); }
    CHECK(alive == 0);
  }

  TEST_CASE("moving a body moves the frame, and assignment lets go of the old one") {
    Gate gate;
    int alive = 0;
    Body body = nest(gate, 2, alive);
    body.start();
    Body moved = std::move(body);
    CHECK(moved.valid());
    CHECK_FALSE(body.valid());  // NOLINT(bugprone-use-after-move): that is the question
    Gate other_gate;
    int others = 0;
    {
      Body other = nest(other_gate, 0, others);
      other.start();
      other = std::move(moved);
      CHECK(alive == 3);
      CHECK_FALSE(other.done());
      gate.open();
      CHECK(other.done());
    }
    CHECK(alive == 0);
  }

  TEST_CASE("a loop over many bodies that never wait does not grow the stack") {
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
    constexpr int rounds = 1'000'000;
#else
    constexpr int rounds = 1'000;  // without optimisation a resumed coroutine is an ordinary call
#endif
    int count = 0;
    Body body = count_empty_bodies(rounds, count);
    body.start();
    CHECK(body.done());
    CHECK(count == rounds);
  }
}
