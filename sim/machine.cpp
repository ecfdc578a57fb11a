#include "sim/machine.hpp"

#include <algorithm>
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

namespace {
constexpr std::uint32_t all_due = ~std::uint32_t{0};  // in place of a core: whichever are due
}

Machine::Machine(Engine& engine, const MachineSpec& spec, const Sharing& sharing)
    : engine_(engine),
      contended_(spec.contended),
      sharing_(sharing),
      cores_(static_cast<std::size_t>(spec.cores)),
      due_(cores_.size()) {}

// An idle core; else the one with the least weight in its queue.
std::uint32_t Machine::place() const {
  std::uint32_t best = 0;
  double least = weight_of(cores_[0]);
  for (std::uint32_t i = 1; i < cores_.size() && least > 0; ++i) {
    const double weight = weight_of(cores_[i]);
    if (weight < least) {
      best = i;
      least = weight;
    }
  }
  return best;
}

double Machine::weight_of(const Core& core) const {
  double sum = core.busy ? 1 / slowness(core.job.priority) : 0;
  for (const Job& job : core.waiting) sum += 1 / slowness(job.priority);
  return sum;
}

void Machine::run(CpuPriority priority, Duration work, Cell* done) {
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].ending && cores_[i].ended == done->target && cores_[i].ended != no_station)
      return go_on(i, work, done);
  const std::uint32_t i = place();
  Core& core = cores_[i];
  if (core.busy) settle(i);
  Job job{work, done, priority, average(core), 0};
  job.deadline = job.virtual_time + request(priority);
  if (!core.busy) return start(i, job);
  core.waiting.push_back(job);
  if (is_pushed_aside_by_last(core))
    yield(i);
  else if (!core.ending)
    plan(i);  // who ran without being looked at is looked at from now on
}

// The thread whose job has just ended has more to do: it keeps its core, unless its slice is used.
void Machine::go_on(std::uint32_t i, Duration work, Cell* done) {
  Core& core = cores_[i];
  core.ending = false;
  core.job.left = work;
  core.job.done = done;
  if (core.slice_used && !core.waiting.empty())
    yield(i);
  else
    plan(i);
}

// Whether the job that has just come takes the core: who runs has had its slice, or is not entitled to go on and the newcomer
// is the next in turn.
bool Machine::is_pushed_aside_by_last(const Core& core) const {
  if (core.ending || core.job.left == Duration{}) return false;  // it ends at this very moment
  if (core.slice_used) return true;
  const bool is_protected = core.job.virtual_time <= average(core) + 1 && core.ran < sharing_.request;
  return !is_protected && next(core) + 1 == core.waiting.size();
}

void Machine::start(std::uint32_t i, Job job) {
  Core& core = cores_[i];
  core.busy = true;
  core.job = job;
  core.started = engine_.now();
  core.ran = Duration{};
  core.slice_used = false;
  ++busy_cores_;
  change_pace();
  plan(i);
}

void Machine::plan(std::uint32_t i) {
  set_due(i);
  look_at(due_[i].at);
}

std::uint32_t Machine::first_due() const {
  return static_cast<std::uint32_t>(std::min_element(due_.begin(), due_.end()) - due_.begin());
}

// Pushes an event only when none is as early. One that turns out to be early, because cores have become slower or have stopped since,
// finds nothing to do.
void Machine::look_at(Time due) {
  if (due >= look_) return;
  look_ = due;
  engine_.schedule_core(due, *this, all_due, ++looks_);
}

// Decides when the core is looked at again: at the end of the job, or at its next tick when others wait.
void Machine::set_due(std::uint32_t i) {
  Core& core = cores_[i];
  const auto needed = static_cast<std::int64_t>(std::ceil(static_cast<double>(core.job.left.ns) / pace_));
  due_[i] = {engine_.now() + Duration{needed}, ++decisions_};
  core.ticking = false;
  if (core.waiting.empty()) return;
  const std::int64_t offset =
      sharing_.tick.ns * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(cores_.size());
  const std::int64_t to_tick = sharing_.tick.ns - (engine_.now().ns + offset) % sharing_.tick.ns;
  core.ticking = to_tick < needed;
  if (core.ticking) due_[i].at = engine_.now() + Duration{to_tick};
}

void Machine::settle(std::uint32_t i) {
  Core& core = cores_[i];
  const Duration ran = engine_.now() - core.started;
  const auto done = static_cast<std::int64_t>(std::llround(static_cast<double>(ran.ns) * pace_));
  core.job.left = std::max(Duration{}, core.job.left - Duration{done});
  core.job.virtual_time += static_cast<double>(ran.ns) * slowness(core.job.priority);
  if (core.job.virtual_time >= core.job.deadline) {
    core.job.deadline = core.job.virtual_time + request(core.job.priority);
    core.slice_used = true;
  }
  core.ran = core.ran + ran;
  core.started = engine_.now();
  busy_ += ran;
}

// How many cores are busy changes how fast each of them is. Also when a core only takes another job all are settled, for that is when it
// is seen that a slice has been used.
void Machine::change_pace() {
  const double others = cores_.size() > 1
                            ? static_cast<double>(std::max(0, busy_cores_ - 1)) / static_cast<double>(cores_.size() - 1)
                            : 0;
  const double pace = 1 / (1 + sharing_.slowdown * others);
  if (pace == 1 && pace_ == 1) return;
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].busy) settle(i);
  pace_ = pace;
  for (std::uint32_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].busy && !cores_[i].ending) set_due(i);
  look_at(due_[first_due()].at);
}

void Machine::stop(std::uint32_t i) {
  Core& core = cores_[i];
  settle(i);
  if (core.waiting.empty()) core.idle_average = core.job.virtual_time;
  core.busy = false;
  due_[i] = {};
  --busy_cores_;
}

// The weighted mean of the virtual times of all who run or wait there.
double Machine::average(const Core& core) const {
  double sum = 0;
  double weights = 0;
  const auto add = [&](const Job& job, double ahead) {
    const double weight = 1.0 / slowness(job.priority);
    sum += (job.virtual_time + ahead) * weight;
    weights += weight;
  };
  for (const Job& job : core.waiting) add(job, 0);
  if (core.busy) add(core.job, static_cast<double>((engine_.now() - core.started).ns) * slowness(core.job.priority));
  return weights > 0 ? sum / weights : core.idle_average;
}

std::size_t Machine::next(const Core& core) const {
  const auto& waiting = core.waiting;
  const double mean = average(core) + 1;  // a nanosecond against rounding
  std::size_t best = waiting.size();
  for (std::size_t i = 0; i < waiting.size(); ++i)
    if (waiting[i].virtual_time <= mean && (best == waiting.size() || waiting[i].deadline < waiting[best].deadline))
      best = i;
  if (best < waiting.size()) return best;
  const auto by_time = [](const Job& a, const Job& b) { return a.virtual_time < b.virtual_time; };
  return static_cast<std::size_t>(std::min_element(waiting.begin(), waiting.end(), by_time) - waiting.begin());
}

void Machine::on_core_due(std::uint32_t core, std::uint32_t look) {
  if (core != all_due) {
    if (!cores_[core].ending) return;  // its thread has gone on
    cores_[core].ending = false;
    stop(core);
    return fill(core);
  }
  if (look != looks_) return;
  look_ = Time::max();
  std::uint32_t first = first_due();
  for (; due_[first].at == engine_.now(); first = first_due()) on_due(first);
  look_at(due_[first].at);
}

void Machine::on_due(std::uint32_t i) {
  Core& core = cores_[i];
  settle(i);
  if (core.ticking) {
    balance(i);
    return core.slice_used ? yield(i) : plan(i);
  }
  // The next takes the core after the end has been told: the thread may have more to do.
  core.ending = true;
  core.ended = core.job.done->target;
  due_[i] = {};
  engine_.schedule(engine_.now(), core.job.done);
  engine_.schedule_core(engine_.now(), *this, i, 0);
}

// Back to the others, among whom it may be the next again.
void Machine::yield(std::uint32_t i) {
  stop(i);
  cores_[i].waiting.push_back(cores_[i].job);
  fill(i);
}

void Machine::fill(std::uint32_t i) {
  Core& core = cores_[i];
  if (core.waiting.empty()) {
    const auto crowded = [](const Core& a, const Core& b) { return a.waiting.size() < b.waiting.size(); };
    Core& from = *std::max_element(cores_.begin(), cores_.end(), crowded);
    if (from.waiting.empty()) return change_pace();
    move(from, next(from), core);
  }
  const std::size_t chosen = next(core);
  const Job job = core.waiting[chosen];
  core.waiting.erase(core.waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
  start(i, job);
}

// A core with two normal jobs less than another takes over one that waits there.
void Machine::balance(std::uint32_t i) {
  const auto is_normal = [](const Job& job) { return job.priority == CpuPriority::normal; };
  const auto normal = [&](const Core& core) {
    return std::count_if(core.waiting.begin(), core.waiting.end(), is_normal) +
           (core.busy && is_normal(core.job) ? 1 : 0);
  };
  for (Core& from : cores_) {
    if (normal(from) < normal(cores_[i]) + 2) continue;
    const auto it = std::find_if(from.waiting.begin(), from.waiting.end(), is_normal);
    move(from, static_cast<std::size_t>(it - from.waiting.begin()), cores_[i]);
  }
}

// It stays as far ahead of the average, or behind, as it was.
void Machine::move(Core& from, std::size_t index, Core& to) {
  Job job = from.waiting[index];
  const double shift = average(to) - average(from);
  from.waiting.erase(from.waiting.begin() + static_cast<std::ptrdiff_t>(index));
  job.virtual_time += shift;
  job.deadline += shift;
  to.waiting.push_back(job);
}

void Machine::drop_all_jobs() {
  for (Core& core : cores_) {
    for (const Job& job : core.waiting) engine_.discard(job.done);
    core.waiting.clear();
    if (core.busy && !core.ending) engine_.discard(core.job.done);
    core.busy = core.ending = false;
  }
}

void Machine::drop_jobs_of(StationId station) {
  const auto is_dropped = [&](const Job& job) {
    if (job.done->target != station) return false;
    engine_.discard(job.done);
    return true;
  };
  for (Core& core : cores_) std::erase_if(core.waiting, is_dropped);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) {
    if (!cores_[i].busy || cores_[i].ending || !is_dropped(cores_[i].job)) continue;
    stop(i);
    fill(i);
  }
}

}  // namespace raysim
