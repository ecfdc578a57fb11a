// A body of a C++ program, and what carries out its verbs.
//
// Models: each verb of raysim/ray.hpp as the call of TaskContext that it is. Leaves out: how the body came to run
// (program_host.hpp).
// Invariants: lives in the frame of the models' body, around the program's own one; one verb at a time, and one that was not awaited is
// an error of the next one, or of the body's end; no exception goes into the program: errors are told by Ray's names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scenarios/program_host.hpp"

namespace raysim {

// What the bodies of one run share.
struct ProgramRun {
  const ray::Program& program;
  int default_retries;
  PrintSink print;
  std::unordered_map<const ray::host::Function*, FunctionId> numbers = {};
};

// "driver", "sample", "Counter.add"
std::string full_name(const ray::host::Function* function);

// A body of a function, or the driver's where it is null. `run` must outlive it.
Body run_body(ProgramRun& run, TaskContext& context, const ray::host::Function* function);

class BodyHost final : public ray::host::Host {
 public:
  // `function` is null for the driver.
  BodyHost(ProgramRun& run, TaskContext& context, const ray::host::Function* function)
      : run_(run), context_(context), function_(function) {}

  ray::host::Running start() { return function_ != nullptr ? function_->start(ray_) : run_.program.start(ray_); }
  // Raises what the body ended with.
  void conclude();

  [[nodiscard]] const void* argument(std::size_t index) const override {
    return context_.arguments()[index].value.data.get();
  }
  void set_return(std::size_t index, ray::host::Value value) override {
    context_.set_return(index, {std::move(value.data), {value.bytes}});
  }
  void fail(ray::host::Failure failure) override;
  std::shared_ptr<void>& state() override { return context_.actor_state(); }

  bool ready() override;
  bool suspend(std::coroutine_handle<> body) override;
  const ray::host::Failure* finish() override;

  ray::host::ObjectId submit(const ray::host::Function& function, const ray::TaskOptions& options,
                             std::vector<ray::host::Argument> args) override;
  ray::host::ObjectId call(const ray::host::ActorHandle& actor, const ray::host::Function& method,
                           const ray::CallOptions& options, std::vector<ray::host::Argument> args) override;
  ray::host::ObjectId put(ray::host::Value value) override;
  void get(std::span<const ray::host::ObjectId> refs, std::optional<ray::Duration> timeout) override;
  [[nodiscard]] std::size_t got_count() const override { return refs_.size(); }
  [[nodiscard]] const void* got(std::size_t index) override {
    value_ = context_.value(refs_[index]);
    return value_.data.get();
  }
  void wait(std::span<const ray::host::ObjectId> refs, const ray::WaitOptions& options) override;
  [[nodiscard]] std::vector<ray::host::ObjectId> waited(bool ready) const override;
  void sleep(ray::Duration duration) override;
  void compute(ray::Duration duration) override;
  void create_actor(const ray::host::Function& constructor, const ray::ActorOptions& options,
                    std::vector<ray::host::Argument> args) override;
  void get_actor(std::string_view name, std::string_view name_space, const void* of_class) override;
  [[nodiscard]] ray::host::ActorHandle actor() const override { return std::make_shared<const ActorHandle>(actor_); }
  void kill(const ray::host::ActorHandle& actor, bool no_restart) override;
  void create_group(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options) override;
  [[nodiscard]] ray::PlacementGroup group() const override { return {group_.index}; }
  void wait_group(ray::PlacementGroup group, ray::Duration timeout) override;
  [[nodiscard]] bool group_ready() const override { return group_ready_; }
  void look_up_group(ray::PlacementGroup group) override;
  [[nodiscard]] std::vector<std::string> group_nodes() const override;
  void remove_group(ray::PlacementGroup group) override;

  [[nodiscard]] ray::Duration now() const override { return ray::Duration(context_.now().in_seconds()); }
  [[nodiscard]] std::string_view node() const override { return context_.cluster().nodes[context_.node().index].name; }
  [[nodiscard]] std::unique_ptr<ray::host::RandomBits> random(std::string_view name) const override;
  void print(std::string_view text) override {
    if (run_.print) run_.print(context_.now(), full_name(function_), std::string(text));
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
  [[nodiscard]] bool in_actor() const { return function_ != nullptr && function_->class_tag != nullptr; }
  // Carries out `verb`, which leaves what is to be awaited in step_ or pause_; or its error in failure_.
  template <class Verb>
  void begin(const char* name, const Verb& verb);
  void set_failure(const RayError& error) { failure_.emplace(ray::host::Failure{name_of(error.type()), error.what()}); }
  FunctionId number_of(const ray::host::Function& function);
  const ActorHandle& handle_in(const ray::host::ActorHandle& actor) const;
  Body check_class(Body call, const void* of_class);

  ProgramRun& run_;
  TaskContext& context_;
  const ray::host::Function* function_;
  ray::Context ray_{*this};
  const char* begun_ = nullptr;                // the verb that was not awaited yet
  Body step_;                                  // the verb under way, or
  std::optional<TaskContext::Pause> pause_;    // what is left of it
  std::optional<ray::host::Failure> failure_;  // of the verb
  std::unique_ptr<RayError> end_;              // of the body
  // What the last verb gives.
  std::vector<ObjectRef> refs_;
  Payload value_;
  WaitResult waited_;
  ActorHandle actor_;
  PlacementGroupId group_;
  bool group_ready_ = false;
  std::vector<NodeId> nodes_;
};

}  // namespace raysim
