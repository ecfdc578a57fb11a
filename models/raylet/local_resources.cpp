#include "models/raylet/local_resources.hpp"

#include <algorithm>
#include <string>

namespace raysim {

namespace {
// How many tasks a bundle may have at once is no limit: each takes 0.001 of so many.
constexpr ResourceAmount bundle_marks{1000 * ResourceAmount::unit};
// More units than that are no devices but a mistake; they are kept as one amount.
constexpr ResourceAmount most_units{10'000 * ResourceAmount::unit};
}  // namespace

LocalResources::LocalResources(const ResourceNames& names, const ResourceSet& total,
                               std::span<const ResourceId> unit_resources, FractionAboveOne rule)
    : names_(names), instances_(names, rule) {
  for (const auto& [id, amount] : total.entries()) {
    const bool in_units =
        amount <= most_units && std::find(unit_resources.begin(), unit_resources.end(), id) != unit_resources.end();
    instances_.add_resource(id, amount, in_units);
  }
}

void LocalResources::grow(ResourceId id, std::span<const ResourceAmount> amounts) {
  instances_.grow(id, amounts);
  ++version_;
}

void LocalResources::remove(ResourceId id) {
  instances_.shrink(id, std::vector(instances_.available_of(id).size(), total().get(id)));
  ++version_;
}

std::optional<Allocation> LocalResources::allocate(const ResourceSet& demand) {
  auto held = instances_.allocate(demand);
  if (held) ++version_;
  return held;
}

void LocalResources::release(std::span<const InstanceShare> held) {
  instances_.free(held);
  ++version_;
}

Allocation LocalResources::cpu_of(std::span<const InstanceShare> held) const {
  Allocation cpu;
  for (const InstanceShare& share : held)
    if (names_.original(share.id) == cpu_resource) cpu.push_back(share);
  return cpu;
}

void LocalResources::lend_cpu(std::span<const InstanceShare> held) { release(cpu_of(held)); }

void LocalResources::retake_cpu(std::span<const InstanceShare> held) {
  instances_.subtract(cpu_of(held), true);
  ++version_;
}

std::vector<ResourceAmount> LocalResources::subtract(std::span<const InstanceShare> shares) {
  ++version_;
  return instances_.subtract(shares);
}

// Calls `change` with each resource of the group, and its amounts by instance.
template <class Change>
void LocalResources::for_group(std::span<const InstanceShare> held, std::string_view group, std::int32_t index,
                               ResourceNames& names, const Change& change) {
  const auto both = [&](std::string_view of, std::span<const ResourceAmount> amounts) {
    change(names.id_of(group_resource_name(of, group)), amounts);
    change(names.id_of(group_resource_name(of, group, index)), amounts);
  };
  for (auto share = held.begin(); share != held.end();) {
    // All instances that the node has, for they go by number.
    std::vector<ResourceAmount> amounts(instances_.available_of(share->id).size());
    const ResourceId id = share->id;
    for (; share != held.end() && share->id == id; ++share)
      if (share->instance < amounts.size()) amounts[share->instance] = share->amount;
    both(std::string(names.name_of(id)), amounts);
  }
  both("bundle", {&bundle_marks, 1});
  ++version_;
}

void LocalResources::commit_bundle(std::span<const InstanceShare> held, std::string_view group, std::int32_t index,
                                   ResourceNames& names) {
  for_group(held, group, index, names,
            [&](ResourceId id, std::span<const ResourceAmount> amounts) { instances_.grow(id, amounts); });
}

void LocalResources::remove_bundle(std::span<const InstanceShare> held, std::string_view group, std::int32_t index,
                                   ResourceNames& names) {
  for_group(held, group, index, names,
            [&](ResourceId id, std::span<const ResourceAmount> amounts) { instances_.shrink(id, amounts); });
}

void LocalResources::set_object_store_used(Bytes used) {
  constexpr ResourceId id = object_store_memory_resource;
  const ResourceAmount total = instances_.total().get(id);
  // Bytes beyond the total cannot be more than none free.
  const ResourceAmount in_use{std::min(used.count, total.ticks / ResourceAmount::unit + 1) * ResourceAmount::unit};
  const ResourceAmount free = std::max(ResourceAmount{}, total - in_use);
  const ResourceAmount now = instances_.available().get(id);
  const InstanceShare change{id, 0, free < now ? now - free : free - now};
  if (free < now)
    instances_.subtract({&change, 1});
  else
    instances_.free({&change, 1});
  ++version_;
}

bool LocalResources::idle() const { return instances_.all_free(); }

}  // namespace raysim
