// The cores of one machine, and who may use them when there are more processes than cores.
//
// Models: on a contended machine, jobs take turns as under Linux's EEVDF. Each core has a queue. A job comes to the core with the least
// weight, with a virtual time (it advances by CPU time over weight) that is the average there and a deadline one request
// ahead; next is the one with the earliest deadline among those not ahead of the average. Who runs is looked at when it ends, at
// each tick and when another job comes: it goes on until it has had its request, unless it is ahead of the average and the
// newcomer is next. Cores that run out of jobs take from the others, at ticks also those with two normal jobs less. The main
// thread of a Ray worker has nice 15: it is low. Busy cores slow each other down, for they share cache and memory. On a machine
// that is not contended nobody waits for a core. The pace of all cores changes with each job that comes or goes; so the engine
// keeps one event for the first of them that is due, not one for each.
// Leaves out: the core where a thread ran last, throttling.
// Invariants: never more jobs on cores than cores; no core idle while jobs wait; a job gets exactly the CPU time it asked for, unless
// dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/cell.hpp"
#include "sim/platform.hpp"
#include "sim/time.hpp"

namespace raysim {

class Engine;

enum class CpuPriority : std::uint8_t { normal, low };

class Machine {
 public:
  struct Sharing {
    Duration tick = Duration::milliseconds(4);        // how often a running job is looked at
    Duration request = Duration::microseconds(1400);  // Linux: base slice
    double low_weight = 36;                           // of 1024; 36 is nice 15
    double slowdown = 0;  // how much longer a job takes when all cores are busy than when it is alone, 0.4 = 40 %
  };
  Machine(Engine& engine, const MachineSpec& spec, const Sharing& sharing);

  [[nodiscard]] bool contended() const { return contended_; }
  [[nodiscard]] int cores() const { return static_cast<int>(cores_.size()); }

  // Gives `work` of CPU time to a job, then schedules `done`. Only for contended machines.
  void run(CpuPriority priority, Duration work, Cell* done);
  // Drops every job whose `done` is for one of the station's messages; used when a process dies.
  void drop_jobs_of(StationId station);
  void drop_all_jobs();
  // CPU time handed out so far.
  [[nodiscard]] Duration busy() const { return busy_; }
  // Called by the engine with what was given to schedule_core(): a core whose job has ended, or a look at those that are due.
  void on_core_due(std::uint32_t core, std::uint32_t look);

 private:
  struct Job {
    Duration left;
    Cell* done = nullptr;
    CpuPriority priority = CpuPriority::normal;
    double virtual_time = 0;  // CPU nanoseconds at normal weight
    double deadline = 0;
  };
  struct Core {
    Job job;
    Time started;  // of what has not been settled yet
    Duration ran;  // since it was chosen
    bool busy = false;
    bool ticking = false;     // it is due at the tick, not at the end of the job
    bool slice_used = false;  // the job has had its request
    bool ending = false;      // the job has ended; whose it was may go on with another
    StationId ended = no_station;
    std::vector<Job> waiting;  // in order of arrival
    double idle_average = 0;   // the average when somebody was last there
  };

  struct Due {
    Time at = Time::max();
    std::uint64_t order = 0;  // cores that are due at one moment are looked at in the order in which that was decided
    constexpr auto operator<=>(const Due&) const = default;
  };

  [[nodiscard]] std::uint32_t place() const;
  void go_on(std::uint32_t core, Duration work, Cell* done);
  void start(std::uint32_t core, Job job);
  void plan(std::uint32_t core);
  void set_due(std::uint32_t core);
  void look_at(Time due);
  [[nodiscard]] std::uint32_t first_due() const;
  void on_due(std::uint32_t core);
  void stop(std::uint32_t core);    // takes the job off the core, with what it has left; fill() follows
  void settle(std::uint32_t core);  // counts what the job has had until now
  void change_pace();
  void yield(std::uint32_t core);
  void fill(std::uint32_t core);
  void balance(std::uint32_t core);
  void move(Core& from, std::size_t index, Core& to);
  [[nodiscard]] bool is_pushed_aside_by_last(const Core& core) const;
  [[nodiscard]] double slowness(CpuPriority p) const {
    return p == CpuPriority::normal ? 1.0 : 1024.0 / sharing_.low_weight;
  }
  [[nodiscard]] double request(CpuPriority p) const { return static_cast<double>(sharing_.request.ns) * slowness(p); }
  [[nodiscard]] double weight_of(const Core& core) const;
  [[nodiscard]] double average(const Core& core) const;
  [[nodiscard]] std::size_t next(const Core& core) const;  // index in its waiting jobs, of which there are some

  Engine& engine_;
  bool contended_;
  Sharing sharing_;
  double pace_ = 1;  // work done a unit of time on each busy core
  int busy_cores_ = 0;
  Duration busy_;
  std::vector<Core> cores_;
  std::vector<Due> due_;     // of each core; at max: it is idle, or its job has just ended
  Time look_ = Time::max();  // the earliest of them, or before
  std::uint64_t decisions_ = 0;
  std::uint32_t looks_ = 0;  // how many looks were scheduled; only the last one counts
};

}  // namespace raysim
