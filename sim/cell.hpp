// One cache line that carries a message (or a timer) from its sender to its receiver.
//
// Models: the message on its way. Leaves out: how long the way is (sim/station.hpp). Cells come from a free list.
// Invariants: a payload fits into 48 bytes or owns its larger part; every cell is invoked exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace raysim {

class Station;

// Index of a station in the engine; never reused.
struct StationId {
  std::uint32_t index = ~std::uint32_t{0};
  constexpr auto operator<=>(const StationId&) const = default;
};
inline constexpr StationId no_station{};

// What is to be done with a message: hand it over, tell its sender that the receiver is gone, or drop it.
enum class Fate : std::uint8_t { deliver, undeliverable, drop };

class alignas(64) Cell {
 public:
  static constexpr std::size_t capacity = 40;
  using Invoke = void (*)(Cell&, Station*, Fate);

  Invoke invoke = nullptr;
  StationId target;
  StationId sender;
  std::uint64_t transit_ns : 48 = 0;  // how long the message has been on its way when it arrives
  std::uint64_t kind : 8 = 0;         // index into the costs and message counts; 0 costs nothing
  std::uint64_t background : 1 = 0;   // does not keep the run alive: a periodic timer, a notice that may never come
  std::uint64_t returns : 1 = 0;      // its sender wants to know when the receiver is gone
  std::uint64_t going_back : 1 = 0;   // on its way back to the sender, undelivered
  std::uint64_t completion : 1 = 0;   // the end of a service, not a message: never queued behind others
  std::uint64_t in_line : 1 = 0;      // goes over the connection of its pair: its bytes leave after those sent before

  // Addresses a fresh cell; everything else starts from nothing.
  void address(StationId to, StationId from, std::uint8_t message_kind = 0) {
    target = to;
    sender = from;
    kind = message_kind;
    transit_ns = 0;
    background = returns = going_back = completion = in_line = 0;
  }

  template <class Payload>
  void store(Payload payload) {
    static_assert(sizeof(Payload) <= capacity && alignof(Payload) <= 8, "keep messages small; own what is larger");
    ::new (static_cast<void*>(bytes_)) Payload(std::move(payload));
  }
  template <class Payload>
  Payload take() {
    auto* stored = std::launder(reinterpret_cast<Payload*>(bytes_));
    Payload out = std::move(*stored);
    std::destroy_at(stored);
    return out;
  }

 private:
  alignas(8) std::byte bytes_[capacity];
};
static_assert(sizeof(Cell) == 64);

class CellPool {
 public:
  Cell* take() {
    if (free_.empty()) grow();
    Cell* cell = free_.back();
    free_.pop_back();
    return cell;
  }
  void give_back(Cell* cell) { free_.push_back(cell); }
  [[nodiscard]] std::size_t in_use() const { return blocks_.size() * block_size - free_.size(); }

 private:
  static constexpr std::size_t block_size = 1024;
  void grow() {
    blocks_.push_back(std::make_unique<Cell[]>(block_size));
    for (std::size_t i = block_size; i-- > 0;) free_.push_back(&blocks_.back()[i]);
  }
  std::vector<std::unique_ptr<Cell[]>> blocks_;
  std::vector<Cell*> free_;
};

}  // namespace raysim
