// The nodes of a view in the order in which the hybrid policy would rank them, kept up to date as the view changes.
//
// Models: for each demand that is asked for, the nodes that have room and those that only are large enough, by (score, node id);
// a changed node is put in its new place before the next question. Leaves out: label selectors and queues of pulls.
// Invariants: says what a scan of the view would say, as long as the view tells it of every change; a question after c changes costs c times the logarithm of the nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/resources.hpp"
#include "models/scheduling/ordered_keys.hpp"

namespace raysim {

struct ClusterView;

// What is asked: nodes for a demand, with scores below the threshold taken for 0, and with GPU nodes apart or not.
struct RankedDemand {
  ResourceSet demand;
  float spread_threshold = 0;
  bool gpu_nodes_apart = false;
};

// Nodes for one demand. A key is the score's bits above the rank of the node by id, so keys sort as the nodes do.
class RankedNodes {
 public:
  RankedNodes(RankedDemand demand, const ClusterView& view);

  [[nodiscard]] const RankedDemand& demand() const { return demand_; }
  void update(const ClusterView& view, std::uint32_t rank);
  void rebuild(const ClusterView& view);

  // Nodes with room: those without GPUs, or all when GPU nodes are not apart; those with GPUs; and nodes without room.
  [[nodiscard]] const OrderedKeys& roomy() const { return places_[0]; }
  [[nodiscard]] const OrderedKeys& roomy_with_gpu() const { return places_[1]; }
  [[nodiscard]] const OrderedKeys& busy() const { return places_[2]; }
  // The key of a node that is in one of them.
  [[nodiscard]] std::uint64_t key_of(std::uint32_t rank) const { return nodes_[rank].key; }
  [[nodiscard]] bool is_in(const OrderedKeys& keys, std::uint32_t rank) const {
    return nodes_[rank].place != nowhere && &places_[nodes_[rank].place] == &keys;
  }

  static std::uint32_t rank_of(std::uint64_t key) { return static_cast<std::uint32_t>(key); }
  static float score_of(std::uint64_t key);

 private:
  static constexpr std::uint8_t nowhere = 3;
  struct Place {
    std::uint64_t key = 0;
    std::uint8_t place = nowhere;
  };
  [[nodiscard]] Place place_of(const ClusterView& view, std::uint32_t rank) const;

  RankedDemand demand_;
  OrderedKeys places_[3];
  std::vector<Place> nodes_;  // by rank
};

class ViewIndex {
 public:
  explicit ViewIndex(std::size_t nodes) : changes_(nodes) {}

  // The node of this rank is not what it was.
  void changed(std::uint32_t rank) { changes_[written_++ % changes_.size()] = rank; }
  // The nodes of the view, which must be the one that tells this index of its changes.
  const RankedNodes& nodes_for(const ClusterView& view, const ResourceSet& demand, float spread_threshold,
                               bool gpu_nodes_apart);

 private:
  static constexpr std::size_t most_demands = 16;  // the one asked for longest ago is forgotten
  struct Entry {
    std::unique_ptr<RankedNodes> nodes;
    std::uint64_t read = 0;  // changes that it knows of
  };

  std::vector<std::uint32_t> changes_;  // a ring
  std::uint64_t written_ = 0;
  std::vector<Entry> entries_;  // the one asked for last comes first
};

}  // namespace raysim
