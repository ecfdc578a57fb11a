// Statistics: closed forms, what SciPy says about the same samples, and whether the intervals cover as they promise.
#include "analysis/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "sim/random.hpp"

namespace raysim {

namespace {

using Values = std::vector<double>;

nlohmann::json recorded() {
  std::ifstream file("tests/unit/data/statistics_scipy.json");
  return nlohmann::json::parse(file);
}

doctest::Approx near(double value) { return doctest::Approx(value).epsilon(1e-9); }

// Whether `share` of `all` trials is what `probability` gives, within four standard deviations.
void check_share(int hits, int all, double probability) {
  const double deviation = std::sqrt(probability * (1 - probability) / all);
  CHECK(std::abs(static_cast<double>(hits) / all - probability) < 4 * deviation);
}

}  // namespace

TEST_CASE("mean, deviation and interval of a small sample by hand") {
  const SampleSummary summary = summarise(Values{1, 2, 3, 4});
  CHECK(summary.count == 4);
  CHECK(summary.mean == 2.5);
  CHECK(summary.deviation == near(std::sqrt(5.0 / 3)));
  CHECK(summary.min == 1);
  CHECK(summary.median == 2.5);
  CHECK(summary.max == 4);
  // t(0.975; 3) = 3.182446305284263 in every table.
  REQUIRE(summary.interval);
  CHECK(summary.interval->half_width() == near(3.182446305284263 * std::sqrt(5.0 / 3) / 2));
  CHECK((summary.interval->low + summary.interval->high) / 2 == near(2.5));
}

TEST_CASE("samples without a spread") {
  CHECK(summarise(Values{}).count == 0);
  CHECK_FALSE(summarise(Values{}).interval);
  CHECK(summarise(Values{7}).mean == 7);
  CHECK_FALSE(summarise(Values{7}).interval);
  for (const double value : {0.1, 5.844, 1e-9, 1e9 + 0.1}) {
    const SampleSummary summary = summarise(Values(1'000, value));
    CHECK(summary.mean == value);
    CHECK(summary.deviation == 0);
    CHECK(summary.interval->low == value);
    CHECK(summary.interval->high == value);
  }
}

TEST_CASE("differences are paired") {
  // Each pair differs by 0.1 to 0.3, however far apart the pairs are.
  const Values base{1, 100, 10'000};
  const Values values{1.1, 100.2, 10'000.3};
  const SampleSummary difference = summarise_differences(values, base);
  CHECK(difference.mean == doctest::Approx(0.2));
  CHECK(difference.deviation == doctest::Approx(0.1));
  CHECK(difference.interval->half_width() < 0.3);
  CHECK(summarise(values).interval->half_width() > 1'000);
}

TEST_CASE("Student t by closed forms of one and two degrees of freedom") {
  for (const double p : {0.6, 0.9, 0.975, 0.9995}) {
    CHECK(student_t_quantile(p, 1) == near(std::tan(std::numbers::pi * (p - 0.5))));
    CHECK(student_t_quantile(p, 2) == near((2 * p - 1) * std::sqrt(2 / (4 * p * (1 - p)))));
    CHECK(student_t_quantile(1 - p, 5) == near(-student_t_quantile(p, 5)));
  }
  CHECK(student_t_quantile(0.975, 1e9) == doctest::Approx(1.959963985).epsilon(1e-8));  // the normal distribution
}

TEST_CASE("Student t as SciPy has it") {
  const nlohmann::json all = recorded();
  for (const auto& t : all.at("student_t")) {
    CAPTURE(t.dump());
    CHECK(student_t_quantile(t.at("probability"), t.at("freedom")) ==
          doctest::Approx(t.at("value").get<double>()).epsilon(1e-9).scale(1));
  }
}

TEST_CASE("samples as NumPy and SciPy see them") {
  const nlohmann::json all = recorded();
  const auto confidences = all.at("confidences").get<Values>();
  const auto places = all.at("quantiles_at").get<Values>();
  for (const auto& one : all.at("cases")) {
    CAPTURE(one.at("name"));
    const auto first = one.at("first").get<Values>();
    const auto other = one.at("other").get<Values>();
    const auto& about = one.at("about_first");
    CHECK(summarise(first).mean == near(about.at("mean")));
    CHECK(summarise(first).deviation == doctest::Approx(about.at("deviation").get<double>()).epsilon(1e-7));
    Values sorted = first;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < places.size(); ++i)
      CHECK(quantile(sorted, places[i]) == near(about.at("quantiles")[i]));
    for (std::size_t i = 0; i < confidences.size(); ++i) {
      const Interval mean = summarise(first, confidences[i]).interval.value();
      CHECK(mean.low == near(about.at("intervals")[i][0]));
      CHECK(mean.high == near(about.at("intervals")[i][1]));
      const SampleSummary paired = summarise_differences(other, first, confidences[i]);
      CHECK(paired.mean == doctest::Approx(one.at("paired").at("mean").get<double>()).epsilon(1e-6));
      CHECK(paired.interval->low ==
            doctest::Approx(one.at("paired").at("intervals")[i][0].get<double>()).epsilon(1e-6));
      CHECK(paired.interval->high ==
            doctest::Approx(one.at("paired").at("intervals")[i][1].get<double>()).epsilon(1e-6));
    }
  }
}

TEST_CASE("quantiles lie between their neighbours") {
  const Values sorted{10, 20, 40};
  CHECK(quantile(sorted, 0) == 10);
  CHECK(quantile(sorted, 0.25) == 15);
  CHECK(quantile(sorted, 0.5) == 20);
  CHECK(quantile(sorted, 0.75) == 30);
  CHECK(quantile(sorted, 1) == 40);
  CHECK(quantile(Values{3}, 0.7) == 3);
}

TEST_CASE("the index of Jain goes from 1 to 1 over n") {
  CHECK(jain_index(Values{}) == 1);
  CHECK(jain_index(Values{0, 0}) == 1);
  CHECK(jain_index(Values{3, 3, 3}) == near(1));
  CHECK(jain_index(Values{5, 0, 0, 0}) == near(0.25));
  CHECK(jain_index(Values{1, 2}) == near(9.0 / 10));
  CHECK(jain_index(Values{2e-9, 4e-9}) == near(9.0 / 10));  // no matter in which unit
}

TEST_CASE("looks double from the least to the most") {
  CHECK(planned_looks(10, 100) == std::vector<std::size_t>{10, 20, 40, 80, 100});
  CHECK(planned_looks(10, 80) == std::vector<std::size_t>{10, 20, 40, 80});
  CHECK(planned_looks(10, 10) == std::vector<std::size_t>{10});
  CHECK(planned_looks(10, 3) == std::vector<std::size_t>{3});
  CHECK(planned_looks(10, 0).empty());
  CHECK(confidence_of_each(1) == near(0.95));
  CHECK(confidence_of_each(5) == near(0.99));
}

TEST_CASE("the interval of a mean covers it as often as it says") {
  RandomStream random(1, "coverage");
  constexpr int trials = 10'000;
  for (const std::size_t count : {2UL, 5UL, 20UL}) {
    int covered = 0;
    int covered_90 = 0;
    for (int trial = 0; trial < trials; ++trial) {
      Values sample(count);
      for (double& value : sample) value = 3 + 2 * random.normal();
      covered += summarise(sample).interval->contains(3) ? 1 : 0;
      covered_90 += summarise(sample, 0.9).interval->contains(3) ? 1 : 0;
    }
    CAPTURE(count);
    check_share(covered, trials, 0.95);
    check_share(covered_90, trials, 0.9);
  }
}

TEST_CASE("the interval of a paired difference covers it as often as it says, however much seeds differ") {
  RandomStream random(2, "coverage");
  constexpr int trials = 10'000;
  int covered = 0;
  int found = 0;
  for (int trial = 0; trial < trials; ++trial) {
    Values base(10);
    Values other(10);
    for (std::size_t i = 0; i < base.size(); ++i) {
      const double seed = 100 * random.normal();
      base[i] = seed + random.normal();
      other[i] = seed + random.normal() + 2;
    }
    const Interval interval = summarise_differences(other, base).interval.value();
    covered += interval.contains(2) ? 1 : 0;
    found += interval.contains(0) ? 0 : 1;
  }
  check_share(covered, trials, 0.95);
  CHECK(found > trials * 9 / 10);  // unpaired, a difference of 2 would drown in a deviation of 100
}

TEST_CASE("whoever looks at planned moments and stops when the interval is tight keeps his confidence") {
  RandomStream random(3, "stopping");
  constexpr int trials = 4'000;
  const std::vector<std::size_t> looks = planned_looks(10, 160);
  const double each = confidence_of_each(looks.size());
  int covered = 0;
  int covered_uncorrected = 0;
  int early = 0;
  for (int trial = 0; trial < trials; ++trial) {
    Values sample;
    for (const std::size_t look : looks) {
      while (sample.size() < look) sample.push_back(1 + random.normal());
      if (summarise(sample, each).interval->half_width() < 0.35) break;
    }
    early += sample.size() < looks.back() ? 1 : 0;
    covered += summarise(sample, each).interval->contains(1) ? 1 : 0;
    // The rule that this one replaces: look at every repetition, as if each look were the only one.
    Values greedy(sample.begin(), sample.begin() + 2);
    RandomStream more(static_cast<std::uint64_t>(trial), "greedy");
    while (greedy.size() < 160 && summarise(greedy).interval->half_width() >= 0.35) greedy.push_back(1 + more.normal());
    covered_uncorrected += summarise(greedy).interval->contains(1) ? 1 : 0;
  }
  CHECK(early > trials / 2);
  CHECK(covered >= trials * 0.95);
  CHECK(covered_uncorrected < trials * 0.94);
}

}  // namespace raysim
