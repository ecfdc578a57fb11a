// Priority: the task option `priority` orders what waits, at owners and raylets; with preemption a lease that finds no room ends
// the worker of the least urgent lease on the node. Nodes as least loaded.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class Priority final : public plugin::Policy {
 public:
  explicit Priority(bool preempts) : preempts_(preempts) {}
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return least_used_even_full(cluster, lease, random);
  }
  [[nodiscard]] double rank(const plugin::Task& task) const override { return -static_cast<double>(task.priority); }
  [[nodiscard]] plugin::Traits traits() const override { return {.ranked = true, .preempts = preempts_}; }

 private:
  bool preempts_;
};

}  // namespace

plugin::Policy* make_priority() { return new Priority(false); }
plugin::Policy* make_preemptive_priority() { return new Priority(true); }

}  // namespace raysim
