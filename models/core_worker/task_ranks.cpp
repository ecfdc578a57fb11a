#include <cmath>

#include "models/core_worker/task_queue.hpp"

namespace raysim {

TaskRanks::TaskRanks(const Runtime& runtime) : runtime_(runtime) {
  if (runtime.traits.ranked) policy_ = runtime.make_policy({});
}

float TaskRanks::rank(const OwnedTask& task) {
  if (!policy_) return 0;
  const SchedulingClass& wanted = runtime_.classes[task.scheduling_class];
  const RemoteFunction& function = runtime_.functions[task.function.index];
  demands_.clear();
  for (const auto& [id, amount] : wanted.resources.entries())
    demands_.push_back({runtime_.resource_names.name_of(id), amount.value()});
  plugin::Task asked;
  asked.function = function.name;
  asked.demands = demands_;
  asked.priority = wanted.priority;
  const Mean mean = task.function.index < means_.size() ? means_[task.function.index] : Mean{};
  if (!function.body) asked.seconds = task.duration.in_seconds();
  if (mean.runs > 0)
    asked.expected_seconds = mean.seconds;
  else if (!function.body && std::isfinite(function.duration.mean()))
    asked.expected_seconds = function.duration.mean();
  return static_cast<float>(policy_->rank(asked));
}

void TaskRanks::ran(FunctionId function, Duration duration) {
  if (!policy_) return;
  if (means_.size() <= function.index) means_.resize(function.index + 1);
  Mean& mean = means_[function.index];
  ++mean.runs;
  mean.seconds += (duration.in_seconds() - mean.seconds) / static_cast<double>(mean.runs);
}

}  // namespace raysim
