// The parts of the interpreter (interpret.hpp), for its own files.
//
// Models: a frame is a running body: its names, where in a loop it is, what it returns. Leaves out: the verbs.
// Invariants: a frame lives in the coroutine of its body; the interpreter outlives all frames.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scenarios/interpret.hpp"

namespace raysim {

// What every body of one program shares.
struct Interpreter {
  Interpreter(const ScenarioProgram& the_program, ClusterSpec& the_cluster, int retries, PrintSink sink)
      : program(the_program),
        cluster(the_cluster),
        default_retries(retries),
        print(std::move(sink)),
        last_values(std::make_shared<std::vector<Value>>(the_program.expect.values.size())) {}

  const ScenarioProgram& program;
  ClusterSpec& cluster;
  int default_retries;
  PrintSink print;
  // By namespace: the last group of each entry of ScenarioProgram::placement_groups; whoever knows its name there finds it.
  std::map<std::string, std::vector<PlacementGroupId>> groups;
  std::vector<std::uint32_t> first_method;  // FunctionId of each class's constructor; its methods follow
  std::vector<std::uint32_t> classes;       // by ActorId: index of its class
  std::unordered_map<const Amount*, std::uint64_t> ordinals;   // draws so far
  std::unordered_map<const SubmitStep*, TaskOptions> options;  // of each step that has run
  std::shared_ptr<std::vector<Value>> last_values;             // see ProgramBodies
  Time moment;                                                 // of the last round of a loop
  std::int64_t rounds = 0;                                     // of loops, at that moment

  // The group of an entry in a body's namespace.
  PlacementGroupId& group_entry(const TaskContext& context, std::size_t index);
  // The same, which must be there: RayError.
  PlacementGroupId group(const TaskContext& context, std::size_t index);
};

class Frame final : public Scope {
 public:
  enum class Flow : std::uint8_t { next_step, next_round, break_loop, over };

  // `body`: "task" or another kind with `name`; `run`: names this run of it, whenever it was.
  Frame(Interpreter& interpreter, TaskContext& context, const BodySpec& spec, std::string_view body,
        std::string_view name, std::uint64_t run);

  Interpreter& self;
  TaskContext& context;
  const BodySpec& spec;
  Flow flow = Flow::next_step;
  Value result;  // of `return`
  bool has_result = false;
  int depth = 0;                // of calls of functions
  std::shared_ptr<void> actor;  // keeps Scope::state

  [[nodiscard]] double now() const override { return context.now().in_seconds(); }
  RandomStream& stream(std::string_view name) override;
  RandomStream& stream(const SourcePlace& place) override;

  // A quantity in its base unit; `what` for messages.
  double amount(const Amount& amount, SourcePlace place, std::string_view what);
  Duration duration(const Amount& amount, SourcePlace place);
  Bytes bytes(const Amount& amount, SourcePlace place);
  std::optional<Duration> timeout(const std::optional<Amount>& amount, SourcePlace place);
  std::int64_t whole(const Expression& expression, std::string_view what, std::int64_t least, std::int64_t most);
  std::string text(const Text& text);
  // Sets the name, or adds to the end of its list.
  void store(const Target& target, Value value);
  // "task `x`"
  [[nodiscard]] std::string body() const;
  // An error in a step (or in the body's declaration) as its caller sees it; at `place`, unless the error has one of its own.
  [[noreturn]] void fail(const ExpressionError& error, SourcePlace place, std::string_view step) const;
  // Names the run of the next function that it calls.
  std::uint64_t next_run() { return mix(run_, ++calls_); }
  // At the start of each round of a loop: time must pass some day.
  void count_round();
  // After a round: whether the loop goes on.
  bool goes_on();

 private:
  std::string_view kind_;
  std::string_view name_;
  std::uint64_t run_;
  std::uint64_t calls_ = 0;
  struct Streams {
    std::map<std::string, RandomStream, std::less<>> named;
    std::map<std::pair<int, int>, RandomStream> placed;
  };
  std::unique_ptr<Streams> streams_;
};

Body run_steps(Frame& frame, const Steps& steps);

// Values as what the models carry, in which references keep nothing, and back in a process.
Payload payload_of(const Value& value);
Value value_of(const TaskContext& context, const Payload& payload);
// The references of a value that is one, a list of some, or nothing; `step` for messages.
std::vector<ObjectRef> refs_of(const Value& value, std::string_view step);
// Of a dynamic generator that is ready.
List items_of(const Frame& frame, const Generator& generator);
// A list, or a reference as a list of one, or nothing as an empty one.
List list_of(const Value& value, std::string_view step);
std::vector<Value> evaluate_arguments(Frame& frame, const std::vector<ArgumentSpec>& args, SourcePlace place);
// Throws ExpressionError when so many arguments do not fit the parameters.
void check_count(std::size_t given, const BodySpec& body, std::string_view function);
// Gives a body its arguments.
void bind_parameters(Frame& frame, std::vector<Value> args);

// The options of a call, of which some may be computed.
TaskOptionsSpec computed_options(Frame& frame, TaskOptionsSpec options);

// The calls of a step that has a CallSpec, one after the other.
class Calls {
 public:
  // `function`: what is called, for its parameters.
  // `gives_list`: also when there is one call of one return.
  Calls(Frame& frame, const Step& step, const CallSpec& call, const FunctionSpec& function, bool gives_list);
  [[nodiscard]] std::size_t size() const { return size_; }
  // Sets the arguments of call `i` in `args`, of which the first so many are the same for all.
  void set_arguments(std::size_t i, std::vector<Argument>& args) const;
  // Takes what call `i` gave: `first`, and so many more as the function returns.
  void add(ObjectRef first);
  // Stores all that was added.
  void store();

 private:
  Frame& frame_;
  const CallSpec& call_;
  const FunctionSpec& function_;
  bool gives_list_;
  std::vector<Argument> fixed_;
  List over_;
  std::size_t group_ = 1;
  std::size_t size_ = 1;
  std::vector<ObjectRef> refs_;
};

// Steps with verbs (interpret_calls.cpp, interpret_actors.cpp, interpret_store.cpp).
Body run_submit(Frame& frame, const Step& step, const SubmitStep& submit);
Body run_get(Frame& frame, const Step& step, const GetStep& get);
Body run_wait(Frame& frame, const Step& step, const WaitStep& wait);
Body run_put(Frame& frame, const Step& step, const PutStep& put);
Body run_call(Frame& frame, const Step& step, const CallStep& call);
Body run_create(Frame& frame, const Step& step, const CreateStep& create);
Body run_invoke(Frame& frame, const Step& step, const InvokeStep& invoke);
Body run_get_actor(Frame& frame, const GetActorStep& get);
Body run_yield(Frame& frame, const Step& step, const YieldStep& yield);
Body run_next(Frame& frame, const NextStep& next);
Body run_store(Frame& frame, const Step& step, const StoreStep& store);
void kill_actors(Frame& frame, const KillStep& kill);
void cancel_calls(Frame& frame, const CancelStep& cancel);

}  // namespace raysim
