// What machines' disks do for stations: see Station::use_disk().
#include "sim/engine.hpp"

namespace raysim {

Cell* Engine::disk_starter(Cell* cell, DiskId disk, DiskUse use, Bytes size) {
  struct StartOnDisk {
    Engine* engine;
    Cell* cargo;
    DiskId disk;
    std::int64_t size;
    DiskUse use;
  };
  Cell* start = take_cell();
  start->invoke = [](Cell& c, Station*, Fate fate) {
    const auto s = c.take<StartOnDisk>();
    Engine& e = *s.engine;
    if (fate != Fate::deliver) return e.discard(s.cargo);
    const FlowId id{e.flying_.size()};
    e.flying_.push_back(s.cargo);
    e.fabric_->start_io(e.now_, s.disk, s.use, Bytes{s.size}, id);
  };
  start->address(no_station, cell->sender);
  start->background = 1;  // the cargo counts
  start->store(StartOnDisk{this, cell, disk, size.count, use});
  return start;
}

}  // namespace raysim
