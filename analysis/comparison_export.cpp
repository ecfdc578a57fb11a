#include "analysis/comparison_export.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace raysim {

namespace {

using Json = nlohmann::ordered_json;

Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json(nullptr);
}

Json summary_json(const SampleSummary& summary) {
  return {{"count", summary.count},
          {"mean", summary.mean},
          {"deviation", summary.deviation},
          {"min", summary.min},
          {"median", summary.median},
          {"max", summary.max},
          {"interval", interval_json(summary.interval)}};
}

Json figures_json(const Comparison& comparison) {
  Json json = Json::object();
  for (const PolicyComparison& policy : comparison.policies) {
    for (std::size_t i = 0; i < figure_count; ++i) {
      const FigureComparison& figure = policy.figures[i];
      Json one = summary_json(figure.summary);
      if (figure.difference) {
        one["difference"] = summary_json(*figure.difference);
        one["difference"]["excludes_zero"] = figure.differs();
      }
      json[std::string(compared_figures()[i].key)][policy.policy] = std::move(one);
    }
  }
  return json;
}

Json runs_json(const Comparison& comparison) {
  Json runs = Json::array();
  for (const PolicyComparison& policy : comparison.policies) {
    for (std::size_t r = 0; r < policy.runs.size(); ++r) {
      const ComparedRun& run = policy.runs[r];
      Json one{{"policy", policy.policy}, {"seed", comparison.seeds[r]}, {"end", name_of(run.end)},
               {"outcome", run.outcome},  {"message", run.message},      {"fingerprint", run.fingerprint}};
      for (std::size_t i = 0; i < figure_count; ++i)
        one[std::string(compared_figures()[i].key)] = run.counts() ? Json(run.figures[i]) : Json(nullptr);
      runs.push_back(std::move(one));
    }
  }
  return runs;
}

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

std::string header_of_runs() {
  std::string text = "policy,seed,end";
  for (const FigureSpec& figure : compared_figures()) text += fmt::format(",{}", figure.key);
  return text + ",fingerprint,message\n";
}

// A row for each run; `before` stands before each.
std::string rows_of(const Comparison& comparison, const std::string& before) {
  std::string text;
  for (const PolicyComparison& policy : comparison.policies) {
    for (std::size_t r = 0; r < policy.runs.size(); ++r) {
      const ComparedRun& run = policy.runs[r];
      text += fmt::format("{}{},{},{}", before, csv_field(policy.policy), comparison.seeds[r], name_of(run.end));
      for (const double value : run.figures) text += run.counts() ? ',' + exact_text(value) : ",";
      text += fmt::format(",{},{}\n", run.fingerprint, csv_field(run.message));
    }
  }
  return text;
}

}  // namespace

std::string comparison_json(const Comparison& comparison) {
  Json json{{"scenario", comparison.scenario}, {"title", comparison.title}, {"policies", Json::array()}};
  for (const PolicyComparison& policy : comparison.policies) json["policies"].push_back(policy.policy);
  json["seeds"] = comparison.seeds;
  json["interval_confidence"] = comparison.confidence;
  json["figures"] = figures_json(comparison);
  json["runs"] = runs_json(comparison);
  return dumped(json);
}

std::string comparison_csv(const Comparison& comparison) { return header_of_runs() + rows_of(comparison, ""); }

std::string sweep_json(const SweepResults& sweep) {
  Json json{{"scenario", sweep.scenario}, {"title", sweep.title}, {"grid", sweep.keys}, {"points", Json::array()}};
  for (const SweepPoint& point : sweep.points) {
    Json one{{"settings", Json::object()}};
    for (std::size_t i = 0; i < sweep.keys.size(); ++i) one["settings"][sweep.keys[i]] = point.values[i];
    one["interval_confidence"] = point.comparison.confidence;
    one["figures"] = figures_json(point.comparison);
    one["runs"] = runs_json(point.comparison);
    json["points"].push_back(std::move(one));
  }
  return dumped(json);
}

std::string sweep_csv(const SweepResults& sweep) {
  std::string text;
  for (const std::string& key : sweep.keys) text += csv_field(key) + ',';
  text += header_of_runs();
  for (const SweepPoint& point : sweep.points) {
    std::string values;
    for (const std::string& value : point.values) values += csv_field(value) + ',';
    text += rows_of(point.comparison, values);
  }
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string exact_text(double value) { return fmt::format("{}", value); }

}  // namespace raysim
