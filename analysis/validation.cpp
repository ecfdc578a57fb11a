#include "analysis/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace raysim {

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return {values.front(), median, values.back()};
}

namespace {

std::vector<double> seconds_of(const std::vector<CaseRun>& runs) {
  std::vector<double> out;
  out.reserve(runs.size());
  for (const CaseRun& run : runs) out.push_back(run.seconds);
  return out;
}

std::optional<double> gap_of(const std::vector<CaseRun>& runs) {
  std::vector<double> gaps;
  for (const CaseRun& run : runs)
    if (run.median_gap) gaps.push_back(*run.median_gap);
  if (gaps.empty()) return std::nullopt;
  return spread_of(std::move(gaps)).median;
}

std::vector<double> tasks_on(const std::vector<CaseRun>& runs, const std::string& node) {
  std::vector<double> counts;
  for (const CaseRun& run : runs) {
    const auto it = run.nodes.find(node);
    counts.push_back(it == run.nodes.end() ? 0 : static_cast<double>(it->second));
  }
  return counts;
}

void judge_nodes(const ComparedCase& compared, CaseFit& verdict) {
  std::set<std::string> names;
  for (const CaseRun& run : compared.recorded)
    for (const auto& entry : run.nodes) names.insert(entry.first);
  if (names.empty()) return;
  for (const CaseRun& run : compared.simulated)
    for (const auto& entry : run.nodes) names.insert(entry.first);
  const double slack = static_cast<double>(compared.tasks) / 20;
  for (const std::string& name : names) {
    CaseFit::Node node{name, spread_of(tasks_on(compared.recorded, name)),
                       spread_of(tasks_on(compared.simulated, name)), false};
    node.inside =
        node.simulated.median >= node.recorded.min - slack && node.simulated.median <= node.recorded.max + slack;
    verdict.nodes.push_back(std::move(node));
  }
}

bool ends_alike(const ComparedCase& compared) {
  for (const CaseRun& run : compared.simulated) {
    const bool seen = std::any_of(compared.recorded.begin(), compared.recorded.end(), [&](const CaseRun& real) {
      return real.error == run.error && (real.attempts.empty() || real.attempts == run.attempts);
    });
    if (!seen) return false;
  }
  return true;
}

std::string nodes_text(const CaseFit& verdict) {
  std::string text;
  for (const auto& node : verdict.nodes) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {:.0f}..{:.0f}: {:.0f}{}", node.name, node.recorded.min, node.recorded.max,
                        node.simulated.median, node.inside ? "" : " (!)");
  }
  return text;
}

std::string gap_text(const CaseFit& verdict) {
  if (!verdict.recorded_gap || !verdict.simulated_gap) return "";
  return fmt::format("{:.1f} / {:.1f} ms", *verdict.recorded_gap * 1e3, *verdict.simulated_gap * 1e3);
}

std::string spread_text(const Spread& spread, bool is_rate) {
  if (is_rate) return fmt::format("{:.0f} ({:.0f}..{:.0f}) /s", spread.median, spread.min, spread.max);
  return fmt::format("{:.3f} ({:.3f}..{:.3f})", spread.median, spread.min, spread.max);
}

std::string totals_text(const std::vector<ComparedCase>& cases) {
  const ValidationTotals totals = total_up(cases);
  return fmt::format(
      "{} cases compared, {} skipped; error of the median makespan: median {:.1f} %, 90th percentile {:.1f} %",
      totals.compared, totals.skipped, totals.median_error * 100, totals.p90_error * 100);
}

}  // namespace

CaseFit judge(const ComparedCase& compared) {
  CaseFit verdict;
  verdict.recorded = spread_of(seconds_of(compared.recorded));
  verdict.simulated = spread_of(seconds_of(compared.simulated));
  verdict.error = verdict.recorded.median != 0 ? verdict.simulated.median / verdict.recorded.median - 1 : 0;
  verdict.recorded_gap = gap_of(compared.recorded);
  verdict.simulated_gap = gap_of(compared.simulated);
  judge_nodes(compared, verdict);
  verdict.same_end = ends_alike(compared);
  return verdict;
}

ValidationTotals total_up(const std::vector<ComparedCase>& cases) {
  ValidationTotals totals;
  std::vector<double> errors;
  for (const ComparedCase& compared : cases) {
    if (!compared.skipped.empty()) {
      ++totals.skipped;
      continue;
    }
    errors.push_back(std::abs(judge(compared).error));
  }
  totals.compared = errors.size();
  std::sort(errors.begin(), errors.end());
  totals.median_error = spread_of(errors).median;
  if (!errors.empty())
    totals.p90_error = errors[std::min(
        errors.size() - 1, static_cast<std::size_t>(std::ceil(0.9 * static_cast<double>(errors.size()))) - 1)];
  return totals;
}

std::string validation_table(const std::vector<ComparedCase>& cases) {
  std::string out = fmt::format("{:<28} {:>23} {:>23} {:>8}  {}\n", "case", "recorded, s (range)",
                                "simulated, s (range)", "error", "gap on a worker");
  std::string skipped;
  for (const ComparedCase& compared : cases) {
    if (!compared.skipped.empty()) {
      skipped += fmt::format("{:<28} skipped: {}\n", compared.name, compared.skipped);
      continue;
    }
    const CaseFit verdict = judge(compared);
    out += fmt::format("{:<28} {:>23} {:>23} {:>+7.1f}%  {}\n", compared.name,
                       spread_text(verdict.recorded, compared.is_rate),
                       spread_text(verdict.simulated, compared.is_rate), verdict.error * 100, gap_text(verdict));
    if (!verdict.nodes.empty()) out += fmt::format("{:<28} {}\n", "  tasks, recorded: simulated", nodes_text(verdict));
    if (!verdict.same_end) out += "  its end or its attempts are not those recorded\n";
  }
  return out + skipped + totals_text(cases) + "\n";
}

}  // namespace raysim
