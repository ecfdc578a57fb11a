// Shortest job first: of what waits at owners and raylets, the shortest goes first; by its true duration, which no real scheduler
// knows, or by the mean of its function's runs so far. Nodes as least loaded.
#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class ShortestFirst final : public plugin::Policy {
 public:
  explicit ShortestFirst(bool estimates) : estimates_(estimates) {}
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    return least_used_even_full(cluster, lease, random);
  }
  [[nodiscard]] double rank(const plugin::Task& task) const override {
    return estimates_ ? task.expected_seconds : task.seconds;
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.ranked = true}; }

 private:
  bool estimates_;
};

}  // namespace

plugin::Policy* make_shortest_first() { return new ShortestFirst(false); }
plugin::Policy* make_estimated_shortest_first() { return new ShortestFirst(true); }

}  // namespace raysim
