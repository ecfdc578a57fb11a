// Finds a worker for an actor: leases one from a raylet, then has the actor created there.
//
// Models: redirects and rejections, retries after errors, nodes and workers that die in between, nodes that must first release the
// workers of an earlier GCS. Leaves out: the way of the messages and the choice of whom to ask first (the port), what an actor
// is, and when it is to be created or restarted.
// Mirrors src/ray/gcs/actor/gcs_actor_scheduler.cc (2.60).
// Invariants: an actor is being leased on one node at most, and created on one worker at most; answers for an actor that is
// not being leased there are ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "models/ids.hpp"

namespace raysim {

class ActorScheduler {
 public:
  // How the GCS reaches raylets and workers.
  class Port {
   public:
    virtual ~Port() = default;
    // The raylet to ask first; no_node: none is alive.
    virtual NodeId forwarding_node(ActorId actor) = 0;
    [[nodiscard]] virtual bool alive(NodeId node) const = 0;
    virtual void request_lease(ActorId actor, NodeId node, bool grant_or_reject) = 0;
    virtual void cancel_lease(ActorId actor, NodeId node) = 0;
    virtual void push_creation(ActorId actor, NodeId node, ProcessId worker) = 0;
    virtual void kill_worker(NodeId node, ProcessId worker) = 0;
    // Calls retry_lease() or retry_creation() after the retry interval.
    virtual void retry_lease_later(ActorId actor, NodeId node) = 0;
    virtual void retry_creation_later(ActorId actor, NodeId node) = 0;
    virtual void created(ActorId actor, NodeId node, ProcessId worker) = 0;
    virtual void failed(ActorId actor) = 0;  // nobody to ask, or the raylet cannot ever
  };
  explicit ActorScheduler(Port& port) : port_(port) {}

  void schedule(ActorId actor);
  // The same for an actor that has a worker already: it is created there.
  void reschedule(ActorId actor, NodeId node, std::optional<ProcessId> worker);

  struct LeaseAnswer {
    enum class Kind : std::uint8_t { granted, redirected, rejected, unschedulable, error };
    Kind kind = Kind::granted;
    NodeId node = no_node;  // redirected: whom to ask
    ProcessId worker;       // granted
  };
  void lease_answered(ActorId actor, NodeId node, const LeaseAnswer& answer);
  void creation_answered(ActorId actor, NodeId node, ProcessId worker, bool ok);
  void retry_lease(ActorId actor, NodeId node);
  void retry_creation(ActorId actor, NodeId node);

  // The node is dead: the actors that were being leased or created there.
  std::vector<ActorId> cancel_on_node(NodeId node);
  // The worker is dead: the actor that was being created there, if any.
  std::optional<ActorId> cancel_on_worker(NodeId node, ProcessId worker);
  // The actor was killed while it was being leased.
  void cancel_leasing(ActorId actor);

  // Nodes that have not yet confirmed the clean-up after a restart of the GCS are asked for nothing.
  void release_unused_workers(std::span<const NodeId> nodes) { releasing_.insert(nodes.begin(), nodes.end()); }
  void released(NodeId node) { releasing_.erase(node); }
  [[nodiscard]] bool releasing(NodeId node) const { return releasing_.contains(node); }

 private:
  struct Leasing {
    NodeId node;
    bool grant_or_reject = false;
  };
  struct Creating {
    NodeId node;
    ProcessId worker;
  };
  void lease_from(ActorId actor, NodeId node, bool grant_or_reject);
  void create_on(ActorId actor, NodeId node, ProcessId worker);

  Port& port_;
  std::map<ActorId, Leasing> leasing_;
  std::map<ActorId, Creating> creating_;
  std::set<NodeId> releasing_;
};

}  // namespace raysim
