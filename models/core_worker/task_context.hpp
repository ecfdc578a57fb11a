// What a body can do: Ray's verbs, in simulated time.
//
// Models: the caller's thread of a driver or worker: submit, get, wait, put, sleep, compute; blocked workers give their CPU back
// while they wait in get. A call costs CPU time of this thread. Leaves out: actors, cancellation, borrowed references.
// Mirrors python/ray/_private/worker.py and the blocking calls of core_worker.cc.
// Invariants: one call at a time; a reference is used by the process that made it only.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/errors.hpp"
#include "models/gcs/placement_group_messages.hpp"
#include "models/ids.hpp"
#include "models/messages.hpp"
#include "models/task.hpp"
#include "sim/body.hpp"
#include "sim/station.hpp"

namespace raysim {

struct Runtime;

// One .remote() call.
struct TaskCall {
  FunctionId function;
  TaskOptions options;
  std::vector<ObjectRef> args;       // references
  std::vector<Bytes> values;         // values passed along
  std::optional<Duration> duration;  // instead of a draw from the function's
};

struct WaitResult {
  std::vector<ObjectRef> ready;
  std::vector<ObjectRef> pending;
};

class TaskContext {
 public:
  TaskContext(Runtime& runtime, CoreWorker& worker);

  [[nodiscard]] Time now() const { return thread_.now(); }
  // A random stream of the run by name.
  [[nodiscard]] RandomStream stream(std::string_view name) const;

  // An awaitable pause of the body; what it waits for has been arranged before.
  struct Pause {
    TaskContext& context;
    bool needed = true;
    [[nodiscard]] bool await_ready() const { return !needed; }
    void await_suspend(std::coroutine_handle<> body) const { context.suspended_ = body; }
    void await_resume() const {}
  };

  // .remote(): the first of the call's references (they are consecutive). Await pause() after it: the thread was busy.
  ObjectRef submit(const TaskCall& call);
  ObjectRef put(Bytes size);
  [[nodiscard]] Pause pause();
  // ray.get: raises RayError when one of them failed or the timeout is over. Awaitable.
  Body get(std::vector<ObjectRef> refs, std::optional<Duration> timeout);
  // ray.wait. `result` is filled when it is over. Awaitable.
  Body wait(std::vector<ObjectRef> refs, std::size_t num_returns, std::optional<Duration> timeout, WaitResult& result);
  // Has a node drained at a moment of the run, or now if that has passed.
  void drain(NodeId node, Time when);
  Pause sleep(Duration duration);

  // Placement groups (placement_group_calls.cpp); all awaitable. The id of a group is its creator's to choose.
  // ray.util.placement_group: registers it. Raises RayError when its name is taken.
  Body create_group(PlacementGroupId group, std::shared_ptr<const PlacementGroupSpec> spec);
  PlacementGroupId new_group_id();
  // pg.wait: `ready` tells whether it is there by the end of the timeout. Raises RayError when it was removed.
  Body wait_group(PlacementGroupId group, Duration timeout, bool& ready);
  // placement_group_table: the node of each bundle; no entries: there is no such group.
  Body look_up_group(PlacementGroupId group, std::vector<NodeId>& nodes);
  Body remove_group(PlacementGroupId group);
  Pause compute(Duration duration);

  // --- for CoreWorker
  // Starts a body on this thread.
  void run(const BodyMaker& maker, Duration path);
  void on(ResumeBody resume);
  void on(StartBody);
  void on(BodyEnded);
  // The GCS has answered a call about a placement group; from the io loop.
  void group_answered(Station& io, const PlacementGroupReply& reply);
  // An object that the present wait is about became ready; from the io loop.
  void object_ready(Station& io, std::uint64_t wait);
  // An object of this process failed: a get that includes it need not wait for the others.
  void object_failed(Station& io, ObjectRef ref);
  [[nodiscard]] Duration path() const { return path_; }
  [[nodiscard]] Station& thread() { return thread_; }
  [[nodiscard]] ErrorType outcome() const { return outcome_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  void after_step();
  void block(bool blocked);
  void arm_timeout(std::optional<Duration> timeout);
  void wake(Station& io);
  [[nodiscard]] bool is_ready(ObjectRef ref) const;
  // Ready, and this thread can know it by now.
  [[nodiscard]] bool is_known(ObjectRef ref) const;
  Pause pause_until(Time when);
  template <class Request>
  Pause ask_gcs(Request request);
  [[nodiscard]] bool advance_get();

  Runtime& runtime_;
  CoreWorker& worker_;
  Station& thread_;
  Address<TaskContext> address_;
  BodyMaker maker_;
  Body body_;
  std::coroutine_handle<> suspended_;
  std::uint64_t wait_ = 0;              // number of the present wait; older wake-ups are void
  std::size_t missing_ = 0;             // wait: objects still needed
  std::span<const ObjectRef> getting_;  // get: what it is about
  std::size_t got_ = 0;                 // get: those before this one are ready
  bool timed_out_ = false;
  PlacementGroupReply answer_;  // of the GCS, to the present call
  Duration path_;
  ErrorType outcome_ = ErrorType::none;
  std::string message_;
};

}  // namespace raysim
