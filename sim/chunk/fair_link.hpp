// One direction of a link that serves pieces of many transfers, one at a time.
//
// Models: a fair queue (self-clocked, Golestani 1994): each piece has a tag, the bytes that its transfer or the link has had by then
// plus its own, and the least tag is next, so that transfers with pieces here get equal bytes; a bandwidth that changes in time.
// Leaves out: limits of the queue, pieces that are broken off. Mirrors no part of Ray.
// Invariants: a piece once begun is served to its end; the order of equal tags is fixed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/platform.hpp"

namespace raysim {

// A piece of a transfer that is to cross the `hop`th link of its way.
struct Piece {
  static constexpr std::uint32_t most_transfers = 1U << 24;
  static constexpr std::uint32_t most_hops = 1U << 7;
  std::uint32_t transfer : 24 = 0;
  std::uint32_t hop : 7 = 0;
  std::uint32_t last : 1 = 0;  // of its transfer, and shorter than the others
};

class alignas(64) FairLink {
 public:
  explicit FairLink(const LinkSpec& spec);

  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // Takes a piece into the queue. `tag`: that of the transfer's piece before here, 0 if none; becomes this one's. `turn`: whose turn
  // it is when tags are equal, the least first.
  void add(Piece piece, std::int64_t bytes, std::uint32_t turn, double& tag);
  // The next piece leaves the queue; none: it is empty.
  std::optional<Piece> take();
  // Begins with so many bytes, and is busy until done(), which is due at the moment returned.
  Time serve(Time now, std::int64_t bytes);
  void done();
  // How long so many bytes take at the bandwidth of that moment.
  [[nodiscard]] double ns_for(std::int64_t bytes, Time at) const {
    return static_cast<double>(bytes) * ns_a_byte_ / factor(at);
  }

 private:
  struct Waiting {
    double tag;
    std::uint32_t turn;
    Piece piece;
    bool operator>(const Waiting& o) const {
      if (tag != o.tag) return tag > o.tag;
      return turn != o.turn ? turn > o.turn : piece.transfer > o.piece.transfer;
    }
  };

  [[nodiscard]] double factor(Time at) const;

  std::vector<Waiting> waiting_;  // a heap, the least tag first
  double served_ = 0;             // tag of the last piece taken
  double fraction_ = 0;           // of a nanosecond, that the last end lies before the true one
  double ns_a_byte_;
  std::unique_ptr<const std::vector<LinkChange>> profile_;  // none: it never changes
  bool busy_ = false;
};
static_assert(sizeof(FairLink) == 64);

}  // namespace raysim
