// Large messages on their connections: one after the other, without a gap, for the next is on its way when one arrives.
#include <utility>

#include "sim/engine.hpp"

namespace raysim {

// Ids are used again, so that whoever looks at all flows looks at those of the moment.
FlowId Engine::fly(Cell* cell) {
  if (free_flows_.empty()) {
    free_flows_.push_back(flying_.size());
    flying_.push_back(nullptr);
  }
  const FlowId id{free_flows_.back()};
  free_flows_.pop_back();
  flying_[id.value] = cell;
  return id;
}

Cell* Engine::land(FlowId id) {
  free_flows_.push_back(id.value);
  return std::exchange(flying_[id.value], nullptr);
}

void Engine::start_flow(const Cargo& cargo) {
  const FlowId id = fly(cargo.cell);
  ++flows_;
  flow_bytes_ += cargo.size;
  const MachineId from = places_[cargo.cell->sender.index];
  fabric_->start_flow(now_, from, places_[cargo.cell->target.index], cargo.size, id, now_ - cargo.sent);
}

void Engine::send_next(Connection connection) {
  const auto line = connections_.find(connection);
  if (line->second.empty()) {
    connections_.erase(line);
    return;
  }
  const Cargo next = line->second.front();
  line->second.pop_front();
  start_flow(next);
}

// Bytes that are still on the wires break off with the connection.
void Engine::drop_flows_of(StationId station) {
  for (std::size_t i = 0; i < flying_.size(); ++i) {
    if (flying_[i] == nullptr || flying_[i]->sender != station) continue;
    fabric_->cancel_flow(FlowId{i});
    discard(land(FlowId{i}));
  }
  const auto first = connections_.lower_bound({station, StationId{0}});
  auto last = first;
  for (; last != connections_.end() && last->first.first == station; ++last)
    for (const Cargo& cargo : last->second) discard(cargo.cell);
  connections_.erase(first, last);
}

}  // namespace raysim
