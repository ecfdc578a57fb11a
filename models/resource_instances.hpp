// Which instance of a resource: a node's amounts one by one, and what a lease holds of them.
//
// Models: resources that come in units (GPUs: device 0, 1, ...) as instances of 1, all others as one instance; a demand is taken
// whole or not at all; whole units on free instances only, a fraction where it fits best; a placement group's
// resources, whose instances are those of the plain ones they were made of; implicit resources, of which every node has 1.
// Leaves out: what changes a node's amounts and when (models/raylet/local_resources.hpp).
// Mirrors src/ray/common/scheduling/resource_instance_set.cc (2.60).
// Invariants: an instance has from 0 to its total free, but where subtract() was told that it may have less; the sums are
// always those of the instances.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "models/ids.hpp"
#include "models/resources.hpp"

namespace raysim {

// A part of one instance.
struct InstanceShare {
  ResourceId id;
  std::uint32_t instance = 0;
  ResourceAmount amount;
  auto operator<=>(const InstanceShare&) const = default;
};

// What a lease or a bundle holds on its node; of a placement group's resources both the bundle's and the group's.
using Allocation = std::vector<InstanceShare>;

// What is to become of a demand such as 1.5 for a resource that comes in units.
enum class FractionAboveOne : std::uint8_t {
  refused,  // Ray since 2026
  split,    // before: whole units first, then the fraction by best fit
};

class ResourceInstances {
 public:
  // `names` must outlive it.
  explicit ResourceInstances(const ResourceNames& names, FractionAboveOne rule = FractionAboveOne::refused)
      : names_(&names), rule_(rule) {}

  // Gives the node `amount` of a resource that it did not have: as instances of 1, or as one instance.
  void add_resource(ResourceId id, ResourceAmount amount, bool in_units);
  // Adds to the totals and to what is free, instance by instance; instances that were not there come into being.
  void grow(ResourceId id, std::span<const ResourceAmount> amounts);
  // Takes from both; free amounts stop at 0. A resource without any total left is gone.
  void shrink(ResourceId id, std::span<const ResourceAmount> amounts);

  // Takes a demand, or nothing at all.
  std::optional<Allocation> allocate(const ResourceSet& demand);
  // Gives back; what would exceed an instance's total, or is of a resource that has gone, is dropped.
  void free(std::span<const InstanceShare> shares);
  // Takes shares whatever is free of them; below 0 only if told so. Returns what was missing, in order.
  std::vector<ResourceAmount> subtract(std::span<const InstanceShare> shares, bool may_go_negative = false);

  // By instance; empty: the node has none of it.
  [[nodiscard]] std::vector<ResourceAmount> available_of(ResourceId id) const;
  // Sums by resource. An implicit resource has an entry once it was used.
  [[nodiscard]] const ResourceSet& total() const { return total_; }
  [[nodiscard]] const ResourceSet& available() const { return available_; }
  [[nodiscard]] bool all_free() const;

 private:
  struct Instance {
    ResourceId id;
    std::uint32_t number = 0;
    ResourceAmount total;
    ResourceAmount available;
  };
  using Range = std::span<Instance>;

  [[nodiscard]] Range instances_of(ResourceId id);
  Instance* find(const InstanceShare& share);
  Instance& insert(ResourceId id, std::uint32_t number);
  void move(Instance& instance, std::int64_t ticks);  // free ones, up or down
  void take(Instance& instance, ResourceAmount amount, Allocation& taken);
  bool take_all(const ResourceSet& demand, Allocation& taken);
  bool take_one(ResourceId id, ResourceAmount amount, Allocation& taken);
  bool take_units(Range instances, ResourceAmount amount, Allocation& taken);
  bool take_grouped(const ResourceSet& demand, Allocation& taken);
  bool take_from_bundle(const GroupResource& wanted, std::int32_t bundle, ResourceAmount amount, Allocation& taken);
  bool take_from_some_bundle(std::span<const ResourceSet::Entry> wanted, Allocation& taken);
  [[nodiscard]] std::optional<ResourceId> group_resource(const GroupResource& wanted) const;
  void undo(Allocation& taken, std::size_t from);

  const ResourceNames* names_;
  FractionAboveOne rule_;
  std::vector<Instance> instances_;  // by resource, then by number
  ResourceSet total_;
  ResourceSet available_;
};

// The ids among `names` of a list such as "TPU,NPU" (names that nobody uses are left out).
std::vector<ResourceId> resources_named(std::string_view list, const ResourceNames& names);

// The devices behind an allocation of GPUs, plain or of a placement group, as CUDA_VISIBLE_DEVICES would list them.
std::vector<std::uint32_t> visible_devices(std::span<const InstanceShare> shares, const ResourceNames& names);

// The lists of devices of a run. Naming only: it tells nobody anything about anybody's state.
class DeviceLists {
 public:
  DeviceListId id_of(std::vector<std::uint32_t> devices) {
    if (devices.empty()) return {};
    const auto [it, fresh] = ids_.try_emplace(std::move(devices), static_cast<std::uint32_t>(lists_.size()));
    if (fresh) lists_.push_back(it->first);
    return {it->second};
  }
  [[nodiscard]] const std::vector<std::uint32_t>& operator[](DeviceListId id) const { return lists_[id.index]; }

 private:
  std::map<std::vector<std::uint32_t>, std::uint32_t> ids_;
  std::vector<std::vector<std::uint32_t>> lists_{{}};
};

}  // namespace raysim
