// Oracle: the least used node with room by what is true at this moment, not by reports: what staleness costs is the distance to
// it. It still pays for messages and workers.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class Oracle final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return least_used_even_full(cluster, lease, random);
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.perfect_view = true}; }
};

}  // namespace

plugin::Policy* make_oracle() { return new Oracle; }

}  // namespace raysim
