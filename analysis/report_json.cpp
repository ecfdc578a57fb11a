#include "analysis/report_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace raysim {

namespace {

using Json = nlohmann::ordered_json;

// Divided once, so that the shortest text that reads back is the one with nine digits after the point.
double in_seconds(Duration duration) { return static_cast<double>(duration.ns) / 1e9; }

// Sums of many shares: digits beyond these say nothing.
double rounded(double share) { return std::round(share * 1e9) / 1e9; }

Json nodes_of(const RunReport& report) {
  Json nodes = Json::object();
  for (const NodeReport& node : report.nodes) {
    nodes[node.name] = {{"tasks", node.tasks},
                        {"cpu_utilisation", rounded(node.cpu_utilisation)},
                        {"gpu_utilisation", rounded(node.gpu_utilisation)},
                        {"object_store_peak_bytes", node.store.peak.count},
                        {"cpus", node.cpus},
                        {"workers_started", node.workers_started}};
    const StoreSummary& store = node.store;
    nodes[node.name]["object_store"] = {{"mean_bytes", node.store_mean.count},
                                        {"peak_bytes", store.peak.count},
                                        {"fallback_peak_bytes", store.fallback_peak.count},
                                        {"received_bytes", store.received.count},
                                        {"sent_bytes", store.sent.count},
                                        {"spilled_bytes", store.spilled.count},
                                        {"restored_bytes", store.restored.count},
                                        {"evicted_bytes", store.evicted.count},
                                        {"reads", store.reads},
                                        {"local_reads", store.local_reads}};
    for (std::size_t i = 0; i < node.gpus.size(); ++i)
      nodes[node.name]["gpus"].push_back({{"index", i},
                                          {"model", node.gpus[i].model},
                                          {"tasks", node.gpus[i].tasks},
                                          {"utilisation", rounded(node.gpus[i].utilisation)},
                                          {"memory",
                                           {{"capacity_bytes", node.gpus[i].memory.count},
                                            {"mean_bytes", node.gpus[i].memory_mean.count},
                                            {"peak_bytes", node.gpus[i].memory_peak.count}}}});
  }
  return nodes;
}

Json delays_of(const DelayReport& delay) {
  return {{"p50", in_seconds(delay.p50)},
          {"p95", in_seconds(delay.p95)},
          {"p99", in_seconds(delay.p99)},
          {"max", in_seconds(delay.max)}};
}

// Nothing was read: all that was wanted was there.
double hit_rate(const StoreReport& store) {
  return store.reads > 0 ? rounded(static_cast<double>(store.local_reads) / static_cast<double>(store.reads)) : 1;
}

Json transfers_of(const StoreReport& store) {
  using Purpose = ObjectRecord::Purpose;
  const auto received = [&](Purpose purpose) { return store.received[static_cast<std::size_t>(purpose)].count; };
  Json links = Json::array();
  constexpr std::size_t most = 100;
  for (std::size_t i = 0; i < std::min(most, store.links.size()); ++i) {
    const LinkReport& link = store.links[i];
    links.push_back(
        {{"from", link.from}, {"to", link.to}, {"count", link.sum.objects}, {"bytes", link.sum.bytes.count}});
  }
  return {{"count", store.transfers},
          {"bytes", store.transferred.count},
          {"by_cause",
           {{"task_arguments", received(Purpose::task_arguments)},
            {"call_arguments", received(Purpose::call_arguments)},
            {"get", received(Purpose::get)},
            {"wait", received(Purpose::wait)}}},
          {"links", std::move(links)}};
}

Json copies_of(const CopySummary& copies) {
  using Cause = CopyRecord::Cause;
  return {{"count", copies.count},
          {"bytes", copies.all().count},
          {"by_cause",
           {{"host_to_device", copies.of(Cause::host_to_device).count},
            {"device_to_host", copies.of(Cause::device_to_host).count},
            {"device_to_device", copies.of(Cause::device_to_device).count}}}};
}

Json distributed_store_of(const RunReport& report) {
  Json verbs = Json::object();
  for (const auto& [verb, sum] : report.distributed_store.verbs)
    verbs[verb] = {{"count", sum.count},
                   {"failed", sum.failed},
                   {"time_s", in_seconds(sum.time)},
                   {"longest_s", in_seconds(sum.longest)},
                   {"moved_bytes", sum.moved.count},
                   {"connections", sum.connections},
                   {"pieces", sum.pieces},
                   {"rebuilt_pieces", sum.rebuilt}};
  Json commands = Json::array();
  for (const StoreCommandRecord& command : report.distributed_store.first)
    commands.push_back({{"command", command.verb},
                        {"object", command.object.empty() ? Json(nullptr) : Json(command.object)},
                        {"node", report.nodes[command.node].name},
                        {"start_s", in_seconds(command.at - Time{})},
                        {"time_s", in_seconds(command.time)},
                        {"moved_bytes", command.moved.count},
                        {"connections", command.connections},
                        {"pieces", command.pieces},
                        {"rebuilt_pieces", command.rebuilt},
                        {"failed", command.failed}});
  return {{"by_command", std::move(verbs)}, {"commands", std::move(commands)}};
}

Json jobs_of(const RunReport& report) {
  Json jobs = Json::object();
  for (const JobReport& job : report.jobs) {
    jobs[job.name] = {{"outcome", job.outcome},
                      {"start_s", in_seconds(job.started - Time{})},
                      {"end_s", job.ended ? Json(in_seconds(*job.ended - Time{})) : Json(nullptr)},
                      {"makespan_s", job.ended ? Json(in_seconds(*job.ended - job.started)) : Json(nullptr)},
                      {"cpu_seconds", rounded(job.cpu_seconds)},
                      {"tasks",
                       {{"submitted", job.submitted},
                        {"finished", job.finished},
                        {"failed", job.failed},
                        {"retried", job.retried},
                        {"unfinished", job.open_tasks()}}}};
  }
  return jobs;
}

Json placement_groups_of(const RunReport& report) {
  Json groups = Json::array();
  for (const GroupReport& group : report.placement_groups) {
    Json bundles = Json::array();
    for (const std::string& node : group.nodes) bundles.push_back(node.empty() ? Json(nullptr) : Json(node));
    groups.push_back({{"name", group.name},
                      {"strategy", group.strategy},
                      {"state", group.state},
                      {"bundles", std::move(bundles)},
                      {"ready_s", group.ready_after ? Json(in_seconds(*group.ready_after)) : Json(nullptr)}});
  }
  return groups;
}

}  // namespace

std::string run_json(const RunReport& r) {
  Json json;
  json["scenario"] = r.scenario;
  json["title"] = r.title;
  json["architecture"] = r.architecture;
  json["profile"] = r.profile;
  json["policy"] = r.policy;
  json["seed"] = r.seed;
  json["fingerprint"] = fmt::format("{:016x}", r.fingerprint);
  json["makespan_s"] = in_seconds(r.makespan);
  json["ideal_s"] = in_seconds(r.ideal);
  json["critical_path_s"] = in_seconds(r.critical_path);
  if (r.heft) json["heft_s"] = r.heft->makespan ? Json(in_seconds(*r.heft->makespan)) : Json(nullptr);
  json["tasks"] = {{"submitted", r.submitted},
                   {"finished", r.finished},
                   {"failed", r.failed},
                   {"retried", r.retried},
                   {"unfinished", r.open_tasks()}};
  json["jobs"] = jobs_of(r);
  json["actors"] = {{"created", r.actors.created},
                    {"alive", r.actors.alive},
                    {"dead", r.actors.dead},
                    {"restarts", r.actors.restarts}};
  json["nodes"] = nodes_of(r);
  json["placement_groups"] = placement_groups_of(r);
  json["cpu_utilisation"] = rounded(r.cpu_utilisation);
  json["gpu_utilisation"] = rounded(r.gpu_utilisation);
  json["scheduling_delay_s"] = delays_of(r.scheduling_delay);
  json["fairness"] = rounded(r.fairness);
  json["transfers"] = transfers_of(r.store);
  json["device_copies"] = copies_of(r.copies);
  if (!r.distributed_store.verbs.empty()) json["distributed_store"] = distributed_store_of(r);
  json["spilled_bytes"] = r.store.spilled.count;
  json["restored_bytes"] = r.store.restored.count;
  json["fallback_peak_bytes"] = r.store.fallback_peak.count;
  json["evicted_bytes"] = r.store.evicted.count;
  json["store_hit_rate"] = hit_rate(r.store);
  json["argument_waits"] = {{"count", r.store.argument_waits}, {"wait_s", delays_of(r.store.argument_wait)}};
  json["workers_started"] = r.workers_started;
  json["oom_kills"] = r.oom_kills;
  json["messages"] = r.messages;
  json["demand"] = Json::array();
  for (const auto& [shape, peak] : r.demand) json["demand"].push_back({{"resources", shape}, {"peak", peak}});
  json["messages_by_kind"] = Json::object();
  for (const auto& [kind, count] : r.messages_by_kind) json["messages_by_kind"][kind] = count;
  json["events"] = r.events;
  json["driver"] = {{"outcome", r.outcome}, {"message", r.message}};
  json["failed_expectations"] = r.failed_expectations;
  json["printed"] = nlohmann::ordered_json::array();
  for (const PrintedLine& line : r.printed)
    json["printed"].push_back({{"time_s", line.time.in_seconds()}, {"body", line.body}, {"text", line.text}});
  json["wall_s"] = r.wall_seconds;
  json["simulated_over_wall"] = r.wall_seconds > 0 ? in_seconds(r.makespan) / r.wall_seconds : 0;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace raysim
