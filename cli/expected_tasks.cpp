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
  using Sizes = std::map<std::string, double>;  // references that each name holds
  static constexpr double unknown = -1;
  static constexpr double in_progress = -2;
  static constexpr double most = 1e15;

  double count(const Steps& body, Sizes& sizes) {
    double tasks = 0;
    for (const Step& step : body) {
      if (const auto* submit = std::get_if<SubmitStep>(&step.what)) tasks += count_submit(*submit, sizes);
      if (const auto* put = std::get_if<PutStep>(&step.what))
        store(sizes, put->as, put->append, static_cast<double>(put->count));
      if (const auto* wait = std::get_if<WaitStep>(&step.what)) {
        const double all = sizes[wait->refs];
        const double ready = std::min(all, static_cast<double>(wait->num_returns));
        store(sizes, wait->ready, false, ready);
        store(sizes, wait->pending, false, all - ready);
      }
      if (const auto* repeat = std::get_if<RepeatStep>(&step.what))
        tasks += count_rounds(repeat->body, static_cast<double>(repeat->count), sizes);
      if (const auto* loop = std::get_if<ForEachStep>(&step.what)) {
        const double rounds = sizes[loop->in];
        sizes[loop->as] = 1;
        tasks += count_rounds(loop->body, rounds, sizes);
      }
    }
    return std::min(tasks, most);
  }

  double count_submit(const SubmitStep& submit, Sizes& sizes) {
    const double calls = submit.over.empty() ? static_cast<double>(submit.count)
                                             : std::ceil(sizes[submit.over] / static_cast<double>(submit.group));
    store(sizes, submit.as, submit.append, calls * program_.tasks[submit.task].num_returns);
    return calls * tasks_of_call(submit.task);
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
      of_call_[task] = 1 + count(program_.tasks[task].body);
    }
    return of_call_[task];
  }

  static void store(Sizes& sizes, const std::string& name, bool append, double size) {
    if (!name.empty()) sizes[name] = size + (append ? sizes[name] : 0);
  }

  const ScenarioProgram& program_;
  std::vector<double> of_call_;
};

}  // namespace

double expected_tasks(const ScenarioProgram& program) { return TaskCounter(program).count(program.driver); }

}  // namespace raysim
