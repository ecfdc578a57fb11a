#include "scenarios/load_strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/load_expressions.hpp"
#include "scenarios/load_keys.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

using Kind = SchedulingStrategy::Kind;

SchedulingStrategy read_affinity(const YamlMapping& affinity, const ScenarioContext& context,
                                 const ExpressionReader* read, std::optional<Text>& node) {
  SchedulingStrategy strategy;
  strategy.kind = Kind::node_affinity;
  const YamlReader name = affinity.at("node");
  if (read != nullptr && name.is_scalar() && name.scalar().find('{') != std::string::npos)
    node = read->text(name);
  else
    strategy.node = context.node(name);
  if (const auto soft = affinity.find("soft")) strategy.soft = soft->boolean();
  const auto flag = [&](std::string_view key, bool needs_soft) {
    const auto value = affinity.find(key);
    const bool set = value && value->boolean();
    if (set && strategy.soft != needs_soft)
      value->fail(value->found(), needs_soft ? "false, or soft: true beside it" : "false, or no soft: true beside it");
    return set;
  };
  strategy.spill_on_unavailable = flag("spill_on_unavailable", true);
  strategy.fail_on_unavailable = flag("fail_on_unavailable", false);
  return strategy;
}

// `exists()` and `does_not_exist()` have a text here only; in Ray they are objects.
LabelConstraint read_constraint(const YamlReader& value, bool with_existence) {
  using Op = LabelConstraint::Op;
  const std::string text = value.text("text such as v, !v, in(a,b) or !in(a,b)");
  if (with_existence && text == "exists()") return {std::string(value.key()), Op::exists};
  if (with_existence && text == "does_not_exist()") return {std::string(value.key()), Op::does_not_exist};
  try {
    return parse_label_constraint(value.key(), text);
  } catch (const LabelError& error) {
    value.fail(fmt::format("{}: {}", value.found(), error.what()), error.expected);
  }
}

LabelSelector read_expressions(const YamlReader& value, bool with_existence) {
  LabelSelector selector;
  for (const YamlReader& label : value.named_values("labels by name"))
    selector.add(read_constraint(label, with_existence));
  return selector;
}

SchedulingStrategy read_node_labels(const YamlMapping& labels) {
  SchedulingStrategy strategy;
  strategy.kind = Kind::node_labels;
  if (const auto hard = labels.find("hard")) strategy.hard_labels = read_expressions(*hard, true);
  if (const auto soft = labels.find("soft")) strategy.soft_labels = read_expressions(*soft, true);
  return strategy;
}

// The group stands there as its index in the program.
SchedulingStrategy read_bundle_strategy(const YamlMapping& mapping, const ScenarioContext& context) {
  SchedulingStrategy strategy;
  strategy.kind = Kind::placement_group;
  const std::size_t group = context.placement_group(mapping.at("group"));
  strategy.group = {static_cast<std::uint32_t>(group)};
  const auto bundles = static_cast<std::int64_t>(context.placement_groups()[group].spec->bundles.size());
  if (const auto bundle = mapping.find("bundle"))
    strategy.bundle = static_cast<std::int32_t>(bundle->whole(-1, bundles - 1));
  if (const auto capture = mapping.find("capture_child_tasks")) strategy.capture_child_tasks = capture->boolean();
  return strategy;
}

}  // namespace

SchedulingStrategy read_strategy(const YamlReader& value, const ScenarioContext& context, const ExpressionReader* read,
                                 std::optional<Text>& node) {
  static constexpr std::string_view words[] = {"DEFAULT", "SPREAD"};
  static constexpr std::string_view expected =
      "DEFAULT, SPREAD, {node_affinity: {node: NAME}}, {node_labels: {hard: ...}} or {placement_group: {group: NAME}}";
  if (!value.is_mapping()) {
    const bool is_known =
        value.is_scalar() && std::find(std::begin(words), std::end(words), value.scalar()) != std::end(words);
    if (!is_known)
      value.fail_expected(std::string(expected) +
                          (value.is_scalar() ? suggestion(value.scalar(), words) : std::string()));
    SchedulingStrategy strategy;
    if (value.scalar() == "SPREAD") strategy.kind = Kind::spread;
    return strategy;
  }
  const YamlMapping mapping = value.mapping(keys::scheduling_strategy);
  const auto affinity = mapping.find("node_affinity");
  const auto labels = mapping.find("node_labels");
  const auto group = mapping.find("placement_group");
  const int given = (affinity ? 1 : 0) + (labels ? 1 : 0) + (group ? 1 : 0);
  if (given != 1)
    value.fail(given == 0 ? "no strategy" : "more than one strategy",
               "exactly one of node_affinity, node_labels, placement_group");
  if (group) return read_bundle_strategy(group->mapping(keys::bundle_strategy), context);
  return affinity ? read_affinity(affinity->mapping(keys::node_affinity), context, read, node)
                  : read_node_labels(labels->mapping(keys::node_labels));
}

LabelSelector read_label_selector(const YamlReader& value) { return read_expressions(value, false); }

std::vector<LabelSelector> read_fallback_strategy(const YamlReader& value) {
  std::vector<LabelSelector> selectors;
  for (const YamlReader& item : value.list("a list of {label_selector: ...}"))
    selectors.push_back(read_label_selector(item.mapping(keys::fallback).at("label_selector")));
  return selectors;
}

namespace {

// Whether the task may run on a node, as far as strategy and labels say.
bool may_run_on(const TaskOptionsSpec& options, const ClusterSpec& cluster, std::uint32_t index) {
  const NodeSpec& node = cluster.nodes[index];
  if (const auto& strategy = options.scheduling_strategy; strategy) {
    if (strategy->hard_affinity() && strategy->node.index != index) return false;
    if (strategy->kind == Kind::node_labels && !strategy->hard_labels.matches(node.labels)) return false;
  }
  if (!options.label_selector || options.label_selector->matches(node.labels)) return true;
  return options.fallback_strategy &&
         std::any_of(options.fallback_strategy->begin(), options.fallback_strategy->end(),
                     [&](const LabelSelector& selector) { return selector.matches(node.labels); });
}

// How much of the demand the node has, so that the one named is large in what is asked for.
double share_of(const ResourceSet& demand, const NodeSpec& node) {
  double share = 0;
  for (const auto& [id, amount] : demand.entries())
    share += std::min(1.0, static_cast<double>(node.total.get(id).ticks) / static_cast<double>(amount.ticks));
  return share;
}

// "{zone: a}, else {zone: b}"
std::string selectors_of(const TaskOptionsSpec& options) {
  if (!options.label_selector) return to_string(options.scheduling_strategy->hard_labels);
  std::string text = to_string(*options.label_selector);
  if (options.fallback_strategy)
    for (const LabelSelector& selector : *options.fallback_strategy) text += ", else " + to_string(selector);
  return text;
}

// In a placement group the bundles count, not the nodes.
void check_demand_in_group(const SchedulingStrategy& strategy, const ResourceSet& demand, std::string_view who,
                           const YamlReader& place, const ScenarioContext& context) {
  const PlacementGroupEntry& group = context.placement_groups()[strategy.group.index];
  const auto& bundles = group.spec->bundles;
  for (std::size_t i = 0; i < bundles.size(); ++i)
    if ((strategy.bundle < 0 || static_cast<std::size_t>(strategy.bundle) == i) && bundles[i].resources.covers(demand))
      return;
  place.fail_at_key(fmt::format("{} asks for {}, which fits into no such bundle of placement group {} (real Ray "
                                "raises ValueError)",
                                who, to_string(demand, context.cluster().resource_names), in_quotes(group.name)),
                    "a demand that a bundle can hold");
}

}  // namespace

void check_demand(const TaskOptionsSpec& options, std::string_view who, const YamlReader& place,
                  const ScenarioContext& context) {
  const ClusterSpec& cluster = context.cluster();
  const ResourceSet demand = context.demand(options);
  if (const auto& strategy = options.scheduling_strategy; strategy && strategy->kind == Kind::placement_group)
    return check_demand_in_group(*strategy, demand, who, place, context);
  const NodeSpec* largest = nullptr;
  std::size_t allowed = 0;
  double largest_share = 0;
  for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i) {
    const NodeSpec& node = cluster.nodes[i];
    if (!may_run_on(options, cluster, i)) continue;
    if (node.total.covers(demand)) return;
    ++allowed;
    const double share = share_of(demand, node);
    const bool has_more_cpus = largest != nullptr && node.total.get(cpu_resource) > largest->total.get(cpu_resource);
    if (largest != nullptr && (share < largest_share || (share == largest_share && !has_more_cpus))) continue;
    largest = &node;
    largest_share = share;
  }
  if (largest == nullptr)
    place.fail_at_key(fmt::format("{} asks for labels {} and no node that it may run on has them (real Ray would "
                                  "wait forever)",
                                  who, selectors_of(options)),
                      "labels that a node has");
  const bool is_bound = options.scheduling_strategy && options.scheduling_strategy->hard_affinity();
  const std::string_view which = is_bound                         ? "node"
                                 : allowed < cluster.nodes.size() ? "largest such node"
                                                                  : "largest node";
  place.fail_at_key(fmt::format("{} asks for {} and the {} {} has {} (real Ray would wait forever)", who,
                                to_string(demand, cluster.resource_names), which, in_quotes(largest->name),
                                to_string(largest->total, cluster.resource_names)),
                    "a demand that a node can hold");
}

}  // namespace raysim
