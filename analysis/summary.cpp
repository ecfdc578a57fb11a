#include "analysis/summary.hpp"

#include <algorithm>
#include <numeric>

namespace raysim {

namespace {

// A task that takes nothing would make the quotient infinite, so that shorter ones count as this long (the bounded
// slowdown of Feitelson et al. 1997, where it is 10 s for jobs of hours).
constexpr Duration shortest_job{10'000'000};

double slowdown_of(const AttemptRecord& attempt) {
  const double ran = std::max((attempt.ended - attempt.started).in_seconds(), shortest_job.in_seconds());
  return std::max((attempt.ended - attempt.resolved).in_seconds() / ran, 1.0);
}

}  // namespace

Summary::Summary(RunHeader header)
    : header_(std::move(header)), nodes_(header_.nodes.size()), finished_by_function_(header_.functions.size()) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].devices.resize(header_.nodes[i].devices.size());
}

double NodeSummary::busy_gpu_seconds() const {
  return std::accumulate(devices.begin(), devices.end(), 0.0,
                         [](double sum, const DeviceSummary& device) { return sum + device.busy_seconds; });
}

void Summary::on_attempt(const AttemptRecord& attempt) {
  NodeSummary& node = nodes_[attempt.node];
  const double cpu_seconds = attempt.cpus * (attempt.ended - attempt.started).in_seconds();
  node.busy_cpu_seconds += cpu_seconds;
  JobSummary& of_job = job(attempt.job);
  of_job.busy_cpu_seconds += cpu_seconds;
  for (const std::uint32_t index : attempt.devices) {
    if (index >= node.devices.size()) continue;
    DeviceSummary& device = node.devices[index];
    device.tasks += attempt.outcome == AttemptOutcome::finished ? 1 : 0;
    device.busy_seconds +=
        attempt.gpus / static_cast<double>(attempt.devices.size()) * (attempt.ended - attempt.started).in_seconds();
  }
  switch (attempt.outcome) {
    case AttemptOutcome::finished:
      ++finished_;
      ++of_job.finished;
      if (attempt.function < finished_by_function_.size()) ++finished_by_function_[attempt.function];
      ++node.tasks;
      scheduling_delay_.add(attempt.pushed - attempt.resolved);
      critical_path_ = std::max(critical_path_, attempt.path);
      add_slowdown(slowdown_of(attempt));
      break;
    case AttemptOutcome::failed:
      ++failed_;
      ++of_job.failed;
      break;
    case AttemptOutcome::retried:
      ++retried_;
      ++of_job.retried;
      break;
  }
}

void Summary::on_store(const StoreRecord& record) {
  StoreSummary& store = nodes_[record.node].store;
  store.byte_seconds += static_cast<double>(store.used.count) * (record.at - store.since).in_seconds();
  store.used = record.used;
  store.since = record.at;
  store.peak = std::max(store.peak, record.used);
  store.fallback_peak = std::max(store.fallback_peak, record.fallback);
}

void Summary::on_object(const ObjectRecord& object) {
  StoreSummary& store = nodes_[object.node].store;
  switch (object.what) {
    case ObjectRecord::What::received: {
      store.received += object.bytes;
      nodes_[object.from].store.sent += object.bytes;
      received_[static_cast<std::size_t>(object.purpose)] += object.bytes;
      LinkSummary& link = links_[{object.from, object.node}];
      ++link.objects;
      link.bytes += object.bytes;
      break;
    }
    case ObjectRecord::What::read:
      ++store.reads;
      store.local_reads += object.was_local ? 1 : 0;
      break;
    case ObjectRecord::What::spilled: store.spilled += object.bytes; break;
    case ObjectRecord::What::restored: store.restored += object.bytes; break;
    case ObjectRecord::What::evicted: store.evicted += object.bytes; break;
  }
}

void Summary::on_device_memory(const DeviceMemoryRecord& record) {
  if (record.device >= nodes_[record.node].devices.size()) return;
  DeviceSummary& device = nodes_[record.node].devices[record.device];
  device.memory_seconds += static_cast<double>(device.memory_used.count) * (record.at - device.since).in_seconds();
  device.memory_used = record.used;
  device.since = record.at;
  device.memory_peak = std::max(device.memory_peak, record.used);
}

namespace {

// Of what was held, `byte_seconds` before `since` and `used` from then on.
Bytes mean_of(double byte_seconds, Bytes used, Time since, Duration makespan) {
  if (makespan <= Duration{}) return {};
  const double rest = static_cast<double>(used.count) * std::max(Duration{}, Time{} + makespan - since).in_seconds();
  return {static_cast<std::int64_t>((byte_seconds + rest) / makespan.in_seconds())};
}

}  // namespace

Bytes Summary::mean_used(std::uint32_t node, Duration makespan) const {
  const StoreSummary& store = nodes_[node].store;
  return mean_of(store.byte_seconds, store.used, store.since, makespan);
}

Bytes Summary::mean_used(const DeviceSummary& device, Duration makespan) {
  return mean_of(device.memory_seconds, device.memory_used, device.since, makespan);
}

void Summary::add_slowdown(double slowdown) {
  slowdowns_ += slowdown;
  squared_slowdowns_ += slowdown * slowdown;
}

void Summary::on_group(const GroupRecord& group) {
  const auto [it, fresh] = groups_.try_emplace(group.group);
  GroupSummary& known = it->second;
  if (fresh) known.asked = group.at;
  std::vector<std::uint32_t> nodes = group.state == "REMOVED" ? std::move(known.last.nodes) : group.nodes;
  known.last = group;
  known.last.nodes = std::move(nodes);
  if (group.state == "CREATED" && known.ready.ns < 0) known.ready = group.at;
}

void StoreCommandSummary::add(const StoreCommandRecord& command) {
  ++count;
  failed += command.failed ? 1 : 0;
  time += command.time;
  longest = std::max(longest, command.time);
  moved += command.moved;
  connections += command.connections;
  pieces += command.pieces;
  rebuilt += command.rebuilt;
}

void Summary::on_store_command(const StoreCommandRecord& command) {
  constexpr std::size_t most = 100;  // told one by one
  store_commands_[command.verb].add(command);
  if (first_store_commands_.size() < most) first_store_commands_.push_back(command);
}

void Summary::on_job(const JobRecord& record) {
  JobSummary& known = job(record.job);
  known.name = record.name;
  known.state = record.state;
  (record.state == "RUNNING" ? known.started : known.ended) = record.at;
}

double Summary::total_cpus() const {
  return std::accumulate(header_.nodes.begin(), header_.nodes.end(), 0.0,
                         [](double sum, const NodeHeader& n) { return sum + n.cpus; });
}

double Summary::busy() const {
  return std::accumulate(nodes_.begin(), nodes_.end(), 0.0,
                         [](double sum, const NodeSummary& n) { return sum + n.busy_cpu_seconds; });
}

double Summary::utilisation(std::uint32_t node, Duration makespan) const {
  const double room = header_.nodes[node].cpus * makespan.in_seconds();
  return room > 0 ? nodes_[node].busy_cpu_seconds / room : 0;
}

double Summary::utilisation(Duration makespan) const {
  const double room = total_cpus() * makespan.in_seconds();
  return room > 0 ? busy() / room : 0;
}

double Summary::fairness() const {
  return finished_ > 0 ? slowdowns_ * slowdowns_ / (static_cast<double>(finished_) * squared_slowdowns_) : 1;
}

std::size_t Summary::total_gpus() const {
  return std::accumulate(header_.nodes.begin(), header_.nodes.end(), std::size_t{0},
                         [](std::size_t sum, const NodeHeader& n) { return sum + n.devices.size(); });
}

double Summary::gpu_utilisation(std::uint32_t node, Duration makespan) const {
  const double room = static_cast<double>(nodes_[node].devices.size()) * makespan.in_seconds();
  return room > 0 ? nodes_[node].busy_gpu_seconds() / room : 0;
}

double Summary::gpu_utilisation(Duration makespan) const {
  const double room = static_cast<double>(total_gpus()) * makespan.in_seconds();
  const double used = std::accumulate(nodes_.begin(), nodes_.end(), 0.0,
                                      [](double sum, const NodeSummary& n) { return sum + n.busy_gpu_seconds(); });
  return room > 0 ? used / room : 0;
}

double Summary::ideal_seconds() const { return total_cpus() > 0 ? busy() / total_cpus() : 0; }

}  // namespace raysim
