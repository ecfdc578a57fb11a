// How an owner gets its tasks onto workers: leases.
//
// Models: a queue, leased workers and open lease requests for each scheduling key; the limit on open requests; reuse of a lease until
// it times out or the queue is empty; redirects; cancellation of requests and of tasks; backlogs. A state machine: the caller says
// what happened, the port takes what follows. Leaves out: messages and their costs, actors, retries (ownership.cpp).
// Mirrors src/ray/core_worker/task_submission/normal_task_submitter.cc (2.60).
// Invariants: one task in flight a lease; never more open requests of a key than tasks queued under it plus those that
// a cancel is under way for; a granted worker is pushed a task or returned at once; a key without tasks, workers and
// requests is forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "models/core_worker/lease_policy.hpp"
#include "models/core_worker/submitter_port.hpp"
#include "models/core_worker/task_queue.hpp"

namespace raysim {

struct SubmitterSettings {
  LeaseRequestLimit limit;
  Duration worker_lease_timeout;
  bool driver = true;      // a worker exits when its raylet is gone
  bool ranked = false;     // a worker goes back after each task while another key's first task has a better rank
  bool keeps_ids = false;  // a request that follows a redirect has the id of the one before
};

class NormalTaskSubmitter {
 public:
  // `owner` marks the ids of its leases.
  NormalTaskSubmitter(const SubmitterSettings& settings, std::uint32_t owner, SubmitterPort& port);

  // A task whose arguments exist.
  void submit(std::uint32_t task, const SchedulingKey& key);
  // The same where no argument lies in the object store.
  void submit(std::uint32_t task, SchedulingClassId scheduling_class);
  void on(const LeaseReply& reply);
  // A lease request did not reach its raylet.
  void request_failed(std::uint32_t tag);
  // The raylet's word on cancel_lease() for a key; false: it did not know the request.
  void cancel_answered(std::uint32_t key, bool success);
  // A reply came over lease `slot`: its worker is idle again, unless it is about to exit. Returns the worker.
  LeasedWorker task_done(std::uint32_t slot, bool worker_exiting = false);
  // Leases whose worker has died, with the task each had in flight.
  struct Broken {
    LeasedWorker worker;
    std::uint32_t task;
  };
  std::vector<Broken> worker_died(ProcessId worker);
  // The user cancels a task that was submitted and has not ended. Queued: it has failed now; pushed: its worker is told.
  enum class Place : std::uint8_t { queued, pushed, elsewhere };
  Place cancel(std::uint32_t task, bool force, bool recursive);
  // The limit on open requests of a key; a lower one only stops new requests.
  void set_limit(const LeaseRequestLimit& limit) { settings_.limit = limit; }

  // Tasks queued beyond the open requests, by scheduling class; they count as reported from then on.
  [[nodiscard]] WorkerBacklogs backlog();
  [[nodiscard]] std::size_t keys() const { return live_keys_; }

 private:
  struct Key {
    SchedulingKey key;
    TaskQueue queue;
    std::vector<std::uint32_t> requests;  // open ones: slots in requests_
    std::size_t asked = 0;                // tasks that they are for
    std::uint32_t workers = 0;            // leased
    std::int64_t reported_backlog = 0;
    bool live = false;
    [[nodiscard]] std::int64_t backlog() const {
      return queue.size() < requests.size() ? 0 : static_cast<std::int64_t>(queue.size() - requests.size());
    }
  };
  struct OpenRequest {
    LeaseId lease;
    NodeId node;  // whom it went to last
    std::uint32_t key = 0;
    std::uint32_t position = 0;  // in the key's list
    std::uint32_t probe = 0;     // requests of one number are for one task; 0: the only one
    bool moot = false;           // its task has a worker
  };
  struct Slot {
    LeasedWorker worker;
    std::uint32_t key = 0;
    std::uint32_t task = 0;
    Time granted;
    bool busy = false;
    bool open = false;
    bool used = false;  // has run a task
  };

  std::uint32_t live_key(std::uint32_t index);
  void forget_if_empty(std::uint32_t key);
  void enqueue(std::uint32_t key, std::uint32_t task);
  void request_if_needed(std::uint32_t key, const LeaseReply* redirect = nullptr);
  void open_requests(std::uint32_t key);  // for one task
  OpenRequest& open_request(std::uint32_t key, FirstNode node, bool grant_or_reject, LeaseId lease);
  std::uint32_t close_request(std::uint32_t slot, bool granted);  // returns its key
  [[nodiscard]] bool better_elsewhere(std::uint32_t key) const;
  LeaseId new_lease() { return {(static_cast<std::uint64_t>(owner_) << 32) | next_lease_++}; }
  void fail_queued(std::uint32_t key, ErrorType error);
  void worker_idle(std::uint32_t slot, std::optional<SubmitterPort::Return> broken);
  void give_back(std::uint32_t slot, SubmitterPort::Return why);
  void cancel_requests(std::uint32_t key);
  std::uint32_t take_slot();

  SubmitterSettings settings_;
  std::uint32_t owner_;
  SubmitterPort& port_;
  std::vector<Key> keys_;
  std::vector<std::uint32_t> free_keys_;
  std::vector<std::uint32_t> key_by_class_;            // of keys that are a class alone; none: ~0
  std::map<SchedulingKey, std::uint32_t> other_keys_;  // with arguments or a runtime environment
  std::size_t live_keys_ = 0;
  std::vector<OpenRequest> requests_;
  std::vector<std::uint32_t> free_requests_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t next_lease_ = 0;
  std::uint32_t next_probe_ = 0;
};

}  // namespace raysim
