// A body of a C++ program, and what carries out its verbs.
//
// Models: each verb of raysim/ray.hpp as the call of TaskContext that it is. Leaves out: how the body came to run
// (program_host.hpp).
// Invariants: lives in the frame of the models' body, around the program's own one; a verb that was not awaited is an error of the
// body's end; no exception goes into the program: errors are told by Ray's names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scenarios/program_host.hpp"
#include "sim/engine.hpp"

namespace raysim {

class ProgramLives;

// Where the references that a program makes now count.
struct LivesNow {
  ProgramLives* process = nullptr;            // in which a body runs
  ProgramLives* packed = nullptr;             // in none: they are inside of a value,
  std::vector<ObjectRef>* packing = nullptr;  // of which they are listed while it is copied
};

// Counts a program's references in one process, or those inside of values, which keep nothing. It is there as long as one of them is,
// as values and globals may be.
class ProgramLives final : public ray::host::Lives {
 public:
  // `counter`: none for those inside of values.
  ProgramLives(ReferenceCounterRef counter, std::shared_ptr<LivesNow> now)
      : counter_(std::move(counter)), now_(std::move(now)) {}
  ray::host::Lives* add(ray::host::ObjectId object) override;
  void remove(ray::host::ObjectId object) override {
    if (counter_) counter_->remove({{object.owner}, object.index});
    release();
  }
  void release() {
    if (--users_ == 0) delete this;
  }

 private:
  ReferenceCounterRef counter_;
  std::shared_ptr<LivesNow> now_;
  std::size_t users_ = 1;  // references, and the run
};
struct ReleaseLives {
  void operator()(ProgramLives* lives) const { lives->release(); }
};

// What the bodies of one run share.
struct ProgramRun {
  LoadedProgram program;
  int default_retries;
  PrintSink print;
  std::unordered_map<const ray::host::Function*, FunctionId> numbers = {};
  using Lives = std::unique_ptr<ProgramLives, ReleaseLives>;
  std::unordered_map<const ReferenceCounter*, Lives> lives = {};  // by process; of null: inside of values
  std::shared_ptr<LivesNow> now = std::make_shared<LivesNow>();

  ProgramRun(LoadedProgram the_program, int retries, PrintSink sink)
      : program(std::move(the_program)), default_retries(retries), print(std::move(sink)) {}
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;
  ~ProgramRun() { *now = {}; }
  ProgramLives& lives_of(const ReferenceCounterRef& counter);
  // A value of the program as what the models carry.
  Payload payload_of(const ray::host::Value& value);
};

// "sample", "Counter.add"
std::string full_name(const ray::host::Function& function);
// As those of scenarios: "the driver", "task `sample`", "constructor `Counter`", "method `Counter.add`". The driver's is null.
std::string body_name(const ray::host::Function* function);

std::vector<Argument> arguments_of(ProgramRun& run, const std::vector<ray::host::Argument>& given);

// A body of a function, or the driver's where it is null. `run` must outlive it.
Body run_body(ProgramRun& run, TaskContext& context, const ray::host::Function* function);

class BodyHost final : public ray::host::Host {
  using StepPointer = ray::host::StepPointer;

 public:
  // `function` is null for the driver.
  BodyHost(ProgramRun& run, TaskContext& context, const ray::host::Function* function)
      : run_(run), context_(context), function_(function) {}

  ray::host::Running start() {
    enter();
    return function_ != nullptr ? function_->start(ray_) : run_.program.program->start(ray_);
  }
  // The program's code runs here from now on.
  void enter() { run_.now->process = &lives(); }
  // Raises what the body ended with.
  void conclude();

  [[nodiscard]] const void* argument(std::size_t index) const override {
    return context_.arguments()[index].value.data.get();
  }
  void set_return(std::size_t index, ray::host::Value value) override {
    context_.set_return(index, run_.payload_of(value));
  }
  void fail(ray::host::Failure failure) override;
  ProgramLives& lives() override { return run_.lives_of(context_.counter()); }
  std::shared_ptr<void>& state() override { return context_.actor_state(); }

  ray::host::Made submit(const ray::host::Function& function, const ray::TaskOptions& options,
                         std::vector<ray::host::Argument> args) override;
  ray::host::Made call(const ray::host::ActorHandle& actor, const ray::host::Function& method,
                       const ray::CallOptions& options, std::vector<ray::host::Argument> args) override;
  ray::host::Made put(ray::host::Value value, const ray::PutOptions& options) override;
  ray::host::Made kill(const ray::host::ActorHandle& actor, bool no_restart) override;
  ray::host::Made cancel(ray::host::ObjectId ref, const ray::CancelOptions& options) override;
  bool pause() override;
  void suspend(std::coroutine_handle<> body) override { pause_->await_suspend(body); }
  std::optional<ray::host::Failure> resume() override;

  StepPointer get(std::vector<ray::host::ObjectId> refs, const ray::GetOptions& options) override;
  StepPointer wait(std::vector<ray::host::ObjectId> refs, const ray::WaitOptions& options) override;
  StepPointer yield(ray::host::Value item) override;
  StepPointer next(ray::host::ObjectId generator) override;
  StepPointer sleep(ray::Duration duration) override;
  StepPointer compute(ray::Duration duration) override;
  StepPointer use_disk(bool write, std::int64_t size) override;
  StepPointer create_actor(const ray::host::Function& constructor, const ray::ActorOptions& options,
                           std::vector<ray::host::Argument> args) override;
  StepPointer get_actor(std::string_view name, std::string_view name_space, const void* of_class) override;
  ray::host::Made group_ready(ray::PlacementGroup group, ray::host::Value handle) override;
  StepPointer create_group(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options) override;
  StepPointer wait_group(ray::PlacementGroup group, ray::Duration timeout) override;
  StepPointer look_up_group(ray::PlacementGroup group) override;
  StepPointer remove_group(ray::PlacementGroup group) override;

  [[nodiscard]] const ray::host::Parameter* parameter(std::string_view name) const override;
  [[nodiscard]] ray::Duration now() const override { return ray::Duration(context_.now().in_seconds()); }
  [[nodiscard]] std::string_view node() const override { return context_.cluster().nodes[context_.node().index].name; }
  [[nodiscard]] std::unique_ptr<ray::host::RandomBits> random(std::string_view name) const override;
  [[nodiscard]] bool is_cancelled() const override { return function_ != nullptr && context_.is_cancelled(); }
  ray::host::Made peek(ray::host::ObjectId generator) override;
  void print(std::string_view text) override {
    if (run_.print) run_.print(context_.now(), body_name(function_), std::string(text));
  }
  [[nodiscard]] ray::host::ActorHandle own_actor(const void* of_class) const override {
    if (!in_actor() || function_->class_tag != of_class) return nullptr;
    return std::make_shared<const ActorHandle>(context_.own_handle());
  }
  bool exit_actor() override {
    if (in_actor()) context_.exit_actor();
    return in_actor();
  }

 private:
  friend class BodyStep;
  [[nodiscard]] bool in_actor() const { return function_ != nullptr && function_->class_tag != nullptr; }
  FunctionId number_of(const ray::host::Function& function, int max_calls = 0);
  // What `verb` makes; where it raises an error, that one.
  template <class Verb>
  ray::host::Made done(const Verb& verb);

  ProgramRun& run_;
  TaskContext& context_;
  const ray::host::Function* function_;
  ray::Context ray_{*this};
  std::optional<TaskContext::Pause> pause_;  // after verbs that were done at once
  int unpaused_ = 0;                         // such verbs that were not awaited
  const char* forgotten_ = nullptr;          // a verb that waits, and was not awaited
  std::unique_ptr<RayError> end_;            // of the body
};

}  // namespace raysim
