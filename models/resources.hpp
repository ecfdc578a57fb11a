// Ray's resource arithmetic.
//
// Models: amounts as integers of 1/10000 (a decimal is truncated), demands and capacities by name; zero means absent.
// Leaves out: unit instances (which GPU), labels. Mirrors src/ray/common/scheduling/{fixed_point.h,resource_set.cc}.
// Invariants: amounts never lose exactness; a ResourceSet holds no zero entry and is sorted by id.
#pragma once

#include <compare>
#include <cstdint>
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
  std::uint32_t index = 0;
  constexpr auto operator<=>(const ResourceId&) const = default;
};
inline constexpr ResourceId cpu_resource{0};
inline constexpr ResourceId memory_resource{1};
inline constexpr ResourceId gpu_resource{2};
inline constexpr ResourceId object_store_memory_resource{3};

class ResourceNames {
 public:
  ResourceNames();
  // The id of a name, made when it is new.
  ResourceId id_of(std::string_view name);
  // True when some node or task has used the name.
  [[nodiscard]] bool known(std::string_view name) const;
  [[nodiscard]] const std::string& name_of(ResourceId id) const { return names_[id.index]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

// Amounts by resource. Used for demands, totals and what is available.
class ResourceSet {
 public:
  using Entry = std::pair<ResourceId, ResourceAmount>;

  [[nodiscard]] ResourceAmount get(ResourceId id) const;
  // A zero amount removes the entry.
  void set(ResourceId id, ResourceAmount amount);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  auto operator<=>(const ResourceSet&) const = default;

  // Whether every amount of `demand` is here at least.
  [[nodiscard]] bool covers(const ResourceSet& demand) const;

 private:
  std::vector<Entry> entries_;
};

// "{CPU: 1, alice: 1}", names in id order.
std::string to_string(const ResourceSet& set, const ResourceNames& names);

}  // namespace raysim
