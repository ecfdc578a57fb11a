// Does the memory of the last wait ever say anything else than a look at the whole list?
#include "models/core_worker/wait_window.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

ObjectRef ref(std::uint32_t index) { return {StationId{7}, index}; }

// A window beside the objects that are ready, as its owner drives it.
struct World {
  WaitWindow window;
  std::set<std::uint32_t> ready;                            // objects
  std::map<std::uint32_t, std::vector<std::uint32_t>> who;  // tickets that wait for an object
  std::size_t asked = 0;

  void become_ready(std::uint32_t object) {
    if (!ready.insert(object).second) return;
    for (const std::uint32_t ticket : std::exchange(who[object], {})) window.set_ready(ticket);
  }

  // Takes the first `most` ready ones out of the list.
  std::vector<ObjectRef> wait(std::vector<ObjectRef>& refs, std::size_t most) {
    for (std::size_t i = window.follow(refs); i < refs.size(); ++i) {
      ++asked;
      const std::uint32_t ticket = window.add(refs[i], refs[i].index);
      if (ready.contains(refs[i].index))
        window.set_ready(ticket);
      else
        who[refs[i].index].push_back(ticket);
    }
    std::vector<std::uint32_t> tickets = window.ready();
    if (tickets.size() > most) tickets.resize(most);
    std::vector<ObjectRef> taken;
    window.take(tickets, refs, taken);
    return taken;
  }
};

}  // namespace

TEST_SUITE("wait window") {
  TEST_CASE("a list that begins with what was pending is looked at where it is new") {
    World world;
    std::vector<ObjectRef> refs;
    for (std::uint32_t i = 0; i < 100; ++i) refs.push_back(ref(i));
    CHECK(world.wait(refs, 1).empty());
    CHECK(world.asked == 100);
    world.become_ready(40);
    world.become_ready(3);
    CHECK(world.wait(refs, 1) == std::vector<ObjectRef>{ref(3)});
    CHECK(world.asked == 100);
    refs.push_back(ref(100));
    CHECK(world.wait(refs, 1) == std::vector<ObjectRef>{ref(40)});
    CHECK(world.asked == 101);
    CHECK(refs.size() == 99);
    std::swap(refs[0], refs[1]);
    world.become_ready(0);
    CHECK(world.wait(refs, 5) == std::vector<ObjectRef>{ref(0)});
    CHECK(world.asked == 101 + 99);
  }

  TEST_CASE("the results are those of a look at everything, on random lists") {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      CAPTURE(seed);
      RandomStream random(seed, "lists");
      World world;
      std::vector<ObjectRef> refs;
      std::uint32_t next = 0;
      for (int round = 0; round < 60; ++round) {
        switch (random.below(6)) {
          case 0:  // another list
            refs.clear();
            for (std::uint32_t i = 0; i < next; ++i)
              if (random.below(3) == 0) refs.push_back(ref(i));
            break;
          case 1:  // another order
            if (refs.size() > 1) std::swap(refs[random.below(refs.size())], refs[random.below(refs.size())]);
            break;
          case 2:  // less
            if (!refs.empty()) refs.resize(random.below(refs.size()));
            break;
          default:
            for (auto more = random.below(8); more > 0; --more) refs.push_back(ref(next++));
        }
        for (auto more = random.below(4); more > 0 && next > 0; --more)
          world.become_ready(static_cast<std::uint32_t>(random.below(next)));
        const auto most = static_cast<std::size_t>(random.below(4));
        std::vector<ObjectRef> taken;
        std::vector<ObjectRef> left;
        for (const ObjectRef one : refs)
          (world.ready.contains(one.index) && taken.size() < most ? taken : left).push_back(one);
        REQUIRE(world.wait(refs, most) == taken);
        REQUIRE(refs == left);
      }
    }
  }
}
