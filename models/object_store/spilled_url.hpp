// Where a spilled object can be read again.
//
// Models: the URL of an object in a file that several may share. Leaves out: the text of it, the header of each object in the file.
// Mirrors what src/ray/raylet/local_object_manager.cc and python/ray/_private/external_storage.py (2.60) exchange.
// Invariants: numbers of files are never used again at their node.
#pragma once

#include <compare>
#include <cstdint>

#include "models/cluster.hpp"
#include "sim/time.hpp"

namespace raysim {

struct SpilledUrl {
  NodeId writer = no_node;  // no_node: not spilled
  std::uint32_t file = 0;   // among those of its writer
  Bytes offset;
  bool shared = false;          // on storage that every node reaches; else on the writer's disk,
  std::uint32_t directory = 0;  // in this one of its directories
  constexpr auto operator<=>(const SpilledUrl&) const = default;

  [[nodiscard]] bool valid() const { return writer != no_node; }
  // Whom to ask for it; no_node: anyone can read it, or nobody.
  [[nodiscard]] NodeId node() const { return shared ? no_node : writer; }
};

}  // namespace raysim
