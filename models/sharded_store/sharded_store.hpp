// A distributed store of large objects: which node has which piece, and what has to move for each command.
//
// Models: objects cut into pieces of one size; each piece on several nodes (replication), or stripes of pieces with parity pieces on as
// many different nodes, of which any `data` give back the others (erasure coding, as Reed-Solomon codes do); rules of placement; nodes
// that are lost and come back empty; repair. A state machine: a command says what moves, phase after phase, and the caller finds out
// how long that takes. Leaves out: contents, the time to code, disks, caches of clients, requests to whoever keeps the table.
// Mirrors no part of Ray, whose objects are whole on each node: it is the store of a course on distributed systems.
// Invariants: the copies of a piece, and the pieces of a stripe, lie on different nodes; no node holds more than its capacity; a
// command that fails (StoreError) changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/time.hpp"

namespace raysim {

struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class PiecePlacement : std::uint8_t { least_full, round_robin, hash };
inline constexpr std::string_view piece_placement_names[] = {"least_full", "round_robin", "hash"};

// Pieces of data and of parity: "4+2". Nothing when the text is no such pair.
std::optional<std::pair<int, int>> parse_erasure(std::string_view text);

inline constexpr int default_replicas = 3;  // of who says nothing

struct ShardedStoreSettings {
  Bytes piece_size{64 << 20};
  int replicas = 1;  // of each piece; with erasure coding 1
  int data = 0;      // pieces of a stripe; 0: no erasure coding
  int parity = 0;    // on top of these
  PiecePlacement placement = PiecePlacement::least_full;

  [[nodiscard]] bool erasure() const { return data > 0; }
  // Different nodes that a piece or stripe needs.
  [[nodiscard]] int width() const { return erasure() ? data + parity : replicas; }
  // Stored bytes over those of the objects, as far as pieces are full.
  [[nodiscard]] double overhead() const { return erasure() ? static_cast<double>(width()) / data : replicas; }
};

// Bytes from node to node (their numbers); within a node they cost no wire.
struct PieceMove {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  Bytes bytes;
};
// A piece (by its number in its object) that a repair makes anew at a node.
struct RepairedPiece {
  std::string object;
  std::size_t piece = 0;
  std::uint32_t node = 0;
};
// What a command moves: phases one after the other, the moves of one at the same time.
struct StorePlan {
  std::vector<std::vector<PieceMove>> phases;
  std::vector<RepairedPiece> repaired;
  std::int64_t pieces = 0;    // that it wrote, read or rebuilt, with parity
  std::int64_t degraded = 0;  // of these: read or rebuilt from others of their stripe
};

struct StoredPiece {
  Bytes size;
  std::vector<std::uint32_t> nodes;  // that have it; none: it is lost, or can only be rebuilt
};
struct ShardedObject {
  Bytes size;
  // In order. Erasure coding: stripes of `data` pieces (the last may have fewer) and then `parity` pieces.
  std::vector<StoredPiece> pieces;
};

class ShardedStore {
 public:
  struct Node {
    Bytes capacity;
    Bytes used;
    bool alive = true;
  };

  // Throws StoreError when the settings make no sense, or there are fewer nodes than they need.
  ShardedStore(ShardedStoreSettings settings, std::vector<Bytes> capacities);

  // A new object whose bytes are at `client`. Replication: they stream through a chain of the nodes of each piece,
  // the client itself first if it is one.
  StorePlan create(const std::string& name, Bytes size, std::uint32_t client);
  // Overwrites `size` bytes from `offset` on. Erasure coding: a stripe of which a part changes is read first.
  StorePlan write(const std::string& name, Bytes offset, Bytes size, std::uint32_t client);
  // Brings all of it to `client`: each piece from that node itself, else from the copy whose node gives least so far.
  StorePlan read(const std::string& name, std::uint32_t client) const;
  void remove(const std::string& name);
  // The node and what it holds are gone; with join() it is back, empty.
  void fail(std::uint32_t node);
  void join(std::uint32_t node);
  // Makes what is missing anew, wherever enough is left to do so.
  StorePlan repair();
  // A repair that was not carried out: what it made is not there.
  void take_back(const StorePlan& repair);

  [[nodiscard]] const std::map<std::string, ShardedObject>& objects() const { return objects_; }
  [[nodiscard]] const ShardedObject& object(const std::string& name) const;
  // Pieces that are missing (copies, with replication), and whether the object can still be read.
  [[nodiscard]] std::int64_t missing(const ShardedObject& object) const;
  [[nodiscard]] bool readable(const ShardedObject& object) const;
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const ShardedStoreSettings& settings() const { return settings_; }

  // Puts an object that was stored before where it was.
  void restore(const std::string& name, ShardedObject object);

 private:
  using Load = std::vector<std::int64_t>;  // bytes that each node gives, in one command
  [[nodiscard]] std::vector<std::uint32_t> place(const std::string& name, std::size_t group, std::size_t count,
                                                 Bytes size, const std::vector<std::uint32_t>& taken) const;
  [[nodiscard]] std::uint32_t best_source(const StoredPiece& piece, std::uint32_t to, const Load& load) const;
  [[nodiscard]] std::size_t stripe_width(const ShardedObject& object, std::size_t stripe) const;
  [[nodiscard]] std::size_t stripes(const ShardedObject& object) const;
  // Pieces of a stripe in order; with replication each piece is a stripe of its own.
  [[nodiscard]] std::vector<std::size_t> pieces_of(const ShardedObject& object, std::size_t stripe) const;
  [[nodiscard]] std::size_t data_of(const ShardedObject& object, std::size_t stripe) const;
  void fetch(const ShardedObject& object, const std::vector<std::size_t>& wanted, std::size_t stripe, std::uint32_t to,
             Load& load, StorePlan& plan, std::vector<PieceMove>& moves) const;
  void send(const StoredPiece& piece, std::uint32_t client, std::vector<PieceMove>& moves) const;
  void check_client(std::uint32_t client) const;
  void take(const StoredPiece& piece);
  void repair_stripe(const std::string& name, ShardedObject& object, std::size_t stripe, Load& load, StorePlan& plan);

  ShardedStoreSettings settings_;
  std::vector<Node> nodes_;
  std::map<std::string, ShardedObject> objects_;
};

}  // namespace raysim
