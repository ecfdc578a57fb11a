#include "analysis/distribution_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/comparison_text.hpp"
#include "analysis/text_format.hpp"

namespace raysim {

namespace {

constexpr double width = 900;
constexpr double plot_left = 190;
constexpr double plot_right = 870;
constexpr double head_height = 74;
constexpr double panel_head = 34;
constexpr double row_height = 34;
constexpr double axis_height = 34;
constexpr double legend_height = 40;
constexpr double half_box = 9;
constexpr double dot_band = 11;  // dots lie this far around the middle of their row
constexpr std::size_t longest_name = 24;
constexpr std::size_t most_ticks = 8;

// Okabe and Ito: told apart by the colour-blind, too.
constexpr std::array<std::string_view, 7> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#5c5c5c"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

// Seconds are shown in a unit in which the largest value has digits before the point.
struct Scale {
  double factor = 1;
  std::string unit;
};

Scale scale_of(FigureUnit unit, double largest) {
  if (unit == FigureUnit::share) return {100, "%"};
  if (unit == FigureUnit::index) return {1, "Jain's index of slowdowns; 1: all alike"};
  if (largest >= 1) return {1, "s"};
  if (largest >= 1e-3) return {1e3, "ms"};
  return {1e6, "us"};
}

struct Range {
  double low = 0;
  double high = 1;
};

// What the axis spans: all runs with a margin; not nothing when they are all the same.
Range range_of(const Comparison& comparison, std::size_t figure) {
  Range range{HUGE_VAL, -HUGE_VAL};
  for (const PolicyComparison& policy : comparison.policies) {
    const SampleSummary& summary = policy.figures[figure].summary;
    if (summary.count == 0) continue;
    range.low = std::min({range.low, summary.min, summary.interval ? summary.interval->low : summary.min});
    range.high = std::max({range.high, summary.max, summary.interval ? summary.interval->high : summary.max});
  }
  if (range.low > range.high) return {};
  const double least = std::max(std::abs(range.high) * 1e-3, 1e-9);
  const double margin = std::max((range.high - range.low) * 0.04, range.high - range.low < least ? least : 0);
  return {range.low - margin, range.high + margin};
}

// Where in the band the dot of a run lies: the golden ratio's multiples spread evenly, in every sample.
double jitter(std::size_t index) {
  const double place = static_cast<double>(index + 1) * 0.6180339887498949;
  return (place - std::floor(place) - 0.5) * 2 * dot_band;
}

class Picture {
 public:
  explicit Picture(const Comparison& comparison) : comparison_(comparison) {}

  std::string svg() {
    const double panel = panel_head + row_height * static_cast<double>(comparison_.policies.size()) + axis_height;
    const double height = head_height + panel * figure_count + legend_height;
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" )"
        R"(font-family="system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif" font-size="13" fill="#222">)",
        width, height);
    add(R"(<title>{}</title>)", escaped(title()));
    add(R"(<rect width="{}" height="{}" fill="#fff"/>)", width, height);
    text(20, 30, escaped(title()), R"(font-size="18" font-weight="600")");
    text(20, 52, escaped(subtitle()), R"(fill="#555")");
    double top = head_height;
    for (std::size_t figure = 0; figure < figure_count; ++figure, top += panel) draw_panel(figure, top);
    text(20, height - 16,
         fmt::format("dot: a run; box: quartiles, with the median; whiskers: extremes; diamond: mean with its {:.4g} % "
                     "interval",
                     comparison_.confidence * 100),
         R"(fill="#555")");
    add("</svg>");
    return std::move(svg_);
  }

 private:
  template <class... Arguments>
  void add(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), form, std::forward<Arguments>(arguments)...);
    svg_ += '\n';
  }
  void text(double x, double y, const std::string& words, std::string_view more = "") {
    add(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)", x, y, more, words);
  }
  void line(double x1, double y1, double x2, double y2, std::string_view colour, double stroke) {
    add(R"(<line x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}" stroke="{}" stroke-width="{}"/>)", x1, y1, x2, y2,
        colour, stroke);
  }

  [[nodiscard]] std::string title() const {
    return comparison_.title.empty() ? comparison_.scenario : comparison_.title;
  }
  [[nodiscard]] std::string subtitle() const {
    return fmt::format("{}, {} seeds from {}, the same for all policies", comparison_.scenario,
                       comparison_.seeds.size(), comparison_.seeds.empty() ? 0 : comparison_.seeds.front());
  }

  [[nodiscard]] double place_of(double value) const {
    return plot_left + (value - range_.low) / (range_.high - range_.low) * (plot_right - plot_left);
  }

  void draw_panel(std::size_t figure, double top) {
    const FigureSpec& spec = compared_figures()[figure];
    range_ = range_of(comparison_, figure);
    const Scale scale = scale_of(spec.unit, range_.high);
    text(20, top + 22,
         fmt::format(R"({} <tspan font-weight="400" font-size="13" fill="#555">({})</tspan>)", spec.label, scale.unit),
         R"(font-size="15" font-weight="600")");
    const double rows = top + panel_head;
    const double axis = rows + row_height * static_cast<double>(comparison_.policies.size());
    const std::vector<double> ticks = round_ticks(range_.low * scale.factor, range_.high * scale.factor, most_ticks);
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
    const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    for (const double tick : ticks) {
      const double x = place_of(tick / scale.factor);
      line(x, rows, x, axis + 4, "#ddd", 1);
      text(x, axis + 18, fmt::format("{:.{}f}", tick + 0.0, digits),
           R"(text-anchor="middle" font-size="12" fill="#555")");
    }
    line(plot_left, axis, plot_right, axis, "#888", 1);
    for (std::size_t i = 0; i < comparison_.policies.size(); ++i)
      draw_row(comparison_.policies[i], figure, rows + row_height * (static_cast<double>(i) + 0.5),
               palette[i % palette.size()]);
  }

  void draw_row(const PolicyComparison& policy, std::size_t figure, double y, std::string_view colour) {
    const std::string remark = policy.failed > 0 ? fmt::format(" ({} failed)", policy.failed) : "";
    text(plot_left - 12, y + 4.5, escaped(shortened(policy.policy, longest_name)) + remark, R"(text-anchor="end")");
    std::vector<double> sorted = policy.samples(figure);
    if (sorted.empty()) return;
    for (std::size_t i = 0; i < sorted.size(); ++i)
      add(R"(<circle cx="{:.2f}" cy="{:.2f}" r="2.5" fill="{}" fill-opacity="0.45"/>)", place_of(sorted[i]),
          y + jitter(i), colour);
    std::sort(sorted.begin(), sorted.end());
    const double low = place_of(quantile(sorted, 0.25));
    const double high = place_of(quantile(sorted, 0.75));
    line(place_of(sorted.front()), y, low, y, colour, 1.5);
    line(high, y, place_of(sorted.back()), y, colour, 1.5);
    for (const double end : {sorted.front(), sorted.back()})
      line(place_of(end), y - half_box / 2, place_of(end), y + half_box / 2, colour, 1.5);
    add(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{}" fill="{}" fill-opacity="0.15" stroke="{}" stroke-width="1.5"/>)",
        low, y - half_box, high - low, 2 * half_box, colour, colour);
    const double median = place_of(quantile(sorted, 0.5));
    line(median, y - half_box, median, y + half_box, colour, 3);
    draw_mean(policy.figures[figure].summary, y);
  }

  void draw_mean(const SampleSummary& summary, double y) {
    const double x = place_of(summary.mean);
    if (summary.interval) line(place_of(summary.interval->low), y, place_of(summary.interval->high), y, "#111", 2.5);
    add(R"(<path d="M{:.2f} {:.2f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z" fill="#fff" stroke="#111" stroke-width="1.5"/>)", x,
        y - 4.5);
  }

  const Comparison& comparison_;
  Range range_;
  std::string svg_;
};

}  // namespace

std::vector<double> round_ticks(double low, double high, std::size_t most) {
  const double wanted = (high - low) / static_cast<double>(most);
  const double power = std::pow(10, std::floor(std::log10(wanted)));
  double step = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0}) {
    step = factor * power;
    if (std::floor(high / step) - std::ceil(low / step) + 1 <= static_cast<double>(most)) break;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step); i <= std::floor(high / step); ++i) ticks.push_back(i * step + 0.0);
  return ticks;
}

std::string distribution_svg(const Comparison& comparison) { return Picture(comparison).svg(); }

std::string page_with(const std::string& svg, const Comparison& comparison) {
  const std::string title = comparison.title.empty() ? comparison.scenario : comparison.title;
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n"
      "<style>body {{ margin: 1em; }} svg {{ max-width: 100%; height: auto; }}</style>\n{}</html>\n",
      escaped(title), svg);
}

}  // namespace raysim
