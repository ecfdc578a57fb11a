#include "analysis/comparison_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/text_format.hpp"

namespace raysim {

namespace {

constexpr std::size_t longest_name = 24;
constexpr std::size_t value_width = 11;

std::string left(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}
std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + text;
}

std::string plus_minus(FigureUnit unit, const SampleSummary& summary) {
  return summary.interval ? "± " + left(difference_text(unit, summary.interval->half_width()), value_width)
                          : std::string(value_width + 2, ' ');
}

std::string signed_text(FigureUnit unit, double value) { return (value > 0 ? "+" : "") + difference_text(unit, value); }

class ComparisonTable {
 public:
  ComparisonTable(const Comparison& comparison, bool colours) : comparison_(comparison), colours_(colours) {
    for (const PolicyComparison& policy : comparison.policies)
      name_width_ = std::max(name_width_, std::min(longest_name, width_of(policy.policy)));
  }

  std::string text() {
    const Comparison& c = comparison_;
    if (!c.title.empty()) text_ += paint("1", c.title) + '\n';
    text_ += paint("2", fmt::format("{}, {} seeds from {}, the same for all policies", c.scenario, c.seeds.size(),
                                    c.seeds.empty() ? 0 : c.seeds.front())) +
             "\n\n";
    text_ += paint("2", left("", name_width_ + 4) + right("mean", value_width) + "   " +
                            left(percent(c.confidence) + " interval", value_width + 2) + "   difference to " +
                            c.policies.front().policy + ", paired") +
             '\n';
    for (std::size_t i = 0; i < figure_count; ++i) {
      text_ += "  " + paint("1", std::string(compared_figures()[i].label)) + '\n';
      for (const PolicyComparison& policy : c.policies) row(policy, i);
    }
    text_ += '\n' + notes();
    return std::move(text_);
  }

 private:
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const {
    return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  static std::string percent(double share) { return fmt::format("{:.4g} %", share * 100); }

  void row(const PolicyComparison& policy, std::size_t figure) {
    const FigureComparison& one = policy.figures[figure];
    const FigureUnit unit = compared_figures()[figure].unit;
    std::string line = "    " + left(shortened(policy.policy, longest_name), name_width_);
    if (one.summary.count == 0) {
      text_ += line + right("no run", value_width) + '\n';
      return;
    }
    line += right(figure_text(unit, one.summary.mean), value_width) + "   " + plus_minus(unit, one.summary);
    if (one.difference && one.difference->count > 0) line += "   " + difference(policy, figure);
    text_ += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }

  [[nodiscard]] std::string difference(const PolicyComparison& policy, std::size_t figure) const {
    const FigureComparison& one = policy.figures[figure];
    const FigureUnit unit = compared_figures()[figure].unit;
    const double base = comparison_.policies.front().figures[figure].summary.mean;
    std::string text =
        right(signed_text(unit, one.difference->mean), value_width) + ' ' + plus_minus(unit, *one.difference);
    if (base != 0 && unit != FigureUnit::share)
      text += right(fmt::format("{:+.1f} %", one.difference->mean / base * 100), 9);
    else
      text += std::string(9, ' ');
    return text + (one.differs() ? paint("1", " *") : "");
  }

  [[nodiscard]] std::string notes() const {
    const Comparison& c = comparison_;
    std::string text;
    if (const std::size_t all = c.differences(); all > 0)
      text += fmt::format("  * {} of {} intervals of differences exclude zero; by chance alone about {:.2g} would\n",
                          c.marked(), all, (1 - c.confidence) * static_cast<double>(all));
    if (c.seeds.size() < 2) text += "  one seed: no intervals\n";
    return text;
  }

  const Comparison& comparison_;
  bool colours_;
  std::size_t name_width_ = 8;
  std::string text_;
};

// The message of a run without what another seed makes of it: the figure that was not as expected, the moment of an error.
std::string kind_of_trouble(const ComparedRun& run) {
  return run.message.substr(0, run.message.rfind(run.counts() ? ", got " : " at simulated "));
}

}  // namespace

std::string figure_text(FigureUnit unit, double value) {
  switch (unit) {
    case FigureUnit::seconds: return duration_text(Duration::seconds(value));
    case FigureUnit::share: return percent_text(value);
    case FigureUnit::index: break;
  }
  return fmt::format("{:.4f}", value);
}

std::string difference_text(FigureUnit unit, double value) {
  if (unit == FigureUnit::share) return fmt::format("{:.2f} points", value * 100);
  return figure_text(unit, value);
}

std::vector<std::string> trouble_lines(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (const PolicyComparison& policy : comparison.policies) {
    std::map<std::pair<std::string_view, std::string>, std::vector<std::size_t>> runs;  // of what happened
    for (std::size_t i = 0; i < policy.runs.size(); ++i)
      if (const ComparedRun& run = policy.runs[i]; run.end != ComparedRun::End::good)
        runs[{name_of(run.end), kind_of_trouble(run)}].push_back(i);
    for (const auto& [what, where] : runs)
      lines.push_back(fmt::format("policy {}: {} in {} of {} runs, first at seed {}: {}", policy.policy, what.first,
                                  where.size(), policy.runs.size(), comparison.seeds[where.front()],
                                  policy.runs[where.front()].message));
  }
  return lines;
}

std::string comparison_table(const Comparison& comparison, bool colours) {
  return ComparisonTable(comparison, colours).text();
}

}  // namespace raysim
