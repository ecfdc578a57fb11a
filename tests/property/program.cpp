#include "tests/property/program.hpp"

#include <algorithm>
#include <array>

namespace property {

namespace {

class Generator {
 public:
  Generator(RandomStream& random, ClusterSpec& cluster, const ProgramSettings& settings, Program& program)
      : random_(random), cluster_(cluster), settings_(settings), program_(program) {
    for (int i = 0; i < 4; ++i) leaf_function();
  }

  BodyPlan body(int depth, std::size_t calls) {
    BodyPlan plan;
    for (std::size_t i = 0; i < calls; ++i) {
      plan.calls.push_back(call(plan, depth));
      const bool grouped = !plan.steps.empty() && plan.steps.back().kind == StepPlan::Kind::submit && chance(70);
      if (!grouped) plan.steps.push_back({StepPlan::Kind::submit, {}, {}});
      plan.steps.back().calls.push_back(i);
      if (chance(20)) plan.steps.push_back(pause(i + 1));
    }
    plan.strict = chance(30);
    plan.waits = !settings_.abandons || plan.strict || chance(80);
    return plan;
  }

 private:
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  Duration up_to(Duration most) {
    return {static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.ns)))};
  }

  void leaf_function() {
    RemoteFunction f;
    f.name = "leaf" + std::to_string(program_.functions.size());
    f.num_returns = static_cast<int>(1 + random_.below(3));
    f.return_size = chance(20) ? Distribution::constant(90'000) : Distribution::constant(16);
    f.computes = chance(60);
    f.duration = chance(50) ? Distribution::constant(up_to(ms(300)).in_seconds())
                            : Distribution{Distribution::Kind::exponential, 0.1, 0, 0, {}};
    if (settings_.crashes && chance(40)) f.crash_attempts = static_cast<int>(1 + random_.below(3));
    program_.functions.push_back(std::move(f));
  }

  StepPlan pause(std::size_t known) {
    const auto kind = static_cast<StepPlan::Kind>(1 + random_.below(4));
    StepPlan step{kind, {}, up_to(ms(200))};
    for (std::size_t i = 0; i < known; ++i)
      if (chance(40)) step.calls.push_back(i);
    return step;
  }

  CallPlan call(const BodyPlan& plan, int depth) {
    CallPlan made;
    made.function = static_cast<std::uint32_t>(random_.below(4));
    made.options = options();
    if (depth > 0 && chance(25)) {
      made.body = std::make_shared<BodyPlan>(body(depth - 1, 1 + random_.below(6)));
      RemoteFunction f;
      f.name = "body" + std::to_string(program_.functions.size());
      if (settings_.crashes && made.body->waits && chance(30)) f.crash_attempts = 1;
      made.function = static_cast<std::uint32_t>(program_.functions.size());
      program_.functions.push_back(std::move(f));
    } else {
      place(made);
    }
    made.crashes = program_.functions[made.function].crash_attempts;
    for (std::size_t i = 0; i < plan.calls.size(); ++i)
      if (chance(plan.calls.size() > 6 ? 5 : 15)) made.args.push_back(i);
    made.with_put = chance(15);
    if (chance(10)) made.value = Bytes{static_cast<std::int64_t>(random_.below(200'000))};
    ++program_.calls;
    return made;
  }

  TaskOptions options() {
    constexpr std::array<double, 7> cpus{1, 1, 1, 0.5, 0.25, 0.1, 0};
    TaskOptions made = zero_cost::options(cpus[random_.below(cpus.size())]);
    made.max_retries = settings_.endless_retries ? -1 : static_cast<int>(random_.below(5)) - 1;
    if (chance(15)) made.strategy.kind = SchedulingStrategy::Kind::spread;
    return made;
  }

  // Leaves may ask for more: two CPUs, a custom resource, a node. A body must not: it would keep what its tasks need.
  void place(CallPlan& made) {
    const auto target = static_cast<std::uint32_t>(random_.below(cluster_.nodes.size()));
    const NodeSpec& node = cluster_.nodes[target];
    if (chance(15) && most_cpus() >= 2) made.options.resources.set(cpu_resource, ResourceAmount::of(2));
    if (chance(20)) {
      for (const auto& [id, amount] : node.total.entries())
        if (id.index > object_store_memory_resource.index) {
          // Both together must fit where the custom one is.
          made.options.resources = zero_cost::options(std::min(1.0, node.total.get(cpu_resource).value())).resources;
          made.options.resources.set(id, ResourceAmount{std::min<std::int64_t>(amount.ticks, 2'500)});
        }
    } else if (chance(15)) {
      made.options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
      made.options.strategy.soft = chance(50);
      made.options.strategy.node = {target};
      made.unschedulable = !made.options.strategy.soft && !node.total.covers(made.options.resources);
    }
  }
  [[nodiscard]] double most_cpus() const {
    double most = 0;
    for (const NodeSpec& node : cluster_.nodes) most = std::max(most, node.total.get(cpu_resource).value());
    return most;
  }

  RandomStream& random_;
  ClusterSpec& cluster_;
  const ProgramSettings& settings_;
  Program& program_;
};

// One execution of a body.
struct Execution {
  Observer& observer;
  std::vector<ObjectRef> refs;  // by call
  std::vector<std::size_t> sightings;
};

// What a call returns first; the error, when it has one, is noted.
Body look(TaskContext& context, Execution& self, std::size_t call, ErrorType& error) {
  Body get = context.get({self.refs[call]}, std::nullopt);
  try {
    co_await get;
  } catch (const RayError& e) {
    error = e.type();
  }
  Seen& seen = self.observer[self.sightings[call]];
  seen.got = true;
  seen.error = error;
  seen.got_at = context.now();
}

void submit(TaskContext& context, Execution& self, const BodyPlan& plan, std::size_t index) {
  const CallPlan& wanted = plan.calls[index];
  TaskCall call;
  call.function = {wanted.function};
  call.options = wanted.options;
  if (wanted.value.count > 0) call.args.emplace_back(Payload{nullptr, wanted.value});
  std::vector<std::uint64_t> made_by;
  for (const std::size_t arg : wanted.args) {
    call.args.emplace_back(self.refs[arg]);
    made_by.push_back(self.observer[self.sightings[arg]].task);
  }
  if (wanted.with_put) call.args.push_back(context.put(Bytes{1'000}));
  const ObjectRef ref = context.submit(call);
  self.refs.push_back(ref);
  self.sightings.push_back(self.observer.submitted(plan, index, ref, std::move(made_by)));
}

Body wait_for(TaskContext& context, Execution& self, const StepPlan& step) {
  std::vector<ObjectRef> refs;
  for (const std::size_t call : step.calls) refs.push_back(self.refs[call]);
  WaitResult result;
  Body waiting = context.wait(refs, (refs.size() + 1) / 2, step.duration, result);
  co_await waiting;
}

Body run_step(TaskContext& context, Execution& self, const BodyPlan& plan, const StepPlan& step) {
  switch (step.kind) {
    case StepPlan::Kind::submit:
      for (const std::size_t call : step.calls) {
        submit(context, self, plan, call);
        const auto pause = context.pause();
        co_await pause;
      }
      break;
    case StepPlan::Kind::get:
      for (const std::size_t call : step.calls) {
        ErrorType error = ErrorType::none;
        Body one = look(context, self, call, error);
        co_await one;
      }
      break;
    case StepPlan::Kind::wait: {
      Body waiting = wait_for(context, self, step);
      co_await waiting;
      break;
    }
    case StepPlan::Kind::sleep: {
      const auto sleep = context.sleep(step.duration);
      co_await sleep;
      break;
    }
    case StepPlan::Kind::compute: {
      const auto work = context.compute(step.duration);
      co_await work;
      break;
    }
  }
}

Body run_plan(TaskContext& context, Observer& observer, const BodyPlan& plan, Duration linger) {
  Execution self{observer, {}, {}};
  for (const StepPlan& step : plan.steps) {
    Body one = run_step(context, self, plan, step);
    co_await one;
  }
  ErrorType worst = ErrorType::none;
  for (std::size_t call = 0; plan.waits && call < plan.calls.size(); ++call) {
    ErrorType error = ErrorType::none;
    Body one = look(context, self, call, error);
    co_await one;
    if (error != ErrorType::none) worst = error;
  }
  if (plan.strict && worst != ErrorType::none) throw RayError(worst, "strict");
  const auto rest = context.sleep(linger);
  co_await rest;
}

void give_bodies(Program& program, Observer& observer, const BodyPlan& plan) {
  for (const CallPlan& call : plan.calls) {
    if (!call.body) continue;
    program.functions[call.function].body = [&observer, body = call.body](TaskContext& context) {
      return run_plan(context, observer, *body, {});
    };
    give_bodies(program, observer, *call.body);
  }
}

}  // namespace

std::shared_ptr<Program> random_program(RandomStream& random, ClusterSpec& cluster, const ProgramSettings& settings) {
  auto program = std::make_shared<Program>();
  Generator generator(random, cluster, settings, *program);
  program->driver = generator.body(settings.depth, 5 + random.below(35));
  program->driver.waits = true;
  program->driver.strict = false;
  return program;
}

ErrorType expected_error(const BodyPlan& body, std::size_t index) {
  const CallPlan& call = body.calls[index];
  for (const std::size_t arg : call.args)
    if (expected_error(body, arg) != ErrorType::none) return ErrorType::task_error;
  if (call.unschedulable) return ErrorType::task_unschedulable;
  if (call.options.max_retries >= 0 && call.crashes > call.options.max_retries) return ErrorType::worker_crashed;
  if (!call.body || !call.body->strict) return ErrorType::none;
  for (std::size_t child = 0; child < call.body->calls.size(); ++child)
    if (expected_error(*call.body, child) != ErrorType::none) return ErrorType::task_error;
  return ErrorType::none;
}

int expected_attempts(const BodyPlan& body, std::size_t index) {
  const CallPlan& call = body.calls[index];
  for (const std::size_t arg : call.args)
    if (expected_error(body, arg) != ErrorType::none) return 0;
  if (call.unschedulable) return 0;
  const int retries = call.options.max_retries;
  return 1 + (retries < 0 ? call.crashes : std::min(call.crashes, retries));
}

std::size_t Observer::submitted(const BodyPlan& body, std::size_t call, ObjectRef ref,
                                std::vector<std::uint64_t> args) {
  const std::uint64_t owner = ref.owner.index;
  seen_.push_back(
      {&body, call, owner << 32 | tasks_of_[ref.owner.index]++, std::move(args), false, ErrorType::none, {}});
  return seen_.size() - 1;
}

BodyMaker arm(Program& program, Observer& observer) {
  give_bodies(program, observer, program.driver);
  // Long enough for tasks that nobody waits for.
  return [&program, &observer](TaskContext& context) {
    return run_plan(context, observer, program.driver, Duration::seconds(60));
  };
}

}  // namespace property
