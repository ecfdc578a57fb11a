#include "cli/expected_tasks.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace raysim {

namespace {

class TaskCounter {
 public:
  explicit TaskCounter(const ScenarioProgram& program) : program_(program), of_call_(program.tasks.size(), unknown) {}

  double count(const Steps& body) {
    Sizes sizes;
    return count(body, sizes);
  }

 private:
  using Sizes = std::map<Slot, double>;  // elements of the list that each name holds
  static constexpr double unknown = -1;
  static constexpr double in_progress = -2;
  static constexpr double most = 1e15;

  double count(const Steps& body, Sizes& sizes) {
    double tasks = 0;
    for (const Step& step : body)
      tasks += std::visit([&](const auto& what) { return count_step(what, sizes); }, step.what);
    return std::min(tasks, most);
  }

  template <class Other>
  double count_step(const Other&, Sizes&) {
    return 0;
  }
  double count_step(const SubmitStep& submit, Sizes& sizes) {
    const TaskSpec& task = program_.tasks[submit.task];
    return count_calls(submit.call, task.num_returns, sizes) * tasks_of_call(submit.task);
  }
  double count_step(const InvokeStep& invoke, Sizes& sizes) { return count_calls(invoke.call, 1, sizes); }
  double count_step(const CreateStep& create, Sizes& sizes) {
    const double actors = number(create.count);
    store(sizes, create.as, actors);
    return actors;
  }
  double count_step(const PutStep& put, Sizes& sizes) {
    store(sizes, put.as, number(put.count));
    return 0;
  }
  double count_step(const WaitStep& wait, Sizes& sizes) {
    const double all = size_of(wait.refs, sizes);
    const double ready = std::min(all, number(wait.num_returns));
    store(sizes, {wait.ready, false}, ready);
    store(sizes, {wait.pending, false}, all - ready);
    return 0;
  }
  double count_step(const RepeatStep& repeat, Sizes& sizes) {
    return count_rounds(repeat.body, number(repeat.count), sizes);
  }
  double count_step(const ForEachStep& loop, Sizes& sizes) {
    const double rounds = size_of(loop.in, sizes);
    sizes[loop.as] = 1;
    return count_rounds(loop.body, rounds, sizes);
  }
  double count_step(const ArrivalsStep& arrivals, Sizes& sizes) {
    const double in_trace = static_cast<double>(arrivals.trace.size());
    return count_rounds(arrivals.body, arrivals.trace.empty() ? number(arrivals.count) : in_trace, sizes);
  }
  double count_step(const WhileStep& loop, Sizes& sizes) { return count_rounds(loop.body, 1, sizes); }
  double count_step(const TryStep& attempt, Sizes& sizes) { return count(attempt.body, sizes); }
  double count_step(const IfStep& choice, Sizes& sizes) {
    return std::max(count(choice.then, sizes), count(choice.otherwise, sizes));
  }

  // What only the run will tell counts as one.
  static double number(const Expression& expression) {
    const Value* value = expression.constant();
    const auto* whole = value != nullptr ? value->as<std::int64_t>() : nullptr;
    return whole != nullptr ? static_cast<double>(*whole) : 1;
  }
  static double number(const std::optional<Expression>& expression) { return expression ? number(*expression) : 1; }
  static double size_of(const Expression& expression, Sizes& sizes) {
    if (const Variable* name = expression.name(); name != nullptr && !name->of_state) return sizes[name->slot];
    const Value* value = expression.constant();
    const auto* list = value != nullptr ? value->as<List>() : nullptr;
    return list != nullptr ? static_cast<double>(list->size()) : 1;
  }

  double count_calls(const CallSpec& call, int returns, Sizes& sizes) {
    const double calls = call.over ? std::ceil(size_of(*call.over, sizes) / number(call.group)) : number(call.count);
    store(sizes, call.as, calls * std::max(returns, 1));
    return calls;
  }

  // Names that grow in a round grow as much in each.
  double count_rounds(const Steps& body, double rounds, Sizes& sizes) {
    if (rounds <= 0) return 0;
    const Sizes before = sizes;
    const double tasks = count(body, sizes);
    for (auto& [name, size] : sizes) {
      const auto old = before.find(name);
      if (old != before.end() && size > old->second) size = std::min(most, old->second + (size - old->second) * rounds);
    }
    return tasks * rounds;
  }

  // The task itself and all that it submits.
  double tasks_of_call(std::size_t task) {
    if (of_call_[task] == in_progress) return 1;
    if (of_call_[task] == unknown) {
      of_call_[task] = in_progress;
      of_call_[task] = 1 + count(program_.tasks[task].body.steps);
    }
    return of_call_[task];
  }

  static void store(Sizes& sizes, const Target& as, double size) {
    if (as.name && !as.name->of_state) sizes[as.name->slot] = size + (as.append ? sizes[as.name->slot] : 0);
  }

  const ScenarioProgram& program_;
  std::vector<double> of_call_;
};

}  // namespace

double expected_tasks(const ScenarioProgram& program) {
  double tasks = 0;
  for (const DriverSpec& driver : program.drivers) tasks += TaskCounter(program).count(driver.body.steps);
  return tasks;
}

}  // namespace raysim
