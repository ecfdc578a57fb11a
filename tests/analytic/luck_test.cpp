// Does a body draw the same whatever the policy? What it draws by is named by the calls that led to it.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace {

using namespace zero_cost;  // NOLINT(google-build-using-namespace)

// Five parents with three children each, all of which note their luck.
std::vector<std::uint64_t> lucks_under(const std::string& policy) {
  std::vector<std::uint64_t> lucks;
  const auto child = [&lucks](TaskContext& context) -> Body {
    lucks.push_back(context.luck());
    const auto work = context.compute(ms(10));
    co_await work;
  };
  const auto submit_and_get = [](TaskContext& context, std::uint32_t function, int count) -> Body {
    std::vector<ObjectRef> refs;
    for (int i = 0; i < count; ++i) refs.push_back(context.submit(call(function, options(1))));
    Body got = context.get(refs, std::nullopt);
    co_await got;
  };
  const auto parent = [&lucks, submit_and_get](TaskContext& context) -> Body {
    lucks.push_back(context.luck());
    Body children = submit_and_get(context, 1, 3);
    co_await children;
  };
  SimulationOptions with;
  with.policy = policy;
  with.functions = {function("parent", {}), function("child", {})};
  with.functions[0].body = parent;
  with.functions[1].body = child;
  with.driver = [submit_and_get](TaskContext& context) { return submit_and_get(context, 0, 5); };
  Log log;
  REQUIRE(run(cluster({{2, {}}, {3, {}}}), profile(), std::move(with), log).error == ErrorType::none);
  return lucks;
}

}  // namespace

TEST_CASE("each body has a luck of its own, the same under every policy") {
  std::vector<std::uint64_t> hybrid = lucks_under("hybrid");
  std::vector<std::uint64_t> random = lucks_under("random");
  CHECK(hybrid.size() == 20);
  std::sort(hybrid.begin(), hybrid.end());
  std::sort(random.begin(), random.end());
  CHECK(hybrid == random);
  CHECK(std::unique(hybrid.begin(), hybrid.end()) == hybrid.end());
}
