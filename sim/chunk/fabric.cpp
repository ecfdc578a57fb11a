// The fabric of sim/fabric.hpp by queues at links instead of a solver.
//
// Models: a transfer is cut into pieces, of which no more are under way than it has links and one; each link serves one piece at a
// time in fair turns (fair_link.hpp) and passes it on as it comes in, so that a transfer alone takes its bytes over the narrowest
// link. Transfers with pieces waiting at a link get equal shares of it, and one that is held up elsewhere leaves its share to the
// others: round robin with windows comes to max-min fair shares (Hahne 1991). Latency is paid once, before the first piece. What
// crosses one thing only (loopback, device, disk) shares it evenly and exactly (shared_server.hpp).
// Leaves out: queues that overflow, acknowledgements. Mirrors no part of Ray.
// Invariants: a piece costs O(log of those waiting) a link, whatever the size of the network; a transfer has at most as many pieces
// as most_pieces; every byte that enters leaves, or its transfer was cancelled.
#include "sim/fabric.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "sim/chunk/fair_link.hpp"
#include "sim/chunk/shared_server.hpp"
#include "sim/chunk/transfer.hpp"
#include "sim/event_queue.hpp"
#include "sim/topology.hpp"

namespace raysim {
namespace {

enum class Happening : std::uint32_t { enter, arrive, served, due };

class ChunkFabric final : public Fabric {
 public:
  ChunkFabric(const PlatformSpec& platform, std::unique_ptr<Topology> topology);

  Route route(MachineId from, MachineId to) override {
    return from == to ? topology_->loopback(from).route : topology_->route(from, to);
  }
  void start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) override;
  void start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) override;
  void start_work(Time at, DeviceId device, Duration work, FlowId id) override;
  void start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) override;
  void cancel_flow(FlowId id) override;
  bool busy() const override { return !slots_.empty(); }
  Time advance(Time until, std::vector<FlowId>& ended) override;
  Time clock() const override { return clock_; }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Event {
    Happening what;
    std::uint32_t index;  // of a transfer, a link or a server, or a piece
  };

  void add_links();
  std::uint32_t begin(Time at, FlowId id);
  void start_on_path(Time at, Bytes size, FlowId id, Duration under_way);
  void start_unshared(Time at, const Route& route, Bytes size, FlowId id);
  void run(Time until);
  void handle(Event event);
  void fetch_ahead(Event event) const;
  void enter(std::uint32_t transfer);
  void feed(std::uint32_t transfer);
  void arrive(Piece piece);
  void serve(std::uint32_t link);
  void served(std::uint32_t link);
  void pass_on(Piece piece, Time end);
  void drop(std::uint32_t transfer);
  void serve_jobs(std::uint32_t server);
  void jobs_changed(std::uint32_t server);
  void end(std::uint32_t transfer) { ended_.push_back(transfer); }
  void push_due(std::uint32_t server) {
    if (servers_[server].due() < Time::max()) push(servers_[server].due(), Happening::due, server);
  }
  void push(Time at, Happening what, std::uint32_t index) { events_.push(at, {what, index}); }
  std::uint32_t begin_job(Time at, std::uint32_t server, std::int64_t amount, FlowId id);

  std::unique_ptr<Topology> topology_;
  std::vector<std::uint32_t> first_server_;  // of each machine's devices, and one more
  std::vector<FairLink> links_;
  std::vector<std::uint32_t> leaving_;     // by link: the transfer whose piece is in service, if this is its last link
  std::vector<SharedServer> servers_;      // loopbacks, then those of devices, then those of disks
  std::vector<std::uint32_t> first_disk_;  // of each machine, and one more: indices in disks_
  std::vector<DiskSpec> disks_;            // of all machines: one has two servers, for reads and writes
  std::uint32_t first_disk_server_ = 0;
  std::vector<Transfer> transfers_;
  std::vector<std::uint32_t> free_transfers_;
  std::unordered_map<std::uint64_t, std::uint32_t> slots_;  // transfers on their way, by id
  TimedQueue<Event> events_;
  Path path_;  // of the last one that started
  Time clock_;
  std::uint64_t started_ = 0;
  std::vector<std::uint32_t> ended_;  // transfers, not yet reported
  std::vector<std::uint32_t> due_;    // of a server
};

ChunkFabric::ChunkFabric(const PlatformSpec& platform, std::unique_ptr<Topology> topology)
    : topology_(std::move(topology)) {
  add_links();
  const auto machines = static_cast<std::uint32_t>(platform.machines.size());
  for (std::uint32_t i = 0; i < machines; ++i)
    servers_.emplace_back(topology_->loopback({i}).route.bandwidth.bytes_per_second * 1e-9);
  for (const MachineSpec& machine : platform.machines) {
    first_server_.push_back(static_cast<std::uint32_t>(servers_.size()));
    for (const DeviceSpec& device : machine.devices) servers_.emplace_back(device.speed);
  }
  first_disk_server_ = static_cast<std::uint32_t>(servers_.size());
  first_server_.push_back(first_disk_server_);
  for (const MachineSpec& machine : platform.machines) {
    first_disk_.push_back(static_cast<std::uint32_t>(disks_.size()));
    disks_.insert(disks_.end(), machine.disks.begin(), machine.disks.end());
  }
  first_disk_.push_back(static_cast<std::uint32_t>(disks_.size()));
  servers_.resize(servers_.size() + 2 * disks_.size(), SharedServer(0));  // jobs_changed() says at what rates
}

void ChunkFabric::add_links() {
  for (std::size_t i = links_.size(); i < topology_->links().size(); ++i) links_.emplace_back(topology_->links()[i]);
  leaving_.resize(links_.size(), none);
}

std::uint32_t ChunkFabric::begin(Time at, FlowId id) {
  if (at < clock_) throw std::logic_error("a flow starts before the physical clock");
  run(at);
  if (clock_ < at) throw std::logic_error("a flow ended before this one starts; call advance() first");
  if (free_transfers_.empty()) {
    if (transfers_.size() == Piece::most_transfers) throw std::logic_error("too many flows at once");
    free_transfers_.push_back(static_cast<std::uint32_t>(transfers_.size()));
    transfers_.emplace_back();
  }
  const std::uint32_t slot = free_transfers_.back();
  if (!slots_.emplace(id.value, slot).second) throw std::logic_error("a flow with this id is on its way");
  free_transfers_.pop_back();
  transfers_[slot] = {};
  transfers_[slot].id = id;
  transfers_[slot].order = started_++;
  return slot;
}

void ChunkFabric::start_flow(Time at, MachineId from, MachineId to, Bytes size, FlowId id, Duration under_way) {
  if (size.count < 0) throw std::logic_error("start_flow: negative size");
  if (from == to) {
    const Loopback loopback = topology_->loopback(from);
    const Duration left = std::max(loopback.route.latency - under_way, Duration{});
    if (!loopback.shared) return start_unshared(at, {left, loopback.route.bandwidth}, size, id);
    return push(at + left, Happening::enter, begin_job(at, from.index, size.count, id));
  }
  topology_->path(from, to, path_);
  start_on_path(at, size, id, under_way);
}

void ChunkFabric::start_copy(Time at, DeviceId from, DeviceId to, Bytes size, FlowId id) {
  if (size.count < 0) throw std::logic_error("start_copy: negative size");
  topology_->copy_path(from, to, path_);
  start_on_path(at, size, id, {});
}

void ChunkFabric::start_on_path(Time at, Bytes size, FlowId id, Duration under_way) {
  add_links();
  const Duration latency = std::max(path_.latency - under_way, Duration{});
  if (path_.links.empty()) return start_unshared(at, {latency, path_.own}, size, id);
  if (path_.links.size() >= Piece::most_hops) throw std::invalid_argument("a route of too many links");
  const std::uint32_t slot = begin(at, id);
  Transfer& transfer = transfers_[slot];
  transfer.left = size.count;
  if (path_.own.bytes_per_second > 0) transfer.own_ns_a_byte = 1e9 / path_.own.bytes_per_second;
  transfer.turn = turn_of(transfer.order);
  for (const std::uint32_t link : path_.links) transfer.add_hop(link);
  push(at + latency, Happening::enter, slot);
}

// Over links that it has for itself: nothing happens until its end.
void ChunkFabric::start_unshared(Time at, const Route& route, Bytes size, FlowId id) {
  push(at + route.latency + route.bandwidth.time_for(size), Happening::enter, begin(at, id));
}

std::uint32_t ChunkFabric::begin_job(Time at, std::uint32_t server, std::int64_t amount, FlowId id) {
  const std::uint32_t slot = begin(at, id);
  transfers_[slot].server = server;
  transfers_[slot].left = amount;
  return slot;
}

void ChunkFabric::start_work(Time at, DeviceId device, Duration work, FlowId id) {
  const std::size_t machine = device.machine.index;
  if (work < Duration{} || machine + 1 >= first_server_.size() ||
      device.index >= first_server_[machine + 1] - first_server_[machine])
    throw std::logic_error("start_work: negative work, or no such device");
  push(at, Happening::enter, begin_job(at, first_server_[machine] + device.index, work.ns, id));
}

void ChunkFabric::start_io(Time at, DiskId disk, DiskUse use, Bytes size, FlowId id) {
  const std::size_t machine = disk.machine.index;
  if (size.count < 0 || machine + 1 >= first_disk_.size() ||
      disk.index >= first_disk_[machine + 1] - first_disk_[machine])
    throw std::logic_error("start_io: negative size, or no such disk");
  const std::uint32_t index = first_disk_[machine] + disk.index;
  const DiskSpec& spec = disks_[index];
  if (!(spec.read.bytes_per_second > 0) || !(spec.write.bytes_per_second > 0))
    throw std::logic_error("a disk without bandwidth");
  const std::uint32_t server = first_disk_server_ + 2 * index + (use == DiskUse::read ? 0 : 1);
  push(at + spec.latency, Happening::enter, begin_job(at, server, size.count, id));
}

// Pieces that wait are passed over when their turn comes; the one in service goes on to its end.
void ChunkFabric::cancel_flow(FlowId id) {
  const auto found = slots_.find(id.value);
  if (found == slots_.end()) return;
  const std::uint32_t slot = found->second;
  Transfer& transfer = transfers_[slot];
  slots_.erase(found);
  transfer.cancelled = true;
  const bool was_ended = std::erase(ended_, slot) > 0;
  transfer.left = 0;
  if (was_ended) return free_transfers_.push_back(slot);
  if (transfer.hops == 0 && transfer.under_way > 0) {
    servers_[transfer.server].remove(clock_, slot);
    jobs_changed(transfer.server);
    free_transfers_.push_back(slot);
  }
}

Time ChunkFabric::advance(Time until, std::vector<FlowId>& ended) {
  if (until < clock_) throw std::logic_error("advance: the moment lies before the physical clock");
  run(until);
  std::sort(ended_.begin(), ended_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return transfers_[a].order < transfers_[b].order; });
  for (const std::uint32_t slot : ended_) {
    ended.push_back(transfers_[slot].id);
    slots_.erase(transfers_[slot].id.value);
    free_transfers_.push_back(slot);
  }
  ended_.clear();
  return clock_;
}

// To the first moment at which transfers end, or to `until`.
void ChunkFabric::run(Time until) {
  while (!events_.empty()) {
    const Time next = events_.next_time();
    if (next > until || (!ended_.empty() && next > clock_)) break;
    clock_ = next;
    const Event event = events_.pop().what;
    for (const auto& soon : events_.soon()) fetch_ahead(soon.what);
    handle(event);
  }
  if (ended_.empty()) clock_ = until;
}

// In a large network the next event is of a link or a transfer that no cache holds.
void ChunkFabric::fetch_ahead(Event event) const {
  switch (event.what) {
    case Happening::enter: return __builtin_prefetch(&transfers_[event.index]);
    case Happening::arrive: return __builtin_prefetch(&transfers_[std::bit_cast<Piece>(event.index).transfer]);
    case Happening::served: return __builtin_prefetch(&links_[event.index]);
    case Happening::due: return;
  }
}

void ChunkFabric::handle(Event event) {
  switch (event.what) {
    case Happening::enter: return enter(event.index);
    case Happening::arrive: return arrive(std::bit_cast<Piece>(event.index));
    case Happening::served: return served(event.index);
    case Happening::due: return serve_jobs(event.index);
  }
}

void ChunkFabric::enter(std::uint32_t slot) {
  Transfer& transfer = transfers_[slot];
  if (transfer.cancelled) return free_transfers_.push_back(slot);
  if (transfer.left == 0) return end(slot);
  if (transfer.hops > 0) {
    std::size_t others = 0;
    for (std::uint32_t i = 0; i < transfer.hops; ++i) others = std::max(others, links_[transfer.hop(i).link].waiting());
    transfer.piece = piece_of(transfer.left, others);
    transfer.own_free = clock_;
    return feed(slot);
  }
  SharedServer& server = servers_[transfer.server];
  server.add(clock_, slot, static_cast<double>(transfer.left));
  transfer.left = 0;
  transfer.under_way = 1;
  jobs_changed(transfer.server);
}

// The next piece goes to the first link, when the one before has left it and there is room in the window.
void ChunkFabric::feed(std::uint32_t slot) {
  Transfer& transfer = transfers_[slot];
  if (transfer.waits || transfer.left == 0 || transfer.under_way > transfer.hops) return;
  Piece piece{slot, 0, 0};
  if (transfer.left <= transfer.piece) {
    piece.last = 1;
    transfer.last_piece = transfer.left;
  }
  const std::int64_t bytes = transfer.bytes_of(piece);
  transfer.left -= bytes;
  ++transfer.under_way;
  transfer.waits = true;
  if (transfer.own_ns_a_byte == 0) return arrive(piece);
  // Links that it has for itself come first.
  const auto ns = static_cast<std::int64_t>(static_cast<double>(bytes) * transfer.own_ns_a_byte);
  transfer.own_free = std::max(transfer.own_free, clock_) + Duration{ns};
  pass_on(piece, transfer.own_free);
}

void ChunkFabric::arrive(Piece piece) {
  Transfer& transfer = transfers_[piece.transfer];
  Hop& hop = transfer.hop(piece.hop);
  FairLink& link = links_[hop.link];
  link.add(piece, transfer.bytes_of(piece), transfer.turn, hop.tag);
  if (!link.busy()) serve(hop.link);
}

// The next piece's turn. The link after this one begins as early as it can without running dry.
void ChunkFabric::serve(std::uint32_t index) {
  FairLink& link = links_[index];
  leaving_[index] = none;
  std::optional<Piece> next = link.take();
  for (; next && transfers_[next->transfer].cancelled; next = link.take()) drop(next->transfer);
  if (!next) return;
  Piece piece = *next;
  Transfer& transfer = transfers_[piece.transfer];
  const Time until = link.serve(clock_, transfer.bytes_of(piece));
  push(until, Happening::served, index);
  const bool is_first = piece.hop == 0;
  if (piece.hop + 1U == transfer.hops) {
    leaving_[index] = piece.transfer;
  } else {
    piece.hop = static_cast<std::uint32_t>(piece.hop + 1) % Piece::most_hops;
    pass_on(piece, until);
  }
  if (!is_first) return;
  transfer.waits = false;
  feed(piece.transfer);
}

// What is through here at `end` need not be through to go on.
void ChunkFabric::pass_on(Piece piece, Time end) {
  Transfer& transfer = transfers_[piece.transfer];
  const double ns = links_[transfer.hop(piece.hop).link].ns_for(transfer.bytes_of(piece), clock_);
  const Time start = end - Duration{static_cast<std::int64_t>(std::min(ns, static_cast<double>((end - clock_).ns)))};
  start > clock_ ? push(start, Happening::arrive, std::bit_cast<std::uint32_t>(piece)) : arrive(piece);
}

void ChunkFabric::served(std::uint32_t link) {
  links_[link].done();
  const std::uint32_t slot = leaving_[link];
  serve(link);
  if (slot == none) return;
  drop(slot);
  const Transfer& transfer = transfers_[slot];
  if (transfer.cancelled) return;
  transfer.left == 0 && transfer.under_way == 0 ? end(slot) : feed(slot);
}

// One piece less is under way.
void ChunkFabric::drop(std::uint32_t slot) {
  Transfer& transfer = transfers_[slot];
  --transfer.under_way;
  if (transfer.cancelled && transfer.under_way == 0) free_transfers_.push_back(slot);
}

void ChunkFabric::serve_jobs(std::uint32_t index) {
  SharedServer& server = servers_[index];
  if (server.due() != clock_) return;  // others have come since
  due_.clear();
  server.end_due(due_);
  jobs_changed(index);
  for (const std::uint32_t slot : due_) end(slot);
}

// Of a disk all jobs have the same, unless those of one use come to its bandwidth: then the others have the rest.
void ChunkFabric::jobs_changed(std::uint32_t server) {
  if (server < first_disk_server_) return push_due(server);
  const std::uint32_t read = server - (server - first_disk_server_) % 2;
  const std::uint32_t write = read + 1;
  const DiskSpec& disk = disks_[(read - first_disk_server_) / 2];
  const double most_read = disk.read.bytes_per_second * 1e-9;
  const double most_written = disk.write.bytes_per_second * 1e-9;
  const double both = std::max(most_read, most_written);
  const auto readers = static_cast<double>(servers_[read].jobs());
  const auto jobs = readers + static_cast<double>(servers_[write].jobs());
  if (jobs == 0) return;
  const double even = both * readers / jobs;
  // One of the two uses has all of the disk's bandwidth as its own limit, so that at most the other one is held back.
  const double reads = std::clamp(even, both - most_written, most_read);
  servers_[read].set_rate(clock_, reads);
  servers_[write].set_rate(clock_, both - reads);
  push_due(read);
  push_due(write);
}

}  // namespace

std::unique_ptr<Fabric> make_chunk_fabric(const PlatformSpec& platform, std::unique_ptr<Topology> topology) {
  return std::make_unique<ChunkFabric>(platform, std::move(topology));
}

}  // namespace raysim
