#include "models/scheduling/plugin_policy.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <type_traits>
#include <utility>

namespace raysim {

namespace {

ResourceSet resources_of(const plugin::Lease& lease, const ResourceNames& names, bool& known) {
  ResourceSet demand;
  for (const plugin::Demand& d : lease.demands) {
    const auto id = names.find(d.resource);
    known = known && id.has_value();
    if (id) demand.set(*id, ResourceAmount::of(d.amount));
  }
  return demand;
}

class ViewOfRaylet final : public plugin::Cluster {
 public:
  // `shown` is the lease that the policy is asked about: its demands and labels are known without a search by name.
  ViewOfRaylet(const ClusterView& view, const NodeRequest& request, const plugin::Lease& shown)
      : view_(view), request_(request), shown_(shown) {}

  [[nodiscard]] plugin::Node size() const override { return static_cast<plugin::Node>(view_.nodes.size()); }
  [[nodiscard]] plugin::Node local() const override { return view_.local.index; }
  [[nodiscard]] std::string_view name(plugin::Node n) const override { return view_.spec->nodes.at(n).name; }
  [[nodiscard]] std::string_view label(plugin::Node n, std::string_view key) const override {
    const Labels* labels = view_.nodes.at(n).labels;
    if (labels == nullptr) return {};
    const auto found = labels->find(std::string(key));
    return found == labels->end() ? std::string_view{} : found->second;
  }
  [[nodiscard]] double total(plugin::Node n, std::string_view resource) const override {
    return amount(view_.nodes.at(n).total, resource);
  }
  [[nodiscard]] double available(plugin::Node n, std::string_view resource) const override {
    return amount(view_.nodes.at(n).available, resource);
  }
  [[nodiscard]] double utilisation(plugin::Node n) const override { return view_.nodes.at(n).critical_utilisation; }
  [[nodiscard]] bool is_feasible(plugin::Node n, const plugin::Lease& lease) const override {
    if (&lease == &shown_) return !avoided(n) && raysim::is_feasible(view_.nodes.at(n), request_);
    bool known = true;
    const ResourceSet demand = resources_of(lease, *view_.resource_names, known);
    return known && raysim::is_feasible(view_.nodes.at(n), demand);
  }
  [[nodiscard]] bool is_available(plugin::Node n, const plugin::Lease& lease) const override {
    if (&lease == &shown_) return !avoided(n) && raysim::is_available(view_.nodes.at(n), request_);
    bool known = true;
    const ResourceSet demand = resources_of(lease, *view_.resource_names, known);
    return known && raysim::is_available(view_.nodes.at(n), demand);
  }

 private:
  // A lease that must leave this node finds no room here, whatever is free.
  [[nodiscard]] bool avoided(plugin::Node n) const { return request_.avoid_local && n == view_.local.index; }
  [[nodiscard]] double amount(const ResourceSet& set, std::string_view resource) const {
    const auto id = view_.resource_names->find(resource);
    return id ? set.get(*id).value() : 0;
  }

  const ClusterView& view_;
  const NodeRequest& request_;
  const plugin::Lease& shown_;
};

class StreamOfRaylet final : public plugin::Random {
 public:
  explicit StreamOfRaylet(RandomStream& stream) : stream_(stream) {}
  std::uint64_t below(std::uint64_t n) override { return n > 0 ? stream_.below(n) : 0; }
  double uniform() override { return stream_.uniform(); }

 private:
  RandomStream& stream_;
};

class PluginPolicy final : public NodePolicy {
 public:
  PluginPolicy(std::unique_ptr<plugin::Policy> policy, std::string who, std::shared_ptr<std::uint64_t> waits)
      : policy_(std::move(policy)), who_(std::move(who)), waits_(std::move(waits)) {}

  NodeChoice choose(const ClusterView& view, const NodeRequest& request, RandomStream& random) override {
    const bool feasible = std::any_of(view.nodes.begin(), view.nodes.end(), [&](const NodeView& node) {
      return is_feasible(node, request) && !(request.avoid_local && &node == view.find(view.local));
    });
    if (!feasible) return {no_node, NodeChoice::Reason::infeasible};

    demands_.clear();
    for (const auto& [id, amount] : request.demand->entries())
      demands_.push_back({view.resource_names->name_of(id), amount.value()});
    const plugin::Lease lease{request.function, demands_, request.priority, arguments_of(request)};
    const plugin::Node chosen = ask(view, request, lease, random);
    if (chosen == plugin::nowhere) {
      if (waits_) ++*waits_;
      return {no_node, NodeChoice::Reason::unavailable};
    }
    check(view, request, chosen);
    const NodeView& node = view.nodes[chosen];
    if ((request.avoid_local && chosen == view.local.index) ||
        (request.require_available && !is_available(node, request)))
      return {no_node, NodeChoice::Reason::unavailable};
    return {NodeId{chosen}, NodeChoice::Reason::chosen};
  }

  [[nodiscard]] double rank(const plugin::Task& task) const override {
    const double rank = guarded("rank()", [&] { return policy_->rank(task); });
    if (std::isnan(rank)) fail("rank() returned no number");
    return rank;
  }

  // A user's own may look at them anywhere; a baseline that puts nothing in order does not.
  [[nodiscard]] bool sees_priorities() const override { return waits_ != nullptr || traits().ranked; }
  [[nodiscard]] plugin::Traits traits() const override {
    return guarded("traits()", [&] { return policy_->traits(); });
  }

 private:
  std::span<const plugin::Argument> arguments_of(const NodeRequest& request) {
    arguments_.clear();
    holders_.clear();
    for (const LeaseArgument& argument : request.arguments)
      for (const NodeId node : argument.nodes) holders_.push_back(node.index);
    auto next = holders_.cbegin();
    for (const LeaseArgument& argument : request.arguments) {
      arguments_.push_back({static_cast<double>(argument.size.count), {next, argument.nodes.size()}});
      next += static_cast<std::ptrdiff_t>(argument.nodes.size());
    }
    return arguments_;
  }

  plugin::Node ask(const ClusterView& view, const NodeRequest& request, const plugin::Lease& lease,
                   RandomStream& random) {
    const ViewOfRaylet cluster(view, request, lease);
    StreamOfRaylet draws(random);
    return guarded("choose()", [&] { return policy_->choose(cluster, lease, draws); });
  }

  // What the policy answers; an exception names it.
  template <class Question>
  std::invoke_result_t<Question> guarded(const char* what, const Question& question) const {
    try {
      return question();
    } catch (const std::exception& error) {
      fail(std::string(what) + " threw: " + error.what());
    } catch (...) {
      fail(std::string(what) + " threw something that is no std::exception");
    }
  }

  void check(const ClusterView& view, const NodeRequest& request, plugin::Node chosen) const {
    const std::string said = "choose() returned node " + std::to_string(chosen);
    if (chosen >= view.nodes.size())
      fail(said + ", expected 0 to " + std::to_string(view.nodes.size() - 1) + " or nowhere");
    const NodeView& node = view.nodes[chosen];
    if (is_feasible(node, request)) return;
    std::string why = "dead or draining";
    if (node.usable && is_feasible(node, *request.demand)) why = "not among those that its label selector admits";
    if (node.usable && !is_feasible(node, *request.demand))
      why = "too small for " + to_string(*request.demand, *view.resource_names);
    fail(said + " (" + view.spec->nodes[chosen].name + "), which is " + why + ", expected a feasible node or nowhere");
  }

  [[noreturn]] void fail(const std::string& what) const { throw PolicyError(who_ + ": " + what); }

  std::unique_ptr<plugin::Policy> policy_;
  std::string who_;
  std::shared_ptr<std::uint64_t> waits_;
  std::vector<plugin::Demand> demands_;  // this and the next two are kept to spare the allocations
  std::vector<plugin::Argument> arguments_;
  std::vector<plugin::Node> holders_;  // of all arguments, one after the other
};

}  // namespace

std::unique_ptr<NodePolicy> make_plugin_policy(std::unique_ptr<plugin::Policy> policy, std::string who,
                                               std::shared_ptr<std::uint64_t> waits) {
  return std::make_unique<PluginPolicy>(std::move(policy), std::move(who), std::move(waits));
}

}  // namespace raysim
