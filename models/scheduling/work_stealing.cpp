// Work stealing (Blumofe and Leiserson, 1999): a lease stays where it was asked for; a raylet with room and nothing that waits asks
// a random other one for half of what waits there.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class WorkStealing final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    if (cluster.is_feasible(cluster.local(), lease)) return cluster.local();
    return least_used_even_full(cluster, lease, random);
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.stays = true, .steals = true}; }
};

}  // namespace

plugin::Policy* make_work_stealing() { return new WorkStealing; }

}  // namespace raysim
