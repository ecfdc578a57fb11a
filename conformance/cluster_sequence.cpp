// Decisions on a view that changes between them.
#include <fmt/format.h>

#include "conformance/decision_cases.hpp"
#include "conformance/runners.hpp"

namespace raysim {

namespace {

class Sequence {
 public:
  explicit Sequence(const CaseValue& the_case)
      : cluster_(the_case),
        lease_(the_case, cluster_),
        settings_(read_settings(the_case["options"])),
        decider_(settings_, standard_policy_of_case(the_case, settings_), role_of_case(the_case)),
        request_(read_request(the_case["request"], the_case["options"], lease_.demand, cluster_)) {
    if (cluster_.view.local == no_node) the_case.fail_expected("a case with a local node");
  }

  // In this order: what a step takes away, what it adds, what it decides.
  void take_step(const CaseValue& step) {
    const NodeId local = cluster_.view.local;
    if (step["delete_resource"].exists()) {
      ResourceSet total = seen(local).total;
      total.set(cluster_.names.id_of(step["delete_resource"].text()), {});
      cluster_.view.set_total(local, total);
    }
    for (const auto& [name, units] : step["add_instances"].entries()) {
      const ResourceId resource = cluster_.names.id_of(name);
      double sum = 0;
      for (const CaseValue& unit : units.items()) sum += unit.number();
      const ResourceAmount added = ResourceAmount::of(sum);
      ResourceSet total = seen(local).total;
      ResourceSet available = seen(local).available;
      total.set(resource, total.get(resource) + added);
      available.set(resource, available.get(resource) + added);
      cluster_.view.set_total(local, total);
      cluster_.view.set_available(local, available);
    }
    if (!step["decide"].exists()) return;
    lease_.demand = cluster_.resources(step["decide"]);
    results_.push_back(cluster_.name_of(decide()));
  }

  // One round of a case with `per_round`: the only other node reports so many free CPUs; then it is picked, and the demand deducted,
  // as long as it is picked.
  void run_round(const CaseValue& round, Checks& checks, const std::string& where) {
    const NodeId remote = other_node(round);
    ResourceSet reported;
    reported.set(cpu_resource, ResourceAmount::of(round.at("slots").number()));
    cluster_.view.set_available(remote, reported);
    std::int64_t picks = 0;
    NodeId then = decide();
    for (; then == remote && is_available(seen(remote), lease_.demand); then = decide()) {
      cluster_.view.deduct(remote, lease_.demand);
      ++picks;
    }
    checks.equal(where + "remote_picks", std::to_string(round.at("remote_picks").whole()), std::to_string(picks));
    checks.equal(where + "then", round.at("then").text_or("nil"), cluster_.name_of(then));
    checks.equal(where + "further_remote_allocation", round.at("further_remote_allocation").boolean(),
                 is_available(seen(remote), lease_.demand));
  }

  void check(const CaseValue& expect, Checks& checks) {
    if (expect["results"].exists()) {
      const std::vector<CaseValue> expected = expect["results"].items();
      if (expected.size() != results_.size()) expect["results"].fail_expected("a result for each decision");
      for (std::size_t i = 0; i < results_.size(); ++i)
        checks.equal(fmt::format("results[{}]", i), expected[i].text_or("nil"), results_[i]);
    }
    const NodeView& local = seen(cluster_.view.local);
    check_amounts("total.", expect["total"], local.total, checks);
    check_amounts("available.", expect["available"], local.available, checks);
  }

 private:
  [[nodiscard]] const NodeView& seen(NodeId node) const { return cluster_.view.nodes[node.index]; }
  NodeId decide() {
    NodeRequest request = request_;
    request.demand = &lease_.demand;
    return decider_.choose(cluster_.view, lease_.get(), request, random_).node;
  }
  [[nodiscard]] NodeId other_node(const CaseValue& place) const {
    if (cluster_.order.size() != 2) place.fail_expected("a case with two nodes");
    return {1 - cluster_.view.local.index};
  }
  void check_amounts(const std::string& what, const CaseValue& expected, const ResourceSet& got, Checks& checks) {
    for (const auto& [name, amount] : expected.entries())
      checks.equal(what + name, fmt::format("{}", ResourceAmount::of(amount.number()).value()),
                   fmt::format("{}", got.get(cluster_.names.id_of(name)).value()));
  }

  CaseCluster cluster_;
  CaseLease lease_;
  PolicySettings settings_;
  LeaseDecider decider_;
  NodeRequest request_;
  RandomStream random_{0, "conformance"};
  std::vector<std::string> results_;
};

constexpr int repeats_of_rounds = 3;

}  // namespace

void run_cluster_sequence(const CaseValue& the_case, Checks& checks) {
  Sequence sequence(the_case);
  const CaseValue expect = the_case.at("expect");
  const std::vector<CaseValue> rounds = expect["per_round"].items();
  if (!rounds.empty()) static_cast<void>(the_case.at("procedure").text());  // says in prose what run_round() does
  for (std::size_t i = 0; i < rounds.size(); ++i)
    for (int repeat = 0; repeat < repeats_of_rounds; ++repeat)
      sequence.run_round(rounds[i], checks, fmt::format("per_round[{}].", i));
  for (const CaseValue& step : the_case["steps"].items()) sequence.take_step(step);
  sequence.check(expect, checks);
}

}  // namespace raysim
