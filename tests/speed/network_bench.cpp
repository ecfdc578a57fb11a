// Transfers in both models of the network: by how many are under way, by how many machines there are, and all to all at once.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/random.hpp"
#include "tests/speed/bag.hpp"

namespace raysim {
namespace {

PlatformSpec star(std::int64_t machines, NetworkModel model) {
  PlatformSpec platform;
  for (std::int64_t i = 0; i < machines; ++i) platform.machines.push_back({std::to_string(i), 1, false});
  platform.network.model = model;
  return platform;
}

// Transfers of 0.5 to 1.5 MB between random pairs, so many under way at any moment.
class Traffic {
 public:
  Traffic(std::int64_t machines, std::int64_t live, NetworkModel model)
      : machines_(static_cast<std::uint64_t>(machines)), fabric_(make_fabric(star(machines, model))) {
    for (std::int64_t i = 0; i < live; ++i) start();
    for (std::int64_t i = 0; i < 2 * live;) i += next();  // until they end at all times
  }
  // To the next moment at which some end; as many start. How many.
  std::int64_t next() {
    ended_.clear();
    now_ = fabric_->advance(Time::max(), ended_);
    for (std::size_t i = 0; i < ended_.size(); ++i) start();
    return static_cast<std::int64_t>(ended_.size());
  }

 private:
  void start() {
    const auto from = static_cast<std::uint32_t>(random_.below(machines_));
    const auto to = static_cast<std::uint32_t>((from + 1 + random_.below(machines_ - 1)) % machines_);
    const Bytes size{500'000 + static_cast<std::int64_t>(random_.below(1'000'000))};
    fabric_->start_flow(now_, {from}, {to}, size, {started_++});
  }

  std::uint64_t machines_;
  std::unique_ptr<Fabric> fabric_;
  RandomStream random_{1, "pairs"};
  std::vector<FlowId> ended_;
  std::uint64_t started_ = 0;
  Time now_;
};

double seconds_a_transfer(std::int64_t machines, std::int64_t live, NetworkModel model, std::int64_t transfers) {
  Traffic traffic(machines, live, model);
  const double start = speed::cpu_seconds();
  std::int64_t done = 0;
  while (done < transfers) done += traffic.next();
  return (speed::cpu_seconds() - start) / static_cast<double>(done);
}

// Arguments: machines, transfers under way. `over_10_on_100`: what a transfer costs, over what it costs in the same run with 10
// under way on 100 machines.
void transfers(benchmark::State& state, NetworkModel model) {
  const double base = seconds_a_transfer(100, 10, model, 20'000);
  Traffic traffic(state.range(0), state.range(1), model);
  const double start = speed::cpu_seconds();
  std::int64_t done = 0;
  for (auto _ : state) done += traffic.next();
  const double taken = speed::cpu_seconds() - start;
  state.SetItemsProcessed(done);
  state.counters["over_10_on_100"] = taken / static_cast<double>(done) / base;
}
BENCHMARK_CAPTURE(transfers, flow, NetworkModel::flow)->Args({100, 10})->Args({100, 100})->Args({100, 1'000});
BENCHMARK_CAPTURE(transfers, chunk, NetworkModel::chunk)
    ->Args({100, 10})
    ->Args({100, 100})
    ->Args({100, 1'000})
    ->Args({1'000, 100})
    ->Args({1'000, 1'000})
    ->Args({10'000, 100})
    ->Args({10'000, 10'000});

// Each machine has `pieces` of 0.5 to 1.5 MB for each other one, and takes from at most `admitted` others at a time; from each one
// piece after the other over one connection, or all at once. Machines begin with the one behind them.
class AllToAll {
 public:
  AllToAll(std::int64_t machines, std::int64_t pieces, std::int64_t admitted, bool connections, NetworkModel model)
      : machines_(static_cast<std::uint64_t>(machines)),
        pieces_(static_cast<std::uint64_t>(pieces)),
        admitted_(static_cast<std::uint64_t>(std::min(admitted, machines - 1))),
        connections_(connections),
        fabric_(make_fabric(star(machines, model))),
        next_source_(machines_, admitted_ + 1) {}
  // How many transfers.
  std::int64_t run() {
    std::int64_t done = 0;
    for (std::uint64_t shift = 1; shift <= admitted_; ++shift)
      for (std::uint64_t to = 0; to < machines_; ++to) begin(to, shift);
    std::vector<FlowId> ended;
    while (fabric_->busy()) {
      ended.clear();
      now_ = fabric_->advance(Time::max(), ended);
      done += static_cast<std::int64_t>(ended.size());
      for (const FlowId id : ended) follow(id.value);
    }
    return done;
  }

 private:
  void begin(std::uint64_t to, std::uint64_t shift) {
    for (std::uint64_t piece = 0; piece < (connections_ ? 1 : pieces_); ++piece) start(to, shift, piece);
  }
  // An id says which piece it is of which pair.
  void start(std::uint64_t to, std::uint64_t shift, std::uint64_t piece) {
    const std::uint64_t id = (to * machines_ + shift) * pieces_ + piece;
    const auto from = static_cast<std::uint32_t>((to + shift) % machines_);
    const Bytes size{500'000 + static_cast<std::int64_t>(random_.below(1'000'000))};
    fabric_->start_flow(now_, {from}, {static_cast<std::uint32_t>(to)}, size, {id});
  }
  void follow(std::uint64_t id) {
    const std::uint64_t to = id / pieces_ / machines_;
    const bool is_last = id % pieces_ + 1 == pieces_;
    if (connections_ && !is_last) return start(to, id / pieces_ % machines_, id % pieces_ + 1);
    if (is_last && next_source_[to] < machines_) begin(to, next_source_[to]++);
  }

  std::uint64_t machines_;
  std::uint64_t pieces_;
  std::uint64_t admitted_;
  bool connections_;
  std::unique_ptr<Fabric> fabric_;
  std::vector<std::uint64_t> next_source_;
  RandomStream random_{1, "sizes"};
  Time now_;
};

// Arguments: machines, pieces from each to each, from how many a machine takes at a time, whether over connections.
void all_to_all(benchmark::State& state, NetworkModel model) {
  std::int64_t done = 0;
  for (auto _ : state)
    done += AllToAll(state.range(0), state.range(1), state.range(2), state.range(3) != 0, model).run();
  state.SetItemsProcessed(done);
  state.counters["transfers"] = static_cast<double>(done) / static_cast<double>(state.iterations());
}
constexpr std::int64_t all = 1 << 20;
BENCHMARK_CAPTURE(all_to_all, flow, NetworkModel::flow)
    ->Args({32, 1, all, 1})
    ->Args({32, 4, all, 0})
    ->Args({32, 4, all, 1})
    ->Args({64, 1, all, 1})
    ->Args({100, 1, all, 1})
    ->Args({100, 1, 16, 1})
    ->Args({100, 1, 4, 1})
    ->Args({100, 1, 1, 1})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(all_to_all, chunk, NetworkModel::chunk)
    ->Args({32, 4, all, 1})
    ->Args({100, 1, all, 1})
    ->Args({100, 1, 4, 1})
    ->Args({1'000, 1, all, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace raysim
