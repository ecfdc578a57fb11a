// The table of a sweep (comparison_text.hpp).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/comparison_text.hpp"
#include "analysis/text_format.hpp"

namespace raysim {

namespace {

constexpr std::size_t longest_value = 24;
constexpr std::string_view mark = "*";

struct Cell {
  std::string text;
  bool is_left = false;
};
using Row = std::vector<Cell>;

// The last part of a path: short, and what differs as a rule.
std::string short_key(const std::string& key, const std::vector<std::string>& keys) {
  const std::string last = key.substr(key.rfind('.') + 1);
  const auto ends_alike = [&](const std::string& other) { return other != key && other.ends_with(last); };
  return std::any_of(keys.begin(), keys.end(), ends_alike) ? key : last;
}

// "5.844 s ±0.2 %*": the half width as a share of the mean, and whether the first policy differs.
std::string cell_text(FigureUnit unit, const FigureComparison& figure) {
  const SampleSummary& summary = figure.summary;
  if (summary.count == 0) return "no run";
  std::string text = figure_text(unit, summary.mean);
  if (summary.interval && summary.mean != 0)
    text += fmt::format(" ±{:.1f} %", summary.interval->half_width() / std::abs(summary.mean) * 100);
  return text + (figure.differs() ? std::string(mark) : " ");
}

std::vector<Row> rows_of(const SweepResults& sweep) {
  Row head;
  for (const std::string& key : sweep.keys) head.push_back({short_key(key, sweep.keys)});
  head.push_back({"policy", true});
  for (const FigureSpec& figure : compared_figures()) head.push_back({std::string(figure.short_label) + ' '});
  head.push_back({"runs"});
  std::vector<Row> rows{head};
  for (const SweepPoint& point : sweep.points) {
    for (const PolicyComparison& policy : point.comparison.policies) {
      Row row;
      for (const std::string& value : point.values) row.push_back({shortened(value, longest_value)});
      row.push_back({shortened(policy.policy, longest_value), true});
      for (std::size_t i = 0; i < figure_count; ++i)
        row.push_back({cell_text(compared_figures()[i].unit, policy.figures[i])});
      row.push_back({fmt::format("{}{}", policy.runs.size() - policy.failed,
                                 policy.failed > 0 ? fmt::format(", {} failed", policy.failed) : "")});
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// Of all points.
std::string notes(const SweepResults& sweep) {
  std::size_t all = 0;
  std::size_t marked = 0;
  double confidence = usual_confidence;
  for (const SweepPoint& point : sweep.points) {
    all += point.comparison.differences();
    marked += point.comparison.marked();
    confidence = point.comparison.confidence;
  }
  std::string text = fmt::format("  ±: half of the {:.4g} % interval, of the mean\n", confidence * 100);
  if (all > 0)
    text += fmt::format(
        "  * differs from {}, paired by seed: {} of {} intervals exclude zero; by chance alone about {:.2g} would\n",
        sweep.points.front().comparison.policies.front().policy, marked, all,
        (1 - confidence) * static_cast<double>(all));
  return text;
}

}  // namespace

std::string sweep_table(const SweepResults& sweep, bool colours) {
  const std::vector<Row> rows = rows_of(sweep);
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - width_of(row[i].text), ' ');
      line += ' ' + (row[i].is_left ? row[i].text + blanks : blanks + row[i].text);
    }
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    text += (colours && &row == &rows.front() ? fmt::format("\x1b[2m{}\x1b[0m", line) : line) + '\n';
  }
  return text + '\n' + notes(sweep);
}

}  // namespace raysim
