#include "conformance/submitter_case.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace raysim {

namespace {
Duration read_milliseconds(const CaseValue& value, Duration otherwise) {
  if (!value.exists()) return otherwise;
  if (value.is_scalar() && value.text() == "unbounded") return Duration::seconds(1e9);
  return Duration::milliseconds(value.whole());
}
}  // namespace

SubmitterCase::SubmitterCase(const CaseValue& setup) {
  const Duration timeout = read_milliseconds(setup["lease_timeout_ms"], Duration::milliseconds(500));
  const std::string owner = setup["owner"].text_or("worker");
  if (owner != "driver" && owner != "worker") setup["owner"].fail_expected("driver or worker");
  by_locality_ = setup["selected_by_locality"].boolean_or(false);
  const SubmitterSettings settings{LeaseRequestLimit::fixed(setup["max_pending_lease_requests"].whole_or(1)),
                                   read_milliseconds(setup["lease_expiry_ms"], timeout), owner == "driver"};
  submitter_.emplace(settings, 0, *this);
  for (const char* counter :
       {"requested", "policy_consults", "returned", "returned_exiting", "disconnected", "completed", "failed",
        "failed_before_run", "canceled_requests", "reported_backlog", "selected_by_locality", "kill_requests"})
    counters_[counter] = 0;
}

NodeId SubmitterCase::node_of(std::string_view name) {
  const auto it = std::find(nodes_.begin(), nodes_.end(), name);
  if (it != nodes_.end()) return {static_cast<std::uint32_t>(it - nodes_.begin())};
  nodes_.emplace_back(name);
  return {static_cast<std::uint32_t>(nodes_.size() - 1)};
}

// --- what the submitter asks for

FirstNode SubmitterCase::first_node(const SchedulingKey& key) {
  ++counters_["policy_consults"];
  const SchedulingStrategy& strategy = classes_[key.scheduling_class].strategy;
  if (strategy.kind == SchedulingStrategy::Kind::node_affinity) return {strategy.node, false};
  return {local_node(), by_locality_ && strategy.kind != SchedulingStrategy::Kind::spread};
}

void SubmitterCase::request_lease(NodeId node, RequestWorkerLease request) {
  ++counters_["requested"];
  counters_["selected_by_locality"] += request.selected_by_locality ? 1 : 0;
  requests_.push_back({node, request});
}

void SubmitterCase::cancel_lease(NodeId, LeaseId, std::uint32_t key) {
  ++counters_["canceled_requests"];
  cancels_.push_back(key);
}

void SubmitterCase::push_task(const LeasedWorker& worker, std::uint32_t slot, std::uint32_t task) {
  running_.push_back({slot, task, worker.process});
}

void SubmitterCase::return_worker(const LeasedWorker& worker, Return why) {
  if (why == Return::disconnect) {
    ++counters_["disconnected"];
    return;
  }
  ++counters_["returned"];
  counters_["returned_exiting"] += why == Return::exiting ? 1 : 0;
  ++returned_to_[worker.node];
}

void SubmitterCase::report_backlog() {
  std::int64_t sum = 0;
  for (const auto& [id, backlog] : submitter_->backlog()) sum += backlog;
  counters_["reported_backlog"] = sum;
}

void SubmitterCase::cancel_running(const LeasedWorker&, std::uint32_t, bool, bool) { ++counters_["kill_requests"]; }

void SubmitterCase::fail_task(std::uint32_t, ErrorType) {
  ++counters_["failed"];
  ++counters_["failed_before_run"];
}

// --- steps

void SubmitterCase::step(const CaseValue& step) {
  const std::string op = step.at("op").text();
  if (!owner_step(op, step) && !raylet_step(op, step) && !worker_step(op, step))
    throw SkipCase(fmt::format("no step is called '{}'", op));
}

void SubmitterCase::submit(const CaseValue& step) {
  SchedulingClass wanted;
  const std::string function = step["function"].text_or("");
  wanted.function = {functions_.try_emplace(function, static_cast<std::uint32_t>(functions_.size())).first->second};
  for (const auto& [name, amount] : step["resources"].entries())
    wanted.resources.set(names_.id_of(name), ResourceAmount::of(amount.number()));
  wanted.strategy = read_strategy(step["strategy"], "default", [this](std::string_view name) { return node_of(name); });
  wanted.depth = static_cast<std::int32_t>(step["depth"].whole_or(0));
  SchedulingKey key;
  key.scheduling_class = classes_.id_of(wanted);
  key.runtime_env = environments_.id_of({step["runtime_env"].text_or(""), {}, false});
  for (const std::string& object : step["args"].texts())
    key.store_args.push_back(
        {StationId{0}, objects_.try_emplace(object, static_cast<std::uint32_t>(objects_.size())).first->second});
  tasks_.push_back(step["task"].text_or(""));
  submitter_->submit(static_cast<std::uint32_t>(tasks_.size() - 1), key);
}

bool SubmitterCase::owner_step(const std::string& op, const CaseValue& step) {
  if (op == "submit") {
    submit(step);
  } else if (op == "submit_many") {
    for (std::int64_t n = step.at("count").whole(); n > 0; --n) submit(step);
  } else if (op == "set_limit") {
    submitter_->set_limit(LeaseRequestLimit::fixed(step.at("value").whole()));
  } else if (op == "report_backlog") {
    report_backlog();
  } else if (op == "advance_ms") {
    now_ = now_ + Duration::milliseconds(step.at("ms").whole());
  } else if (op == "cancel_task") {
    const std::string name = step.at("task").text();
    const auto it = std::find(tasks_.begin(), tasks_.end(), name);
    if (it == tasks_.end()) step.at("task").fail_expected("a task that was submitted");
    submitter_->cancel(static_cast<std::uint32_t>(it - tasks_.begin()), step["force"].boolean_or(false), true);
  } else {
    return false;
  }
  return true;
}

RequestWorkerLease SubmitterCase::take_request(const CaseValue& step, std::string_view key, NodeId& node) {
  auto it = requests_.begin();
  if (step[key].exists()) {
    node = node_of(step[key].text());
    it = std::find_if(requests_.begin(), requests_.end(), [&](const Request& request) { return request.node == node; });
  }
  if (it == requests_.end()) step.fail_expected("an open request to answer");
  node = it->node;
  const RequestWorkerLease request = it->request;
  requests_.erase(it);
  return request;
}

bool SubmitterCase::raylet_step(const std::string& op, const CaseValue& step) {
  NodeId node;
  LeaseReply reply;
  if (op == "grant") {
    reply.tag = take_request(step, "by", node).tag;
    reply.lease = {workers_};
    reply.node = node;
    reply.worker_process = {workers_++};
    submitter_->on(reply);
  } else if (op == "redirect") {
    reply.tag = take_request(step, "by", node).tag;
    reply.status = LeaseReply::Status::redirected;
    reply.node = node_of(step["to"].text_or("remote"));
    submitter_->on(reply);
  } else if (op == "reject") {
    reply.tag = take_request(step, "by", node).tag;
    reply.status = LeaseReply::Status::rejected;
    submitter_->on(reply);
  } else if (op == "reply_canceled") {
    reply_canceled(step);
  } else if (op == "request_rpc_failed") {
    submitter_->request_failed(take_request(step, "node", node).tag);
  } else if (op == "cancel_reply") {
    if (cancels_.empty()) step.fail_expected("a cancel to answer");
    const std::uint32_t key = cancels_.front();
    cancels_.pop_front();
    submitter_->cancel_answered(key, step.at("success").boolean());
  } else {
    return false;
  }
  return true;
}

void SubmitterCase::reply_canceled(const CaseValue& step) {
  constexpr std::pair<std::string_view, LeaseReply::Status> reasons[] = {
      {"intended", LeaseReply::Status::canceled},
      {"unschedulable", LeaseReply::Status::unschedulable},
      {"runtime_env_failed", LeaseReply::Status::runtime_env_failed},
      {"placement_group_removed", LeaseReply::Status::group_removed},
      {"group_removed", LeaseReply::Status::group_removed}};
  const std::string reason = step["reason"].text_or("intended");
  const auto* const why =
      std::find_if(std::begin(reasons), std::end(reasons), [&](const auto& known) { return known.first == reason; });
  if (why == std::end(reasons)) throw SkipCase(fmt::format("no request is canceled as '{}'", reason));
  NodeId node;
  LeaseReply reply;
  reply.tag = take_request(step, "by", node).tag;
  reply.status = why->second;
  submitter_->on(reply);
}

SubmitterCase::Running SubmitterCase::take_running(const CaseValue& step) {
  auto it = running_.begin();
  if (step["task"].exists()) {
    const std::string name = step["task"].text();
    it = std::find_if(running_.begin(), running_.end(), [&](const Running& r) { return tasks_[r.task] == name; });
  }
  if (it == running_.end()) step.fail_expected("a running task to end");
  const Running running = *it;
  running_.erase(it);
  return running;
}

bool SubmitterCase::worker_step(const std::string& op, const CaseValue& step) {
  if (op == "task_done") {
    const Running running = take_running(step);
    ++counters_["completed"];
    submitter_->task_done(running.slot, step["worker_exiting"].boolean_or(false));
  } else if (op == "task_failed") {
    const Running running = take_running(step);
    ++counters_["failed"];
    submitter_->worker_died(running.worker);
  } else if (op == "all_done") {
    while (!running_.empty()) {
      const Running running = running_.front();
      running_.pop_front();
      ++counters_["completed"];
      submitter_->task_done(running.slot);
    }
  } else {
    return false;
  }
  return true;
}

void SubmitterCase::check(const CaseValue& expect, const std::string& where, Checks& checks) {
  counters_["running"] = static_cast<std::int64_t>(running_.size());
  counters_["keys"] = static_cast<std::int64_t>(submitter_->keys());
  for (const auto& [name, value] : counters_)
    if (const CaseValue wanted = expect[name]; wanted.exists())
      checks.equal(fmt::format("{}.{}", where, name), std::to_string(wanted.whole()), std::to_string(value));
  if (const CaseValue wanted = expect["exited"]; wanted.exists())
    checks.equal(where + ".exited", wanted.boolean(), exited_);
  for (const auto& [name, count] : expect["returned_to"].entries())
    checks.equal(fmt::format("{}.returned_to.{}", where, name), std::to_string(count.whole()),
                 std::to_string(returned_to_[node_of(name)]));
}

}  // namespace raysim
