// What one node has and gives, instance by instance.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "conformance/steps.hpp"
#include "models/raylet/local_resources.hpp"

namespace raysim {

namespace {

using Amounts = std::vector<ResourceAmount>;

std::string as_text(const Amounts& amounts) {
  std::string out = "[";
  for (const ResourceAmount amount : amounts) out += fmt::format("{}{}", out.size() > 1 ? ", " : "", amount.value());
  return out + "]";
}

Amounts read_amounts(const CaseValue& list) {
  Amounts amounts;
  for (const CaseValue& item : list.items()) amounts.push_back(ResourceAmount::of(item.number()));
  return amounts;
}

// Cases of older releases say so; those without a word hold for all.
FractionAboveOne rule_of(const CaseValue& the_case) {
  const CaseValue scope = the_case["version_scope"];
  const bool newest = !scope.exists() || scope.text().starts_with("newest");
  return newest ? FractionAboveOne::refused : FractionAboveOne::split;
}

class Sequence {
 public:
  explicit Sequence(const CaseValue& the_case) : local_(names_, first_state(the_case)), initial_(local_.available()) {}

  void take_step(const CaseValue& step) {
    ok_ = true;
    underflow_.clear();
    if (const CaseValue demand = step["allocate"]; demand.exists()) {
      auto held = local_.allocate(resources_of_case(demand, names_));
      ok_ = held.has_value();
      allocation_ = held.value_or(Allocation{});
      if (held) held_.push_back(std::move(*held));
    }
    if (step["free_last"].boolean_or(false)) {
      if (held_.empty()) step.fail_expected("an allocation before it");
      local_.release(held_.back());
      held_.pop_back();
    }
    if (step["subtract_instances"].exists()) underflow_ = local_.subtract(shares(step["subtract_instances"]));
    if (step["add_instances"].exists()) local_.release(shares(step["add_instances"]));
    if (const CaseValue used = step["set_object_store_used"]; used.exists())
      local_.set_object_store_used(Bytes{used.whole()});
    static_cast<void>(step["read"].boolean_or(true));
  }

  void check(const CaseValue& expect, Checks& checks, const std::string& where) {
    if (const CaseValue ok = expect["ok"]; ok.exists()) checks.equal(where + "ok", ok.boolean(), ok_);
    if (const CaseValue idle = expect["idle"]; idle.exists())
      checks.equal(where + "idle", idle.boolean(), local_.idle());
    if (const CaseValue same = expect["available_equals_initial"]; same.exists())
      checks.equal(where + "available_equals_initial", same.boolean(), as_at_first());
    if (const CaseValue missing = expect["underflow"]; missing.exists())
      checks.equal(where + "underflow", as_text(read_amounts(missing)), as_text(underflow_));
    for (const auto& [name, amounts] : expect["available"].entries())
      checks.equal(fmt::format("{}available.{}", where, name), as_text(read_amounts(amounts)),
                   as_text(available_of(name)));
    for (const auto& [name, amounts] : expect["allocation"].entries())
      checks.equal(fmt::format("{}allocation.{}", where, name), as_text(read_amounts(amounts)),
                   as_text(allocated_of(name)));
    for (const auto& [name, amount] : expect["available_sum"].entries())
      checks.equal(fmt::format("{}available_sum.{}", where, name),
                   fmt::format("{}", ResourceAmount::of(amount.number()).value()),
                   fmt::format("{}", sum(available_of(name)).value()));
    check_names(expect["allocated_names_any_of"], checks, where);
  }

 private:
  ResourceInstances first_state(const CaseValue& the_case) {
    ResourceInstances instances(names_, rule_of(the_case));
    std::set<ResourceId> units;
    for (const CaseValue& unit : the_case["unit_resources"].items()) units.insert(names_.id_of(unit.text()));
    const ResourceSet total = resources_of_case(the_case["node_total"], names_);
    for (const auto& [id, amount] : total.entries()) instances.add_resource(id, amount, units.contains(id));
    for (const auto& [name, amounts] : the_case["initial_instances"].entries())
      instances.grow(resource_of_case(name, names_), read_amounts(amounts));
    return instances;
  }

  Allocation shares(const CaseValue& amounts_by_name) {
    Allocation all;
    for (const auto& [name, amounts] : amounts_by_name.entries()) {
      std::uint32_t instance = 0;
      for (const ResourceAmount amount : read_amounts(amounts))
        all.push_back({resource_of_case(name, names_), instance++, amount});
    }
    return all;
  }

  Amounts available_of(const std::string& name) {
    return local_.instances().available_of(resource_of_case(name, names_));
  }

  Amounts allocated_of(const std::string& name) {
    Amounts amounts(available_of(name).size());
    for (const InstanceShare& share : allocation_)
      if (share.id == resource_of_case(name, names_)) amounts.at(share.instance) = share.amount;
    return amounts;
  }

  static ResourceAmount sum(const Amounts& amounts) {
    ResourceAmount all;
    for (const ResourceAmount amount : amounts) all = all + amount;
    return all;
  }

  // An implicit resource that was used and is free again is as one that never was.
  [[nodiscard]] bool as_at_first() const { return local_.available().covers(initial_) && local_.idle(); }

  void check_names(const CaseValue& sets, Checks& checks, const std::string& where) {
    if (!sets.exists()) return;
    std::set<std::string> got;
    for (const InstanceShare& share : allocation_) got.insert(names_.name_of(share.id));
    for (const CaseValue& set : sets.items()) {
      const std::vector<std::string> names = set.texts();
      if (std::set<std::string>(names.begin(), names.end()) == got) return;
    }
    checks.equal(where + "allocated_names_any_of", "one of the sets", fmt::format("{}", fmt::join(got, ", ")));
  }

  ResourceNames names_;
  LocalResources local_;
  ResourceSet initial_;
  std::vector<Allocation> held_;
  Allocation allocation_;
  Amounts underflow_;
  bool ok_ = true;
};

}  // namespace

void run_allocation_sequence(const CaseValue& the_case, Checks& checks) {
  Sequence sequence(the_case);
  for_each_step(the_case, [&](const CaseValue& step, const CaseValue& expected, const std::string& where) {
    sequence.take_step(step);
    sequence.check(expected, checks, where + ".");
  });
}

}  // namespace raysim
