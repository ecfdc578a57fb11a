// A driver or a worker: the process that owns tasks and objects and executes what is pushed to it.
//
// Models: the io loop (messages, leases, replies) and the threads that execute (bodies; what Python runs). All see the tables of owned
// tasks and objects. Leaves out: the GIL.
// Mirrors src/ray/core_worker/core_worker.cc (2.60).
// Invariants: a worker executes one task at a time; every owned task ends once, finished or with one of Ray's errors.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "models/core_worker/actor_instance.hpp"
#include "models/core_worker/actor_submitter.hpp"
#include "models/core_worker/object_listing.hpp"
#include "models/core_worker/object_stream.hpp"
#include "models/core_worker/stored_objects.hpp"
#include "models/core_worker/task_context.hpp"
#include "models/core_worker/task_manager.hpp"
#include "models/core_worker/task_submitter.hpp"
#include "models/runtime.hpp"
#include "models/task_messages.hpp"

namespace raysim {

class WaitGraph;

class CoreWorker final : ReferencePort, ItemNames {
 public:
  enum class Role : std::uint8_t { driver, worker };
  CoreWorker(Runtime& runtime, NodeId node, Role role);
  CoreWorker(const CoreWorker&) = delete;
  CoreWorker& operator=(const CoreWorker&) = delete;
  ~CoreWorker();

  [[nodiscard]] Address<CoreWorker> address() const { return address_; }
  [[nodiscard]] ProcessId process() const { return process_; }
  [[nodiscard]] NodeId node() const { return node_; }
  // Objects that are used here, its own and borrowed ones, and those that its tasks read. It must be alive.
  [[nodiscard]] std::vector<ListedObject> list_objects() const;
  // A worker: spends its start-up, then registers at its raylet. A driver: registers after that time and runs `body`.
  void start_worker();
  void start_driver(BodyMaker body, Duration after);
  // The driver's program is over, which its thread has just found out; its process follows.
  void exit_driver();
  void start_idle_work();
  // It has died: lets go of what its bodies, tasks and values refer to.
  void release_references();
  // A worker that has run tasks before.
  void set_used() { used_ = true; }

  void on(PushTask push);
  void on(TaskReply reply);
  void on(const GetObjectStatus& question);
  void on(ObjectStatus status);
  void on(const LeaseReply& reply);
  void on(CancelReply reply) { submitter().cancel_answered(reply.key, false); }
  void on(SubmitTask submit);
  void on(CancelTask cancel);
  void on(const RequestOwnerToCancelTask& request);
  void on(ReportGeneratorItem report);
  void on(const GeneratorItemReply& reply) { contexts_[reply.context]->report_answered(io_, reply); }
  void on(CancelTaskReply reply);
  void on(CancelAgain again);
  void on(ForceExit);
  void on(CheckSignals check) { context_of_wait(check.wait).on(io_, check); }
  void on(ExitWorker exit);
  void on(const WorkerFailureCause& cause);
  void on(ProcessDied died);
  void on(TimerTick tick);
  void on(WorkerStarted);
  void on(const StartDriver& start);
  void on(WorkerExited exited);
  void on(RunTask run);
  void on(ExecutionStarted started);
  void on(DeviceFilled filled);
  void on(DeviceDone done);
  void on(DeviceEmptied emptied);
  void on(ExecutionEnded ended);
  void on(SendReply send);
  void on(SendCallReply);
  void on(FunctionCode code);
  void on(const PushActorCreation& creation);
  void on(PushActorTask call);
  void on(SubmitActorTask submit);
  void on(ActorTaskReply reply);
  void on(ExitActor);
  // storing.cpp
  void on(ObjectCreated created);
  void on(CopyObject copy);
  void on(const ObjectsLocal& local);
  void on(ObjectOutOfScope gone);
  ObjectRef item(std::uint32_t task, std::uint32_t number) override;
  void on(const SubscribeLocations& subscribe) { stored().on(subscribe); }
  void on(PollLocations poll) { stored().on(poll); }
  void on(const ReportLocations& report);
  void on(const ObjectsFreed& freed) { stored().on(freed); }
  void on_unreachable(const CreateObject&) {}
  void on_unreachable(const FetchObjects&) {}
  void on(TensorsWanted wanted);
  void on(const TensorsArrived& arrived) { context_of_wait(arrived.wait).tensors_arrived(io_, arrived); }
  void on(const TensorsTaken& taken);
  void on(TensorsMissing missing);
  void on(const ActorNews& news);
  void on(const ActorReply& reply) { context_of_wait(reply.wait).actor_answered(io_, reply); }
  // All handles to an actor of this owner are gone.
  void on(const ActorOutOfScope& gone) { io_.send(runtime_.gcs, gone); }
  void on(const PlacementGroupReply& reply);
  void on_unreachable(const RequestWorkerLease& request) { submitter().request_failed(request.tag); }
  void on_unreachable(const PushTask&) {}       // the death of the worker is noticed by itself
  void on_unreachable(const PushActorTask&) {}  // likewise
  void on_unreachable(const ActorTaskReply&) {}
  void on_unreachable(const TaskReply&) {}
  void on_unreachable(const ReportGeneratorItem& report);
  void on_unreachable(const GetObjectStatus& question) { owner_is_gone(question.object.owner); }
  // borrowing.cpp
  void on(ReferencesChanged);
  void on(const WaitForRefRemoved& wait);
  void on(const RefRemoved& removed);
  void out_of_scope(std::uint32_t object) override;
  [[nodiscard]] bool is_freed(std::uint32_t object) const override { return tasks_.object(object).out_of_scope; }
  void references_changed() override;
  // Adds what is waited for here.
  void describe_waits(WaitGraph& graph) const;
  // A body of this process by its number.
  [[nodiscard]] TaskContext& context(std::uint32_t id) { return *contexts_[id]; }
  void on_unreachable(const GetWorkerFailureCause& question) {
    on(WorkerFailureCause{question.lease, {}, true, {}, {}});
  }

 private:
  friend class TaskContext;
  // What the worker executes, or has executed last, in a slot.
  struct Execution {
    PushTask push;        // of an actor's call: its owner is the caller
    FunctionId function;  // the method of an actor's call
    TaskReply reply;
    Time started;
    Duration extra;         // CPU time of a first time
    std::uint32_t run = 0;  // number of the execution in this process
    bool running = false;
    bool cancelled = false;
    std::uint32_t to_store = 0;   // returns that are on their way into the store
    std::vector<ObjectRef> read;  // arguments by reference, somebody else's, with references inside
    Bytes memory;                 // of heap
    bool waits_for_tensors = false;
    std::vector<std::pair<MemoryPlace, Bytes>> device_memory;  // and what of it is on its devices, or in its machine
    TaskContext* context = nullptr;                            // made with the first body
  };

  struct Ending {
    std::uint32_t task;
    ErrorType error;
    Duration path;
    std::unique_ptr<TaskOutput> output;
  };

  // What only owners need; a worker that never submits has none.
  struct Owner final : SubmitterPort, ActorTaskSubmitter::Port {
    explicit Owner(CoreWorker& self);
    // submission.cpp: what the submitter asks for
    [[nodiscard]] Time now() const override { return worker.io_.now(); }
    [[nodiscard]] NodeId local_node() const override { return worker.node_; }
    FirstNode first_node(const SchedulingKey& key) override;
    LeaseArgumentsRef lease_arguments(const SchedulingKey& key) override;
    std::vector<NodeId> nodes_to_probe(const SchedulingKey& key) override;
    [[nodiscard]] bool retriable(std::uint32_t task) const override {
      const OwnedTask& owned = worker.tasks_.task(task);
      return owned.retries_left != 0 || owned.oom_retries_left != 0;
    }
    float rank(std::uint32_t task) override { return ranks.rank(worker.tasks_.task(task)); }
    void redirect_unused(LeaseId lease) override;
    void request_lease(NodeId node, RequestWorkerLease request) override;
    void cancel_lease(NodeId node, LeaseId lease, std::uint32_t key) override;
    void push_task(const LeasedWorker& leased, std::uint32_t slot, std::uint32_t task) override;
    void return_worker(const LeasedWorker& leased, Return why) override;
    void report_backlog() override;
    void report_backlog_again();
    void cancel_running(const LeasedWorker& leased, std::uint32_t task, bool force, bool recursive) override;
    void fail_task(std::uint32_t task, ErrorType error) override;
    void exit_process() override;
    // actor_submission.cpp
    void push_call(ActorId actor, const ActorLocation& where, std::uint32_t task, std::uint32_t sequence) override;
    bool try_again(std::uint32_t task) override;
    void await_verdict(ActorId actor) override;
    [[nodiscard]] bool by_policy(const SchedulingKey& key) const;

    CoreWorker& worker;
    NormalTaskSubmitter submitter;
    ActorTaskSubmitter actors;
    TaskRanks ranks;
    RandomStream probed;
    // The last call of a task and its class: most programs call the same function in the same way again.
    struct {
      SchedulingClassId caller;
      FunctionId function;
      TaskOptions options;
      std::optional<SchedulingClassId> of;  // none: there was no call
    } last_call;
    bool reports_again = false;
    struct Due {
      Time at;
      std::uint32_t task;
    };
    struct Verdict {
      Time until;
      ActorId actor;
    };
    std::deque<Due> to_resubmit;
    std::deque<Verdict> verdicts;                     // actors whose broken calls wait for the word of the GCS
    std::vector<NormalTaskSubmitter::Broken> broken;  // waiting for the raylet's word on the cause
    bool tick_armed = false;
  };
  Owner& owner();
  [[nodiscard]] JobId job() const { return runtime_.job_of(process()); }
  // Its number in the record.
  [[nodiscard]] std::uint32_t reported_job() const { return runtime_.jobs[job().index].reported_as.index; }
  NormalTaskSubmitter& submitter() { return owner().submitter; }

  // execution.cpp
  [[nodiscard]] const SchedulingClass& executed_class(std::uint32_t slot) const {
    return runtime_.classes[executions_[slot].push.scheduling_class];
  }
  [[nodiscard]] const RemoteFunction& executed_function(std::uint32_t slot) const {
    return runtime_.functions[executions_[slot].function.index];
  }
  // actor_execution.cpp
  void actor_created(const TaskReply& reply);
  void start_calls(Station& thread);
  void call_ended(Station& thread, std::uint32_t slot);
  void leave();
  void refuse(Station& thread, const ActorInstance::Start& start);
  void answer_call(Station& thread);
  // generators.cpp
  void open_stream(std::uint32_t task, const RemoteFunction& function, std::int64_t backpressure);
  // The object of an item, which need not exist.
  std::uint32_t item_object(std::uint32_t task, std::uint32_t item);
  void answer_report(Station& thread, const ObjectStream::Report& report, std::int64_t consumed);
  void finish_generator(const Ending& end);
  void finish_dynamic(const Ending& end, bool told);
  // cancellation.cpp
  void cancel_owned(std::uint32_t task, bool force, bool recursive);
  void cancel_call(std::uint32_t task, bool recursive);
  void cancel_children(std::uint32_t run, bool force);
  void interrupt(std::uint32_t slot);
  [[nodiscard]] bool interruptible() const;
  [[nodiscard]] std::unique_ptr<TaskOutput> interrupted_output(std::uint32_t slot) const;
  [[nodiscard]] bool executes() const;
  void start_execution(Station& thread, std::uint32_t slot);
  void wake_main(Station& thread, std::uint32_t slot);
  void begin_task(std::uint32_t slot);
  void start_task(std::uint32_t slot);
  void send_reply(Station& thread, std::uint32_t slot);
  [[nodiscard]] std::vector<Bytes> sizes_of_returns(std::uint32_t slot) const;
  [[nodiscard]] std::optional<Bytes> size_of_each_return(std::uint32_t slot) const;  // none: they may differ
  [[nodiscard]] DeviceId slowest_device(std::uint32_t slot) const;
  [[nodiscard]] Bytes part_of_device(std::uint32_t slot, Bytes all) const;
  void record_device_copy(std::uint32_t slot, CopyRecord::Cause cause, Time since, Bytes size);
  void execution_over(TaskContext& body);
  void reply(Station& thread, std::uint32_t slot, ErrorType error, Duration path, Time ended,
             std::unique_ptr<TaskOutput> output);
  [[nodiscard]] Bytes size_of_reply(std::uint32_t slot) const;
  // Heap that the execution takes, until it ends.
  [[nodiscard]] Bytes memory_use_of(std::uint32_t slot) const;
  void take_memory(std::uint32_t slot, Bytes size);
  void give_memory_back(std::uint32_t slot);
  // False: it was interrupted.
  static bool goes_on(const Execution& execution, std::uint32_t run) {
    return execution.running && execution.run == run;
  }
  void count_task_event();
  [[nodiscard]] bool was_last_call(std::uint32_t slot);
  TaskContext& add_context(std::uint32_t slot);
  [[nodiscard]] TaskContext& context_of_wait(std::uint64_t wait) { return *contexts_[wait >> TaskContext::wait_bits]; }

  // ownership.cpp
  std::uint32_t create_task(const TaskCall& call, const Duration* duration, TaskContext& caller);
  void add_arguments(std::uint32_t task, std::vector<Argument> args, EnvironmentId environment, TaskContext& caller);
  void place_arguments(std::uint32_t task);
  std::uint32_t create_call(const ActorCall& call, TaskContext& caller);
  ActorId create_actor(FunctionId constructor, ActorOptions options, std::vector<Argument> args, TaskContext& caller);
  // The task that stands for the creation of an actor of this owner.
  [[nodiscard]] std::uint32_t creation_of(ActorId actor) const { return creations_.at(actor); }
  JobId job_of_detached();
  void creation_resolved(std::uint32_t task);
  void learn_of(ActorId actor);
  // With what follows from its place in the program: depth and placement group.
  SchedulingClassId class_of(SchedulingClass wanted, bool strategy_given, const TaskContext& body);
  SchedulingClassId class_of_task(const TaskCall& call, const TaskContext& body);
  void enqueue(std::uint32_t task);
  void replied(TaskReply& reply, const LeasedWorker& worker);
  void finish(std::uint32_t task, ErrorType error, Duration path, std::unique_ptr<TaskOutput> output = nullptr);
  void make_ready(std::uint32_t object, ErrorType error, Duration path);
  void notify(TaskManager::Waiter waiter, std::uint32_t object);

  // storing.cpp
  StoredObjects& stored();
  [[nodiscard]] Bytes inline_limit() const;
  [[nodiscard]] bool is_here(ObjectRef object) const;
  // tensors.hpp
  struct Tensors;
  Tensors& tensors();
  [[nodiscard]] bool returns_tensor(std::uint32_t slot) const {
    const TaskInput* input = executions_[slot].push.input.get();
    return input != nullptr && input->transport != TensorTransport::object_store;
  }
  bool await_tensors(std::uint32_t slot);
  bool take_devices(std::uint32_t slot);
  void give_devices_back(std::uint32_t slot, Time now);
  void fail_execution(std::uint32_t slot, const std::string& why);
  void refuse_return(std::uint32_t slot, const std::string& why);
  [[nodiscard]] bool is_tensor(std::uint32_t object) const;
  void check_no_tensors(std::span<const ObjectRef> refs) const;
  void check_takes_tensors(const ActorCall& call) const;
  void create_in_store(Station& thread, ObjectRef object, Bytes size, Creation what);
  bool write_and_seal(Station& thread, const CopyObject& copy);
  [[nodiscard]] std::optional<ObjectRef> name_of_item(std::uint32_t slot, std::uint32_t number) const;
  [[nodiscard]] std::vector<ObjectRef> names_of_items(std::uint32_t slot, std::size_t count) const;
  bool store_returns(Station& thread, std::uint32_t slot);
  void drop(std::uint32_t object);
  void drop_items(std::uint32_t task);
  void learn_places(std::uint32_t task, const TaskOutput& output, NodeId node);
  void free_returns(std::uint32_t task);
  // Those of these objects, all ready, that lie in other stores only; null: none.
  [[nodiscard]] ObjectList missing_of(std::span<const ObjectRef> refs) const;
  void record_reads(const Station& thread, std::span<const ObjectRef> refs) const;
  void fetch(Station& thread, ObjectList objects, PullPriority priority, std::uint64_t wait,
             std::uint32_t at_least = FetchObjects::all);
  [[nodiscard]] ObjectList not_here(std::span<const ObjectRef> refs) const;
  bool fetch_arguments(std::uint32_t slot);
  // Numbers of waits that no body has: of an execution's slot, of an actor's call that is to wait for its turn.
  static constexpr std::uint64_t of_execution = std::uint64_t{1} << 63;
  static constexpr std::uint64_t of_call = std::uint64_t{1} << 62;
  // Of a wait for a placement group: an object of this process is what becomes ready.
  static constexpr std::uint64_t for_object = of_execution;

  // borrowing.cpp
  // The index here of an object; one of another owner must be borrowed.
  [[nodiscard]] std::uint32_t index_of(ObjectRef ref) const;
  // The same; an object that is new here is asked for from `thread`.
  std::uint32_t borrow(Station& thread, ObjectRef ref);
  void set_value(std::uint32_t object, Payload value);
  void read_arguments(std::uint32_t slot);
  void lend_returns(std::uint32_t slot);
  void tell_borrowed(std::uint32_t slot);
  void list_read(std::vector<ListedObject>& listed) const;  // object_listing.cpp
  void tell_borrower(StationId borrower, std::uint32_t object);
  void owner_is_gone(StationId owner);
  void fail_or_retry(const NormalTaskSubmitter::Broken& broken, const WorkerFailureCause& cause);
  [[nodiscard]] Duration oom_retry_delay(std::int32_t attempt) const;
  void record_attempt(std::uint32_t task, const LeasedWorker& worker, Time started, Time ended, AttemptOutcome outcome);
  void try_again(std::uint32_t task, Duration delay);
  void arm_owner_tick();
  void retry_what_is_due();
  // Of a task in the record: unique in the run.
  [[nodiscard]] std::uint64_t task_number(std::uint32_t task) const {
    return (static_cast<std::uint64_t>(io_.id().index) << 32) | task;
  }

  struct Loaded {
    FunctionId function;
    int calls = 0;
  };
  // What each execution touches stands together: on a large cluster each is of another worker, cold in every cache.
  Runtime& runtime_;
  NodeId node_;
  Role role_;
  bool used_ = false;       // a task has run here
  bool retiring_ = false;   // leaves when its own tasks have ended
  std::uint32_t runs_ = 0;  // executions so far
  Station& io_;
  ProcessId process_;
  Address<CoreWorker> address_;
  Station* main_;     // runs functions without a body; on a machine with cores enough it is the io loop itself
  Time next_events_;  // until then, task events travel with a message that is under way
  std::unique_ptr<ActorInstance> actor_;                     // it is one
  boost::container::small_vector<Loaded, 2> loaded_;         // functions whose code is here
  boost::container::small_vector<Execution, 1> executions_;  // one, but for actors that run several calls at a time
  ReferenceCounterRef references_;
  TaskManager tasks_;
  std::unique_ptr<Owner> owner_;
  std::unique_ptr<StoredObjects> stored_;
  std::unique_ptr<Tensors> tensors_;
  std::vector<std::unique_ptr<BodyThread>> threads_;
  std::vector<std::unique_ptr<TaskContext>> contexts_;
  std::map<ActorId, std::uint32_t> creations_;
  std::unordered_map<std::uint32_t, ObjectStream> streams_;  // of owned tasks that are streaming generators
  std::vector<Ending> ending_;                               // tasks whose returns are being made ready
  std::vector<FunctionId> exported_;                         // functions that this process has called
  std::vector<std::pair<StationId, ProcessId>> lenders_;     // owners of what is borrowed here
  std::set<StationId> borrowers_;                            // whose death is to be told
  bool references_changed_ = false;                          // and to be looked at
};

}  // namespace raysim
