// What a case says of a lease manager after a step.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/lease_case.hpp"

namespace raysim {

std::int64_t LeaseCase::granted_now() const {
  return std::count_if(leases_.begin(), leases_.end(), [](const auto& entry) {
    return entry.second.granted && entry.second.granted->state == Lease::State::granted;
  });
}

// All queues and counters are empty.
bool LeaseCase::clean() const {
  const LeaseManager::Counts counts = manager_->counts();
  return counts.waiting + counts.waiting_for_worker + counts.waiting_for_arguments + counts.to_schedule +
             counts.infeasible + counts.running + counts.pinned_objects ==
         0;
}

void LeaseCase::check(const CaseValue& expect, const std::string& where, const Result& result, Checks& checks) {
  const LeaseManager::Counts counts = manager_->counts();
  std::int64_t idle = 0;
  for (const auto& [env, workers] : idle_) idle += static_cast<std::int64_t>(workers.size());
  const std::pair<std::string_view, std::int64_t> numbers[] = {
      {"granted", granted_now()},
      {"granted_total", granted_total_},
      {"idle_workers", idle},
      {"worker_requests", worker_requests_},
      {"waiting", counts.waiting},
      {"waiting_for_worker", counts.waiting_for_worker},
      {"waiting_for_arguments", counts.waiting_for_arguments},
      {"running", counts.running},
      {"infeasible_classes", counts.infeasible_classes},
      {"infeasible_announcements", announcements_},
      {"blocked_on_resources", counts.blocked_on_resources},
      {"grant_queue_classes", counts.grant_queue_classes},
      {"canceled_count", static_cast<std::int64_t>(result.canceled_count.value_or(0))}};
  for (const auto& [name, value] : numbers)
    if (const CaseValue wanted = expect[name]; wanted.exists())
      checks.equal(fmt::format("{}.{}", where, name), std::to_string(wanted.whole()), std::to_string(value));

  const std::pair<std::string_view, bool> truths[] = {{"clean", clean()},
                                                      {"node_idle", manager_->node_idle()},
                                                      {"canceled", result.canceled.value_or(false)},
                                                      {"ok", result.ok.value_or(true)}};
  for (const auto& [name, value] : truths)
    if (const CaseValue wanted = expect[name]; wanted.exists())
      checks.equal(fmt::format("{}.{}", where, name), wanted.boolean(), value);

  for (const auto& [name, reply] : expect["replies"].entries()) {
    const std::string wanted = reply.text();
    const std::string got = leases_.contains(name) ? leases_[name].reply : "no such lease";
    const bool any_reason = wanted == "canceled" && got.starts_with("canceled");
    checks.equal(fmt::format("{}.replies.{}", where, name), wanted, any_reason ? wanted : got);
  }
  for (const auto& [name, amount] : expect["available"].entries()) {
    const ResourceAmount got = scheduler_->available().get(cluster_.resource_names.id_of(name));
    checks.equal(fmt::format("{}.available.{}", where, name),
                 fmt::format("{}", ResourceAmount::of(amount.number()).value()), fmt::format("{}", got.value()));
  }
  check_demand(expect, where, checks);
}

void LeaseCase::check_demand(const CaseValue& expect, const std::string& where, Checks& checks) {
  const std::vector<LeaseManager::Demand> demands = manager_->demand();
  const auto find = [&](const ResourceSet& shape) {
    const auto it = std::find_if(demands.begin(), demands.end(), [&](const auto& d) { return d.shape == shape; });
    return it != demands.end() ? &*it : nullptr;
  };
  const auto number = [&](std::string_view name, std::int64_t got) {
    if (const CaseValue wanted = expect[name]; wanted.exists())
      checks.equal(fmt::format("{}.{}", where, name), std::to_string(wanted.whole()), std::to_string(got));
  };
  ResourceSet one_cpu;
  one_cpu.set(cpu_resource, ResourceAmount::of(1));
  const LeaseManager::Demand* small = find(one_cpu);
  number("demand_shapes", static_cast<std::int64_t>(demands.size()));
  number("infeasible_one_cpu", small != nullptr ? small->infeasible : 0);
  if (!expect["demand"].exists()) return;

  const std::vector<CaseValue> wanted = expect["demand"].items();
  checks.equal(where + ".demand", fmt::format("{} shapes", wanted.size()), fmt::format("{} shapes", demands.size()));
  for (const CaseValue& entry : wanted) {
    const ResourceSet shape = resources(entry.at("shape"));
    const LeaseManager::Demand* got = find(shape);
    const std::string name = fmt::format("{}.demand.{}", where, to_string(shape, cluster_.resource_names));
    if (got == nullptr) {
      checks.equal(name, "reported", "not reported");
      continue;
    }
    if (entry["infeasible"].exists())
      checks.equal(name + ".infeasible", std::to_string(entry["infeasible"].whole()), std::to_string(got->infeasible));
    if (entry["ready"].exists())
      checks.equal(name + ".ready", std::to_string(entry["ready"].whole()), std::to_string(got->ready));
  }
}

}  // namespace raysim
