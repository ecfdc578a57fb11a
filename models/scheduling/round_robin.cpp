// Global round robin: the next node that can ever run the lease, whatever is in use there.
//
// The oldest baseline: it needs no view of the others, and no protection from a slow or loaded node.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class RoundRobin final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random&) override {
    do next_ = (next_ + 1) % cluster.size();
    while (!cluster.is_feasible(next_, lease));
    return next_;
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.stays = true}; }

 private:
  plugin::Node next_ = plugin::nowhere;
};

}  // namespace

plugin::Policy* make_round_robin() { return new RoundRobin; }

}  // namespace raysim
