// One raylet's lease manager under a case's steps, and what came of them.
//
// Models: the surroundings that Ray's tests of the lease managers give them: a pool whose workers come when the test says so, arguments
// that are local or not as the test says, a clock that stands, and a list of replies. Leaves out: messages, processes.
// Mirrors the fixtures of src/ray/raylet/scheduling/tests/{cluster,local}_lease_manager_test.cc (2.60).
// Invariants: the lease manager and the scheduler are those of a run; names are unique.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/case_cluster.hpp"
#include "models/raylet/lease_manager.hpp"

namespace raysim {

class LeaseCase final : public LeasePort {
 public:
  explicit LeaseCase(const CaseValue& setup);

  // What a step came to, where it has a result of its own.
  struct Result {
    std::optional<bool> canceled;
    std::optional<std::size_t> canceled_count;
    std::optional<bool> ok;
  };
  Result step(const CaseValue& step);
  void check(const CaseValue& expect, const std::string& where, const Result& result, Checks& checks);

 private:
  struct Known {
    std::string reply = "none";
    std::optional<Lease> granted;
  };
  struct Waiting {
    LeaseId lease;
    std::string runtime_env;
  };

  [[nodiscard]] Time now() const override { return now_; }
  void answer(const Lease& lease, LeaseReply::Status status, NodeId node) override;
  void granted(Lease&& lease, ProcessId worker) override;
  std::optional<ProcessId> request_worker(const Lease& lease) override;
  void forget_worker(const Lease& lease) override;
  bool pull_arguments(const Lease& lease) override { return !missing_.contains(lease.id.value); }
  void stop_pull(const Lease&) override {}
  bool arguments_local(const Lease& lease) override { return !missing_.contains(lease.id.value); }
  bool pull_blocked(const Lease& lease) override { return blocked_.contains(lease.id.value); }
  void schedule_again_at(Time) override {}
  void announce_infeasible(const Lease&) override { ++announcements_; }
  void resources_changed() override {}

  Lease make_lease(const CaseValue& step);
  Known& known(const CaseValue& step, std::string_view key = "lease");
  [[nodiscard]] std::optional<LeaseId> find(const CaseValue& name) const;
  [[nodiscard]] LeaseId id_of(const CaseValue& name) const;
  NodeId node_of(std::string_view name);
  ResourceSet resources(const CaseValue& amounts);
  void worker_arrives(const CaseValue& step);
  void worker_failed(const CaseValue& step);
  void set_node(const CaseValue& step);
  void args_ready(const CaseValue& step);
  std::optional<Result> cancellation(const std::string& op, const CaseValue& step);
  std::optional<Result> bare_worker(const std::string& op, const CaseValue& step);
  bool lease_step(const std::string& op, const CaseValue& step);
  bool world_step(const std::string& op, const CaseValue& step);
  void check_demand(const CaseValue& expect, const std::string& where, Checks& checks);
  [[nodiscard]] bool clean() const;
  [[nodiscard]] std::int64_t granted_now() const;

  ClusterSpec cluster_;
  std::vector<NodeId> order_;
  std::vector<ResourceId> units_;  // resources that come in instances of 1
  SchedulingClasses classes_;
  Time now_;
  std::optional<ClusterResourceScheduler> scheduler_;
  std::optional<LeaseManager> manager_;
  std::vector<std::string> lease_names_;  // by LeaseId
  std::vector<std::string> envs_;         // by LeaseId
  std::map<std::string, Known> leases_;
  std::map<std::string, Lease> bare_;  // workers without a request
  std::map<std::string, std::uint32_t> functions_;
  std::map<std::string, std::uint32_t> owners_;
  std::set<std::uint64_t> missing_;                     // leases that miss arguments
  std::set<std::uint64_t> blocked_;                     // whose pull has no room
  std::map<std::string, std::vector<ProcessId>> idle_;  // workers by runtime environment
  std::deque<Waiting> waiting_;
  std::uint32_t workers_ = 0;
  std::int64_t worker_requests_ = 0;
  std::int64_t granted_total_ = 0;
  std::int64_t announcements_ = 0;
};

}  // namespace raysim
