// A scheduler for the whole cluster, beside the GCS: what Ray deliberately does not have.
//
// Models: every lease of the DEFAULT strategy is asked for here, decided one after the other, each for `decision_time`, and sent to its
// raylet by a redirect; what finds no room waits here. Its view is what it has assigned itself: exact but for leases of other
// strategies, of which it hears nothing. Leaves out: its own failure.
// Invariants: a request is answered once, unless its owner dies; what a lease took in the view is given back once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_set>

#include "models/runtime.hpp"

namespace raysim {

class CentralScheduler {
 public:
  // On the node of the head.
  explicit CentralScheduler(Runtime& runtime);
  [[nodiscard]] Address<CentralScheduler> address() const { return address_; }

  void on(RequestWorkerLease request);
  void on(CancelWorkerLease cancel);
  void on(LeaseNews news);
  void on(ProcessDied died);
  void on(ResourceBroadcast news);

 private:
  struct Assigned {
    NodeId node;
    SchedulingClassId scheduling_class;
    ProcessId owner;
    bool blocked = false;  // its CPU is free meanwhile
  };

  void schedule();
  bool place(const RequestWorkerLease& request);
  void answer(const RequestWorkerLease& request, LeaseReply::Status status, NodeId node);
  void change(NodeId node, const ResourceSet& demand, int sign);
  void give_back(const Assigned& assigned);
  [[nodiscard]] ProcessId owner_of(const RequestWorkerLease& request) const {
    return runtime_.engine.process_of(request.owner.station);
  }

  Runtime& runtime_;
  Station& station_;
  Address<CentralScheduler> address_;
  std::unique_ptr<NodePolicy> policy_;
  RandomStream random_;
  ClusterView view_;
  std::deque<RequestWorkerLease> queue_;        // by rank, then as they came
  std::map<std::uint64_t, Assigned> assigned_;  // by lease
  std::unordered_set<std::uint32_t> owners_;
};

}  // namespace raysim
