#include "models/resource_instances.hpp"

#include <algorithm>
#include <set>

namespace raysim {

namespace {
constexpr ResourceAmount one{ResourceAmount::unit};
}

void ResourceInstances::add_resource(ResourceId id, ResourceAmount amount, bool in_units) {
  if (!in_units) return grow(id, {&amount, 1});
  grow(id, std::vector(static_cast<std::size_t>(amount.ticks / ResourceAmount::unit), one));
}

ResourceInstances::Range ResourceInstances::instances_of(ResourceId id) {
  const auto before = [](const Instance& a, ResourceId b) { return a.id < b; };
  const auto begin = std::lower_bound(instances_.begin(), instances_.end(), id, before);
  auto end = begin;
  while (end != instances_.end() && end->id == id) ++end;
  return {begin, end};
}

ResourceInstances::Instance* ResourceInstances::find(const InstanceShare& share) {
  const Range range = instances_of(share.id);
  // Numbers count from 0 without a gap.
  return share.instance < range.size() ? &range[share.instance] : nullptr;
}

ResourceInstances::Instance& ResourceInstances::insert(ResourceId id, std::uint32_t number) {
  const auto before = [](const Instance& a, const Instance& b) {
    return a.id != b.id ? a.id < b.id : a.number < b.number;
  };
  const Instance fresh{id, number, {}, {}};
  return *instances_.insert(std::lower_bound(instances_.begin(), instances_.end(), fresh, before), fresh);
}

void ResourceInstances::move(Instance& instance, std::int64_t ticks) {
  instance.available.ticks += ticks;
  available_.set(instance.id, available_.get(instance.id) + ResourceAmount{ticks});
}

void ResourceInstances::grow(ResourceId id, std::span<const ResourceAmount> amounts) {
  for (std::uint32_t i = 0; i < amounts.size(); ++i) {
    Instance* known = find({id, i, {}});
    Instance& instance = known != nullptr ? *known : insert(id, i);
    instance.total = instance.total + amounts[i];
    total_.set(id, total_.get(id) + amounts[i]);
    move(instance, amounts[i].ticks);
  }
}

void ResourceInstances::shrink(ResourceId id, std::span<const ResourceAmount> amounts) {
  const Range range = instances_of(id);
  for (std::size_t i = 0; i < std::min(amounts.size(), range.size()); ++i) {
    const ResourceAmount less = std::min(amounts[i], range[i].total);
    range[i].total = range[i].total - less;
    total_.set(id, total_.get(id) - less);
    move(range[i], -std::min(less, range[i].available).ticks);
  }
  if (total_.get(id).ticks > 0) return;
  available_.set(id, {});
  std::erase_if(instances_, [&](const Instance& instance) { return instance.id == id; });
}

std::optional<Allocation> ResourceInstances::allocate(const ResourceSet& demand) {
  Allocation taken;
  if (take_all(demand, taken)) return taken;
  undo(taken, 0);
  return std::nullopt;
}

void ResourceInstances::undo(Allocation& taken, std::size_t from) {
  free(std::span(taken).subspan(from));
  taken.resize(from);
}

void ResourceInstances::take(Instance& instance, ResourceAmount amount, Allocation& taken) {
  move(instance, -amount.ticks);
  taken.push_back({instance.id, instance.number, amount});
}

bool ResourceInstances::take_all(const ResourceSet& demand, Allocation& taken) {
  bool grouped = false;
  for (const auto& [id, amount] : demand.entries()) {
    if (names_->group_of(id) != nullptr)
      grouped = true;
    else if (!take_one(id, amount, taken))
      return false;
  }
  return !grouped || take_grouped(demand, taken);
}

bool ResourceInstances::take_one(ResourceId id, ResourceAmount amount, Allocation& taken) {
  Range range = instances_of(id);
  if (range.empty() && id.implicit()) {
    grow(id, {&one, 1});
    range = instances_of(id);
  }
  if (range.size() != 1) return take_units(range, amount, taken);
  if (range.front().available < amount) return false;
  take(range.front(), amount, taken);
  return true;
}

bool ResourceInstances::take_units(Range instances, ResourceAmount amount, Allocation& taken) {
  std::int64_t whole = amount.ticks / ResourceAmount::unit;
  const ResourceAmount rest{amount.ticks % ResourceAmount::unit};
  if (whole > 0 && rest.ticks > 0 && rule_ == FractionAboveOne::refused) return false;
  for (Instance& instance : instances) {
    if (whole == 0) break;
    if (instance.available != one) continue;  // those in use are never put together
    take(instance, one, taken);
    --whole;
  }
  if (whole > 0) return false;
  if (rest.ticks == 0) return true;
  Instance* best = nullptr;
  for (Instance& instance : instances)
    if (instance.available >= rest && (best == nullptr || instance.available < best->available)) best = &instance;
  if (best != nullptr) take(*best, rest, taken);
  return best != nullptr;
}

// With the bundle in the name, from that bundle; else from a single one that holds all. The group's own resource loses the
// same instances in either case, even below 0: another bundle's blocked worker may have lent some and taken it back.
bool ResourceInstances::take_grouped(const ResourceSet& demand, Allocation& taken) {
  std::vector<ResourceSet::Entry> anywhere;
  for (const auto& [id, amount] : demand.entries()) {
    const GroupResource* group = names_->group_of(id);
    if (group == nullptr) continue;
    if (group->bundle != GroupResource::any_bundle) {
      if (!take_from_bundle(*group, group->bundle, amount, taken)) return false;
      continue;
    }
    const auto names_its_bundle = [&](const ResourceSet::Entry& other) {
      const GroupResource* o = names_->group_of(other.first);
      return o != nullptr && o->of == group->of && o->group == group->group && o->bundle != GroupResource::any_bundle;
    };
    if (std::none_of(demand.entries().begin(), demand.entries().end(), names_its_bundle))
      anywhere.emplace_back(id, amount);
  }
  return anywhere.empty() || take_from_some_bundle(anywhere, taken);
}

std::optional<ResourceId> ResourceInstances::group_resource(const GroupResource& wanted) const {
  for (const auto& [id, amount] : total_.entries())
    if (const GroupResource* group = names_->group_of(id); group != nullptr && *group == wanted) return id;
  return std::nullopt;
}

bool ResourceInstances::take_from_bundle(const GroupResource& wanted, std::int32_t bundle, ResourceAmount amount,
                                         Allocation& taken) {
  const auto indexed = group_resource({wanted.of, wanted.group, bundle});
  const auto whole_group = group_resource({wanted.of, wanted.group, GroupResource::any_bundle});
  if (!indexed || !whole_group) return false;
  const std::size_t first = taken.size();
  if (!take_one(*indexed, amount, taken)) return false;
  const std::size_t last = taken.size();
  for (std::size_t i = first; i < last; ++i) {
    Instance* instance = find({*whole_group, taken[i].instance, {}});
    if (instance == nullptr) return false;
    take(*instance, taken[i].amount, taken);
  }
  return true;
}

bool ResourceInstances::take_from_some_bundle(std::span<const ResourceSet::Entry> wanted, Allocation& taken) {
  const std::uint32_t group = names_->group_of(wanted.front().first)->group;
  std::set<std::int32_t> bundles;
  for (const auto& [id, amount] : total_.entries())
    if (const GroupResource* here = names_->group_of(id);
        here != nullptr && here->group == group && here->bundle != GroupResource::any_bundle)
      bundles.insert(here->bundle);
  const std::size_t before = taken.size();
  for (const std::int32_t bundle : bundles) {
    const bool fits = std::all_of(wanted.begin(), wanted.end(), [&](const ResourceSet::Entry& entry) {
      return take_from_bundle(*names_->group_of(entry.first), bundle, entry.second, taken);
    });
    if (fits) return true;
    undo(taken, before);
  }
  // A plain resource whose name only looks like a group's.
  return bundles.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const ResourceSet::Entry& entry) {
           return take_one(entry.first, entry.second, taken);
         });
}

void ResourceInstances::free(std::span<const InstanceShare> shares) {
  for (const InstanceShare& share : shares)
    if (Instance* instance = find(share))
      move(*instance, std::min(share.amount, instance->total - instance->available).ticks);
}

std::vector<ResourceAmount> ResourceInstances::subtract(std::span<const InstanceShare> shares, bool may_go_negative) {
  std::vector<ResourceAmount> missing;
  for (const InstanceShare& share : shares) {
    Instance* instance = find(share);
    const ResourceAmount there = instance != nullptr ? instance->available : ResourceAmount{};
    const ResourceAmount taken = may_go_negative ? share.amount : std::clamp(there, ResourceAmount{}, share.amount);
    missing.push_back(share.amount - taken);
    if (instance != nullptr) move(*instance, -taken.ticks);
  }
  return missing;
}

std::vector<ResourceAmount> ResourceInstances::available_of(ResourceId id) const {
  std::vector<ResourceAmount> amounts;
  for (const Instance& instance : instances_)
    if (instance.id == id) amounts.push_back(instance.available);
  if (amounts.empty() && id.implicit()) amounts.push_back(one);
  return amounts;
}

bool ResourceInstances::all_free() const {
  return std::all_of(instances_.begin(), instances_.end(), [](const Instance& i) { return i.available == i.total; });
}

std::vector<ResourceId> resources_named(std::string_view list, const ResourceNames& names) {
  std::vector<ResourceId> ids;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    if (const auto id = names.find(name)) ids.push_back(*id);
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return ids;
}

std::vector<std::uint32_t> visible_devices(std::span<const InstanceShare> shares, const ResourceNames& names) {
  std::vector<std::uint32_t> devices;
  for (const InstanceShare& share : shares)
    if (names.original(share.id) == gpu_resource) devices.push_back(share.instance);
  std::sort(devices.begin(), devices.end());
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  return devices;
}

}  // namespace raysim
