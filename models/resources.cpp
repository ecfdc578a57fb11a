#include "models/resources.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace raysim {

ResourceNames::ResourceNames() {
  for (const char* name : {"CPU", "memory", "GPU", "object_store_memory"}) id_of(name);
}

ResourceId ResourceNames::id_of(std::string_view name) {
  const auto [it, fresh] = ids_.try_emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (fresh) names_.emplace_back(name);
  return {it->second};
}

bool ResourceNames::known(std::string_view name) const { return ids_.contains(std::string(name)); }

namespace {
auto position(auto& entries, ResourceId id) {
  return std::lower_bound(entries.begin(), entries.end(), id, [](const auto& e, ResourceId i) { return e.first < i; });
}
}  // namespace

ResourceAmount ResourceSet::get(ResourceId id) const {
  const auto it = position(entries_, id);
  return it != entries_.end() && it->first == id ? it->second : ResourceAmount{};
}

void ResourceSet::set(ResourceId id, ResourceAmount amount) {
  const auto it = position(entries_, id);
  const bool here = it != entries_.end() && it->first == id;
  if (amount.ticks == 0) {
    if (here) entries_.erase(it);
  } else if (here) {
    it->second = amount;
  } else {
    entries_.insert(it, {id, amount});
  }
}

bool ResourceSet::covers(const ResourceSet& demand) const {
  return std::all_of(demand.entries_.begin(), demand.entries_.end(),
                     [this](const Entry& e) { return get(e.first) >= e.second; });
}

std::string to_string(const ResourceSet& set, const ResourceNames& names) {
  std::string out = "{";
  for (const auto& [id, amount] : set.entries()) {
    if (out.size() > 1) out += ", ";
    out += fmt::format("{}: {}", names.name_of(id), amount.value());
  }
  return out + "}";
}

}  // namespace raysim
