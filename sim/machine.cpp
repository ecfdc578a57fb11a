#include "sim/machine.hpp"

#include <algorithm>
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

Machine::Machine(Engine& engine, const MachineSpec& spec, const Sharing& sharing)
    : engine_(engine),
      contended_(spec.contended),
      sharing_(sharing),
      cores_(static_cast<std::size_t>(spec.cores)) {}

void Machine::run(CpuPriority priority, Duration work, Cell* done) {
  const Job job{work, done, priority, engine_.now()};
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (!cores_[i].busy) return start(i, job);
  if (priority == CpuPriority::normal) {
    for (std::uint32_t i = 0; i < cores_.size(); ++i) {
      if (cores_[i].job.priority != CpuPriority::low) continue;
      stop(i);
      const Job preempted = cores_[i].job;
      start(i, job);
      return enqueue(preempted, Queued::preempted);
    }
  }
  enqueue(job, Queued::woken);
}

void Machine::start(std::uint32_t i, Job job) {
  change_pace(busy_cores_ + 1);
  Core& core = cores_[i];
  core.job = job;
  core.started = engine_.now();
  core.slice_left = sharing_.time_slice;
  core.busy = true;
  plan(i);
}

// Decides when the core is looked at again: at the end of the job, or of its slice when others wait.
void Machine::plan(std::uint32_t i) {
  Core& core = cores_[i];
  const auto needed = static_cast<std::int64_t>(std::ceil(static_cast<double>(core.job.left.ns) / pace_));
  Time due = engine_.now() + Duration{needed};
  core.sliced = somebody_waits(core.job.priority) && core.slice_left < core.job.left;
  if (core.sliced) due = engine_.now() + core.slice_left;
  ++core.plan;
  engine_.schedule_core(due, *this, i, core.plan);
}

void Machine::settle(std::uint32_t i) {
  Core& core = cores_[i];
  const Duration ran = engine_.now() - core.started;
  const auto done = static_cast<std::int64_t>(std::llround(static_cast<double>(ran.ns) * pace_));
  core.job.left = std::max(Duration{}, core.job.left - Duration{done});
  core.slice_left = std::max(Duration{}, core.slice_left - ran);
  core.started = engine_.now();
  busy_ += ran;
}

// How many cores are busy changes how fast each of them is.
void Machine::change_pace(int busy_cores) {
  const double others = cores_.size() > 1 ? static_cast<double>(std::max(0, busy_cores - 1)) / static_cast<double>(cores_.size() - 1) : 0;
  const double pace = 1 / (1 + sharing_.sharing_slowdown * others);
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
  cores_[i].busy = false;
  ++cores_[i].plan;
  change_pace(busy_cores_ - 1);
}

void Machine::enqueue(Job job, Queued why) {
  if (why != Queued::preempted) job.waits_since = engine_.now();  // who is pushed aside keeps its place
  Waiting& queues = waiting(job.priority);
  switch (why) {
    case Queued::preempted: queues.woken.push_front(job); break;
    case Queued::woken: queues.woken.push_back(job); break;
    case Queued::used_up: queues.used_up.push_back(job); break;
  }
  limit_running(job.priority);
  if (job.priority == CpuPriority::low) limit_running(CpuPriority::normal);
}

// Who runs at this priority without a limit now gets one: somebody waits.
void Machine::limit_running(CpuPriority priority) {
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    const Core& core = cores_[i];
    if (!core.busy || core.job.priority != priority || core.sliced) continue;
    settle(i);
    plan(i);
  }
}

bool Machine::somebody_waits(CpuPriority) const { return !normal_.empty() || !low_.empty(); }

bool Machine::low_is_due() const {
  if (low_.woken.empty()) return false;
  auto normal_jobs = static_cast<std::int64_t>(normal_.woken.size() + normal_.used_up.size());
  for (const Core& core : cores_) normal_jobs += core.busy && core.job.priority == CpuPriority::normal ? 1 : 0;
  const std::int64_t a_core = std::max<std::int64_t>(1, normal_jobs / static_cast<std::int64_t>(cores_.size()));
  return engine_.now() - low_.woken.front().waits_since >= sharing_.low_patience * a_core;
}

// Whose turn it is; null: nobody waits.
std::deque<Machine::Job>* Machine::next_queue() {
  if (!normal_.woken.empty()) return &normal_.woken;
  if (low_is_due()) return &low_.woken;
  for (auto* queue : {&normal_.used_up, &low_.woken, &low_.used_up})
    if (!queue->empty()) return queue;
  return nullptr;
}

void Machine::on_core_due(std::uint32_t i, std::uint32_t plan_number) {
  Core& core = cores_[i];
  if (!core.busy || core.plan != plan_number) return;
  stop(i);
  if (core.job.left > Duration{}) {
    enqueue(core.job, Queued::used_up);
  } else {
    engine_.schedule(engine_.now(), core.job.done);
  }
  fill(i);
}

void Machine::fill(std::uint32_t i) {
  std::deque<Job>* queue = next_queue();
  if (queue == nullptr) return;
  const Job job = queue->front();
  queue->pop_front();
  start(i, job);
}

void Machine::drop_all_jobs() {
  for (auto* queue : {&normal_.woken, &normal_.used_up, &low_.woken, &low_.used_up}) {
    for (const Job& job : *queue) engine_.discard(job.done);
    queue->clear();
  }
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
  for (auto* queue : {&normal_.woken, &normal_.used_up, &low_.woken, &low_.used_up}) std::erase_if(*queue, is_dropped);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    if (!cores_[i].busy || !is_dropped(cores_[i].job)) continue;
    stop(i);
    fill(i);
  }
}

}  // namespace raysim
