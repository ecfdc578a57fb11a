#include "scenarios/load_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "platforms/load.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t most_bundles = 100'000;
constexpr double most_units = 1e9;

std::pair<ResourceId, ResourceAmount> read_amount(const YamlReader& value, const ScenarioContext& context) {
  if (value.key() == "memory") return {memory_resource, {value.bytes().count * ResourceAmount::unit}};
  if (value.key() == "object_store_memory")
    return {object_store_memory_resource, {value.bytes().count * ResourceAmount::unit}};
  const double amount = value.number(0, most_units);
  if (value.key() == "CPU") return {cpu_resource, ResourceAmount::of(amount)};
  if (value.key() == "GPU") {
    if (amount > 1 && amount != std::floor(amount))
      value.fail_expected("a whole number when above 1, as Ray shares only single GPUs");
    return {gpu_resource, ResourceAmount::of(amount)};
  }
  context.check_resource(value);
  return {context.resource(value.key()), ResourceAmount::of(amount)};
}

Bundle read_bundle(const YamlReader& value, const ScenarioContext& context) {
  Bundle bundle;
  for (const YamlReader& entry : value.named_values("amounts by resource, such as {CPU: 1}")) {
    const auto [id, amount] = read_amount(entry, context);
    bundle.resources.set(id, amount);
  }
  if (bundle.resources.empty()) value.fail("a bundle that asks for nothing", "at least one resource above 0");
  return bundle;
}

// One for each bundle of the list, as in Ray.
void read_selectors(const YamlReader& value, std::vector<Bundle>& bundles) {
  const std::vector<YamlReader> selectors = value.list("a list of selectors, one for each bundle");
  if (selectors.size() != bundles.size())
    value.fail("selectors for " + std::to_string(selectors.size()) + " bundles",
               "one for each of the " + std::to_string(bundles.size()));
  for (std::size_t i = 0; i < selectors.size(); ++i) bundles[i].selector = read_label_selector(selectors[i]);
}

PlacementStrategy read_placement_strategy(const YamlReader& value) {
  const auto names = placement_strategy_names();
  return static_cast<PlacementStrategy>(std::find(names.begin(), names.end(), value.one_of(names)) - names.begin());
}

// As in Ray, the label of node ids says what `strategy` would, and one other label may name domains.
void read_topology(const YamlMapping& mapping, PlacementGroupSpec& group) {
  static constexpr std::array<std::string_view, 1> of_domains{"STRICT_PACK"};
  if (mapping.has("strategy"))
    mapping.fail_at_key("strategy", "'strategy' next to 'topology_strategy'",
                        "one of the two, or the strategy for nodes in there, such as {ray.io/node-id: SPREAD}");
  for (const YamlReader& level : mapping.at("topology_strategy").named_values("a strategy by label")) {
    if (level.key() == node_id_label) {
      group.strategy = read_placement_strategy(level);
      continue;
    }
    if (!group.domain_label.empty())
      level.fail_at_key(fmt::format("label {} next to {}", in_quotes(level.key()), in_quotes(group.domain_label)),
                        fmt::format("one label besides {}", node_id_label));
    (void)level.one_of(of_domains);
    group.domain_label = level.key();
  }
}

PlacementGroupSpec read_group(const YamlReader& value, const ScenarioContext& context) {
  const YamlMapping mapping = value.mapping(keys::placement_group);
  PlacementGroupSpec group;
  group.name = value.key();
  if (const auto strategy = mapping.find("strategy")) group.strategy = read_placement_strategy(*strategy);
  if (mapping.has("topology_strategy")) read_topology(mapping, group);
  for (const YamlReader& bundle : mapping.at("bundles").list("a list of bundles, such as [{CPU: 1}, {CPU: 1}]"))
    group.bundles.push_back(read_bundle(bundle, context));
  if (group.bundles.empty()) mapping.at("bundles").fail("no bundles", "at least one");
  if (const auto selectors = mapping.find("bundle_label_selector")) read_selectors(*selectors, group.bundles);
  if (const auto count = mapping.find("count")) {
    const auto once = group.bundles;
    for (std::int64_t i = count->whole(1, most_bundles); i > 1; --i)
      group.bundles.insert(group.bundles.end(), once.begin(), once.end());
  }
  if (const auto target = mapping.find("soft_target_node")) {
    if (group.strategy != PlacementStrategy::strict_pack)
      mapping.fail_at_key("soft_target_node", "'soft_target_node' without STRICT_PACK",
                          "'strategy: STRICT_PACK' beside it, or in 'topology_strategy' for ray.io/node-id");
    group.soft_target = context.node(*target);
  }
  static constexpr std::array<std::string_view, 1> lifetimes{"detached"};
  if (const auto lifetime = mapping.find("lifetime")) group.detached = lifetime->one_of(lifetimes) == "detached";
  return group;
}

}  // namespace

std::vector<PlacementGroupEntry> read_placement_groups(const YamlReader& value, ScenarioContext& context) {
  for (const YamlReader& group : value.named_values("placement groups by name"))
    context.add_placement_group(std::string(group.key()),
                                std::make_shared<const PlacementGroupSpec>(read_group(group, context)));
  return context.placement_groups();
}

std::pair<std::string, std::string> read_expected_state(const YamlReader& value, const ScenarioContext& context) {
  static constexpr std::array<std::string_view, 4> states{"PENDING", "CREATED", "REMOVED", "RESCHEDULING"};
  std::vector<std::string_view> known;
  for (const PlacementGroupEntry& group : context.placement_groups()) known.push_back(group.name);
  if (std::find(known.begin(), known.end(), value.key()) == known.end())
    value.fail_at_key("unknown placement group " + in_quotes(value.key()),
                      known.empty() ? "none, for the scenario has none" : "one of " + listed(known));
  return {std::string(value.key()), value.one_of(states)};
}

}  // namespace raysim
