// The GCS looks for a worker for an actor; the case answers for raylets and workers.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "conformance/case_value.hpp"
#include "conformance/runners.hpp"
#include "conformance/steps.hpp"
#include "models/gcs/actor_scheduler.hpp"

namespace raysim {

namespace {

// A GCS with one actor. Its retries come at once, but those that wait for a node's clean-up.
class ActorUnderTest final : public ActorScheduler::Port {
 public:
  void take_step(const CaseValue& step);
  void check(const CaseValue& expect, const std::string& where, Checks& checks) const;

 private:
  NodeId forwarding_node(ActorId) override { return alive_.empty() ? no_node : *alive_.begin(); }
  [[nodiscard]] bool alive(NodeId node) const override { return alive_.contains(node); }
  void request_lease(ActorId, NodeId node, bool) override {
    ++requests_at_[node];
    asked_last_ = node;
  }
  void cancel_lease(ActorId, NodeId) override { ++canceled_leases_; }
  void push_creation(ActorId, NodeId node, ProcessId worker) override {
    ++creations_;
    creating_on_ = node;
    worker_ = worker;
  }
  void kill_worker(NodeId, ProcessId) override { ++killed_workers_; }
  void retry_lease_later(ActorId, NodeId node) override {
    ++lease_retries_;
    retry_lease_at_ = node;
  }
  void retry_creation_later(ActorId, NodeId node) override {
    ++creation_retries_;
    retry_creation_at_ = node;
  }
  void created(ActorId, NodeId node, ProcessId) override {
    ++successes_;
    actor_node_ = node;
  }
  void failed(ActorId) override { ++failures_; }

  // Of the node that the step names, else of the one that was asked last.
  bool take_lease_answer(const std::string& op, const CaseValue& step);
  void answer_creation(bool ok);
  void interrupted(std::size_t actors) { interrupted_ += static_cast<std::int64_t>(actors); }
  bool take_loss(const std::string& op, const CaseValue& step);
  void retry();
  NodeId node_of(const CaseValue& name);
  [[nodiscard]] std::string name_of(NodeId node) const { return node == no_node ? "nil" : names_.at(node.index); }

  static constexpr ActorId actor{0};
  std::vector<std::string> names_;
  std::set<NodeId> alive_;
  std::map<NodeId, std::int64_t> requests_at_;
  ActorScheduler scheduler_{*this};
  NodeId asked_last_ = no_node;
  std::uint32_t next_worker_ = 0;
  NodeId creating_on_ = no_node;
  ProcessId worker_;
  std::optional<std::pair<NodeId, ProcessId>> assigned_;
  std::optional<NodeId> retry_lease_at_;
  std::optional<NodeId> retry_creation_at_;
  NodeId actor_node_ = no_node;
  std::int64_t lease_retries_ = 0;
  std::int64_t canceled_leases_ = 0;
  std::int64_t creations_ = 0;
  std::int64_t creation_retries_ = 0;
  std::int64_t killed_workers_ = 0;
  std::int64_t successes_ = 0;
  std::int64_t failures_ = 0;
  std::int64_t interrupted_ = 0;
};

NodeId ActorUnderTest::node_of(const CaseValue& name) {
  const auto found = std::find(names_.begin(), names_.end(), name.text());
  if (found == names_.end()) name.fail_expected("a node that was added");
  return {static_cast<std::uint32_t>(found - names_.begin())};
}

void ActorUnderTest::answer_creation(bool ok) { scheduler_.creation_answered(actor, creating_on_, worker_, ok); }

// What waits for a node's clean-up is asked again until it is done; here when the case says so.
void ActorUnderTest::retry() {
  if (retry_lease_at_ && !scheduler_.releasing(*retry_lease_at_)) {
    const NodeId node = *retry_lease_at_;
    retry_lease_at_.reset();
    scheduler_.retry_lease(actor, node);
  }
  if (retry_creation_at_) {
    const NodeId node = *retry_creation_at_;
    retry_creation_at_.reset();
    scheduler_.retry_creation(actor, node);
  }
}

bool ActorUnderTest::take_lease_answer(const std::string& op, const CaseValue& step) {
  using Kind = ActorScheduler::LeaseAnswer::Kind;
  constexpr std::pair<std::string_view, Kind> answers[] = {{"lease_granted", Kind::granted},
                                                           {"lease_redirected", Kind::redirected},
                                                           {"lease_rejected", Kind::rejected},
                                                           {"lease_unschedulable", Kind::unschedulable},
                                                           {"lease_rpc_error", Kind::error}};
  for (const auto& [name, kind] : answers) {
    if (name != op) continue;
    const NodeId asked = step["node"].exists() ? node_of(step["node"]) : asked_last_;
    const NodeId other = kind == Kind::redirected ? node_of(step.at("to")) : no_node;
    scheduler_.lease_answered(actor, asked, {kind, other, {next_worker_++}});
    return true;
  }
  return false;
}

bool ActorUnderTest::take_loss(const std::string& op, const CaseValue& step) {
  if (op == "node_dies") {
    const NodeId node = node_of(step.at("node"));
    alive_.erase(node);
    interrupted(scheduler_.cancel_on_node(node).size());
  } else if (op == "worker_dies") {
    interrupted(scheduler_.cancel_on_worker(creating_on_, worker_) ? 1 : 0);
  } else if (op == "cancel_leasing") {
    scheduler_.cancel_leasing(actor);
  } else {
    return false;
  }
  return true;
}

void ActorUnderTest::take_step(const CaseValue& step) {
  const std::string op = step.at("op").text();
  if (op == "add_node") {
    alive_.insert({static_cast<std::uint32_t>(names_.size())});
    names_.push_back(step.at("node").text());
  } else if (op == "schedule") {
    scheduler_.schedule(actor);
  } else if (op == "assign_worker") {
    assigned_ = {node_of(step.at("node")), {next_worker_++}};
  } else if (op == "clear_worker") {
    assigned_.reset();
  } else if (op == "reschedule") {
    scheduler_.reschedule(actor, assigned_ ? assigned_->first : no_node,
                          assigned_ ? std::optional(assigned_->second) : std::nullopt);
  } else if (op == "creation_done" || op == "creation_rpc_error") {
    answer_creation(op == "creation_done");
  } else if (op == "release_unused_workers") {
    scheduler_.release_unused_workers(std::vector<NodeId>(alive_.begin(), alive_.end()));
  } else if (op == "release_reply") {
    for (const NodeId node : alive_)
      if (!step["node"].exists() || node == node_of(step["node"])) scheduler_.released(node);
    return;  // the retry is a step of its own
  } else if (op != "retry_lease" && !take_loss(op, step) && !take_lease_answer(op, step)) {
    throw SkipCase(fmt::format("nobody knows the step '{}'", op));
  }
  retry();
}

void ActorUnderTest::check(const CaseValue& expect, const std::string& where, Checks& checks) const {
  std::int64_t requests = 0;
  for (const auto& [node, count] : requests_at_) requests += count;
  const std::pair<const char*, std::int64_t> counters[] = {{"lease_requests", requests},
                                                           {"lease_retries", lease_retries_},
                                                           {"canceled_leases", canceled_leases_},
                                                           {"creation_requests", creations_},
                                                           {"creation_requests_total", creations_},
                                                           {"creation_retries", creation_retries_},
                                                           {"killed_workers", killed_workers_},
                                                           {"successes", successes_},
                                                           {"failures", failures_},
                                                           {"interrupted_actors", interrupted_}};
  for (const auto& [key, count] : counters)
    if (expect[key].exists()) checks.equal(where + key, std::to_string(expect[key].whole()), std::to_string(count));
  for (const auto& [node, wanted] : expect["lease_requests_at"].entries()) {
    std::int64_t got = 0;
    for (const auto& [id, count] : requests_at_)
      if (name_of(id) == node) got = count;
    checks.equal(fmt::format("{}lease_requests_at.{}", where, node), std::to_string(wanted.whole()),
                 std::to_string(got));
  }
  if (expect["actor_node"].exists())
    checks.equal(where + "actor_node", expect["actor_node"].text(), name_of(actor_node_));
}

}  // namespace

void run_actor_sequence(const CaseValue& the_case, Checks& checks) {
  ActorUnderTest gcs;
  for_each_step(the_case, [&](const CaseValue& step, const CaseValue& expected, const std::string& where) {
    gcs.take_step(step);
    gcs.check(expected, where + ".", checks);
  });
}

}  // namespace raysim
