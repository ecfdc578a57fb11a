// What machines' devices do for stations: see Station::compute_on() and copy_to().
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

Duration alone_on(const DeviceSpec& device, Duration work) {
  return {std::llround(static_cast<double>(work.ns) / device.speed)};
}

Cell* Engine::device_starter(Cell* cell, DeviceId device, Duration work, Bytes copied) {
  struct StartOnDevice {
    Engine* engine;
    Cell* cargo;
    DeviceId device;
    std::int64_t amount;  // nanoseconds, or below zero the bytes
  };
  Cell* start = take_cell();
  start->invoke = [](Cell& c, Station*, Fate fate) {
    const auto s = c.take<StartOnDevice>();
    Engine& e = *s.engine;
    if (fate != Fate::deliver) return e.discard(s.cargo);
    const FlowId id = e.fly(s.cargo);
    if (s.amount >= 0)
      e.fabric_->start_work(e.now_, s.device, Duration{s.amount}, id);
    else
      e.fabric_->start_copy(e.now_, s.device, Bytes{-s.amount}, id);
  };
  start->address(no_station, cell->sender);
  start->background = 1;  // the cargo counts
  start->store(StartOnDevice{this, cell, device, copied.count > 0 ? -copied.count : work.ns});
  return start;
}

// Who has a device's speed to itself knows the end at once.
void Station::start_on_device(Cell* cell, DeviceId device, Duration work) {
  const DeviceSpec& spec = engine_.device(device);
  if (spec.shared) return post(engine_.device_starter(cell, device, work, {}), {}, {}, true);
  post(cell, alone_on(spec, work), {}, true);
}

}  // namespace raysim
