#include "models/raylet/placement_group_resources.hpp"

#include <vector>

namespace raysim {

bool PlacementGroupResources::prepare(PlacementGroupId group, const PlacementGroupSpec& spec,
                                      std::span<const std::uint32_t> bundles) {
  std::vector<std::uint32_t> fresh;
  for (const std::uint32_t bundle : bundles) {
    if (bundles_.contains({group, bundle})) continue;
    auto held = scheduler_.allocate(spec.bundles[bundle].resources);
    if (!held) {
      for (const std::uint32_t taken : fresh) give_back(group, taken);
      return false;
    }
    bundles_[{group, bundle}] = {std::move(*held), false};
    fresh.push_back(bundle);
  }
  return true;
}

void PlacementGroupResources::commit(PlacementGroupId group, std::span<const std::uint32_t> bundles) {
  for (const std::uint32_t bundle : bundles) {
    const auto it = bundles_.find({group, bundle});
    if (it == bundles_.end() || it->second.committed) continue;
    it->second.committed = true;
    scheduler_.commit_bundle(it->second.held, group, static_cast<std::int32_t>(bundle));
  }
}

void PlacementGroupResources::give_back(PlacementGroupId group, std::uint32_t bundle) {
  const auto it = bundles_.find({group, bundle});
  if (it == bundles_.end()) return;
  if (it->second.committed) scheduler_.remove_bundle(it->second.held, group, static_cast<std::int32_t>(bundle));
  scheduler_.release(it->second.held);
  bundles_.erase(it);
}

}  // namespace raysim
