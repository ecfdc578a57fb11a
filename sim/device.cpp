// What machines' devices do for stations: see Station::compute_on() and copy().
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

Duration alone_on(const DeviceSpec& device, Duration work) {
  return {std::llround(static_cast<double>(work.ns) / device.speed)};
}

Cell* Engine::work_starter(Cell* cell, DeviceId device, Duration work) {
  struct StartWork {
    Engine* engine;
    Cell* cargo;
    DeviceId device;
    Duration work;
  };
  Cell* start = take_cell();
  start->invoke = [](Cell& c, Station*, Fate fate) {
    const auto s = c.take<StartWork>();
    if (fate != Fate::deliver) return s.engine->discard(s.cargo);
    s.engine->fabric_->start_work(s.engine->now_, s.device, s.work, s.engine->fly(s.cargo));
  };
  start->address(no_station, cell->sender);
  start->background = 1;  // the cargo counts
  start->store(StartWork{this, cell, device, work});
  return start;
}

Cell* Engine::copy_starter(Cell* cell, DeviceId from, DeviceId to, Bytes size) {
  struct StartCopy {
    Engine* engine;
    Cell* cargo;
    DeviceId from;
    DeviceId to;
    Bytes size;
  };
  Cell* start = take_cell();
  start->invoke = [](Cell& c, Station*, Fate fate) {
    const auto s = c.take<StartCopy>();
    Engine& e = *s.engine;
    if (fate != Fate::deliver) return e.discard(s.cargo);
    const FlowId id = e.fly(s.cargo);
    if (s.from.index == main_memory && s.to.index == main_memory)
      e.fabric_->start_flow(e.now_, s.from.machine, s.to.machine, s.size, id, {});
    else
      e.fabric_->start_copy(e.now_, s.from, s.to, s.size, id);
  };
  start->address(no_station, cell->sender);
  start->background = 1;
  start->store(StartCopy{this, cell, from, to, size});
  return start;
}

// Who has a device's speed to itself knows the end at once.
void Station::start_on_device(Cell* cell, DeviceId device, Duration work) {
  const DeviceSpec& spec = engine_.device(device);
  if (spec.shared) return post(engine_.work_starter(cell, device, work), {}, {}, true);
  post(cell, alone_on(spec, work), {}, true);
}

}  // namespace raysim
