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

// What is to be placed: a lease on a worker, for tasks of one function with equal options.
struct Lease {
  std::string_view function;
  std::span<const Demand> demands;
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
};

// The version of this interface; raysim loads plugins of its own version only.
inline constexpr std::uint32_t abi_version = 1;

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
