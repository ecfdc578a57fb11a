// The memory of the node, and the workers that are killed when it runs out. Mirrors the memory monitor's callback in node_manager.cc
// (2.60).
#include <utility>

#include "models/raylet/raylet.hpp"

namespace raysim {

// Ray takes part of what is free for its object store and calls the rest `memory`; together they are what the node has.
void Raylet::watch_memory_of(const NodeSpec& node) {
  const auto memory = node.total.get(memory_resource).ticks / ResourceAmount::unit;
  if (memory <= 0 || runtime_.profile.system.memory_monitor_refresh == Duration{}) return;
  all_memory_ = Bytes{memory} + objects_.store().capacity();
  memory_.emplace(all_memory_, runtime_.profile.system);
}

Bytes Raylet::used_memory() const { return runtime_.heap.of(node_) + objects_.store().statistics().allocated; }

// Below the threshold a look finds nothing to do.
void Raylet::watch_memory() {
  if (memory_ && used_memory() > memory_->threshold())
    arm(Tick::memory, runtime_.profile.system.memory_monitor_refresh, memory_armed_);
}

void Raylet::check_memory() {
  memory_armed_ = false;
  const Bytes used = used_memory();
  std::vector<WorkerMemory> workers;
  for (const Worker& worker : workers_)
    if (worker.alive && worker.registered)
      workers.push_back({worker.process, runtime_.heap.of(worker.process), worker.leased(), worker.lease.retriable,
                         worker.lease.owner.station.index, worker.granted});
  for (const KilledWorker& killed : memory_->check(used, workers)) {
    Worker& victim = worker(killed.worker);
    runtime_.record.on_oom_kill(node_.index, station_.now());
    victim.out_of_memory = true;
    if (victim.leased() && !creates_actor(victim.lease))
      causes_.push_back({victim.lease.id, WorkerFailureCause::Why::out_of_memory, killed.retry, used, all_memory_});
    runtime_.engine.kill(killed.worker);
  }
  watch_memory();
}

}  // namespace raysim
