// The distributed store of a run: the table, and a server on each node that sends pieces to others.
//
// Models: each command's moves, phase after phase, on the same wires as all else in the run; what one node sends another in a phase goes
// over one connection. Commands that change an object wait for those about it that came before, and the others for them. A node that
// fails ends the commands whose pieces are on their way to or from it, with an error: of a create or a repair nothing stays.
// A node that joins the cluster later is lost until then. Leaves out: what the table costs and how it is asked, CPU time, disks.
// Mirrors no part of Ray. Invariants: those of ShardedStore; a command is answered once, after its last byte has arrived.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "models/runtime.hpp"
#include "models/sharded_store/sharded_store.hpp"
#include "models/sharded_store/store_messages.hpp"

namespace raysim {

// A store without objects on all nodes of a cluster; each gives as much as its object store has. Throws StoreError.
ShardedStore empty_store(const ShardedStoreSettings& settings, const ClusterSpec& cluster);

class StoreServer {
 public:
  StoreServer(Engine& engine, MachineId place, Address<StoreService> table);
  [[nodiscard]] Address<StoreServer> address() const { return address_; }
  [[nodiscard]] ProcessId process() const { return station_.process(); }

  void on(const SendPieces& send);
  void on(const MovePieces& moved);

 private:
  Engine& engine_;
  Station& station_;
  Address<StoreServer> address_;
  Address<StoreService> table_;
};

class StoreService {
 public:
  StoreService(Runtime& runtime, const ShardedStoreSettings& settings);
  [[nodiscard]] Address<StoreService> address() const { return address_; }

  void on(const RunStoreCommand& run);
  void on(const PiecesArrived& arrived);
  void on(const NodeHasJoined& joined);

 private:
  // A command that has come and is not answered.
  struct Pending {
    RunStoreCommand run;
    Time came;
    StorePlan plan = {};
    std::size_t phase = 0;  // the next one
    std::size_t open = 0;   // connections of the present one that have not delivered
    StoreOutcome outcome = {};
  };

  [[nodiscard]] StorePlan plan_of(const StoreCommand& command, std::uint32_t client, StoreOutcome& outcome);
  [[nodiscard]] bool must_wait(const StoreCommand& command, std::size_t before) const;
  void begin_those_that_can();
  void begin(Pending pending);
  void next_phase(std::uint32_t number);
  void answer(Pending& pending);
  void fail(NodeId node);
  void join(NodeId node);
  void abort(std::uint32_t number, NodeId lost);

  Runtime& runtime_;
  Station& station_;
  Address<StoreService> address_;
  ShardedStore store_;
  std::vector<std::unique_ptr<StoreServer>> servers_;  // by node; none: it is lost
  std::deque<Pending> waiting_;
  std::map<std::uint32_t, Pending> running_;  // by number
  std::uint32_t next_ = 0;
};

}  // namespace raysim
