// What is said about the distributed store of a run: commands of bodies, moves of pieces, answers.
//
// Models: a command reaches whoever keeps the table at once, and its answer the body that waits; only pieces take time. Leaves out: the
// contents. Mirrors no part of Ray, as the store (sharded_store.hpp). Invariants: each command has one answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/cluster.hpp"
#include "models/messages.hpp"
#include "models/sharded_store/sharded_store.hpp"

namespace raysim {

class StoreService;
class StoreServer;

// The table is known by its messages only.
template <class Message>
void deliver(StoreService& to, Message message);

struct StoreCommand {
  enum class Verb : std::uint8_t { create, read, write, remove, list, stat, fail, join, repair };
  Verb verb = Verb::list;
  std::string object;
  Bytes size;    // create, write
  Bytes offset;  // write
  NodeId node;   // fail, join
};
inline constexpr std::string_view store_verb_names[] = {"create", "read", "write", "delete", "list",
                                                        "stat",   "fail", "join",  "repair"};

// What a command came to.
struct StoreOutcome {
  std::string error;     // empty: it was carried out
  bool unknown = false;  // the error: there is no object of that name
  Duration time;
  Bytes moved;  // from node to node
  std::size_t connections = 0;
  std::int64_t pieces = 0;
  std::int64_t rebuilt = 0;           // of these, from others of their stripe
  std::vector<std::string> objects;   // list, and with an unknown one: all names
  std::optional<ShardedObject> stat;  // as it was then
  std::int64_t missing = 0;           // pieces of it
  bool readable = true;
};
using StoreOutcomeRef = std::shared_ptr<const StoreOutcome>;

struct RunStoreCommand {
  static constexpr auto kind = MessageKind::none;
  std::shared_ptr<const StoreCommand> command;
  Address<BodyThread> from;
  NodeId client;
  std::uint32_t context = 0;
  std::uint64_t wait = 0;
};
struct StoreAnswer {
  static constexpr auto kind = MessageKind::none;
  StoreOutcomeRef outcome;
  std::uint64_t wait = 0;
  std::uint32_t context = 0;
};
// To the server of a node: these bytes are to go to another one.
struct SendPieces {
  static constexpr auto kind = MessageKind::none;
  Address<StoreServer> to;
  std::uint32_t command = 0;
  Bytes bytes;
};
// The bytes.
struct MovePieces {
  static constexpr auto kind = MessageKind::move_pieces;
  std::uint32_t command = 0;
};
// To the table.
struct PiecesArrived {
  static constexpr auto kind = MessageKind::none;
  std::uint32_t command = 0;
};
struct NodeHasJoined {
  static constexpr auto kind = MessageKind::none;
  NodeId node;
};

}  // namespace raysim
