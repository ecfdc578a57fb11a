// Least loaded: the least used node with room, by draw among equals; while none has room, the least used one.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class LeastLoaded final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return least_used_even_full(cluster, lease, random);
  }
};

}  // namespace

plugin::Policy* make_least_loaded() { return new LeastLoaded; }

}  // namespace raysim
