#include "models/placement_group_names.hpp"

#include <fmt/format.h>

namespace raysim {

std::string name_in_resources(PlacementGroupId group) { return fmt::format("{:08x}", group.index); }

ResourceSet demand_in_group(const ResourceSet& demand, PlacementGroupId group, std::int32_t bundle,
                            ResourceNames& names) {
  constexpr ResourceAmount mark{ResourceAmount::unit / 1000};
  const std::string id = name_in_resources(group);
  ResourceSet renamed;
  const auto ask = [&](const std::string& resource, ResourceAmount amount) {
    renamed.set(names.id_of(group_resource_name(resource, id)), amount);
    if (bundle >= 0) renamed.set(names.id_of(group_resource_name(resource, id, bundle)), amount);
  };
  for (const auto& [resource, amount] : demand.entries()) ask(std::string(names.name_of(resource)), amount);
  ask("bundle", mark);
  return renamed;
}

ResourceAmount amount_asked(ResourceId of, const ResourceSet& demand, const ResourceNames& names) {
  ResourceAmount asked = demand.get(of);
  for (const auto& [id, amount] : demand.entries()) {
    const GroupResource* group = names.group_of(id);
    if (group != nullptr && group->of == of && group->bundle == GroupResource::any_bundle) asked = asked + amount;
  }
  return asked;
}

}  // namespace raysim
