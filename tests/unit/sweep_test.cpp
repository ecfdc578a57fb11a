// Sweeps: the file, the axes, the points; values that go through `--set` and mean the same; the number of nodes.
#include "scenarios/sweep.hpp"

#include <doctest/doctest.h>

#include <array>
#include <functional>

#include "platforms/load.hpp"
#include "scenarios/load.hpp"

namespace raysim {

namespace {

using Texts = std::vector<std::string>;

constexpr std::array<std::string_view, 2> policies{"hybrid", "spread"};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

SweepSpec sweep_with(const std::string& rest) {
  return load_sweep_text("raysim_sweep: 1\nscenario: pi_60core.yaml\n" + rest, "scenarios/x.yaml", policies);
}

}  // namespace

TEST_CASE("a sweep file says all that a sweep is") {
  const SweepSpec sweep = sweep_with(
      "title: T\nset: {warm_workers: false, tasks.a.duration: {uniform: {min: 1 s, max: 2 s}}}\n"
      "grid: {driver.0.submit.count: [1, 4..10:3], b: x}\npolicies: [spread, hybrid]\nreps: 3\nseed: 7\n");
  CHECK(sweep.title == "T");
  CHECK(sweep.scenario == "scenarios/pi_60core.yaml");
  CHECK(sweep.overrides == Texts{"warm_workers=false", "tasks.a.duration={uniform: {min: 1 s, max: 2 s}}"});
  REQUIRE(sweep.grid.size() == 2);
  CHECK(sweep.grid[0].key == "driver.0.submit.count");
  CHECK(sweep.grid[0].values == Texts{"1", "4", "7", "10"});
  CHECK(sweep.grid[1].values == Texts{"x"});
  CHECK(sweep.policies == Texts{"spread", "hybrid"});
  CHECK(sweep.reps == 3);
  CHECK(sweep.seed == 7);
}

TEST_CASE("an axis of the command line is cut at commas outside of brackets and quotes") {
  CHECK(parse_axis("a.b=1,2,10..30:10").values == Texts{"1", "2", "10", "20", "30"});
  CHECK(parse_axis("a=0.1 s,1 s").values == Texts{"0.1 s", "1 s"});
  CHECK(parse_axis("a={x: 1, y: [2, 3]},\"b, c\",'d, e'").values == Texts{"{x: 1, y: [2, 3]}", "\"b, c\"", "'d, e'"});
  CHECK(parse_axis("a=3..5").values == Texts{"3", "4", "5"});
  CHECK(parse_axis("a=b=c").values == Texts{"b=c"});
  CHECK(message_of([] { parse_axis("a"); }).find("no key") != std::string::npos);
  CHECK(message_of([] { parse_axis("a=1,,2"); }).find("an empty value") != std::string::npos);
  CHECK(message_of([] { parse_axis("a=1..x"); }).find("range '1..x', expected FIRST..LAST") != std::string::npos);
  CHECK(message_of([] { parse_axis("seed=1"); }).find("expected the option --seed") != std::string::npos);
}

TEST_CASE("the points of a grid are all combinations, the last axis first") {
  const std::vector<SweepAxis> grid{parse_axis("a=1,2"), parse_axis("b=x,y,z")};
  REQUIRE(count_points(grid) == 6);
  std::vector<Texts> points;
  for (std::size_t i = 0; i < 6; ++i) points.push_back(point_values(grid, i));
  CHECK(points == std::vector<Texts>{{"1", "x"}, {"1", "y"}, {"1", "z"}, {"2", "x"}, {"2", "y"}, {"2", "z"}});
  CHECK(point_overrides(grid, 4) == Texts{"a=2", "b=y"});
  CHECK(count_points({}) == 1);
}

TEST_CASE("an axis must not undo another one, nor an override of all runs") {
  const auto axes = [](const Texts& texts) {
    std::vector<SweepAxis> grid;
    for (const std::string& text : texts) grid.push_back(parse_axis(text));
    return grid;
  };
  CHECK(message_of([&] {
          count_points(axes({"a.b=1,2", "a=3"}));
        }).find("'a.b' is set together with 'a'") != std::string::npos);
  CHECK(message_of([&] { count_points(axes({"a=1", "a=2"})); }).find("set together") != std::string::npos);
  CHECK(message_of([&] { count_points(axes({"a=1,2"}), Texts{"a.b=1"}); }).find("set together") != std::string::npos);
  CHECK(message_of([&] { count_points(axes({"a=1,2,1"})); }).find("value '1' of 'a' twice") != std::string::npos);
  CHECK(count_points(axes({"a.b=1,2", "a.c=1", "ab=1"}), Texts{"a={}"}) == 2);
  CHECK(message_of([&] {
          count_points(axes({"a=1..1000", "b=1..1000"}));
        }).find("more than 100000 points") != std::string::npos);
}

TEST_CASE("a value on one line reads as the value it was") {
  for (const char* text : {"5", "0.5 s", "text", "\"5\"", "'a, b'", "[1, [2, \"3\"], {}]", "{a: 1 s, b: {c: [x]}}",
                           "null", "\"\"", "\"say \\\"x\\\" \\\\ \\n\"", "a#b", "a:b", "|\n  two\n  lines\n"}) {
    CAPTURE(text);
    const std::string line = one_line(parse_yaml(text, "a").root);
    CHECK(line.find('\n') == std::string::npos);
    const std::string again = one_line(parse_yaml(line, "b").root);
    CHECK(again == line);
    CHECK(parse_yaml(line, "b").root.kind == parse_yaml(text, "a").root.kind);
    CHECK(parse_yaml(line, "b").root.text == parse_yaml(text, "a").root.text);
  }
}

TEST_CASE("the number of nodes changes the node that has a count") {
  const std::string platform = "raysim_platform: 1\nnodes: {head: {cpus: 1}, worker: {count: 9, cpus: 2}}\n";
  const auto nodes = [&](const std::string& override) {
    return load_cluster_text(platform, "p.yaml", Texts{override}).nodes.size();
  };
  CHECK(nodes("title=x") == 10);
  CHECK(nodes("nodes=3") == 3);
  CHECK(nodes("nodes=1") == 1);
  CHECK(nodes("nodes.worker.count=4") == 5);
  CHECK(nodes("nodes={a: {cpus: 1}}") == 1);
  const std::string scenario = "raysim: 1\ncluster: {nodes: {worker: {count: 9, cpus: 2}}}\ndriver: [{sleep: 1 s}]\n";
  CHECK(load_scenario_text(scenario, "s.yaml", Texts{"cluster.nodes=4"}).cluster.nodes.size() == 4);
  CHECK(load_scenario("scenarios/pi_60core.yaml",
                      Texts{"cluster=../platforms/hundred.yaml", "cluster.nodes=12", "expect={}"})
            .cluster.nodes.size() == 12);
}

}  // namespace raysim
