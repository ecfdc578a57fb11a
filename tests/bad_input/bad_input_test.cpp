// Every tests/bad_input/NAME.yaml is broken, and the loader must say exactly what NAME.expected says. NAME.set holds
// overrides, one a line. Files whose name starts with `platform_` are platforms, with `sweep_` sweeps, all others scenarios.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "platforms/load.hpp"
#include "scenarios/load.hpp"
#include "scenarios/sweep.hpp"

namespace raysim {

namespace {

constexpr std::array<std::string_view, 3> policies{"hybrid", "spread", "random"};
constexpr std::array<std::string_view, 1> profiles{"ray-2.60"};
constexpr std::array<std::string_view, 2> settings{"scheduler_spread_threshold", "worker_lease_timeout_milliseconds"};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A line each; `\n` stands for a line break.
std::vector<std::string> overrides_of(const std::filesystem::path& path) {
  std::vector<std::string> overrides;
  std::istringstream lines(text_of(path));
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find("\\n"); at != std::string::npos) line.replace(at, 2, "\n");
    overrides.push_back(line);
  }
  return overrides;
}

std::string message_for(const std::filesystem::path& path) {
  const std::vector<std::string> overrides = overrides_of(std::filesystem::path(path).replace_extension(".set"));
  try {
    if (path.filename().string().starts_with("platform_")) {
      load_cluster(path.string(), overrides);
    } else if (path.filename().string().starts_with("sweep_")) {
      load_sweep(path.string(), policies);
    } else {
      load_scenario(path.string(), overrides, {policies, profiles, settings});
    }
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every broken input is reported with its place and what was expected") {
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator("tests/bad_input"))
    if (entry.path().extension() == ".yaml") inputs.push_back(entry.path());
  std::sort(inputs.begin(), inputs.end());
  CHECK(inputs.size() >= 190);
  for (const std::filesystem::path& path : inputs) {
    CAPTURE(path);
    CHECK(message_for(path) + "\n" == text_of(std::filesystem::path(path).replace_extension(".expected")));
  }
}

}  // namespace raysim
