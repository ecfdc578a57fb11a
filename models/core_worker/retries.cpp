// What becomes of an owner's tasks whose workers have died. Mirrors the failure and retry paths of task_manager.cc and
// normal_task_submitter.cc (2.60).
#include <fmt/format.h>

#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

namespace {
using Why = WorkerFailureCause::Why;
constexpr Duration longest_oom_delay = Duration::milliseconds(60'000);  // exponential_backoff.h

std::unique_ptr<TaskOutput> out_of_memory_text(const std::string& task, const WorkerFailureCause& cause) {
  constexpr double gb = 1e9;
  auto output = std::make_unique<TaskOutput>();
  output->message =
      fmt::format("the worker of {} was killed, for its node was low on memory: {:.2f} GB used of {:.2f} GB", task,
                  static_cast<double>(cause.used.count) / gb, static_cast<double>(cause.limit.count) / gb);
  return output;
}
}  // namespace

void CoreWorker::on(const WorkerFailureCause& cause) {
  auto& broken = owner().broken;
  const auto it =
      std::find_if(broken.begin(), broken.end(), [&](const auto& b) { return b.worker.lease == cause.lease; });
  const auto failed = *it;
  broken.erase(it);
  fail_or_retry(failed, cause);
}

// Longer each time.
Duration CoreWorker::oom_retry_delay(std::int32_t attempt) const {
  Duration delay = runtime_.profile.system.task_oom_retry_delay_base;
  for (std::int32_t i = 0; i < attempt && delay < longest_oom_delay; ++i) delay = delay * 2;
  return std::min(delay, longest_oom_delay);
}

// A task whose worker was preempted is tried again at no cost of its own, whatever its max_retries; one that was killed for memory
// has a budget for that alone.
void CoreWorker::fail_or_retry(const NormalTaskSubmitter::Broken& broken, const WorkerFailureCause& cause) {
  OwnedTask& task = tasks_.task(broken.task);
  const bool oom = cause.why == Why::out_of_memory;
  std::int32_t none_needed = -1;
  std::int32_t& budget = cause.why == Why::preempted ? none_needed : oom ? task.oom_retries_left : task.retries_left;
  const bool retry = !task.cancelled && cause.retry && budget != 0;
  record_attempt(broken.task, broken.worker, task.pushed, io_.now(),
                 retry ? AttemptOutcome::retried : AttemptOutcome::failed);
  if (!retry) {
    free_returns(broken.task);
    if (task.cancelled) return finish(broken.task, ErrorType::task_cancelled, task.path);
    if (!oom) return finish(broken.task, ErrorType::worker_crashed, task.path);
    const std::string& name = runtime_.functions[task.function.index].name;
    return finish(broken.task, ErrorType::out_of_memory, task.path, out_of_memory_text(name, cause));
  }
  if (budget > 0) --budget;
  try_again(broken.task, oom ? oom_retry_delay(task.attempt) : runtime_.profile.system.task_retry_delay);
}

void CoreWorker::try_again(std::uint32_t task, Duration delay) {
  ++tasks_.task(task).attempt;
  owner().to_resubmit.push_back({io_.now() + delay, task});
  arm_owner_tick();
}

// What is to be done later waits for the owner's periodic tick, whose phase is its own.
void CoreWorker::arm_owner_tick() {
  if (owner().tick_armed) return;
  owner().tick_armed = true;
  Time first = Time::max();
  for (const Owner::Due& due : owner().to_resubmit) first = std::min(first, due.at);
  for (const Owner::Verdict& verdict : owner().verdicts) first = std::min(first, verdict.until);
  const Duration period = runtime_.profile.system.core_worker_heartbeat;
  const Duration own_phase = phase(runtime_.engine, "owner tick", process().index, period);
  first = std::max(first, io_.now());
  io_.after<CoreWorker>(first - io_.now() + until_tick(first, period, own_phase), TimerTick{Tick::owner});
}

void CoreWorker::retry_what_is_due() {
  Owner& self = owner();
  std::vector<std::uint32_t> again;
  std::erase_if(self.to_resubmit, [&](const Owner::Due& due) {
    if (due.at <= io_.now()) again.push_back(due.task);
    return due.at <= io_.now();
  });
  std::vector<ActorId> overdue;
  std::erase_if(self.verdicts, [&](const Owner::Verdict& verdict) {
    if (verdict.until <= io_.now()) overdue.push_back(verdict.actor);
    return verdict.until <= io_.now();
  });
  for (const std::uint32_t task : again) {
    const ActorId actor = tasks_.task(task).actor;
    if (actor != no_actor) self.actors.submit(actor, task);
    enqueue(task);
  }
  for (const ActorId actor : overdue) self.actors.give_up(actor);
  if (!self.to_resubmit.empty() || !self.verdicts.empty()) arm_owner_tick();
}

}  // namespace raysim
