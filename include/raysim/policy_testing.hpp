// A cluster to try a policy on, without raysim.
//
// Models: nodes with totals and what is free of them, written down one a line; node 0 decides unless told otherwise.
// Leaves out: time, reports, everything else that happens in a run.
// Invariants: the same numbers as a raylet would show the policy; Draws gives the same draws for the same seed.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <raysim/policy.hpp>

namespace raysim::plugin {

class TestCluster final : public Cluster {
 public:
  using Amounts = std::map<std::string, double, std::less<>>;

  TestCluster& node(const Amounts& total, const Amounts& available) {
    nodes_.push_back({"node" + std::to_string(nodes_.size()), total, available, true});
    return *this;
  }
  // CPUs alone.
  TestCluster& node(double total, double available) { return node({{"CPU", total}}, {{"CPU", available}}); }
  // Of the node that was added last.
  TestCluster& label(std::string key, std::string value) {
    nodes_.back().labels.emplace(std::move(key), std::move(value));
    return *this;
  }
  // The node that was added last is draining.
  TestCluster& draining() {
    nodes_.back().usable = false;
    return *this;
  }
  TestCluster& local(Node node) {
    local_ = node;
    return *this;
  }

  [[nodiscard]] Node size() const override { return static_cast<Node>(nodes_.size()); }
  [[nodiscard]] Node local() const override { return local_; }
  [[nodiscard]] std::string_view name(Node n) const override { return nodes_.at(n).name; }
  [[nodiscard]] std::string_view label(Node n, std::string_view key) const override {
    const auto found = nodes_.at(n).labels.find(key);
    return found == nodes_.at(n).labels.end() ? std::string_view{} : found->second;
  }
  [[nodiscard]] double total(Node n, std::string_view r) const override { return amount(nodes_.at(n).total, r); }
  [[nodiscard]] double available(Node n, std::string_view r) const override {
    return amount(nodes_.at(n).available, r);
  }
  [[nodiscard]] double utilisation(Node n) const override {
    double most = 0;
    for (const char* resource : {"CPU", "memory", "object_store_memory"})
      if (total(n, resource) > 0) most = std::max(most, 1 - available(n, resource) / total(n, resource));
    return most;
  }
  [[nodiscard]] bool is_feasible(Node n, const Lease& lease) const override {
    return nodes_.at(n).usable && covers(nodes_.at(n).total, lease);
  }
  [[nodiscard]] bool is_available(Node n, const Lease& lease) const override {
    return nodes_.at(n).usable && covers(nodes_.at(n).available, lease);
  }

 private:
  struct Known {
    std::string name;
    Amounts total;
    Amounts available;
    bool usable;
    std::map<std::string, std::string, std::less<>> labels{};
  };
  static double amount(const Amounts& amounts, std::string_view resource) {
    const auto found = amounts.find(resource);
    return found == amounts.end() ? 0 : found->second;
  }
  static bool covers(const Amounts& amounts, const Lease& lease) {
    return std::all_of(lease.demands.begin(), lease.demands.end(),
                       [&](const Demand& demand) { return amount(amounts, demand.resource) >= demand.amount; });
  }

  std::vector<Known> nodes_;
  Node local_ = 0;
};

// Random numbers of a test.
class Draws final : public Random {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t n) override {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(n));
  }
  double uniform() override {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11) * 0x1.0p-53;
  }

 private:
  std::uint64_t state_;
};

}  // namespace raysim::plugin
