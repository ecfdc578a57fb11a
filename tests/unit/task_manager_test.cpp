// An owner's tables: numbers of tasks and objects, and who is told when an object becomes ready.
#include <doctest/doctest.h>

#include <vector>

#include "models/core_worker/task_manager.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)
using Waiter = TaskManager::Waiter;

namespace {
std::vector<std::uint64_t> numbers_of(TaskManager& tasks, TaskManager::Waiters waiters) {
  std::vector<std::uint64_t> numbers;
  while (const auto waiter = tasks.next_waiter(waiters)) numbers.push_back(waiter->number);
  return numbers;
}
}  // namespace

TEST_SUITE("task_manager") {
  TEST_CASE("the returns of a task are consecutive objects that know their task") {
    TaskManager tasks;
    CHECK(tasks.add_task({}, 2) == 0);
    CHECK(tasks.add_put(7, Duration::seconds(1)) == 2);
    CHECK(tasks.add_task({}, 0) == 1);
    CHECK(tasks.add_task({}, 3) == 2);
    CHECK(tasks.tasks() == 3);
    CHECK(tasks.task(0).first_object == 0);
    CHECK(tasks.task(2).first_object == 3);
    for (std::uint32_t i = 3; i < 6; ++i) {
      CHECK(tasks.object(i).task == 2);
      CHECK_FALSE(tasks.object(i).ready);
    }
    CHECK(tasks.object(2).ready);
    CHECK(tasks.object(2).kib == 7);
    CHECK(tasks.object(2).path == Duration::seconds(1));
    CHECK(tasks.object(2).task == ~std::uint32_t{0});
  }

  TEST_CASE("whoever waits for an object is told once, in the order they began to wait") {
    TaskManager tasks;
    tasks.add_task({}, 2);
    tasks.await(0, {Waiter::Kind::task, 5});
    tasks.await(1, {Waiter::Kind::task, 6});
    tasks.await(0, {Waiter::Kind::get, 9});
    tasks.await(0, {Waiter::Kind::task, 2});
    auto told = tasks.make_ready(0, ErrorType::none, Duration::seconds(3));
    CHECK(tasks.next_waiter(told)->kind == Waiter::Kind::task);
    CHECK(tasks.next_waiter(told)->kind == Waiter::Kind::get);
    CHECK(numbers_of(tasks, told) == std::vector<std::uint64_t>{2});
    CHECK(tasks.object(0).ready);
    CHECK(tasks.object(0).path == Duration::seconds(3));
    CHECK_FALSE(tasks.object(1).ready);
    CHECK(numbers_of(tasks, tasks.make_ready(1, ErrorType::worker_crashed, {})) == std::vector<std::uint64_t>{6});
    CHECK(tasks.object(1).error == ErrorType::worker_crashed);
  }

  TEST_CASE("places in the list of waiters are used again") {
    TaskManager tasks;
    tasks.add_task({}, 40);
    for (std::uint32_t object = 0; object < 40; ++object) {
      for (std::uint64_t n = 0; n < 1 + object % 5; ++n) tasks.await(object, {Waiter::Kind::task, 100 * object + n});
      if (object % 3 == 0) continue;
      const auto told = numbers_of(tasks, tasks.make_ready(object, ErrorType::none, {}));
      REQUIRE(told.size() == 1 + object % 5);
      for (std::uint64_t n = 0; n < told.size(); ++n) CHECK(told[n] == 100 * object + n);
    }
    for (std::uint32_t object = 0; object < 40; object += 3)
      CHECK(numbers_of(tasks, tasks.make_ready(object, ErrorType::none, {})).front() == 100 * object);
  }

  TEST_CASE("an object that nobody waits for becomes ready in silence") {
    TaskManager tasks;
    tasks.add_task({}, 1);
    CHECK(numbers_of(tasks, tasks.make_ready(0, ErrorType::none, {})).empty());
    CHECK(tasks.object(0).ready);
  }

  TEST_CASE("a task is held as it was added") {
    TaskManager tasks;
    OwnedTask task;
    task.function = {4};
    task.retries_left = -1;
    task.unresolved = 3;
    tasks.add_task({}, 5);
    const auto index = tasks.add_task(task, 1);
    CHECK(tasks.task(index).function.index == 4);
    CHECK(tasks.task(index).retries_left == -1);
    CHECK(tasks.task(index).unresolved == 3);
    CHECK(tasks.task(index).first_object == 5);
  }
}
