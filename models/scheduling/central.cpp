// Centralised: one scheduler beside the GCS places every lease, in the order they come, on the least used node with room; what finds
// none waits there. It knows what it has assigned, and each decision costs it time (`ray: {decision_time: ...}`).
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class Central final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return plugin::least_used(cluster, lease, random);
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.stays = true, .central = true}; }
};

}  // namespace

plugin::Policy* make_central() { return new Central; }

}  // namespace raysim
