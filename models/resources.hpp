// Ray's resource arithmetic.
//
// Models: amounts as integers of 1/10000 (a decimal is truncated), demands and capacities by name; zero means absent, but of an
// implicit resource every node has 1 that does not say otherwise; names of placement groups' resources.
// Leaves out: which instance of a resource (models/resource_instances.hpp), labels.
// Mirrors src/ray/common/scheduling/{fixed_point.h,resource_set.cc} and the names of src/ray/common/bundle_spec.cc.
// Invariants: amounts never lose exactness; a ResourceSet is sorted by id and holds no zero entry but of implicit resources.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace raysim {

// An amount of a resource in units of 1/10000.
struct ResourceAmount {
  static constexpr std::int64_t unit = 10'000;
  std::int64_t ticks = 0;

  // Truncates towards zero below 1/10000, as Ray's FixedPoint does.
  static constexpr ResourceAmount of(double value) { return {static_cast<std::int64_t>(value * unit)}; }
  [[nodiscard]] constexpr double value() const { return static_cast<double>(ticks) / unit; }
  constexpr auto operator<=>(const ResourceAmount&) const = default;
  constexpr ResourceAmount operator+(ResourceAmount o) const { return {ticks + o.ticks}; }
  constexpr ResourceAmount operator-(ResourceAmount o) const { return {ticks - o.ticks}; }
};

// Names of resources as small numbers. The first four are Ray's predefined ones, in this order.
struct ResourceId {
  static constexpr std::uint32_t implicit_bit = std::uint32_t{1} << 31;
  std::uint32_t index = 0;
  constexpr auto operator<=>(const ResourceId&) const = default;
  // Whether every node has 1 of it without saying so.
  [[nodiscard]] constexpr bool implicit() const { return (index & implicit_bit) != 0; }
};
inline constexpr ResourceId cpu_resource{0};
inline constexpr ResourceId memory_resource{1};
inline constexpr ResourceId gpu_resource{2};
inline constexpr ResourceId object_store_memory_resource{3};

// Names that begin so are of implicit resources.
inline constexpr std::string_view implicit_resource_prefix = "node:__internal_implicit_resource_";

// What the name of a placement group's resource says: X_group_G, or X_group_3_G of the bundle 3.
struct GroupResource {
  static constexpr std::int32_t any_bundle = -1;
  ResourceId of;            // X
  std::uint32_t group = 0;  // a number for G
  std::int32_t bundle = any_bundle;
  constexpr auto operator<=>(const GroupResource&) const = default;
};
// X_group_G, or X_group_3_G of the bundle 3.
std::string group_resource_name(std::string_view of, std::string_view group,
                                std::int32_t bundle = GroupResource::any_bundle);

class ResourceNames {
 public:
  ResourceNames();
  // The id of a name, made when it is new.
  ResourceId id_of(std::string_view name);
  // True when some node or task has used the name.
  [[nodiscard]] bool known(std::string_view name) const;
  [[nodiscard]] std::optional<ResourceId> find(std::string_view name) const;
  [[nodiscard]] const std::string& name_of(ResourceId id) const { return names_[id.index & ~ResourceId::implicit_bit]; }
  // Null: the name is not of a placement group.
  [[nodiscard]] const GroupResource* group_of(ResourceId id) const {
    if (id <= object_store_memory_resource || id.implicit() || groups_[id.index].of == id) return nullptr;
    return &groups_[id.index];
  }
  // X for X_group_G and X_group_3_G; any other resource is its own.
  [[nodiscard]] ResourceId original(ResourceId id) const {
    const GroupResource* group = group_of(id);
    return group != nullptr ? group->of : id;
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  [[nodiscard]] GroupResource parse(std::string_view name, ResourceId id);

  std::vector<std::string> names_;
  std::vector<GroupResource> groups_;  // by index; of a plain name: `of` is the name itself
  std::unordered_map<std::string, std::uint32_t> group_numbers_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

// Amounts by resource. Used for demands, totals and what is available.
class ResourceSet {
 public:
  using Entry = std::pair<ResourceId, ResourceAmount>;

  [[nodiscard]] ResourceAmount get(ResourceId id) const;
  // A zero amount removes the entry; of an implicit resource it stays, for none would mean 1.
  void set(ResourceId id, ResourceAmount amount);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::span<const Entry> entries() const { return {entries_.data(), entries_.size()}; }
  std::strong_ordering operator<=>(const ResourceSet& other) const {
    return std::lexicographical_compare_three_way(entries_.begin(), entries_.end(), other.entries_.begin(),
                                                  other.entries_.end());
  }
  bool operator==(const ResourceSet& other) const { return entries_ == other.entries_; }

  // Whether a node with these amounts has every amount of `demand` at least.
  [[nodiscard]] bool covers(const ResourceSet& demand) const;

 private:
  // Most nodes and tasks name no more: a large cluster has thousands of these, and each one elsewhere would be a miss.
  boost::container::small_vector<Entry, 3> entries_;
};

// What is free of a resource that comes in units, such as GPUs, unit by unit.
struct FreeUnits {
  ResourceId resource;
  std::vector<ResourceAmount> free;

  // A fraction needs one unit that has it; a whole number, as many that nobody uses.
  [[nodiscard]] bool cover(ResourceAmount demand) const;
  // Takes as an allocation would: units that nobody uses, in order; a fraction where it fits best. What does not fit stays.
  void take(ResourceAmount demand);
};

// "{CPU: 1, alice: 1}", names in id order.
std::string to_string(const ResourceSet& set, const ResourceNames& names);

}  // namespace raysim
