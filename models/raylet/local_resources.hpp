// What this node has, and what is in use: the raylet's own bookkeeping, instance by instance.
//
// Models: totals and what is free; leases and bundles that take and give back; CPU that a blocked worker lends to others, and takes
// back even if that makes availability negative; bundles of placement groups; object store memory by use; idleness.
// Leaves out: who is told about it, and when (models/raylet/raylet.hpp), other nodes.
// Mirrors src/ray/raylet/scheduling/local_resource_manager.cc and src/ray/raylet/placement_group_resource_manager.cc (2.60).
// Invariants: an allocation is whole or nothing; `available` never exceeds `total`; the version counts every change.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "models/resource_instances.hpp"
#include "sim/time.hpp"

namespace raysim {

class LocalResources {
 public:
  // `unit_resources` are split into instances of 1. `names` must outlive it.
  LocalResources(const ResourceNames& names, const ResourceSet& total, std::span<const ResourceId> unit_resources,
                 FractionAboveOne rule = FractionAboveOne::refused);
  LocalResources(const ResourceNames& names, ResourceInstances instances)
      : names_(names), instances_(std::move(instances)) {}

  // Sums by resource.
  [[nodiscard]] const ResourceSet& total() const { return instances_.total(); }
  [[nodiscard]] const ResourceSet& available() const { return instances_.available(); }
  [[nodiscard]] const ResourceInstances& instances() const { return instances_; }
  // Counts changes, of which others are to be told.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // Takes nothing new from now on; counts as a change.
  void drain() { ++version_; }
  // More of a resource, instance by instance; all of a resource gone, also what is held of it.
  void grow(ResourceId id, std::span<const ResourceAmount> amounts);
  void remove(ResourceId id);
  // Nothing is held, and the object store is empty.
  [[nodiscard]] bool idle() const;

  // Takes a demand, or nothing at all.
  std::optional<Allocation> allocate(const ResourceSet& demand);
  void release(std::span<const InstanceShare> held);
  // The CPU among it (plain or of a placement group) is free while its worker waits ...
  void lend_cpu(std::span<const InstanceShare> held);
  // ... and then taken again, whatever is free. Each call of the one goes with one of the other.
  void retake_cpu(std::span<const InstanceShare> held);

  // The bundle that `held` was prepared for is committed: the node gets, for each X held, X_group_G and X_group_INDEX_G
  // with the same instances, and the group's marks. `names` are those of the constructor.
  void commit_bundle(std::span<const InstanceShare> held, std::string_view group, std::int32_t index,
                     ResourceNames& names);
  // Takes them away again, also from who uses them; what was held stays so until release().
  void remove_bundle(std::span<const InstanceShare> held, std::string_view group, std::int32_t index,
                     ResourceNames& names);

  // Takes shares as far as they are free; release() gives them back. Returns what was missing, in order.
  std::vector<ResourceAmount> subtract(std::span<const InstanceShare> shares);
  // Tasks do not allocate object store memory: what is free follows from what the store holds.
  void set_object_store_used(Bytes used);

 private:
  [[nodiscard]] Allocation cpu_of(std::span<const InstanceShare> held) const;
  template <class Change>
  void for_group(std::span<const InstanceShare> held, std::string_view group, std::int32_t index, ResourceNames& names,
                 const Change& change);

  const ResourceNames& names_;
  ResourceInstances instances_;
  std::uint64_t version_ = 0;
};

}  // namespace raysim
