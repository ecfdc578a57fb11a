// Ray's default policy without its owners' sense of place: the first raylet asked is always the owner's own, so that a task's
// arguments follow the task. What placement by locality is worth is the distance between this and hybrid.
#include "models/scheduling/policy.hpp"

namespace raysim {

namespace {

class LocalityUnaware final : public NodePolicy {
 public:
  explicit LocalityUnaware(const PolicySettings& settings) : hybrid_(make_hybrid_policy(settings)) {}
  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    return hybrid_->choose(view, request, random);
  }
  [[nodiscard]] plugin::Traits traits() const override { return {.locality_unaware = true}; }

 private:
  std::unique_ptr<NodePolicy> hybrid_;
};

}  // namespace

std::unique_ptr<NodePolicy> make_locality_unaware_policy(const PolicySettings& settings) {
  return std::make_unique<LocalityUnaware>(settings);
}

}  // namespace raysim
