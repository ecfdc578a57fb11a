#include "sim/machine.hpp"

#include <algorithm>
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

Machine::Machine(Engine& engine, const MachineSpec& spec, const Sharing& sharing)
    : engine_(engine), contended_(spec.contended), sharing_(sharing), cores_(static_cast<std::size_t>(spec.cores)) {}

void Machine::run(CpuPriority priority, Duration work, Cell* done) {
  Job job{work, done, priority, average(), 0};
  job.deadline = job.virtual_time + static_cast<double>(sharing_.request.ns) * slowness(priority);
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (!cores_[i].busy) return start(i, job);
  for (std::uint32_t i = 0; priority == CpuPriority::normal && i < cores_.size(); ++i) {
    if (cores_[i].job.priority != CpuPriority::low) continue;
    settle(i);
    if (cores_[i].job.left == Duration{}) continue;  // it ends at this very moment
    stop(i);
    const Job pushed_aside = cores_[i].job;
    start(i, job);
    return wait(pushed_aside);
  }
  wait(job);
}

void Machine::wait(Job job) {
  waiting_.push_back(job);
  // Who runs without being looked at is looked at from now on.
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    if (!cores_[i].busy || cores_[i].ticking) continue;
    settle(i);
    plan(i);
  }
}

void Machine::start(std::uint32_t i, Job job) {
  change_pace(busy_cores_ + 1);
  Core& core = cores_[i];
  core.job = job;
  core.started = engine_.now();
  core.until_tick = sharing_.tick;
  core.busy = true;
  plan(i);
}

// Decides when the core is looked at again: at the end of the job, or at its tick when others wait.
void Machine::plan(std::uint32_t i) {
  Core& core = cores_[i];
  const auto needed = static_cast<std::int64_t>(std::ceil(static_cast<double>(core.job.left.ns) / pace_));
  core.ticking = !waiting_.empty() && core.until_tick < Duration{needed};
  ++core.plan;
  engine_.schedule_core(engine_.now() + (core.ticking ? core.until_tick : Duration{needed}), *this, i, core.plan);
}

void Machine::settle(std::uint32_t i) {
  Core& core = cores_[i];
  const Duration ran = engine_.now() - core.started;
  const auto done = static_cast<std::int64_t>(std::llround(static_cast<double>(ran.ns) * pace_));
  core.job.left = std::max(Duration{}, core.job.left - Duration{done});
  core.job.virtual_time += static_cast<double>(ran.ns) * slowness(core.job.priority);
  if (core.job.virtual_time >= core.job.deadline)
    core.job.deadline = core.job.virtual_time + static_cast<double>(sharing_.request.ns) * slowness(core.job.priority);
  core.until_tick = std::max(Duration{}, core.until_tick - ran);
  core.started = engine_.now();
  busy_ += ran;
}

// How many cores are busy changes how fast each of them is.
void Machine::change_pace(int busy_cores) {
  if (busy_cores == 0) idle_average_ = average();
  const double others =
      cores_.size() > 1 ? static_cast<double>(std::max(0, busy_cores - 1)) / static_cast<double>(cores_.size() - 1) : 0;
  const double pace = 1 / (1 + sharing_.slowdown * others);
  busy_cores_ = busy_cores;
  if (pace == pace_) return;
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].busy) settle(i);
  pace_ = pace;
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].busy) plan(i);
}

void Machine::stop(std::uint32_t i) {
  settle(i);
  if (busy_cores_ == 1 && waiting_.empty()) idle_average_ = cores_[i].job.virtual_time;
  cores_[i].busy = false;
  ++cores_[i].plan;
  change_pace(busy_cores_ - 1);
}

// The weighted mean of the virtual times of all who run or wait.
double Machine::average() const {
  double sum = 0;
  double weights = 0;
  const auto add = [&](const Job& job, double ahead) {
    const double weight = 1.0 / slowness(job.priority);
    sum += (job.virtual_time + ahead) * weight;
    weights += weight;
  };
  for (const Job& job : waiting_) add(job, 0);
  for (const Core& core : cores_)
    if (core.busy) add(core.job, static_cast<double>((engine_.now() - core.started).ns) * slowness(core.job.priority));
  return weights > 0 ? sum / weights : idle_average_;
}

std::size_t Machine::next() const {
  const double mean = average() + 1;  // a nanosecond against rounding
  std::size_t best = waiting_.size();
  for (std::size_t i = 0; i < waiting_.size(); ++i)
    if (waiting_[i].virtual_time <= mean && (best == waiting_.size() || waiting_[i].deadline < waiting_[best].deadline))
      best = i;
  if (best < waiting_.size()) return best;
  const auto by_time = [](const Job& a, const Job& b) { return a.virtual_time < b.virtual_time; };
  return static_cast<std::size_t>(std::min_element(waiting_.begin(), waiting_.end(), by_time) - waiting_.begin());
}

void Machine::on_core_due(std::uint32_t i, std::uint32_t plan_number) {
  Core& core = cores_[i];
  if (!core.busy || core.plan != plan_number) return;
  stop(i);
  if (core.job.left > Duration{})
    waiting_.push_back(core.job);
  else
    engine_.schedule(engine_.now(), core.job.done);
  fill(i);
}

void Machine::fill(std::uint32_t i) {
  if (waiting_.empty()) return;
  const std::size_t chosen = next();
  const Job job = waiting_[chosen];
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(chosen));
  start(i, job);
}

void Machine::drop_all_jobs() {
  for (const Job& job : waiting_) engine_.discard(job.done);
  waiting_.clear();
  for (Core& core : cores_) {
    if (core.busy) engine_.discard(core.job.done);
    core.busy = false;
  }
}

void Machine::drop_jobs_of(StationId station) {
  const auto is_dropped = [&](const Job& job) {
    if (job.done->target != station) return false;
    engine_.discard(job.done);
    return true;
  };
  std::erase_if(waiting_, is_dropped);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    if (!cores_[i].busy || !is_dropped(cores_[i].job)) continue;
    stop(i);
    fill(i);
  }
}

}  // namespace raysim
