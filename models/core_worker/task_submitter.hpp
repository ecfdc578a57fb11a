// How an owner gets its tasks onto workers: leases.
//
// Models: a queue, leased workers and open lease requests for each scheduling key; the limit on open requests; reuse of a lease until
// it times out or the queue is empty; redirects; returns. Leaves out: locality, actors, cancellation by the user.
// Mirrors src/ray/core_worker/task_submission/normal_task_submitter.cc (2.60).
// Invariants: one task in flight a lease; never more open requests of a key than tasks queued under it plus those that
// a cancel is under way for; a granted worker is pushed a task or returned at once.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "models/core_worker/task_manager.hpp"
#include "models/runtime.hpp"

namespace raysim {

class NormalTaskSubmitter {
 public:
  NormalTaskSubmitter(Runtime& runtime, Station& io, NodeId node, TaskManager& tasks);

  // A task whose arguments exist.
  void submit(std::uint32_t task);
  void on(const LeaseReply& reply);
  // The lease request never reached its raylet.
  void request_failed(const RequestWorkerLease& request);
  // A reply came over lease `slot`: the worker is idle again. Returns the worker's node and process.
  struct Lessor {
    NodeId node;
    ProcessId worker;
  };
  Lessor task_done(std::uint32_t slot);
  // Leases whose worker has died, with the task each had in flight.
  struct Broken {
    LeaseId lease;
    std::uint32_t task;
    Lessor lessor;
  };
  std::vector<Broken> worker_died(ProcessId worker);
  // The raylet cannot ever place the tasks of a canceled request: takes all queued tasks of its key.
  std::vector<std::uint32_t> take_unschedulable(const LeaseReply& reply);

 private:
  struct Key {
    SchedulingClassId scheduling_class;
    std::deque<std::uint32_t> queue;
    std::vector<std::uint32_t> requests;  // open ones: slots in requests_
  };
  struct OpenRequest {
    LeaseId lease;
    NodeId node;  // whom it went to last
    std::uint32_t key = 0;
    std::uint32_t position = 0;  // in the key's list
  };
  struct LeasedWorker {
    LeaseId id;
    Address<CoreWorker> worker;
    Lessor lessor;
    std::uint32_t key = 0;
    std::uint32_t task = 0;
    Time granted;
    bool busy = false;
    bool open = false;
  };

  Key& key_of(SchedulingClassId id);
  [[nodiscard]] NodeId first_node(const Key& key) const;
  void request_if_needed(std::uint32_t key);
  void open_request(std::uint32_t key, LeaseId lease, NodeId node, bool grant_or_reject);
  std::uint32_t close_request(std::uint32_t slot);  // returns its key
  void worker_idle(std::uint32_t slot);
  void give_back(std::uint32_t slot, bool disconnect);
  void push(std::uint32_t slot, std::uint32_t task);
  void cancel_requests(Key& key);
  std::uint32_t take_slot();

  Runtime& runtime_;
  Station& io_;
  NodeId node_;
  TaskManager& tasks_;
  std::vector<Key> keys_;
  std::unordered_map<std::uint32_t, std::uint32_t> key_by_class_;
  std::vector<OpenRequest> requests_;
  std::vector<std::uint32_t> free_requests_;
  std::vector<LeasedWorker> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t next_lease_ = 0;
  std::size_t limit_ = 0;
};

}  // namespace raysim
