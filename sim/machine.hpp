// The cores of one machine, and who may use them when there are more processes than cores.
//
// Models: on a contended machine, jobs take turns as under Linux's EEVDF: each has a virtual time that advances by CPU time over
// weight, starts at the average when it wakes up, and gets a deadline one request ahead; the next to run is the one
// with the earliest deadline among those not ahead of the average; looked at when a job ends, each tick, and when a normal
// job wakes up while a low one runs. The main thread of a Ray worker has nice 15: it is low. Busy cores slow each
// other down, for they share cache and memory. On a machine that is not contended nobody waits for a core.
// Leaves out: a queue a core and moving between them, throttling.
// Invariants: never more jobs on cores than cores; a job gets exactly the CPU time it asked for, unless dropped.
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
  // Called by the engine when a core's plan is due.
  void on_core_due(std::uint32_t core, std::uint32_t plan);

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
    Duration until_tick;
    std::uint32_t plan = 0;  // number of the valid plan; an older one is ignored when it comes up
    bool busy = false;
    bool ticking = false;  // the plan ends at the tick, not at the end of the job
  };

  void start(std::uint32_t core, Job job);
  void plan(std::uint32_t core);
  void stop(std::uint32_t core);    // takes the job off the core, with what it has left
  void settle(std::uint32_t core);  // counts what the job has had until now
  void change_pace(int busy_cores);
  void wait(Job job);
  void fill(std::uint32_t core);
  [[nodiscard]] double slowness(CpuPriority p) const {
    return p == CpuPriority::normal ? 1.0 : 1024.0 / sharing_.low_weight;
  }
  [[nodiscard]] double average() const;
  [[nodiscard]] std::size_t next() const;  // index in waiting_, which is not empty

  Engine& engine_;
  bool contended_;
  Sharing sharing_;
  double pace_ = 1;  // work done a unit of time on each busy core
  int busy_cores_ = 0;
  Duration busy_;
  double idle_average_ = 0;  // the average when somebody was last there
  std::vector<Core> cores_;
  std::vector<Job> waiting_;  // in order of arrival
};

}  // namespace raysim
