// What machines' devices do for stations: see Station::compute_on() and copy().
#include <cmath>

#include "sim/engine.hpp"

namespace raysim {

Duration alone_on(const DeviceSpec& device, Duration work) {
  return {std::llround(static_cast<double>(work.ns) / device.speed)};
}

Cell* Engine::work_starter(Cell* cell, DeviceId device, Duration work) {
  return starter(cell,
                 [device, work](Engine& e, Cell* cargo) { e.fabric_->start_work(e.now_, device, work, e.fly(cargo)); });
}

Cell* Engine::copy_starter(Cell* cell, DeviceId from, DeviceId to, Bytes size) {
  return starter(cell, [from, to, size](Engine& e, Cell* cargo) {
    const FlowId id = e.fly(cargo);
    if (from.index == main_memory && to.index == main_memory)
      e.fabric_->start_flow(e.now_, from.machine, to.machine, size, id, {});
    else
      e.fabric_->start_copy(e.now_, from, to, size, id);
  });
}

// Who has a device's speed to itself knows the end at once.
void Station::start_on_device(Cell* cell, DeviceId device, Duration work) {
  const DeviceSpec& spec = engine_.device(device);
  if (spec.shared) return post(engine_.work_starter(cell, device, work), {}, {}, true);
  post(cell, alone_on(spec, work), {}, true);
}

}  // namespace raysim
