#include "analysis/run_report.hpp"

#include <algorithm>

namespace raysim {

namespace {

DelayReport percentiles_of(const DurationHistogram& delays) {
  return {delays.percentile(0.50), delays.percentile(0.95), delays.percentile(0.99), delays.max()};
}

StoreReport stores_of(const Summary& summary) {
  StoreReport report;
  for (const NodeSummary& node : summary.nodes()) {
    report.spilled += node.store.spilled;
    report.restored += node.store.restored;
    report.evicted += node.store.evicted;
    report.fallback_peak = std::max(report.fallback_peak, node.store.fallback_peak);
    report.reads += node.store.reads;
    report.local_reads += node.store.local_reads;
  }
  for (const auto& [ends, sum] : summary.links()) {
    const auto& nodes = summary.header().nodes;
    report.links.push_back({nodes[ends.first].name, nodes[ends.second].name, sum});
    report.transfers += sum.objects;
    report.transferred += sum.bytes;
  }
  std::stable_sort(report.links.begin(), report.links.end(),
                   [](const LinkReport& a, const LinkReport& b) { return a.sum.bytes > b.sum.bytes; });
  report.received = summary.received();
  report.argument_waits = summary.argument_waits().total();
  report.argument_wait = percentiles_of(summary.argument_waits());
  return report;
}

std::vector<JobReport> jobs_of(const Summary& summary) {
  std::vector<JobReport> jobs;
  for (const JobSummary& job : summary.jobs()) {
    JobReport& out = jobs.emplace_back();
    out.name = job.name;
    out.started = job.started;
    if (job.ended.ns >= 0) out.ended = job.ended;
    out.submitted = job.submitted;
    out.finished = job.finished;
    out.failed = job.failed;
    out.retried = job.retried;
    out.cpu_seconds = job.busy_cpu_seconds;
  }
  return jobs;
}

}  // namespace

RunReport report_on(const Summary& summary, Duration makespan) {
  RunReport report;
  report.makespan = makespan;
  report.ideal = Duration::seconds(summary.ideal_seconds());
  report.critical_path = summary.critical_path();
  report.submitted = summary.submitted();
  report.finished = summary.finished();
  report.failed = summary.failed();
  report.retried = summary.retried();
  report.cpus = summary.total_cpus();
  report.gpus = summary.total_gpus();
  report.gpu_utilisation = summary.gpu_utilisation(makespan);
  report.cpu_utilisation = summary.utilisation(makespan);
  for (std::uint32_t i = 0; i < summary.nodes().size(); ++i) {
    const NodeSummary& node = summary.nodes()[i];
    const NodeHeader& header = summary.header().nodes[i];
    report.nodes.push_back({header.name,
                            header.cpus,
                            node.tasks,
                            summary.utilisation(i, makespan),
                            node.workers_started,
                            summary.gpu_utilisation(i, makespan),
                            {},
                            node.store,
                            summary.mean_used(i, makespan)});
    for (std::size_t gpu = 0; gpu < node.devices.size(); ++gpu)
      report.nodes.back().gpus.push_back({header.devices[gpu], node.devices[gpu].tasks,
                                          makespan.ns > 0 ? node.devices[gpu].busy_seconds / makespan.in_seconds() : 0,
                                          gpu < header.device_memory.size() ? header.device_memory[gpu] : Bytes{},
                                          Summary::mean_used(node.devices[gpu], makespan),
                                          node.devices[gpu].memory_peak});
    report.workers_started += node.workers_started;
    report.oom_kills += node.oom_kills;
  }
  report.jobs = jobs_of(summary);
  for (const auto& [number, group] : summary.groups()) {
    GroupReport& out = report.placement_groups.emplace_back();
    out.name = group.last.name;
    out.strategy = group.last.strategy;
    out.state = group.last.state;
    for (const std::uint32_t node : group.last.nodes)
      out.nodes.push_back(node == GroupRecord::nowhere ? std::string() : summary.header().nodes[node].name);
    if (group.ready.ns >= 0) out.ready_after = group.ready - group.asked;
  }
  for (const auto& [number, actor] : summary.actors()) {
    ++report.actors.created;
    report.actors.alive += actor.state == "ALIVE" ? 1 : 0;
    report.actors.dead += actor.state == "DEAD" ? 1 : 0;
    report.actors.restarts += static_cast<std::uint64_t>(actor.restarts);
  }
  report.scheduling_delay = percentiles_of(summary.scheduling_delay());
  report.store = stores_of(summary);
  report.copies = summary.copies();
  for (const auto& [verb, sum] : summary.store_commands()) report.distributed_store.verbs.push_back({verb, sum});
  report.distributed_store.first = summary.first_store_commands();
  report.fairness = summary.fairness();
  return report;
}

}  // namespace raysim
