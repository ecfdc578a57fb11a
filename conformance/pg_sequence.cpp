// The GCS places groups by prepare and commit; the case answers for the raylets.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "conformance/steps.hpp"
#include "models/gcs/placement_group_scheduler.hpp"

namespace raysim {

namespace {

// A GCS whose messages are counted.
class GroupsUnderTest final : public BundlePort {
 public:
  void take_step(const CaseValue& step);
  void check(const CaseValue& expect, const std::string& where, Checks& checks);

 private:
  struct Counts {
    std::map<std::string, std::int64_t> at;  // by node
    [[nodiscard]] std::int64_t all() const {
      std::int64_t sum = 0;
      for (const auto& [node, count] : at) sum += count;
      return sum;
    }
  };
  struct Tried {
    std::unique_ptr<PlacementGroup> group;
    std::set<NodeId> used;       // by bundles of earlier attempts
    std::vector<NodeId> placed;  // in this attempt
  };

  void prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override;
  void commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) override;
  void cancel(NodeId node, PlacementGroupId, std::uint32_t) override { ++cancels_.at[names_.at(node.index)]; }
  [[nodiscard]] bool alive(NodeId node) const override { return view_[node.index].usable; }
  std::span<const NodeId> tie_order() override { return order_; }

  void add_node(const CaseValue& step);
  void schedule(const CaseValue& step);
  void attempt();
  void answer_all(bool committing);
  void repeat(const CaseValue& step);
  Tried& group_of(const CaseValue& step);
  [[nodiscard]] NodeId node_of(const CaseValue& name) const;
  ResourceSet resources(const CaseValue& amounts);
  [[nodiscard]] std::vector<std::string> selected() const;
  void check_counts(const CaseValue& expect, const std::string& key, const Counts& counts, const std::string& where,
                    Checks& checks) const;
  void check_selection(const CaseValue& expect, const std::string& where, Checks& checks);

  ResourceNames resource_names_;
  std::vector<std::string> names_;  // of nodes
  std::vector<NodeId> order_;
  std::vector<NodeView> view_;
  PlacementGroupScheduler scheduler_{view_, *this};
  std::map<std::string, Tried> groups_;
  std::vector<std::unique_ptr<PlacementGroup>> replaced_;  // by others of their name
  std::uint32_t next_group_ = 0;
  std::string last_;  // group of the last attempt
  std::vector<std::pair<NodeId, PlacementGroupId>> open_prepares_;
  std::vector<std::pair<NodeId, PlacementGroupId>> open_commits_;
  Counts prepares_;
  Counts commits_;
  Counts cancels_;
  std::map<std::string, std::int64_t> selected_count_;  // groups with bundles on a node, in the last step
  std::int64_t successes_ = 0;
  std::int64_t failures_ = 0;
};

void GroupsUnderTest::prepare(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>& bundles) {
  ++prepares_.at[names_.at(node.index)];
  ++selected_count_[names_.at(node.index)];
  open_prepares_.emplace_back(node, group.id);
  Tried& tried = groups_.at(last_);
  tried.placed.resize(group.nodes.size(), no_node);
  for (const std::uint32_t bundle : bundles) tried.placed[bundle] = node;
}

void GroupsUnderTest::commit(NodeId node, const PlacementGroup& group, const std::vector<std::uint32_t>&) {
  ++commits_.at[names_.at(node.index)];
  open_commits_.emplace_back(node, group.id);
}

NodeId GroupsUnderTest::node_of(const CaseValue& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name.text());
  if (found == names_.end()) name.fail_expected("a node that was added");
  return {static_cast<std::uint32_t>(found - names_.begin())};
}

ResourceSet GroupsUnderTest::resources(const CaseValue& amounts) {
  ResourceSet set;
  for (const auto& [name, amount] : amounts.entries())
    set.set(resource_names_.id_of(name), ResourceAmount::of(amount.number()));
  return set;
}

// Without a total it has ten CPUs.
void GroupsUnderTest::add_node(const CaseValue& step) {
  NodeView node;
  node.total.set(cpu_resource, ResourceAmount::of(10));
  if (step["total"].exists()) node.total = resources(step["total"]);
  node.set_available(node.total);
  order_.push_back({static_cast<std::uint32_t>(names_.size())});
  names_.push_back(step.at("node").text());
  view_.push_back(std::move(node));
}

// The group that a step names, else the last that was tried.
GroupsUnderTest::Tried& GroupsUnderTest::group_of(const CaseValue& step) {
  const auto it = groups_.find(step["group"].text_or(last_));
  if (it == groups_.end()) step.fail_expected("a group that was scheduled");
  return it->second;
}

// Without more it is SPREAD with two bundles of one CPU.
void GroupsUnderTest::schedule(const CaseValue& step) {
  auto spec = std::make_shared<PlacementGroupSpec>();
  spec->name = step["group"].text_or("pg");
  const auto names = placement_strategy_names();
  const std::string strategy = step["strategy"].text_or("SPREAD");
  const auto known = std::find(names.begin(), names.end(), strategy);
  if (known == names.end()) throw SkipCase(fmt::format("no placement strategy is called '{}'", strategy));
  spec->strategy = static_cast<PlacementStrategy>(known - names.begin());
  for (const CaseValue& bundle : step["bundles"].items()) spec->bundles.push_back({resources(bundle), {}});
  if (!step["bundles"].exists()) {
    spec->bundles.resize(2);
    for (Bundle& bundle : spec->bundles) bundle.resources.set(cpu_resource, ResourceAmount::of(1));
  }
  last_ = spec->name;
  const PlacementGroupId id{next_group_++};
  if (const auto old = groups_.find(last_); old != groups_.end()) replaced_.push_back(std::move(old->second.group));
  groups_[last_] = {std::make_unique<PlacementGroup>(id, std::move(spec)), {}, {}};
  attempt();
}

void GroupsUnderTest::attempt() {
  Tried& tried = groups_.at(last_);
  for (const NodeId node : tried.placed)
    if (node != no_node) tried.used.insert(node);
  tried.placed.clear();
  scheduler_.schedule(*tried.group, [this](PlacementGroup&, PlacementGroupScheduler::Outcome outcome) {
    ++(outcome == PlacementGroupScheduler::Outcome::success ? successes_ : failures_);
  });
}

void GroupsUnderTest::answer_all(bool committing) {
  for (const auto& [node, group] : std::exchange(committing ? open_commits_ : open_prepares_, {}))
    committing ? scheduler_.committed(group, node, true) : scheduler_.prepared(group, node, true);
}

void GroupsUnderTest::repeat(const CaseValue& step) {
  for (std::int64_t i = step.at("times").whole(); i > 0; --i) {
    schedule(step);
    answer_all(false);
    answer_all(true);
  }
}

void GroupsUnderTest::take_step(const CaseValue& step) {
  const std::string op = step.at("op").text();
  selected_count_.clear();
  const auto answer = [&](auto& open, const auto& tell) {
    const NodeId node = node_of(step.at("node"));
    const bool ok = step["ok"].boolean_or(true);
    const auto it = std::find_if(open.begin(), open.end(), [&](const auto& request) { return request.first == node; });
    if (it == open.end()) return;  // nobody asked
    const PlacementGroupId group = it->second;
    open.erase(it);
    tell(group, node, ok);
  };
  if (op == "add_node") return add_node(step);
  if (op == "remove_node") {
    const NodeId node = node_of(step.at("node"));
    view_[node.index].usable = false;
    for (const auto& [id, bundles] : scheduler_.take_bundles_on(node))
      for (auto& [name, tried] : groups_)
        if (tried.group->id == id)
          for (const std::uint32_t bundle : bundles) tried.group->nodes[bundle] = no_node;
    return;
  }
  if (op == "schedule") return schedule(step);
  if (op == "repeat_schedule_and_commit") return repeat(step);
  if (op == "prepare_reply")
    return answer(open_prepares_, [this](auto group, auto node, bool ok) { scheduler_.prepared(group, node, ok); });
  if (op == "commit_reply")
    return answer(open_commits_, [this](auto group, auto node, bool ok) { scheduler_.committed(group, node, ok); });
  if (op == "all_prepare_ok") return answer_all(false);
  if (op == "all_commit_ok") return answer_all(true);
  if (op == "retry") {
    last_ = step["group"].text_or(last_);
    group_of(step);
    return attempt();
  }
  if (op == "cancel") return scheduler_.cancel(group_of(step).group->id);
  if (op == "destroy") return scheduler_.destroy(group_of(step).group->id);
  if (op == "lose_bundle") {
    PlacementGroup& group = *group_of(step).group;
    const auto bundle = static_cast<std::size_t>(step.at("bundle").whole());
    if (bundle >= group.nodes.size()) step.at("bundle").fail_expected("the number of a bundle");
    group.nodes[bundle] = no_node;
    return;
  }
  throw SkipCase(fmt::format("nobody knows the step '{}'", op));
}

// Nodes of the last attempt, in the order of its bundles.
std::vector<std::string> GroupsUnderTest::selected() const {
  std::vector<std::string> nodes;
  for (const NodeId node : groups_.at(last_).placed)
    if (node != no_node) nodes.push_back(names_.at(node.index));
  return nodes;
}

void GroupsUnderTest::check_counts(const CaseValue& expect, const std::string& key, const Counts& counts,
                                   const std::string& where, Checks& checks) const {
  if (expect[key].exists())
    checks.equal(where + key, std::to_string(expect[key].whole()), std::to_string(counts.all()));
  for (const auto& [node, wanted] : expect[key + "_at"].entries()) {
    const auto got = counts.at.find(node);
    checks.equal(fmt::format("{}{}_at.{}", where, key, node), std::to_string(wanted.whole()),
                 std::to_string(got != counts.at.end() ? got->second : 0));
  }
}

void GroupsUnderTest::check_selection(const CaseValue& expect, const std::string& where, Checks& checks) {
  const auto joined = [](const std::vector<std::string>& nodes) { return fmt::format("[{}]", fmt::join(nodes, ", ")); };
  if (expect["selected"].exists())
    checks.equal(where + "selected", joined(expect["selected"].texts()), joined(selected()));
  if (expect["selected_set"].exists()) {
    const std::vector<std::string> wanted = expect["selected_set"].texts();
    const std::vector<std::string> got = selected();
    const auto sorted = [](const std::vector<std::string>& nodes) {
      const std::set<std::string> set(nodes.begin(), nodes.end());
      return fmt::format("{{{}}}", fmt::join(set, ", "));
    };
    checks.equal(where + "selected_set", sorted(wanted), sorted(got));
  }
  if (expect["selected_distinct"].exists()) {
    const std::vector<std::string> got = selected();
    checks.equal(where + "selected_distinct", std::to_string(expect["selected_distinct"].whole()),
                 std::to_string(std::set<std::string>(got.begin(), got.end()).size()));
  }
  for (const auto& [node, wanted] : expect["selected_count"].entries())
    checks.equal(fmt::format("{}selected_count.{}", where, node), std::to_string(wanted.whole()),
                 std::to_string(selected_count_[node]));
  if (expect["new_bundle_on"].exists()) {
    const std::string wanted = expect["new_bundle_on"].text();
    const std::set<NodeId>& used = groups_.at(last_).used;
    for (const NodeId node : groups_.at(last_).placed) {
      if (node == no_node) continue;
      const std::string fresh = used.contains(node) ? "a node used before" : "the node not used before";
      const std::string& name = names_.at(node.index);
      checks.equal(where + "new_bundle_on", wanted, wanted == "the node not used before" ? fresh : name);
    }
  }
}

void GroupsUnderTest::check(const CaseValue& expect, const std::string& where, Checks& checks) {
  check_counts(expect, "prepare_rpcs", prepares_, where, checks);
  check_counts(expect, "commit_rpcs", commits_, where, checks);
  check_counts(expect, "cancel_rpcs", cancels_, where, checks);
  if (expect["successes"].exists())
    checks.equal(where + "successes", std::to_string(expect["successes"].whole()), std::to_string(successes_));
  if (expect["failures"].exists())
    checks.equal(where + "failures", std::to_string(expect["failures"].whole()), std::to_string(failures_));
  if (expect["unplaced_bundles"].exists())
    checks.equal(where + "unplaced_bundles", std::to_string(expect["unplaced_bundles"].whole()),
                 std::to_string(groups_.at(last_).group->unplaced().size()));
  for (const auto& [node, wanted] : expect["bundles_left"].entries()) {
    const auto found = std::find(names_.begin(), names_.end(), node);
    const NodeId id{static_cast<std::uint32_t>(found - names_.begin())};
    checks.equal(fmt::format("{}bundles_left.{}", where, node), std::to_string(wanted.whole()),
                 std::to_string(scheduler_.bundles_on(id)));
  }
  check_selection(expect, where, checks);
}

}  // namespace

void run_pg_sequence(const CaseValue& the_case, Checks& checks) {
  GroupsUnderTest gcs;
  for_each_step(the_case, [&](const CaseValue& step, const CaseValue& expected, const std::string& where) {
    gcs.take_step(step);
    gcs.check(expected, where + ".", checks);
  });
}

}  // namespace raysim
