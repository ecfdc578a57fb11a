// Power of two choices with late binding, as in Sparrow (Ousterhout et al., SOSP 2013): the owner asks two random raylets for
// each task; the first that has a worker gets the task, and the other request is cancelled. No view of the cluster.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class TwoChoices final : public plugin::Policy {
 public:
  // Asked where the owner does not probe: a lease that came to a raylet too small for it.
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return least_used_even_full(cluster, lease, random);
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.stays = true, .probes = 2}; }
};

}  // namespace

plugin::Policy* make_two_choices() { return new TwoChoices; }

}  // namespace raysim
