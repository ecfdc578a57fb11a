#include "sim/machine.hpp"

#include <algorithm>

#include "sim/engine.hpp"

namespace raysim {

Machine::Machine(Engine& engine, const MachineSpec& spec, Duration time_slice)
    : engine_(engine), contended_(spec.contended), time_slice_(time_slice), cores_(static_cast<std::size_t>(spec.cores)) {}

void Machine::run(CpuPriority priority, Duration work, Cell* done) {
  const Job job{work, done, priority};
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (!cores_[i].busy) return start(i, job);
  if (priority == CpuPriority::normal) {
    for (std::uint32_t i = 0; i < cores_.size(); ++i) {
      if (cores_[i].job.priority != CpuPriority::low) continue;
      stop(i);
      waiting_[static_cast<std::size_t>(CpuPriority::low)].push_front(cores_[i].job);
      return start(i, job);
    }
  }
  enqueue(job);
}

void Machine::start(std::uint32_t i, Job job) {
  Core& core = cores_[i];
  core.job = job;
  core.started = engine_.now();
  core.busy = true;
  plan(i);
}

// Decides when the core is looked at again: at the end of the job, or of its slice when others wait.
void Machine::plan(std::uint32_t i) {
  Core& core = cores_[i];
  Time due = core.started + core.job.left;
  core.sliced = somebody_waits(core.job.priority) && core.job.left > time_slice_;
  if (core.sliced) due = std::max(engine_.now(), core.started + time_slice_);
  ++core.plan;
  engine_.schedule_core(due, *this, i, core.plan, core.job.done->background);
}

void Machine::stop(std::uint32_t i) {
  Core& core = cores_[i];
  const Duration ran = engine_.now() - core.started;
  core.job.left -= ran;
  busy_ += ran;
  core.busy = false;
  ++core.plan;
}

void Machine::enqueue(Job job) {
  queue(job.priority).push_back(job);
  // Who runs at the same priority without a limit now gets one.
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    const Core& core = cores_[i];
    if (core.job.priority == job.priority && !core.sliced && core.started + core.job.left > engine_.now() &&
        core.job.left > time_slice_)
      plan(i);
  }
}

bool Machine::somebody_waits(CpuPriority priority) const {
  return !waiting_[static_cast<std::size_t>(priority)].empty() || !waiting_[0].empty();
}

void Machine::on_core_due(std::uint32_t i, std::uint32_t plan_number) {
  Core& core = cores_[i];
  if (!core.busy || core.plan != plan_number) return;
  stop(i);
  if (core.job.left > Duration{}) {
    enqueue(core.job);
  } else {
    engine_.schedule(engine_.now(), core.job.done);
  }
  fill(i);
}

void Machine::fill(std::uint32_t i) {
  for (auto& waiting : waiting_) {
    if (waiting.empty()) continue;
    const Job job = waiting.front();
    waiting.pop_front();
    return start(i, job);
  }
}

void Machine::drop_jobs_of(StationId station) {
  const auto is_dropped = [&](const Job& job) {
    if (job.done->target != station) return false;
    engine_.discard(job.done);
    return true;
  };
  for (auto& waiting : waiting_) std::erase_if(waiting, is_dropped);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    if (!cores_[i].busy || !is_dropped(cores_[i].job)) continue;
    stop(i);
    fill(i);
  }
}

}  // namespace raysim
