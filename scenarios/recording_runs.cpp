// What was recorded of the runs of a case.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "scenarios/recording_reader.hpp"

namespace raysim {

using Json = nlohmann::json;
using Kind = RecordedProgram::Kind;

namespace {

std::optional<double> median_gap(const Json& samples) {
  std::map<std::pair<std::string, std::int64_t>, std::vector<std::pair<double, double>>> by_worker;
  for (const Json& s : samples)
    if (s.is_array() && s.size() >= 4 && s[0].is_string() && s[2].is_number() && s[3].is_number())
      by_worker[{s[0].get<std::string>(), s[1].get<std::int64_t>()}].emplace_back(s[2].get<double>(),
                                                                                  s[3].get<double>());
  std::vector<double> gaps;
  for (auto& [worker, tasks] : by_worker) {
    std::sort(tasks.begin(), tasks.end());
    for (std::size_t i = 1; i < tasks.size(); ++i) gaps.push_back(tasks[i].first - tasks[i - 1].second);
  }
  if (gaps.empty()) return std::nullopt;
  std::sort(gaps.begin(), gaps.end());
  return gaps[gaps.size() / 2];
}

// Where the bundles went, and whether the group was there when the program gave up waiting.
void read_bundles(const Json& entry, RecordedRun& run) {
  if (!entry.value("ready", true)) run.error = not_ready;
  std::map<std::string, std::int64_t> nodes;
  if (entry.contains("where") && entry.at("where").is_object())
    for (const auto& bundle : entry.at("where").items()) ++nodes[bundle.value().get<std::string>()];
  run.nodes.assign(nodes.begin(), nodes.end());
}

// An actor that was killed several times: how long it was away each time, as far as it came back, and how its calls ended.
RecordedRun read_restarts(const Json& log) {
  RecordedRun run;
  for (const Json& kill : log) {
    if (!kill.value("state_after", Json()).is_null()) run.seconds += kill.value("back_s", 0.0);
    run.error += (run.error.empty() ? "" : " ") + kill.value("err", "");
  }
  return run;
}

// "RayTaskError(ValueError)" is a RayTaskError.
std::string error_in(const Json& entry) {
  const std::string error = entry.value("error", "");
  return error == "none" ? "" : error.substr(0, error.find('('));
}

}  // namespace

void read_recorded_run(const RecordingReader& reader, const Json& entry, RecordedCase& out) {
  const std::string where = "case '" + out.name + "'";
  if (entry.contains("per_s")) {
    for (const Json& rate : entry.at("per_s")) out.runs.push_back({rate.get<double>(), {}, {}, "", {}});
    return;
  }
  RecordedRun run;
  if (entry.contains("node")) run.nodes.emplace_back(reader.text(entry, "node", where), 1);
  for (const char* key : {"put_s", "get_s"})
    for (const Json& one : entry.value(key, Json::array())) run.seconds += one.get<double>();
  if (out.program.kind == Kind::locality || out.program.kind == Kind::spill) {
    out.runs.push_back(std::move(run));
    return;
  }
  if (entry.contains("log") && entry.at("log").is_array()) {
    out.runs.push_back(read_restarts(entry.at("log")));
    return;
  }
  const char* figure = entry.contains("makespan") ? "makespan" : entry.contains("after_kill_s") ? "after_kill_s" : "s";
  if (!entry.contains(figure)) {
    if (out.unsupported.empty()) out.unsupported = "it has no 'makespan', 'after_kill_s' or 's'";
    return;
  }
  run.seconds = reader.number(entry, figure, where, 0, 1e9);
  for (const char* key : {"nodes", "attempts"}) {
    if (!entry.contains(key) || !entry.at(key).is_object()) continue;
    auto& counts = std::string_view(key) == "nodes" ? run.nodes : run.attempts;
    for (const auto& count : entry.at(key).items()) counts.emplace_back(count.key(), count.value().get<std::int64_t>());
  }
  if (entry.contains("attempts") && entry.at("attempts").is_number_integer())
    run.attempts.emplace_back(entry.at("attempts").dump(), 1);
  run.error = error_in(entry);
  if (out.program.kind == Kind::placement_group) read_bundles(entry, run);
  if (entry.contains("samples") && entry.at("samples").is_array()) run.median_gap = median_gap(entry.at("samples"));
  out.runs.push_back(std::move(run));
}

}  // namespace raysim
