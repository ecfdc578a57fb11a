// The cores of one machine, and who may use them when there are more processes than cores.
//
// Models: on a contended machine, jobs of two priorities take turns on the cores: a normal job takes a core from a low
// one at once; among equals a job that has just woken up goes before those that have used up a time slice; a low job that
// waits behind normal ones for long gets its turn, as under Linux (EEVDF) where its deadline is far but comes. The main
// thread of a Ray worker has nice 15: it is low. Busy cores slow each other down, for they share the last level of cache and the way to memory. On a
// machine that is not contended nobody waits for a core. Leaves out: migration cost, the exact shares of the Linux scheduler.
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
  // `time_slice`: of equals. `low_patience`: how long a low job waits at most, for each normal job a core that would run
  // instead. `sharing_slowdown`: how much longer a job takes when all cores are busy than when it is alone, 0.4 = 40 %.
  struct Sharing {
    Duration time_slice = Duration::milliseconds(4);
    Duration low_patience = Duration::milliseconds(40);
    double sharing_slowdown = 0;
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
    Time waits_since;
  };
  struct Core {
    Job job;
    Time started;         // of what has not been settled yet
    Duration slice_left;
    std::uint32_t plan = 0;  // number of the valid plan; an older one is ignored when it comes up
    bool busy = false;
    bool sliced = false;     // the plan ends at the slice, not at the end of the job
  };

  void start(std::uint32_t core, Job job);
  void plan(std::uint32_t core);
  void stop(std::uint32_t core);  // takes the job off the core, with what it has left
  void settle(std::uint32_t core);  // counts what the job has had until now
  void change_pace(int busy_cores);
  enum class Queued : std::uint8_t { preempted, woken, used_up };
  void enqueue(Job job, Queued why);
  void limit_running(CpuPriority priority);
  void fill(std::uint32_t core);
  [[nodiscard]] bool somebody_waits(CpuPriority priority) const;
  [[nodiscard]] bool low_is_due() const;
  std::deque<Job>* next_queue();

  Engine& engine_;
  bool contended_;
  Sharing sharing_;
  double pace_ = 1;  // work done a unit of time on each busy core
  int busy_cores_ = 0;
  Duration busy_;
  std::vector<Core> cores_;
  struct Waiting {
    std::deque<Job> woken;
    std::deque<Job> used_up;
    [[nodiscard]] bool empty() const { return woken.empty() && used_up.empty(); }
  };
  Waiting normal_;
  Waiting low_;
  Waiting& waiting(CpuPriority p) { return p == CpuPriority::normal ? normal_ : low_; }
};

}  // namespace raysim
