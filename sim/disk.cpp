// What machines' disks do for stations: see Station::use_disk().
#include "sim/engine.hpp"

namespace raysim {

Cell* Engine::disk_starter(Cell* cell, DiskId disk, DiskUse use, Bytes size) {
  return starter(
      cell, [disk, use, size](Engine& e, Cell* cargo) { e.fabric_->start_io(e.now_, disk, use, size, e.fly(cargo)); });
}

}  // namespace raysim
