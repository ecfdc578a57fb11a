// A comparison, or a sweep of them, on the terminal.
//
// Models: a comparison has a row for each figure and policy: mean with the half width of its interval, difference to the
// first policy likewise, a mark when that interval excludes zero. A sweep has a row for each point and policy. Leaves out:
// files for other programs (comparison_export.hpp), pictures. Invariants: the same bytes for the same runs; a
// comparison has at most 100 columns; failed runs are counted wherever they are missing.
#pragma once

#include <string>
#include <vector>

#include "analysis/comparison.hpp"

namespace raysim {

std::string comparison_table(const Comparison& comparison, bool colours);
std::string sweep_table(const SweepResults& sweep, bool colours);

// A value in its unit, and a difference or half width: "5.844 s", "85.6 %", "0.8123"; "1.20 points" of per cent.
std::string figure_text(FigureUnit unit, double value);
std::string difference_text(FigureUnit unit, double value);
// What went wrong, a line for each policy and mistake with how often it did and at which seed first, with that one's figures.
std::vector<std::string> trouble_lines(const Comparison& comparison);

}  // namespace raysim
