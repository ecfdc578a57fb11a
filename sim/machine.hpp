// The cores of one machine, and who may use them when there are more processes than cores.
//
// Models: on a contended machine, jobs of two priorities take turns on the cores: a normal job takes a core from a low
// one at once, jobs of equal priority rotate after a time slice. Ray starts its workers with nice 15, so they are
// the low ones. On a machine that is not contended nobody waits for a core. Leaves out: caches, migration cost,
// the exact shares of the Linux scheduler.
// Invariants: never more jobs on cores than cores; a job gets exactly the CPU time it asked for, unless dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/cell.hpp"
#include "sim/platform.hpp"
#include "sim/time.hpp"

namespace raysim {

class Engine;

enum class CpuPriority : std::uint8_t { normal, low };

class Machine {
 public:
  Machine(Engine& engine, const MachineSpec& spec, Duration time_slice);

  [[nodiscard]] bool contended() const { return contended_; }
  [[nodiscard]] int cores() const { return static_cast<int>(cores_.size()); }

  // Gives `work` of CPU time to a job, then schedules `done`. Only for contended machines.
  void run(CpuPriority priority, Duration work, Cell* done);
  // Drops every job whose `done` is for one of the station's messages; used when a process dies.
  void drop_jobs_of(StationId station);
  // CPU time handed out so far.
  [[nodiscard]] Duration busy() const { return busy_; }
  // Called by the engine when a core's plan is due.
  void on_core_due(std::uint32_t core, std::uint32_t plan);

 private:
  struct Job {
    Duration left;
    Cell* done = nullptr;
    CpuPriority priority = CpuPriority::normal;
  };
  struct Core {
    Job job;
    Time started;
    std::uint32_t plan = 0;  // number of the valid plan; an older one is ignored when it comes up
    bool busy = false;
    bool sliced = false;     // the plan ends at the slice, not at the end of the job
  };

  void start(std::uint32_t core, Job job);
  void plan(std::uint32_t core);
  void stop(std::uint32_t core);  // takes the job off the core, with what it has left
  void enqueue(Job job);
  void fill(std::uint32_t core);
  [[nodiscard]] bool somebody_waits(CpuPriority priority) const;
  std::deque<Job>& queue(CpuPriority p) { return waiting_[static_cast<std::size_t>(p)]; }

  Engine& engine_;
  bool contended_;
  Duration time_slice_;
  Duration busy_;
  std::vector<Core> cores_;
  std::deque<Job> waiting_[2];
};

}  // namespace raysim
