#include "platforms/node_count.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

constexpr std::string_view path = "nodes=";

const YamlNode* find(const YamlNode& mapping, std::string_view key) {
  for (const YamlEntry& entry : mapping.entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

}  // namespace

std::string with_node_count(const YamlNode& cluster, std::string_view override, std::size_t skip) {
  const std::string_view rest = override.substr(std::min(skip, override.size()));
  const std::string_view value = rest.substr(std::min(path.size(), rest.size()));
  std::size_t wanted = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), wanted);
  if (!rest.starts_with(path) || error != std::errc() || end != value.data() + value.size())
    return std::string(override);

  const auto fail = [&](const std::string& wrong, const std::string& expected) {
    throw InputError(override_name(override), 0, 0, fmt::format("{}, expected {}", wrong, expected));
  };
  const YamlNode* nodes = find(cluster, "nodes");
  std::vector<std::string_view> counted;
  std::size_t single = 0;
  if (nodes != nullptr) {
    for (const YamlEntry& node : nodes->entries) {
      if (find(node.value, "count") != nullptr)
        counted.push_back(node.key);
      else
        ++single;
    }
  }
  const std::string key = std::string(override.substr(0, override.size() - rest.size())) + "nodes";
  if (counted.empty())
    fail("no node of the cluster has a 'count'", "one that has, as in 'worker: {count: 2, cpus: 4}'");
  if (counted.size() > 1)
    fail(fmt::format("{} nodes have a 'count': {}", counted.size(), listed(counted)),
         fmt::format("one of them, as in {}.{}.count={}", key, counted.front(), wanted));
  if (wanted < single)
    fail(fmt::format("{} nodes", wanted), fmt::format("at least {}, the nodes without a 'count'", single));
  return fmt::format("{}.{}.count={}", key, counted.front(), wanted - single);
}

}  // namespace raysim
