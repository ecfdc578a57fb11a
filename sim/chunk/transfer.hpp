// What the fabric of chunks knows of a transfer.
//
// Models: the pieces that it is cut into, and how far they are. Leaves out: where they wait (fair_link.hpp). Mirrors no part of Ray.
// Invariants: what has not entered and the pieces under way are all that has not arrived.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/chunk/fair_link.hpp"
#include "sim/fabric.hpp"

namespace raysim {

// So many pieces make a transfer, as long as they are neither small nor large. Fewer do in a crowd, where each is a small part of
// what waits anyway.
inline constexpr std::int64_t usual_pieces = 8;
inline constexpr std::int64_t small_piece = 32 << 10;  // bytes
inline constexpr std::int64_t large_piece = 1 << 20;
inline constexpr std::int64_t most_pieces = 256;
inline constexpr std::int64_t crowd = 8;

inline std::int64_t piece_of(std::int64_t size, std::size_t others) {
  const std::int64_t alone = std::clamp(size / usual_pieces + 1, small_piece, large_piece);
  return std::max(alone * std::clamp<std::int64_t>(static_cast<std::int64_t>(others) / crowd, 1, crowd),
                  size / most_pieces + 1);
}

// Whose turn it is among equals: multiples of the golden ratio, so that those who start one after the other are spread out. Else
// senders that send to the same receivers in the same order would move from one receiver to the next in a convoy.
inline std::uint32_t turn_of(std::uint64_t order) { return static_cast<std::uint32_t>(order) * 0x9e3779b1U; }

// One link of a transfer's way.
struct Hop {
  double tag;  // of its last piece there
  std::uint32_t link;
};

struct alignas(64) Transfer {
  static constexpr std::uint32_t usual_hops = 4;

  [[nodiscard]] Hop& hop(std::uint32_t i) { return i < usual_hops ? first_hops[i] : more_hops[i - usual_hops]; }
  [[nodiscard]] std::int64_t bytes_of(Piece p) const { return p.last != 0 ? last_piece : piece; }

  void add_hop(std::uint32_t link) {
    if (hops < usual_hops)
      first_hops[hops] = {0, link};
    else
      more_hops.push_back({0, link});
    ++hops;
  }

  std::array<Hop, usual_hops> first_hops{};
  std::int64_t left = 0;        // bytes, or nanoseconds of work, that have not entered
  std::int64_t piece = 0;       // bytes of all pieces but the last,
  std::int64_t last_piece = 0;  // and of that
  std::uint32_t turn = 0;
  std::uint32_t server = 0;  // when there are no hops
  std::uint16_t hops = 0;
  std::uint16_t under_way = 0;  // pieces
  bool waits = false;           // with a piece at the first link
  bool cancelled = false;
  FlowId id;
  std::uint64_t order = 0;   // of start; those that end together are reported in it
  double own_ns_a_byte = 0;  // of links it has for itself; none: 0
  Time own_free;             // when these are through with the pieces so far
  std::vector<Hop> more_hops;
};

}  // namespace raysim
