#include "conformance/case_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace raysim {

CaseCluster::CaseCluster(const CaseValue& the_case) {
  for (const CaseValue& node : the_case["nodes"].items()) add(node);
  const std::int64_t fillers = the_case["filler_nodes"].whole_or(0);
  for (std::int64_t i = 0; i < fillers; ++i) add(fmt::format("filler_{}", i), {});
  view.order = order;
}

void CaseCluster::add(const CaseValue& node) {
  NodeView seen;
  const bool local = node["local"].boolean_or(false);
  const bool alive = node["alive"].boolean_or(true);
  const bool draining = node["draining"].boolean_or(false);
  const bool has_raylet = node["has_raylet"].boolean_or(true);
  seen.usable = alive && !draining && has_raylet;
  seen.pulls_queued = node["object_pulls_queued"].boolean_or(false);
  for (const auto& [key, value] : node["labels"].entries()) {
    if (seen.labels == nullptr) labels.emplace_back();
    seen.labels = &labels.back();
    labels.back()[key] = value.text();
  }
  seen.total = resources(node["total"]);
  seen.set_available(resources(node["available"]));
  if (local) view.local = {static_cast<std::uint32_t>(order.size())};
  add(node.at("name").text(), std::move(seen));
}

void CaseCluster::add(const std::string& name, NodeView node) {
  order.push_back({static_cast<std::uint32_t>(order.size())});
  node_names.push_back(name);
  view.nodes.push_back(std::move(node));
}

NodeId CaseCluster::id_of(std::string_view node) const {
  const auto found = std::find(node_names.begin(), node_names.end(), node);
  return {static_cast<std::uint32_t>(found - node_names.begin())};  // of an unknown one: one more than there are
}

std::string CaseCluster::name_of(NodeId node) const { return node == no_node ? "nil" : node_names.at(node.index); }

ResourceSet CaseCluster::resources(const CaseValue& amounts) { return resources_of_case(amounts, names); }

ResourceId resource_of_case(std::string_view name, ResourceNames& names) {
  constexpr std::string_view implicit = "implicit:";
  if (!name.starts_with(implicit)) return names.id_of(name);
  return names.id_of(std::string(implicit_resource_prefix).append(name.substr(implicit.size())));
}

ResourceSet resources_of_case(const CaseValue& amounts, ResourceNames& names) {
  ResourceSet set;
  for (const auto& [name, amount] : amounts.entries())
    set.set(resource_of_case(name, names), ResourceAmount::of(amount.number()));
  return set;
}

const LabelSelector* CaseCluster::selector(const CaseValue& constraints) {
  if (constraints.is_null()) return nullptr;
  return &selectors_.emplace_back(read_selector(constraints));
}

namespace {

LabelConstraint::Op read_op(const CaseValue& value) {
  using Op = LabelConstraint::Op;
  constexpr std::pair<std::string_view, Op> ops[] = {
      {"in", Op::in}, {"not_in", Op::not_in}, {"exists", Op::exists}, {"does_not_exist", Op::does_not_exist}};
  const std::string word = value.text();
  for (const auto& [name, op] : ops)
    if (name == word) return op;
  value.fail_expected("in, not_in, exists or does_not_exist");
}

}  // namespace

// A list of {key, op, values}, or a mapping of keys to Ray's text forms.
LabelSelector read_selector(const CaseValue& constraints) {
  LabelSelector selector;
  if (constraints.is_mapping()) {
    for (const auto& [key, value] : constraints.entries()) try {
        selector.add(parse_label_constraint(key, value.text()));
      } catch (const LabelError& error) {
        value.fail_expected(error.expected);
      }
    return selector;
  }
  for (const CaseValue& item : constraints.items())
    selector.add({item.at("key").text(), read_op(item.at("op")), item["values"].texts()});
  return selector;
}

SchedulingStrategy read_strategy(const CaseValue& strategy, std::string_view otherwise, const NodeByName& id_of) {
  using Kind = SchedulingStrategy::Kind;
  constexpr std::pair<std::string_view, Kind> kinds[] = {{"default", Kind::standard},
                                                         {"hybrid", Kind::standard},
                                                         {"random", Kind::standard},
                                                         {"spread", Kind::spread},
                                                         {"node_affinity", Kind::node_affinity},
                                                         {"node_label", Kind::node_labels},
                                                         {"node_labels", Kind::node_labels},
                                                         {"placement_group", Kind::placement_group}};
  const std::string type = strategy.is_scalar() ? strategy.text() : strategy["type"].text_or(otherwise);
  SchedulingStrategy out;
  const auto* const kind =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& known) { return known.first == type; });
  if (kind == std::end(kinds)) throw SkipCase(fmt::format("no strategy is called '{}'", type));
  out.kind = kind->second;
  if (out.kind == Kind::node_affinity) {
    out.node = id_of(strategy.at("node").text());
    out.soft = strategy["soft"].boolean_or(false);
    out.spill_on_unavailable = strategy["spill_on_unavailable"].boolean_or(false);
    out.fail_on_unavailable = strategy["fail_on_unavailable"].boolean_or(false);
  }
  if (out.kind == Kind::node_labels) {
    out.hard_labels = read_selector(strategy["hard"]);
    out.soft_labels = read_selector(strategy["soft"]);
  }
  return out;
}

PolicySettings read_settings(const CaseValue& options) {
  PolicySettings settings;
  settings.spread_threshold = options["spread_threshold"].number_or(settings.spread_threshold);
  settings.top_k_fraction = options["top_k_fraction"].number_or(settings.top_k_fraction);
  settings.top_k_absolute = options["top_k_absolute"].whole_or(settings.top_k_absolute);
  settings.avoid_gpu_nodes = options["avoid_gpu_nodes"].boolean_or(settings.avoid_gpu_nodes);
  return settings;
}

NodeRequest read_request(const CaseValue& request, const CaseValue& options, const ResourceSet& demand,
                         CaseCluster& cluster) {
  NodeRequest out;
  out.demand = &demand;
  out.selector = cluster.selector(request["label_selector"]);
  out.needs_object_store = request["requires_object_store_memory"].boolean_or(false);
  if (request["preferred_node"].exists()) out.preferred = cluster.id_of(request["preferred_node"].text());
  const bool forced = options["force_spillback"].boolean_or(false);
  out.avoid_local = options["avoid_local_node"].boolean_or(false) || forced;
  out.require_available = options["require_node_available"].boolean_or(false) || forced;
  return out;
}

std::string to_string(NodeChoice::Reason reason) {
  switch (reason) {
    case NodeChoice::Reason::chosen: return "chosen";
    case NodeChoice::Reason::unavailable: return "unavailable";
    case NodeChoice::Reason::infeasible: return "infeasible";
  }
  return "?";
}

namespace {

// Every allowed node must turn up, often enough, and no other.
void check_draws(const CaseValue& expect, const std::map<std::string, std::int64_t>& drawn, Checks& checks) {
  std::set<std::string> allowed;
  for (const std::string& node : expect["nodes_any_of"].texts()) allowed.insert(node);
  if (allowed.empty()) allowed.insert(expect.at("node").text_or("nil"));
  std::set<std::string> seen;
  for (const auto& [node, times] : drawn) seen.insert(node);
  checks.equal("nodes", fmt::format("{}", fmt::join(allowed, ", ")), fmt::format("{}", fmt::join(seen, ", ")));
  const std::int64_t least = expect["each_allowed_node_seen_at_least"].whole_or(1);
  for (const auto& [node, times] : drawn)
    if (times < least) checks.equal("draws of " + node, fmt::format("{} at least", least), std::to_string(times));
}

void check_node(const CaseValue& expect, const std::string& node, NodeChoice::Reason reason, Checks& checks) {
  if (expect["node"].exists()) checks.equal("node", expect["node"].text_or("nil"), node);
  if (expect["nil"].boolean_or(false)) checks.equal("node", "nil", node);
  if (expect["nodes_any_of"].exists()) {
    const std::vector<std::string> allowed = expect["nodes_any_of"].texts();
    if (std::find(allowed.begin(), allowed.end(), node) == allowed.end())
      checks.equal("node", fmt::format("one of {}", fmt::join(allowed, ", ")), node);
  }
  if (expect["reason"].exists()) checks.equal("reason", expect["reason"].text(), to_string(reason));
  if (expect["infeasible"].exists())
    checks.equal("infeasible", expect["infeasible"].boolean(), reason == NodeChoice::Reason::infeasible);
}

}  // namespace

NodeChoice check_decisions(const CaseValue& expect, const CaseCluster& cluster,
                           const std::function<NodeChoice()>& decide, Checks& checks) {
  const std::int64_t repeat = expect["repeat"].whole_or(0);
  if (repeat == 0) {
    const NodeChoice choice = decide();
    check_node(expect, cluster.name_of(choice.node), choice.reason, checks);
    return choice;
  }
  std::map<std::string, std::int64_t> drawn;
  NodeChoice choice;
  for (std::int64_t i = 0; i < repeat; ++i) {
    choice = decide();
    ++drawn[cluster.name_of(choice.node)];
  }
  check_draws(expect, drawn, checks);
  return choice;
}

}  // namespace raysim
