// Large messages on their connections: one after the other.
#include "sim/engine.hpp"

namespace raysim {

void Engine::start_flow(const Cargo& cargo) {
  const FlowId id{flying_.size()};
  flying_.push_back(cargo.cell);
  ++flows_;
  flow_bytes_ += cargo.size;
  fabric_->start_flow(now_, places_[cargo.cell->sender.index], places_[cargo.cell->target.index], cargo.size, id);
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
    discard(flying_[i]);
    flying_[i] = nullptr;
  }
  const auto first = connections_.lower_bound({station, StationId{0}});
  auto last = first;
  for (; last != connections_.end() && last->first.first == station; ++last)
    for (const Cargo& cargo : last->second) discard(cargo.cell);
  connections_.erase(first, last);
}

}  // namespace raysim
