// Named random streams: the same numbers on every run and machine, independent by name, and distributed as they say.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "sim/distribution.hpp"
#include "sim/random.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

constexpr int many = 200'000;

struct Moments {
  double mean = 0;
  double deviation = 0;
  double least = 0;
  double most = 0;
};

template <class Draw>
Moments moments_of(const Draw& draw) {
  double sum = 0;
  double squares = 0;
  Moments result{0, 0, 1e300, -1e300};
  for (int i = 0; i < many; ++i) {
    const double x = draw(static_cast<std::uint64_t>(i));
    sum += x;
    squares += x * x;
    result.least = std::min(result.least, x);
    result.most = std::max(result.most, x);
  }
  result.mean = sum / many;
  result.deviation = std::sqrt(squares / many - result.mean * result.mean);
  return result;
}

Moments moments_of(const Distribution& distribution) {
  RandomStream stream(11, "moments");
  return moments_of([&](std::uint64_t ordinal) { return distribution.draw(stream, ordinal); });
}

// Five standard errors of the mean of `many` draws: a right stream fails one time in two million.
double error_of_mean(double deviation) { return 5 * deviation / std::sqrt(static_cast<double>(many)); }

}  // namespace

TEST_SUITE("random") {
  TEST_CASE("a stream gives the numbers of FNV-1a and SplitMix64, computed by hand elsewhere") {
    const auto first_three = [](std::uint64_t seed, const char* name) {
      RandomStream stream(seed, name);
      const auto a = stream.next();
      const auto b = stream.next();
      return std::array<std::uint64_t, 3>{a, b, stream.next()};
    };
    using Three = std::array<std::uint64_t, 3>;
    CHECK(first_three(0, "ties/bob") == Three{0x6f0724896f8d8353, 0xfd290f662305fe2b, 0xf86c23894c4793f9});
    CHECK(first_three(0, "ties/alice") == Three{0x52bcb869ec99abe3, 0x8ea9e1286c6c0dbf, 0x0857c27d9359064a});
    CHECK(first_three(7, "ties/bob") == Three{0x46ffa0ada7583063, 0xbe50bfb9725825ad, 0x2655df5a26e7f4b7});
    CHECK(first_three(~0ULL, "") == Three{0x9888657c530cd8c9, 0x342ac0dc0d713371, 0x8b55e9df74c11292});
  }

  TEST_CASE("a draw from one stream changes nothing in another") {
    RandomStream alone(3, "a");
    RandomStream a(3, "a");
    RandomStream b(3, "b");
    for (int i = 0; i < 100; ++i) {
      CHECK(a.next() == alone.next());
      b.normal();
    }
  }

  TEST_CASE("streams of near names and seeds are not correlated") {
    std::vector<RandomStream> streams;
    for (std::uint64_t seed = 0; seed < 8; ++seed)
      for (int name = 0; name < 8; ++name) streams.emplace_back(seed, "stream " + std::to_string(name));
    constexpr int draws = 2'000;
    std::vector<std::vector<double>> values(streams.size());
    for (std::size_t s = 0; s < streams.size(); ++s)
      for (int i = 0; i < draws; ++i) values[s].push_back(streams[s].uniform() - 0.5);
    // 2016 pairs, correlation with a deviation of 1/sqrt(2000): 5.5 of them are reached once in ten thousand test runs.
    for (std::size_t s = 0; s < streams.size(); ++s)
      for (std::size_t t = 0; t < s; ++t) {
        double product = 0;
        for (std::size_t i = 0; i < draws; ++i) product += values[s][i] * values[t][i];
        REQUIRE(std::abs(product * 12 / draws) < 5.5 / std::sqrt(static_cast<double>(draws)));
      }
  }

  TEST_CASE("below(n) stays below n and gives every number equally often") {
    for (const std::uint64_t n : {1ULL, 2ULL, 3ULL, 7ULL, 60ULL}) {
      RandomStream stream(5, "below");
      std::vector<int> counts(n);
      for (int i = 0; i < many; ++i) {
        const auto x = stream.below(n);
        REQUIRE(x < n);
        ++counts[x];
      }
      const double expected = static_cast<double>(many) / static_cast<double>(n);
      double chi_squared = 0;
      for (const int count : counts) chi_squared += (count - expected) * (count - expected) / expected;
      const auto freedom = static_cast<double>(n - 1);
      CHECK(chi_squared <= freedom + 5 * std::sqrt(2 * freedom));
    }
    RandomStream large(5, "large");
    for (int i = 0; i < 1'000; ++i) CHECK(large.below(~0ULL) < ~0ULL);
  }

  TEST_CASE("uniform() lies in 0 to 1 without 1 and has their moments") {
    RandomStream stream(1, "uniform");
    const Moments m = moments_of([&](std::uint64_t) { return stream.uniform(); });
    CHECK(m.least >= 0);
    CHECK(m.most < 1);
    CHECK(std::abs(m.mean - 0.5) < error_of_mean(std::sqrt(1.0 / 12)));
    CHECK(m.deviation == doctest::Approx(std::sqrt(1.0 / 12)).epsilon(0.01));
  }

  TEST_CASE("normal() has mean 0, deviation 1, no skew and the right tails") {
    RandomStream stream(1, "normal");
    int beyond_two = 0;
    double cubes = 0;
    const Moments m = moments_of([&](std::uint64_t) {
      const double x = stream.normal();
      beyond_two += std::abs(x) > 2 ? 1 : 0;
      cubes += x * x * x;
      return x;
    });
    CHECK(std::abs(m.mean) < error_of_mean(1));
    CHECK(m.deviation == doctest::Approx(1).epsilon(0.01));
    CHECK(std::abs(cubes / many) < 5 * std::sqrt(15.0 / many));
    CHECK(beyond_two / static_cast<double>(many) == doctest::Approx(0.0455).epsilon(0.05));
  }
}

TEST_SUITE("distribution") {
  using Kind = Distribution::Kind;

  TEST_CASE("draws have the mean that mean() promises, for each kind that has one") {
    const std::vector<Distribution> all{
        Distribution::constant(2.5),        {Kind::list, 0, 0, 0, {1, 2, 6}}, {Kind::empirical, 0, 0, 0, {1, 2, 6}},
        {Kind::uniform, 2, 5, 0, {}},       {Kind::normal, 10, 1, 0, {}},     {Kind::lognormal, -1, 0.5, 0, {}},
        {Kind::exponential, 0.4, 0, 0, {}}, {Kind::pareto, 1, 4, 0, {}},
    };
    for (const Distribution& distribution : all) {
      CAPTURE(static_cast<int>(distribution.kind));
      const Moments m = moments_of(distribution);
      CHECK(std::abs(m.mean - distribution.mean()) <= error_of_mean(m.deviation) + 1e-4);
    }
  }

  TEST_CASE("draws stay inside the support") {
    const Moments uniform = moments_of(Distribution{Kind::uniform, 2, 5, 0, {}});
    CHECK(uniform.least >= 2);
    CHECK(uniform.most < 5);
    CHECK(uniform.most > 4.99);
    CHECK(moments_of(Distribution{Kind::pareto, 1, 4, 0, {}}).least >= 1);
    CHECK(moments_of(Distribution{Kind::lognormal, -1, 0.5, 0, {}}).least > 0);
    const Moments exponential = moments_of(Distribution{Kind::exponential, 0.4, 0, 0, {}});
    CHECK(exponential.least >= 0);
    CHECK(std::isfinite(exponential.most));
  }

  TEST_CASE("a draw below zero counts as zero, one above the maximum as the maximum") {
    const Moments low = moments_of(Distribution{Kind::normal, 0, 1, 0, {}});
    CHECK(low.least == 0);
    const Moments capped = moments_of(Distribution{Kind::pareto, 1, 1, 3, {}});
    CHECK(capped.most == 3);
    CHECK(std::isinf(Distribution{Kind::pareto, 1, 1, 0, {}}.mean()));
  }

  TEST_CASE("a list gives its values in order, round and round, and draws nothing") {
    const Distribution list{Kind::list, 0, 0, 0, {3, 1, 2}};
    RandomStream stream(1, "list");
    RandomStream untouched(1, "list");
    for (std::uint64_t i = 0; i < 9; ++i) CHECK(list.draw(stream, i) == list.values[i % 3]);
    CHECK(stream.next() == untouched.next());
  }

  TEST_CASE("an empirical draw gives each value as often as it stands in the list") {
    const Distribution values{Kind::empirical, 0, 0, 0, {1, 1, 4}};
    RandomStream stream(1, "empirical");
    int fours = 0;
    for (int i = 0; i < many; ++i) {
      const double x = values.draw(stream, 0);
      REQUIRE((x == 1 || x == 4));
      fours += x == 4 ? 1 : 0;
    }
    CHECK(fours / static_cast<double>(many) == doctest::Approx(1.0 / 3).epsilon(0.02));
  }

  TEST_CASE("a draw costs at most two numbers of its stream") {
    for (const Kind kind : {Kind::constant, Kind::empirical, Kind::uniform, Kind::normal, Kind::lognormal,
                            Kind::exponential, Kind::pareto}) {
      RandomStream used(1, "cost");
      RandomStream counted(1, "cost");
      Distribution{kind, 1, 2, 0, {1, 2}}.draw(used, 0);
      const auto after = used.next();
      int cost = 0;
      while (counted.next() != after) REQUIRE(++cost <= 2);
    }
  }
}
