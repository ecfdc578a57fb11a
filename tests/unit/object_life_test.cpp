// When does an owner hear that nobody needs an object?
#include "models/object_life.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

constexpr StationId station{7};

// Each object may keep handles to others, as values do.
struct Owner final : ReferencePort {
  void out_of_scope(std::uint32_t object) override {
    CHECK_FALSE(inside);
    inside = true;
    ++gone[object];
    kept[object].clear();
    inside = false;
  }
  [[nodiscard]] bool is_freed(std::uint32_t object) const override { return gone[object] > 0; }
  void references_changed() override {}
  [[nodiscard]] HeldRef hold(std::uint32_t object) const { return {counter, {station, object}}; }

  ReferenceCounterRef counter{new ReferenceCounter(station, *this)};
  std::vector<std::vector<HeldRef>> kept = std::vector<std::vector<HeldRef>>(200'000);
  std::vector<int> gone = std::vector<int>(200'000);
  bool inside = false;
};

}  // namespace

TEST_CASE("the owner hears of the last handle's end, and of no other") {
  Owner owner;
  HeldRef first = owner.hold(3);
  {
    const HeldRef copy = first;
    HeldRef moved = std::move(first);
    CHECK(owner.counter->is_used({station, 3}));
    first = moved;
  }
  CHECK(owner.gone[3] == 0);
  CHECK(owner.counter->owns());
  first = HeldRef();
  CHECK(owner.gone[3] == 1);
  CHECK_FALSE(owner.counter->owns());
}

TEST_CASE("a list of references holds each of them until it goes") {
  Owner owner;
  {
    HeldRefs refs(owner.counter, {{station, 1}, {station, 2}, {station, 1}});
    refs.push_back(owner.hold(4));
    const HeldRefs part = refs.part(1, 1);
    refs = HeldRefs();
    CHECK(owner.gone[1] == 1);
    CHECK(owner.gone[2] == 0);
    CHECK(owner.gone[4] == 1);
  }
  CHECK(owner.gone[2] == 1);
}

TEST_CASE("a long chain of objects that keep each other ends one after the other, however long it is") {
  Owner owner;
  constexpr std::uint32_t length = 200'000;
  for (std::uint32_t i = 0; i + 1 < length; ++i) owner.kept[i].push_back(owner.hold(i + 1));
  { const HeldRef head = owner.hold(0); }
  for (std::uint32_t i = 0; i < length; ++i) REQUIRE(owner.gone[i] == 1);
}

TEST_CASE("an owner that is gone is told nothing, and its objects need not exist") {
  HeldRef held;
  {
    const Owner owner;
    held = HeldRef(owner.counter, {station, 5});
    owner.counter->detach();
    held = HeldRef();
    CHECK(owner.gone[5] == 0);
    held = HeldRef(owner.counter, {station, 6});
  }
  held = HeldRef();
}

TEST_CASE("handles inside of values on their way keep nothing") {
  Owner owner;
  const HeldRef packed(nullptr, {station, 1});
  {
    const HeldRef copy = packed;
    HeldRefs refs(nullptr, {{station, 1}, {station, 2}});
    refs.push_back(copy);
    CHECK(refs.size() == 3);
    CHECK_FALSE(owner.counter->owns());
  }
  const HeldRef here(owner.counter, packed.ref());
  CHECK(owner.counter->is_used(packed.ref()));
}
