// What a body can do: Ray's verbs, in simulated time.
//
// Models: one body of a driver or worker on its thread: submit, get, wait, put, sleep, compute; blocked workers give their CPU
// back while they wait in get. A call costs CPU time of the thread. A reference that came from elsewhere is borrowed: its owner
// is asked when the body needs it. Leaves out: who counts references (object_store/reference_counter.hpp).
// Mirrors python/ray/_private/worker.py and the blocking calls of core_worker.cc.
// Invariants: one call at a time.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/actor.hpp"
#include "models/actor_messages.hpp"
#include "models/core_worker/body_thread.hpp"
#include "models/core_worker/wait_window.hpp"
#include "models/errors.hpp"
#include "models/gcs/placement_group_messages.hpp"
#include "models/ids.hpp"
#include "models/messages.hpp"
#include "models/object_store/object_messages.hpp"
#include "models/payload.hpp"
#include "models/sharded_store/store_messages.hpp"
#include "models/task.hpp"
#include "models/task_messages.hpp"
#include "sim/body.hpp"
#include "sim/station.hpp"

namespace raysim {

struct Runtime;

// One .remote() call.
struct TaskCall {
  FunctionId function;
  TaskOptions options;
  std::vector<Argument> args;
  std::optional<Duration> duration;  // instead of a draw from the function's
};

// One actor.method.remote() call. Methods are remote functions of the run.
struct ActorCall {
  ActorHandle actor;
  FunctionId method;
  std::vector<Argument> args;
  std::optional<Duration> duration;          // instead of a draw from the method's
  std::uint32_t group = default_group;       // concurrency group
  std::optional<int> max_task_retries;       // instead of the actor's
  std::int64_t generator_backpressure = -1;  // TaskOptions
  TensorTransport transport = TensorTransport::object_store;
};

struct WaitResult {
  std::vector<ObjectRef> ready;
  std::vector<ObjectRef> pending;
};

class TaskContext {
 public:
  // A wait's number is its context's number, then a count of so many bits.
  static constexpr unsigned wait_bits = 40;

  // `id`: number in its process; `slot`: the execution that it belongs to, of a worker.
  TaskContext(Runtime& runtime, CoreWorker& worker, BodyThread& thread, std::uint32_t id, std::uint32_t slot);

  [[nodiscard]] Time now() const { return thread_.now(); }
  [[nodiscard]] NodeId node() const;
  [[nodiscard]] const ClusterSpec& cluster() const;
  // A remote function that the program has not named before.
  FunctionId define(RemoteFunction function);
  // The id of a resource by its name, made when it is new.
  ResourceId resource(std::string_view name);
  // What an actor was made with.
  [[nodiscard]] const ActorSpec& spec(const ActorHandle& actor) const;
  // The namespace of this body's job.
  [[nodiscard]] const std::string& name_space() const;
  // A random stream of the run by name.
  [[nodiscard]] RandomStream stream(std::string_view name) const;

  // An awaitable pause of the body; what it waits for has been arranged before.
  struct Pause {
    TaskContext& context;
    bool needed = true;
    bool raises = true;  // RayError (KeyboardInterrupt) in a body that was cancelled
    [[nodiscard]] bool await_ready() const { return !needed; }
    void await_suspend(std::coroutine_handle<> body) const { context.suspended_ = body; }
    void await_resume() const {
      context.raise_put_error();
      if (raises) context.check_signals();
    }
  };

  // Throws what went wrong with a put meanwhile.
  void raise_put_error();

  // .remote(): the first of the call's references (they are consecutive). Await pause() after it: the thread was busy.
  ObjectRef submit(const TaskCall& call);
  // With a transport, which must be a one-sided one, the value is a tensor and stays in the memory of this process's GPU, or, without
  // any, of its machine: RayError, when it cannot.
  ObjectRef put(Payload value, TensorTransport transport = TensorTransport::object_store);
  ObjectRef put(Bytes size) { return put(Payload{nullptr, size}); }
  // Keeps an object from being freed; with the last copy of what this returns, here and in other processes, it is. Tasks keep their
  // arguments for themselves. Objects that nobody has held are never freed.
  [[nodiscard]] HeldRef hold(ObjectRef ref) const;
  [[nodiscard]] HeldRefs hold(std::vector<ObjectRef> refs) const;
  // Where handles of this process count.
  [[nodiscard]] const ReferenceCounterRef& counter() const;
  // What this body was called with, in order; the values of references are filled in.
  [[nodiscard]] const std::vector<Argument>& arguments() const;
  // The duration that was drawn for the task or stated in the call; none: its function has one of its own making.
  [[nodiscard]] std::optional<Duration> duration() const;
  // Names this body among all of the run by the calls that led to it, whoever ran it when: what it draws by this is the same
  // under every policy. 0: the driver.
  [[nodiscard]] std::uint64_t luck() const { return input_ ? input_->luck : 0; }
  // What return `index` of this body's task is; a size of 0: as the function says.
  void set_return(std::size_t index, Payload value);
  // The value of an object that get or wait has found ready. Null data: a size and nothing else.
  [[nodiscard]] Payload value(ObjectRef ref) const;
  [[nodiscard]] Pause pause();
  // ray.get: raises RayError when one of them failed or the timeout is over. Awaitable. `tensors_too`: tensors on devices are no error,
  // and have no value here.
  Body get(std::vector<ObjectRef> refs, std::optional<Duration> timeout, bool tensors_too = false);
  // ray.wait (wait_calls.cpp). `result` is filled when it is over. Awaitable. `fetch_local`: what lies in the stores of other nodes comes to
  // this one, and is ready when it is here.
  Body wait(std::vector<ObjectRef> refs, std::size_t num_returns, std::optional<Duration> timeout, WaitResult& result,
            bool fetch_local = true);

  // Tensors (tensor_calls.cpp).
  // ray.get with _use_object_store: tensors on devices come through the object store, with a copy to the memory of their machine.
  Body get_through_store(std::vector<ObjectRef> refs, std::optional<Duration> timeout);
  // What the background group of an actor runs: __ray_send__, __ray_recv__, __ray_fetch_rdt_object__, __ray_free__.
  Body send_tensors();
  Body receive_tensors();
  Body fetch_tensors();
  Body free_tensors();

  // Actors (actor_calls.cpp).
  // Class.options(...).remote(...). Awaitable; `made` is the handle, and stays as it was when this raises. With a name it waits for
  // the GCS: RayError (ValueError) when the name is taken and get_if_exists is not set.
  Body create_actor(FunctionId constructor, ActorOptions options, std::vector<Argument> args, ActorHandle& made);
  // The first of the call's references. Raises RayError (PendingCallsLimitExceeded). Await pause() after it.
  ObjectRef call(const ActorCall& call);
  // ray.get_actor. Awaitable; RayError (ValueError) when there is none of that name.
  Body get_actor(std::string name, std::string name_space, ActorHandle& found);
  // ray.kill.
  void kill(const ActorHandle& actor, bool no_restart);
  // ray.actor.exit_actor(), from a method: ends the actor for good when this call is over.
  void exit_actor();
  // What the instance keeps from call to call: its constructor sets it, it goes with the process.
  [[nodiscard]] std::shared_ptr<void>& actor_state();
  // A handle to the actor whose call this body is.
  [[nodiscard]] ActorHandle own_handle() const;

  // ray.cancel of the task or call that makes an object (cancellation.cpp); nothing when it has ended. Raises RayError
  // (ValueError) for an actor's call with `force`.
  void cancel(ObjectRef ref, bool force, bool recursive);
  // ray.get_runtime_context().is_canceled(): of this body's own task.
  [[nodiscard]] bool is_cancelled() const;

  // Generators (generators.cpp). A call of a function with num_returns = streaming_returns gives the reference that names its
  // generator, and is ready when its task has ended.
  // In the generator's body: hands out its next item. Awaitable: waits while the consumer is too far behind.
  Body yield(Payload item);
  // At the consumer, which is the caller: the reference of the next item, once it exists; none: the generator has ended. An error
  // that the body has raised is the last item; when the task failed otherwise, the last item is the generator's own reference.
  // Awaitable.
  Body next(ObjectRef generator, std::optional<ObjectRef>& item);
  // The reference that the next item will have, to wait for; ready at the end too. Raises RayError (ValueError).
  ObjectRef peek(ObjectRef generator);
  // The references of a generator with num_returns = dynamic_returns that is ready. With the error of its body, if it raised one.
  [[nodiscard]] std::span<const ObjectRef> items(ObjectRef generator) const;

  // Takes so much heap more, until this body's execution ends; a constructor's stays while the actor lives. Nothing in a driver, which
  // no raylet kills.
  void use_memory(Bytes size);
  // Has a node drained at a moment of the run, or now if that has passed.
  void drain(NodeId node, Time when);
  Pause sleep(Duration duration);

  // Placement groups (placement_group_calls.cpp); all awaitable but for one. The id of a group is its creator's to choose.
  // ray.util.placement_group: registers it. Raises RayError when its name is taken.
  Body create_group(PlacementGroupId group, std::shared_ptr<const PlacementGroupSpec> spec);
  PlacementGroupId new_group_id();
  // pg.wait: `ready` tells whether it is there by the end of the timeout. Raises RayError when it was removed.
  Body wait_group(PlacementGroupId group, Duration timeout, bool& ready);
  // pg.ready: an object with the value `handle`, once the group is there. TaskPlacementGroupRemoved, when it was or is removed. Not
  // awaited.
  ObjectRef group_ready(PlacementGroupId group, Payload handle);
  // placement_group_table: the node of each bundle; no entries: there is no such group.
  Body look_up_group(PlacementGroupId group, std::vector<NodeId>& nodes);
  Body remove_group(PlacementGroupId group);
  Pause compute(Duration duration);
  // Reads so much from the first disk of this machine, or writes it there, where it stays. Awaitable. Raises RayError when there is no
  // room for it.
  Body use_disk(DiskUse use, Bytes size);

  // A command to the distributed store of the run, which must have one, from this node (store_calls.cpp). Awaitable; `outcome` says
  // what came of it, errors included.
  Body store(StoreCommand command, StoreOutcomeRef& outcome);

  // --- for CoreWorker
  // The luck of the next call.
  std::uint64_t next_luck() { return mix(luck(), ++calls_); }
  // Starts a body on this thread.
  void run(const BodyMaker& maker, TaskInputRef input, std::uint32_t run_number);
  void on(ResumeBody resume);
  void on(StartBody);
  void on(BodyEnded);
  void on(StoreAnswer answer);
  // The GCS has answered a call about an actor's name; from the io loop.
  void actor_answered(Station& io, const ActorReply& reply);
  // The same about a placement group.
  void group_answered(Station& io, const PlacementGroupReply& reply);
  // The object that the get of this number is about became ready; from the io loop.
  void object_ready(Station& io, std::uint64_t wait);
  // One that a wait is or was about, by its ticket.
  void ticket_ready(Station& io, std::uint64_t number);
  // A put has its room in the store, and is written by this thread; what a get lacked is in the local store. From the io loop.
  void copy_later(Station& io, const CopyObject& copy) { io.hand_over(address_, copy); }
  void on(const CopyObject& copy);
  void objects_local(Station& io, const ObjectsLocal& local);
  // The present transfer of tensors may go on; from the io loop.
  void tensors_arrived(Station& io, const TensorsArrived& arrived);
  // An object of this process (its index) failed: a get that includes it need not wait for the others.
  void object_failed(Station& io, std::uint32_t object);
  // The task of this body was cancelled: KeyboardInterrupt, from the io loop. `at_once`: in its present wait.
  void interrupt(Station& io, bool at_once);
  void on(Station& io, CheckSignals check);
  // Which execution of this process runs.
  [[nodiscard]] std::uint32_t run_number() const { return run_; }
  // The owner has answered a report of an item; from the io loop.
  void report_answered(Station& io, const GeneratorItemReply& reply);
  // Items of a streaming generator, so far.
  [[nodiscard]] std::uint32_t yielded() const { return static_cast<std::uint32_t>(generated_); }
  // What this body has added to the longest chain of work before it.
  [[nodiscard]] Duration path() const { return path_; }
  [[nodiscard]] Duration added_path() const { return path_ - (input_ ? input_->path : Duration{}); }
  [[nodiscard]] std::uint32_t id() const { return id_; }
  // What the present get or wait is about, as far as it is not there.
  [[nodiscard]] std::vector<ObjectRef> waits_for() const;
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] Station& thread() { return thread_; }
  [[nodiscard]] ErrorType outcome() const { return outcome_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] std::vector<Payload> take_returns() { return std::move(returns_); }

 private:
  enum class Doing : std::uint8_t { running, sleeping, blocked };
  enum class Waits : std::uint8_t { nothing, consumer, answers };
  void after_step();
  bool ends_later();
  void end_waiting(Station& io);
  void signal(Station& io);
  void charge_references(std::span<const Argument> args);
  void charge_references(const Payload& written);
  ObjectRef put_tensor(Payload value, TensorTransport transport);
  bool put_item(Bytes size);
  void report_item(Payload value, ErrorType error, bool in_store);
  [[nodiscard]] bool too_far() const;
  [[nodiscard]] std::uint32_t stream_of(ObjectRef generator) const;
  void check_signals();
  void block(bool blocked);
  void arm_timeout(std::optional<Duration> timeout);
  void wake(Station& io);
  // Of objects by their index in this process.
  [[nodiscard]] bool is_ready(std::uint32_t object) const;
  [[nodiscard]] bool failed(std::uint32_t object) const;
  // Ready, and this thread can know it by now.
  [[nodiscard]] bool is_known(std::uint32_t object) const;
  // The indices of references in this process; those that are new here are asked for.
  std::vector<std::uint32_t> indices_of(std::span<const ObjectRef> refs);
  [[nodiscard]] RayError error_of(std::uint32_t object) const;
  Pause pause_until(Time when);
  void export_function(FunctionId function);
  template <class Request>
  Pause ask_gcs(Request request);
  [[nodiscard]] bool advance_get();
  void follow(std::span<const ObjectRef> refs);
  [[nodiscard]] std::vector<std::uint32_t> known_tickets(std::size_t most) const;
  [[nodiscard]] Time will_know(std::size_t count) const;
  Body bring(std::vector<std::uint32_t>& known, std::size_t wanted, std::optional<Time> until);
  Body fetch(std::span<const ObjectRef> refs, std::optional<Time> until);

  Runtime& runtime_;
  CoreWorker& worker_;
  Station& thread_;
  Address<BodyThread> address_;
  std::uint32_t id_;
  std::uint32_t slot_;
  BodyMaker maker_;
  TaskInputRef input_;
  std::vector<Payload> returns_;
  std::vector<HeldRefs> returned_;  // what is inside of those
  std::uint64_t calls_ = 0;         // of tasks, methods and constructors
  Body body_;
  std::coroutine_handle<> suspended_;
  std::uint64_t wait_ = 0;                  // number of the present wait; older wake-ups are void
  std::size_t missing_ = 0;                 // wait: objects still needed
  WaitWindow window_;                       // wait: what it is about
  std::span<const std::uint32_t> getting_;  // get: what it is about
  std::span<const ObjectRef> awaited_;      // what the present get or wait is about
  std::size_t got_ = 0;                     // get: those before this one are ready
  bool timed_out_ = false;
  bool interrupted_ = false;  // and not told yet
  Doing doing_ = Doing::running;
  Time blocked_since_;
  // Of a streaming generator: items reported, those that the consumer is known to have taken, reports without an answer.
  std::int64_t generated_ = 0;
  std::int64_t consumed_ = 0;
  std::int64_t unanswered_ = 0;
  Waits waits_ = Waits::nothing;
  std::uint32_t run_ = 0;
  std::uint32_t putting_ = 0;    // puts whose values are not written yet,
  bool waits_for_puts_ = false;  // and the body pauses until they are
  ErrorType put_error_ = ErrorType::none;
  ErrorType fetch_error_ = ErrorType::none;
  TensorsArrived arrived_;          // of the present transfer
  ObjectList were_here_;            // of those that a wait has asked for
  PlacementGroupReply answer_;      // of the GCS, to the present call
  ActorId named_actor_ = no_actor;  // likewise
  StoreOutcomeRef stored_;          // of the distributed store, likewise
  Duration path_;
  ErrorType outcome_ = ErrorType::none;
  std::string message_;
};

}  // namespace raysim
