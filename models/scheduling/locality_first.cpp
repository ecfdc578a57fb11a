// Locality first: of the nodes with room the one that holds most bytes of the arguments, of equal ones the least used, by draw among
// equals. While none has room the lease goes to wait by the same order.
#include <compare>

#include "models/scheduling/baselines.hpp"

namespace raysim {

namespace {

class LocalityFirst final : public plugin::Policy {
 public:
  plugin::Node choose(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random) override {
    const plugin::Node roomy = nearest(cluster, lease, random, true);
    return roomy != plugin::nowhere ? roomy : nearest(cluster, lease, random, false);
  }

 private:
  static plugin::Node nearest(const plugin::Cluster& cluster, const plugin::Lease& lease, plugin::Random& random,
                              bool with_room) {
    struct Order {
      double minus_bytes = 0;  // that are there already
      double used = 0;
      auto operator<=>(const Order&) const = default;
    };
    plugin::Node best = plugin::nowhere;
    Order least;
    std::uint64_t equals = 0;
    for (plugin::Node node = 0; node < cluster.size(); ++node) {
      if (with_room ? !cluster.is_available(node, lease) : !cluster.is_feasible(node, lease)) continue;
      const Order order{-lease.bytes_at(node), cluster.utilisation(node)};
      if (best != plugin::nowhere && order > least) continue;
      equals = best == plugin::nowhere || order < least ? 1 : equals + 1;
      if (equals == 1 || random.below(equals) == 0) best = node;
      least = order;
    }
    return best;
  }
};

}  // namespace

plugin::Policy* make_locality_first() { return new LocalityFirst; }

}  // namespace raysim
