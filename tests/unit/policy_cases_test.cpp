// Decisions of Ray's own policy tests, as data: tests/unit/data/policy_cases.yaml.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/unit/policy_checks.hpp"

using namespace policy_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

constexpr const char* file = "tests/unit/data/policy_cases.yaml";

ResourceSet resources_of(const YAML::Node& amounts, ResourceNames& names) {
  ResourceSet set;
  for (const auto& entry : amounts)
    set.set(names.id_of(entry.first.as<std::string>()), ResourceAmount::of(entry.second.as<double>()));
  return set;
}

// A mapping that a case may leave out.
YAML::Node part(const YAML::Node& yaml, const char* key) {
  return yaml[key] ? yaml[key] : YAML::Node(YAML::NodeType::Map);
}

struct Case {
  explicit Case(const YAML::Node& yaml) {
    for (const auto& node : yaml["nodes"]) add(node);
    const YAML::Node options = part(yaml, "options");
    settings.spread_threshold = options["spread_threshold"].as<double>(0.5);
    settings.top_k_fraction = options["top_k_fraction"].as<double>(0.2);
    settings.top_k_absolute = options["top_k_absolute"].as<std::int64_t>(1);
    settings.avoid_gpu_nodes = options["avoid_gpu_nodes"].as<bool>(true);
    request.avoid_local = options["avoid_local_node"].as<bool>(false);
    request.require_available = options["require_node_available"].as<bool>(false);
    if (options["node"]) request.affinity = id_of(options["node"].as<std::string>());
    request.affinity_soft = options["soft"].as<bool>(false);
    const YAML::Node wanted = part(yaml, "request");
    if (wanted["preferred_node"]) request.preferred = id_of(wanted["preferred_node"].as<std::string>());
    demand = resources_of(part(wanted, "resources"), names);
  }
  void add(const YAML::Node& node) {
    const bool usable = node["alive"].as<bool>(true) && !node["draining"].as<bool>(false);
    view.node(resources_of(node["total"], names), resources_of(node["available"], names), usable);
    ids[node["name"].as<std::string>()] = static_cast<std::uint32_t>(ids.size());
    if (node["local"].as<bool>(false)) view.local(static_cast<std::uint32_t>(ids.size() - 1));
  }
  // A name that no node has is a node that nobody knows.
  [[nodiscard]] NodeId id_of(const std::string& name) const {
    const auto found = ids.find(name);
    return {found == ids.end() ? 12'345 : found->second};
  }
  [[nodiscard]] std::string name_of(NodeId id) const {
    for (const auto& [name, index] : ids)
      if (index == id.index) return name;
    return id == no_node ? "nil" : "?";
  }

  ResourceNames names;
  std::map<std::string, std::uint32_t> ids;
  View view;
  PolicySettings settings;
  NodeRequest request;
  ResourceSet demand;
};

// Moves the cursor of a spread policy: one decision on a view where only the node before it has room.
void set_cursor(NodePolicy& policy, std::size_t nodes, std::size_t cursor) {
  if (cursor == 0) return;
  View only;
  for (std::size_t i = 0; i < nodes; ++i) only.node(i + 1 == cursor ? 1 : 0, i + 1 == cursor ? 1 : 0);
  REQUIRE(choose(policy, only, cpus(1)).node.index + 1 == cursor);
}

// Where it stands: the node that it takes when all have room.
std::size_t cursor_of(NodePolicy& policy, std::size_t nodes) {
  View all;
  for (std::size_t i = 0; i < nodes; ++i) all.node(1, 1);
  return choose(policy, all, cpus(1)).node.index;
}

std::string reason_of(const NodeChoice& choice) {
  return choice.reason == NodeChoice::Reason::unavailable ? "unavailable" : "infeasible";
}

void check_any_of(const Case& c, NodePolicy& policy, const YAML::Node& expect) {
  std::set<std::string> seen;
  for (int i = 0; i < expect["repeat"].as<int>(); ++i)
    seen.insert(c.name_of(choose(policy, c.view, c.demand, c.request, static_cast<std::uint64_t>(i)).node));
  std::set<std::string> expected;
  for (const auto& node : expect["nodes_any_of"]) expected.insert(node.as<std::string>());
  CHECK(seen == expected);
}

void check_decision(const YAML::Node& yaml) {
  const Case c(yaml);
  const auto policy = make_policy(yaml["policy"].as<std::string>(), c.settings);
  REQUIRE(policy != nullptr);
  const std::size_t nodes = c.ids.size();
  if (yaml["state_before"]) set_cursor(*policy, nodes, yaml["state_before"]["next_index"].as<std::size_t>());
  const YAML::Node& expect = yaml["expect"];
  if (expect["nodes_any_of"]) return check_any_of(c, *policy, expect);
  const NodeChoice choice = choose(*policy, c.view, c.demand, c.request);
  if (expect["nil"].as<bool>(false)) {
    CHECK(c.name_of(choice.node) == "nil");
    CHECK(reason_of(choice) == expect["reason"].as<std::string>());
  } else {
    CHECK(c.name_of(choice.node) == expect["node"].as<std::string>());
  }
  if (expect["state_after"]) CHECK(cursor_of(*policy, nodes) == expect["state_after"]["next_index"].as<std::size_t>());
}

void check_sequence(const YAML::Node& yaml) {
  Case c(yaml);
  const auto policy = make_policy(yaml["policy"].as<std::string>(), c.settings);
  std::size_t number = 0;
  for (const auto& call : yaml["calls"]) {
    c.request.avoid_local = call["avoid_local_node"].as<bool>();
    c.request.require_available = call["require_node_available"].as<bool>();
    const ResourceSet demand = resources_of(call["resources"], c.names);
    const YAML::Node expected = yaml["expect"]["results"][number++];
    CHECK(c.name_of(choose(*policy, c.view, demand, c.request).node) ==
          (expected.IsNull() ? "nil" : expected.as<std::string>()));
  }
  CHECK(number == yaml["expect"]["results"].size());
}

// The ranking step: nodes that are used to the share that the case gives as score, and a stream whose first draw is the forced one.
void check_pick(const YAML::Node& yaml) {
  const YAML::Node& input = yaml["input"];
  std::map<std::string, double> scores;
  for (const auto& entry : input["scores"]) scores[entry[0].as<std::string>()] = entry[1].as<double>();
  const auto preferred = input["preferred_node"].as<std::string>("local");
  if (input["preferred_score"]) scores[preferred] = input["preferred_score"].as<double>();
  View view;
  std::vector<std::string> names;
  NodeRequest request;
  for (const auto& name : input["node_order"]) {
    names.push_back(name.as<std::string>());
    const auto score = scores.find(names.back());
    view.node(score == scores.end() ? 0 : 1'000, score == scores.end() ? 0 : 1'000 * (1 - score->second));
    if (names.back() == preferred) request.preferred = {static_cast<std::uint32_t>(names.size() - 1)};
  }
  PolicySettings settings;
  settings.top_k_fraction = 0;
  settings.top_k_absolute = input["num_candidates"].as<std::int64_t>();
  std::uint64_t seed = 0;
  if (input["uniform_draw"]) {
    const auto range = input["uniform_range"][1].as<std::uint64_t>();
    const auto forced = input["uniform_draw"].as<std::uint64_t>();
    while (RandomStream(seed, "policy test").below(range) != forced) ++seed;
  }
  const NodeChoice choice = choose(*make_hybrid_policy(settings), view, cpus(1), request, seed);
  REQUIRE(choice.node != no_node);
  CHECK(names[choice.node.index] == yaml["expect"]["node"].as<std::string>());
}

// Why a case cannot be asked of these policies; empty when it can.
std::string skipped_because(const YAML::Node& yaml) {
  const YAML::Node options = part(yaml, "options");
  for (const char* flag : {"spill_on_unavailable", "fail_on_unavailable"})
    if (options[flag].as<bool>(false)) return std::string("node affinity has no ") + flag;
  for (const auto& node : part(yaml, "nodes"))
    if (node["object_pulls_queued"].as<bool>(false)) return "views have no pull queues";
  return {};
}

}  // namespace

TEST_SUITE("policy_cases") {
  TEST_CASE("hybrid, spread, random and node affinity decide as the policies of Ray in every case of the table") {
    int passed = 0;
    int skipped = 0;
    for (const auto& yaml : YAML::LoadFile(file)["cases"]) {
      const auto id = yaml["id"].as<std::string>();
      CAPTURE(id);
      if (const std::string why = skipped_because(yaml); !why.empty()) {
        MESSAGE(id << " skipped: " << why);
        ++skipped;
        continue;
      }
      const auto kind = yaml["kind"].as<std::string>();
      if (kind == "policy_decision") check_decision(yaml);
      if (kind == "policy_sequence") check_sequence(yaml);
      if (kind == "hybrid_pick") check_pick(yaml);
      ++passed;
    }
    CHECK(passed == 39);
    CHECK(skipped == 3);
  }
}
