// Does a stream of items keep its order, its end and its answers, however the reports come?
#include "models/core_worker/object_stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {
ObjectStream::Report report(std::uint32_t run) { return {{StationId{1}}, 0, run}; }
}  // namespace

TEST_SUITE("object stream") {
  TEST_CASE("an item is written once, wherever it stands") {
    ObjectStream stream(-1);
    CHECK(stream.write(2));
    CHECK(stream.write(0));
    CHECK_FALSE(stream.write(2));
    stream.set_object(2, 77);
    CHECK(stream.object_of(2) == 77);
    CHECK_FALSE(stream.object_of(1).has_value());
    CHECK_FALSE(stream.object_of(9).has_value());
  }

  TEST_CASE("without a limit every report is answered") {
    ObjectStream stream(-1);
    for (std::uint32_t i = 0; i < 100; ++i) {
      CHECK(stream.write(i));
      CHECK(stream.answers_now(i, report(i)));
    }
    CHECK(stream.consume().empty());
  }

  TEST_CASE("a report that is too far ahead is answered when the consumer comes near") {
    ObjectStream stream(2);
    CHECK(stream.write(0));
    CHECK(stream.answers_now(0, report(0)));
    CHECK(stream.write(1));
    CHECK_FALSE(stream.answers_now(1, report(1)));
    const auto answered = stream.consume();
    REQUIRE(answered.size() == 1);
    CHECK(answered.front().run == 1);
    CHECK(stream.consume().empty());
    CHECK(stream.answers_now(0, report(2)));  // once more, from another attempt
  }

  TEST_CASE("the end is where the executor says, or after what was reported") {
    ObjectStream said(-1);
    CHECK(said.write(0));
    said.set_object(3, 9);
    said.end(2);
    CHECK_FALSE(said.ended_before(1));
    CHECK(said.ended_before(2));
    CHECK(said.beyond_end() == std::vector<std::uint32_t>{9});
    CHECK(said.write(1));  // still on its way when the task ended
    CHECK_FALSE(said.write(2));

    ObjectStream broken(-1);
    CHECK(broken.write(1));
    broken.end(std::nullopt);
    CHECK_FALSE(broken.ended_before(1));
    CHECK(broken.ended_before(2));

    ObjectStream empty(-1);
    empty.end(0);
    CHECK(empty.ended_before(0));
  }

  TEST_CASE("an executor that waits for answers never stands still while its consumer goes on") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      RandomStream random(seed, "stream");
      const auto limit = static_cast<std::int64_t>(1 + random.below(4));
      const auto total = static_cast<std::uint32_t>(1 + random.below(30));
      ObjectStream stream(limit);
      std::uint32_t generated = 0;
      std::int64_t known = 0;
      std::uint32_t answers = 0;
      for (int step = 0; step < 10'000 && (stream.consumed() < total || answers < total); ++step) {
        const bool may_go_on = generated < total && generated - known < limit;
        if (may_go_on && random.below(2) == 0) {
          CHECK(stream.write(generated));
          if (stream.answers_now(generated++, report(0))) {
            ++answers;
            known = std::max<std::int64_t>(known, stream.consumed());
          }
        } else if (stream.consumed() < generated) {
          const auto released = stream.consume();
          answers += static_cast<std::uint32_t>(released.size());
          if (!released.empty()) known = stream.consumed();
        }
        CHECK(generated - stream.consumed() <= limit);
      }
      CHECK(stream.consumed() == total);
      CHECK(answers == total);
    }
  }
}
