// How the figures of policies are distributed over seeds, as a picture.
//
// Models: a panel for each figure with an axis, its unit and ticks at round numbers; in it a row for each policy: every
// run as a dot, a box from the lower to the upper quartile with the median, whiskers to the extremes, the mean with
// its interval. Leaves out: failed runs, whose number stands at the row. Invariants: one self-contained SVG
// without scripts, fonts or links; the same bytes for the same runs.
#pragma once

#include <string>
#include <vector>

#include "analysis/comparison.hpp"

namespace raysim {

std::string distribution_svg(const Comparison& comparison);

// A HTML page that shows just that.
std::string page_with(const std::string& svg, const Comparison& comparison);

// Ascending round numbers (1, 2 or 5 times a power of ten apart) within [low, high], at most `most` >= 2 of them; low < high.
std::vector<double> round_ticks(double low, double high, std::size_t most);

}  // namespace raysim
