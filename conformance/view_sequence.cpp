// How the view of a node changes: taken from, given back to, overwritten.
#include <fmt/format.h>

#include <string_view>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"

namespace raysim {

namespace {

std::string in_text(ResourceAmount amount) { return fmt::format("{}", amount.value()); }

void take_step(const CaseValue& step, CaseCluster& cluster) {
  const NodeId node = step["node"].exists() ? cluster.id_of(step["node"].text()) : NodeId{0};
  if (cluster.view.find(node) == nullptr) step["node"].fail_expected("the name of a node");
  static_cast<void>(step["read"].boolean_or(true));
  if (step["subtract"].exists()) cluster.view.deduct(node, cluster.resources(step["subtract"]));
  if (step["add"].exists()) cluster.view.give_back(node, cluster.resources(step["add"]));
  if (step["report"].exists()) cluster.view.set_available(node, cluster.resources(step["report"]));
}

}  // namespace

// `expect` has a list for each resource that is looked at, `available_cpu` or `available_NAME`: of the first node after each
// step.
void run_view_sequence(const CaseValue& the_case, Checks& checks) {
  constexpr std::string_view prefix = "available_";
  CaseCluster cluster(the_case);
  if (cluster.view.nodes.empty()) the_case.fail_expected("a case with nodes");
  const std::vector<CaseValue> steps = the_case.at("steps").items();
  const auto expected = the_case.at("expect").entries();
  for (const auto& [key, values] : expected) {
    if (!key.starts_with(prefix)) throw SkipCase(fmt::format("nothing reads the key 'expect.{}'", key));
    if (values.items().size() != steps.size()) values.fail_expected("a value for each step");
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    take_step(steps[i], cluster);
    for (const auto& [key, values] : expected) {
      const std::string lower = key.substr(prefix.size());
      const ResourceId resource = cluster.names.id_of(lower == "cpu" ? "CPU" : lower == "gpu" ? "GPU" : lower);
      checks.equal(fmt::format("{}[{}]", key, i), in_text(ResourceAmount::of(values.items()[i].number())),
                   in_text(cluster.view.nodes.front().available.get(resource)));
    }
  }
}

}  // namespace raysim
