// One owner's task submitter under a case's steps, and what came of them.
//
// Models: raylets and workers that answer when the case says so, a clock that stands, and counters of everything the submitter asks.
// Leaves out: messages, arguments that are still to be made.
// Mirrors the fixture of src/ray/core_worker/task_submission/tests/normal_task_submitter_test.cc (2.60).
// Invariants: the submitter is that of a run; requests, cancels and running tasks are answered oldest first.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/case_cluster.hpp"
#include "models/core_worker/task_submitter.hpp"

namespace raysim {

class SubmitterCase final : public SubmitterPort {
 public:
  explicit SubmitterCase(const CaseValue& setup);

  void step(const CaseValue& step);
  void check(const CaseValue& expect, const std::string& where, Checks& checks);

 private:
  struct Request {
    NodeId node;
    RequestWorkerLease request;
  };
  struct Running {
    std::uint32_t slot;
    std::uint32_t task;
    ProcessId worker;
  };

  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] NodeId local_node() const override { return {0}; }
  FirstNode first_node(const SchedulingKey& key) override;
  void request_lease(NodeId node, RequestWorkerLease request) override;
  void cancel_lease(NodeId node, LeaseId lease, std::uint32_t key) override;
  void push_task(const LeasedWorker& worker, std::uint32_t slot, std::uint32_t task) override;
  void return_worker(const LeasedWorker& worker, Return why) override;
  void report_backlog() override;
  void cancel_running(const LeasedWorker& worker, std::uint32_t task, bool force, bool recursive) override;
  void fail_task(std::uint32_t task, ErrorType error) override;
  void exit_process() override { exited_ = true; }

  NodeId node_of(std::string_view name);
  void submit(const CaseValue& step);
  bool raylet_step(const std::string& op, const CaseValue& step);
  bool worker_step(const std::string& op, const CaseValue& step);
  bool owner_step(const std::string& op, const CaseValue& step);
  // The oldest open request, or the oldest to the raylet that `key` names.
  RequestWorkerLease take_request(const CaseValue& step, std::string_view key, NodeId& node);
  // The oldest running task, or the one that the step names.
  Running take_running(const CaseValue& step);
  void reply_canceled(const CaseValue& step);

  ResourceNames names_;
  std::vector<std::string> nodes_{"local"};
  SchedulingClasses classes_;
  Environments environments_;
  std::map<std::string, std::uint32_t> functions_;
  std::map<std::string, std::uint32_t> objects_;
  std::vector<std::string> tasks_;
  Time now_;
  bool by_locality_ = false;
  std::optional<NormalTaskSubmitter> submitter_;
  std::deque<Request> requests_;
  std::deque<std::uint32_t> cancels_;  // keys
  std::deque<Running> running_;
  std::map<NodeId, std::int64_t> returned_to_;
  std::map<std::string, std::int64_t> counters_;
  std::uint32_t workers_ = 0;
  bool exited_ = false;
};

}  // namespace raysim
