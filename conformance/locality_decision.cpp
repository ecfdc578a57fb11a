// Which node an owner asks first.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "models/core_worker/lease_policy.hpp"

namespace raysim {

namespace {

// Nodes by the names that turn up in the case.
class NodesByName {
 public:
  NodeId id_of(const std::string& name) {
    const auto [it, fresh] = ids_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (fresh) names_.push_back(name);
    return {it->second};
  }
  [[nodiscard]] const std::string& name_of(NodeId node) const { return names_.at(node.index); }

 private:
  std::map<std::string, std::uint32_t> ids_;
  std::vector<std::string> names_;
};

SchedulingStrategy strategy_of(const CaseValue& strategy, NodesByName& nodes) {
  using Kind = SchedulingStrategy::Kind;
  const std::string type = strategy["type"].text_or("default");
  SchedulingStrategy out;
  if (type == "spread") out.kind = Kind::spread;
  if (type == "node_affinity") {
    out.kind = Kind::node_affinity;
    out.node = nodes.id_of(strategy.at("node").text());
    out.soft = strategy["soft"].boolean_or(false);
  }
  if (type != "default" && out.kind == Kind::standard) throw SkipCase(fmt::format("no strategy is called '{}'", type));
  return out;
}

}  // namespace

void run_locality_decision(const CaseValue& the_case, Checks& checks) {
  NodesByName nodes;
  std::vector<std::optional<ObjectPlaces>> objects;
  for (const CaseValue& object : the_case["objects"].items()) {
    static_cast<void>(object["id"].text_or(""));
    ObjectPlaces places;
    for (const std::string& node : object["on"].texts()) places.nodes.push_back(nodes.id_of(node));
    const CaseValue bytes = object["bytes"];
    places.size = Bytes{bytes.whole_or(0)};
    objects.push_back(bytes.is_null() ? std::nullopt : std::optional(places));
  }
  const std::string policy = the_case["policy"].text_or("locality_aware");
  if (policy != "locality_aware" && policy != "local_only")
    throw SkipCase(fmt::format("no lease policy is called '{}'", policy));
  const SchedulingStrategy strategy = strategy_of(the_case["strategy"], nodes);
  const bool known = the_case["node_address_known"].boolean_or(true);
  int lookups = 0;
  LeasePolicyInput input;
  input.strategy = &strategy;
  input.local = nodes.id_of(the_case.at("fallback_node").text());
  input.locality_aware = policy == "locality_aware";
  input.arguments = objects.size();
  input.places_of = [&](std::size_t argument) {
    ++lookups;
    return objects[argument];
  };
  input.address_known = [&](NodeId) { return known; };
  const FirstNode first = first_node_to_ask(input);

  const CaseValue expect = the_case.at("expect");
  if (expect["node"].exists()) checks.equal("node", expect["node"].text(), nodes.name_of(first.node));
  if (expect["selected_by_locality"].exists())
    checks.equal("selected_by_locality", expect["selected_by_locality"].boolean(), first.selected_by_locality);
  if (expect["locality_lookups"].exists())
    checks.equal("locality_lookups", std::to_string(expect["locality_lookups"].whole()), std::to_string(lookups));
}

}  // namespace raysim
