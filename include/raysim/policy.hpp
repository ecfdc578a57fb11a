// A scheduling policy of one's own, for `raysim run S.yaml --plugin libmine.so --policy mine`.
//
// Models: the question that a raylet asks for each lease, "which node?", with what it believes of the cluster at that
// moment. Leaves out: everything else of raysim; this header needs the C++20 standard library alone, and a plugin links
// nothing. `raysim new policy mine` writes one with its build and a test; docs/own_policy.md explains it.
// Mirrors src/ray/raylet/scheduling/policy/scheduling_policy.h (2.60) in simpler terms.
// Invariants: what a policy is given lives until it returns; every raylet has a policy object of its own, so its members
// are what one raylet knows; a policy draws random numbers from what it is given only, then a seed fixes a run.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace raysim::plugin {

// Number of a node in [0, cluster.size()).
using Node = std::uint32_t;
inline constexpr Node nowhere = ~Node{0};

struct Demand {
  std::string_view resource;  // as in Ray: "CPU", "GPU", "memory", custom names
  double amount = 0;          // in Ray's units; memory in bytes
};

// An argument that lies in the object stores of nodes; small ones travel with the task and are not listed.
struct Argument {
  double bytes = 0;
  std::span<const Node> nodes;  // that held it when the task's owner asked for the lease, as far as the owner knew
};

// What is to be placed: a lease on a worker, for tasks of one function with equal options and arguments.
struct Lease {
  std::string_view function;
  std::span<const Demand> demands;
  int priority = 0;  // the task option `priority`; larger is more urgent
  std::span<const Argument> arguments{};

  // Of the arguments, how much would not have to get there.
  [[nodiscard]] double bytes_at(Node node) const {
    double sum = 0;
    for (const Argument& argument : arguments)
      for (const Node holder : argument.nodes) sum += holder == node ? argument.bytes : 0;
    return sum;
  }
};

// A task that waits at its owner. Times below 0 are not known.
struct Task : Lease {
  double seconds = -1;           // what it will take; no real scheduler knows it
  double expected_seconds = -1;  // the mean of the function's runs that its owner has seen, else of its distribution
};

// What a policy asks of the processes around it, beyond a node for each lease. Without them all is as in Ray.
struct Traits {
  bool ranked = false;        // tasks and leases wait by rank(), not in the order they came
  bool stays = false;         // a lease waits where it was sent: no second decision there, and no spilling
  std::uint32_t probes = 0;   // d: the owner asks d random raylets for each task, and takes the first worker offered
  bool central = false;       // one scheduler beside the GCS decides for all, and knows what it has assigned
  bool steals = false;        // a raylet with room and nothing waiting takes leases that wait at a random other one
  bool preempts = false;      // a lease that waits ends the worker of a lease of worse rank; its task is tried again
  bool perfect_view = false;  // decisions see what is free at this moment, also what was promised but not yet taken
  bool locality_unaware = false;  // the owner asks its own node first; in Ray, the one with most bytes of the arguments
};

// The cluster as the deciding raylet believes it to be: exact for its own node, for the others as last reported, less what
// it has sent there since.
class Cluster {
 public:
  virtual ~Cluster() = default;
  [[nodiscard]] virtual Node size() const = 0;
  // The node of the raylet that decides.
  [[nodiscard]] virtual Node local() const = 0;
  [[nodiscard]] virtual std::string_view name(Node node) const = 0;
  // The value of a label; empty when the node has none of that key.
  [[nodiscard]] virtual std::string_view label(Node node, std::string_view key) const = 0;
  // Amounts of a resource, 0 when the node has none. `available` may be below 0: a task that waited took its CPU back.
  [[nodiscard]] virtual double total(Node node, std::string_view resource) const = 0;
  [[nodiscard]] virtual double available(Node node, std::string_view resource) const = 0;
  // The largest used share of CPU, memory and object store memory: 0 idle, 1 full. Ray's critical resource utilization.
  [[nodiscard]] virtual double utilisation(Node node) const = 0;
  // Whether the node's totals hold the demands, whatever is in use, and its labels pass the lease's selector; false for a
  // node that is draining or dead.
  [[nodiscard]] virtual bool is_feasible(Node node, const Lease& lease) const = 0;
  // The same with what is free now.
  [[nodiscard]] virtual bool is_available(Node node, const Lease& lease) const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  // Uniform in [0, n); n > 0.
  virtual std::uint64_t below(std::uint64_t n) = 0;
  // Uniform in [0, 1).
  virtual double uniform() = 0;
};

class Policy {
 public:
  virtual ~Policy() = default;
  // Which node? A feasible one, with or without room now: without, the lease waits there. `nowhere`: it waits here, and is
  // asked about again when something has changed. Not called when no node is feasible.
  virtual Node choose(const Cluster& cluster, const Lease& lease, Random& random) = 0;
  // Who goes first among what waits at one place, when traits say `ranked`: the smallest; equal ones as they came. Asked by
  // the owner when it queues the task; a lease has the rank of the first task that it is requested for.
  [[nodiscard]] virtual double rank(const Task& /*task*/) const { return 0; }
  // The same for every object of the policy and at all times.
  [[nodiscard]] virtual Traits traits() const { return {}; }
};

// A building block: the least used of the nodes with room, by draw among equals; `nowhere` when none has room.
inline Node least_used(const Cluster& cluster, const Lease& lease, Random& random, bool with_room = true) {
  Node best = nowhere;
  double least = 0;
  std::uint64_t equals = 0;
  for (Node node = 0; node < cluster.size(); ++node) {
    if (with_room ? !cluster.is_available(node, lease) : !cluster.is_feasible(node, lease)) continue;
    const double used = cluster.utilisation(node);
    if (best != nowhere && used > least) continue;
    equals = best == nowhere || used < least ? 1 : equals + 1;
    if (equals == 1 || random.below(equals) == 0) best = node;
    least = used;
  }
  return best;
}

// The version of this interface; raysim loads plugins of its own version only.
inline constexpr std::uint32_t abi_version = 2;

struct Entry {
  const char* name;   // for `--policy`
  Policy* (*make)();  // a new object; raysim deletes it
};

// What a shared object holds: up to `most` policies.
struct Plugin {
  static constexpr std::uint32_t most = 16;
  std::uint32_t abi = abi_version;  // stays first in every version
  std::uint32_t count = 0;
  Entry entries[most] = {};

  constexpr Plugin(std::initializer_list<Entry> policies) {
    for (const Entry& entry : policies) entries[count++] = entry;
  }
};

template <class Mine>
Policy* make() {
  return new Mine;
}

}  // namespace raysim::plugin

// The one name that a plugin defines, in one of its files:
//   const raysim::plugin::Plugin raysim_plugin{{"mine", raysim::plugin::make<Mine>}};
extern "C" __attribute__((visibility("default"))) const raysim::plugin::Plugin raysim_plugin;
