#include "models/gcs/gcs.hpp"

namespace raysim {

namespace {
Station& make_station(Runtime& runtime) {
  const NodeId head = runtime.cluster.head();
  const MachineId place = runtime.cluster.nodes[head.index].machine;
  return runtime.engine.add_station(runtime.engine.add_process(place), CpuPriority::normal);
}
}  // namespace

Gcs::Gcs(Runtime& runtime) : runtime_(runtime), station_(make_station(runtime)), address_(station_.bind(*this)) {}

void Gcs::start_idle_work() {
  station_.after<Gcs>(phase(runtime_.engine, "idle gcs", 0, runtime_.profile.costs.idle_gcs.period),
                      TimerTick{Tick::idle_work}, true);
}

void Gcs::on(const ResourceReport& report) {
  runtime_.streams.publish(report.snapshot, station_.now());
  for (const NodeId listener : runtime_.streams.listeners())
    if (listener != report.snapshot->node)
      station_.send(runtime_.raylets[listener.index], ResourceBroadcast{report.snapshot});
}

void Gcs::on(TimerTick tick) {
  const Costs::Idle& idle = runtime_.profile.costs.idle_gcs;
  if (tick.tick == Tick::idle_work)
    station_.compute<Gcs>(idle.work, TimerTick{Tick::idle_work_done}, true);
  else
    station_.after<Gcs>(idle.period, TimerTick{Tick::idle_work}, true);
}

template <class Message>
void deliver(Gcs& to, Message message) {
  to.on(std::move(message));
}
template void deliver(Gcs&, ResourceReport);
template void deliver(Gcs&, TaskEvents);
template void deliver(Gcs&, ExportFunction);
template void deliver(Gcs&, FetchFunction);
template void deliver(Gcs&, DrainNode);
template void deliver(Gcs&, TimerTick);

}  // namespace raysim
