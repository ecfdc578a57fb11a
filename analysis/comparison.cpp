#include "analysis/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace raysim {

namespace {

constexpr std::array<FigureSpec, figure_count> figures{{
    {"makespan_s", "/makespan_s", "makespan", "makespan", FigureUnit::seconds},
    {"cpu_utilisation", "/cpu_utilisation", "CPU utilisation", "CPU", FigureUnit::share},
    {"scheduling_delay_p50_s", "/scheduling_delay_s/p50", "scheduling delay, median", "delay p50", FigureUnit::seconds},
    {"scheduling_delay_p95_s", "/scheduling_delay_s/p95", "scheduling delay, p95", "delay p95", FigureUnit::seconds},
    {"fairness", "/fairness", "fairness", "fairness", FigureUnit::index},
}};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

FigureComparison compare_figure(const PolicyComparison& policy, const PolicyComparison* first, std::size_t figure,
                                double confidence) {
  FigureComparison result;
  result.summary = summarise(policy.samples(figure), confidence);
  if (first == nullptr) return result;
  std::vector<double> own;
  std::vector<double> base;
  for (std::size_t i = 0; i < std::min(policy.runs.size(), first->runs.size()); ++i) {
    if (!policy.runs[i].counts() || !first->runs[i].counts()) continue;
    own.push_back(policy.runs[i].figures[figure]);
    base.push_back(first->runs[i].figures[figure]);
  }
  result.difference = summarise_differences(own, base, confidence);
  return result;
}

bool is_tight(const SampleSummary& summary, double mean, double share) {
  return summary.interval && summary.interval->half_width() <= share * std::abs(mean);
}

}  // namespace

std::span<const FigureSpec, figure_count> compared_figures() { return figures; }

std::string_view name_of(ComparedRun::End end) {
  switch (end) {
    case ComparedRun::End::good: return "good";
    case ComparedRun::End::unexpected: return "expectation failed";
    case ComparedRun::End::failed: break;
  }
  return "failed";
}

ComparedRun::End end_named(std::string_view name) {
  for (const auto end : {ComparedRun::End::good, ComparedRun::End::unexpected})
    if (name == name_of(end)) return end;
  return ComparedRun::End::failed;
}

ComparedRun read_run(int exit_code, const std::string& json, const std::string& errors) {
  ComparedRun run;
  run.message = first_line(errors);
  const auto report = nlohmann::json::parse(json, nullptr, false);
  if (!report.is_object()) {
    if (run.message.empty()) run.message = "it left no report";
    return run;
  }
  for (std::size_t i = 0; i < figures.size(); ++i)
    run.figures[i] = report.value(nlohmann::json::json_pointer(std::string(figures[i].pointer)), 0.0);
  run.outcome = report.value(nlohmann::json::json_pointer("/driver/outcome"), "");
  run.fingerprint = report.value("fingerprint", "");
  if (exit_code == 0)
    run.end = ComparedRun::End::good;
  else if (exit_code == 1 && run.outcome == "ok")
    run.end = ComparedRun::End::unexpected;
  return run;
}

bool FigureComparison::differs() const {
  return difference && difference->interval && !difference->interval->contains(0);
}

std::vector<double> PolicyComparison::samples(std::size_t figure) const {
  std::vector<double> values;
  for (const ComparedRun& run : runs)
    if (run.counts()) values.push_back(run.figures[figure]);
  return values;
}

void compare(Comparison& comparison) {
  for (PolicyComparison& policy : comparison.policies) {
    const auto ends_as = [&](ComparedRun::End end) {
      return static_cast<std::size_t>(std::count_if(policy.runs.begin(), policy.runs.end(),
                                                    [&](const ComparedRun& run) { return run.end == end; }));
    };
    policy.failed = ends_as(ComparedRun::End::failed);
    policy.unexpected = ends_as(ComparedRun::End::unexpected);
    const PolicyComparison* first = &policy == &comparison.policies.front() ? nullptr : &comparison.policies.front();
    for (std::size_t i = 0; i < figure_count; ++i)
      policy.figures[i] = compare_figure(policy, first, i, comparison.confidence);
  }
}

bool Comparison::all_good() const {
  return std::all_of(policies.begin(), policies.end(),
                     [](const PolicyComparison& policy) { return policy.failed + policy.unexpected == 0; });
}

bool Comparison::is_within(double share) const {
  for (const PolicyComparison& policy : policies) {
    for (std::size_t i = 0; i < figure_count; ++i) {
      const FigureComparison& figure = policy.figures[i];
      if (!is_tight(figure.summary, figure.summary.mean, share)) return false;
      if (figure.difference && !is_tight(*figure.difference, policies.front().figures[i].summary.mean, share))
        return false;
    }
  }
  return true;
}

std::size_t Comparison::differences() const {
  std::size_t count = 0;
  for (const PolicyComparison& policy : policies)
    for (const FigureComparison& figure : policy.figures)
      count += figure.difference && figure.difference->interval ? 1 : 0;
  return count;
}

std::size_t Comparison::marked() const {
  std::size_t count = 0;
  for (const PolicyComparison& policy : policies)
    for (const FigureComparison& figure : policy.figures) count += figure.differs() ? 1 : 0;
  return count;
}

}  // namespace raysim
