#include "models/resources.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace raysim {

ResourceNames::ResourceNames() {
  for (const char* name : {"CPU", "memory", "GPU", "object_store_memory"}) id_of(name);
}

ResourceId ResourceNames::id_of(std::string_view name) {
  const std::uint32_t flag = name.starts_with(implicit_resource_prefix) ? ResourceId::implicit_bit : 0;
  const auto next = static_cast<std::uint32_t>(names_.size());
  const auto [it, fresh] = ids_.try_emplace(std::string(name), next | flag);
  const ResourceId id{it->second};
  if (!fresh) return id;
  names_.emplace_back(name);
  groups_.emplace_back(GroupResource{.of = id});
  const GroupResource group = parse(name, id);  // may make the id of what the group's resource is made of
  groups_[next] = group;
  return id;
}

// Read from the end, for X may itself contain "_group_".
GroupResource ResourceNames::parse(std::string_view name, ResourceId id) {
  constexpr std::string_view word = "_group_";
  const std::size_t at = name.rfind(word);
  if (at == std::string_view::npos || at == 0 || id.implicit()) return {.of = id};
  std::string_view group = name.substr(at + word.size());
  GroupResource parsed;
  if (const std::size_t split = group.find('_'); split != std::string_view::npos) {
    const auto [end, error] = std::from_chars(group.data(), group.data() + split, parsed.bundle);
    if (error != std::errc{} || end != group.data() + split || parsed.bundle < 0) return {.of = id};
    group.remove_prefix(split + 1);
  }
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (group.empty() || !std::all_of(group.begin(), group.end(), is_part)) return {.of = id};
  const auto number = static_cast<std::uint32_t>(group_numbers_.size());
  parsed.group = group_numbers_.try_emplace(std::string(group), number).first->second;
  parsed.of = id_of(name.substr(0, at));
  return parsed;
}

std::string group_resource_name(std::string_view of, std::string_view group, std::int32_t bundle) {
  return bundle == GroupResource::any_bundle ? fmt::format("{}_group_{}", of, group)
                                             : fmt::format("{}_group_{}_{}", of, bundle, group);
}

std::optional<ResourceId> ResourceNames::find(std::string_view name) const {
  const auto it = ids_.find(std::string(name));
  return it != ids_.end() ? std::optional(ResourceId{it->second}) : std::nullopt;
}

bool ResourceNames::known(std::string_view name) const { return find(name).has_value(); }

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
  if (amount.ticks == 0 && !id.implicit()) {
    if (here) entries_.erase(it);
  } else if (here) {
    it->second = amount;
  } else {
    entries_.insert(it, {id, amount});
  }
}

bool ResourceSet::covers(const ResourceSet& demand) const {
  return std::all_of(demand.entries_.begin(), demand.entries_.end(), [this](const Entry& e) {
    const auto it = position(entries_, e.first);
    if (it != entries_.end() && it->first == e.first) return it->second >= e.second;
    return e.first.implicit() && e.second.ticks <= ResourceAmount::unit;
  });
}

bool FreeUnits::cover(ResourceAmount demand) const {
  constexpr ResourceAmount one{ResourceAmount::unit};
  if (demand < one) return std::any_of(free.begin(), free.end(), [&](ResourceAmount unit) { return unit >= demand; });
  return demand.ticks % one.ticks == 0 && std::count(free.begin(), free.end(), one) >= demand.ticks / one.ticks;
}

void FreeUnits::take(ResourceAmount demand) {
  constexpr ResourceAmount one{ResourceAmount::unit};
  for (ResourceAmount& unit : free) {
    if (demand < one) break;
    if (unit != one) continue;
    unit = {};
    demand = demand - one;
  }
  ResourceAmount* best = nullptr;
  for (ResourceAmount& unit : free)
    if (unit >= demand && (best == nullptr || unit < *best)) best = &unit;
  if (demand < one && best != nullptr) *best = *best - demand;
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
