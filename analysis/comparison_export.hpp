// Comparisons and sweeps for other programs: JSON and CSV.
//
// Models: JSON with all figures and their intervals, and with every run; CSV with a row for each run, as data frames like
// it. Leaves out: what the terminal shows. Invariants: the same bytes for the same runs; numbers read back as they were;
// figures of a failed run are null, or empty.
#pragma once

#include <string>

#include "analysis/comparison.hpp"

namespace raysim {

std::string comparison_json(const Comparison& comparison);
std::string comparison_csv(const Comparison& comparison);

// JSON has the figures by point, CSV the values of a point in columns before the run.
std::string sweep_json(const SweepResults& sweep);
std::string sweep_csv(const SweepResults& sweep);

// A field of CSV (RFC 4180): in quotes where it must be.
std::string csv_field(const std::string& text);
// A number with the fewest digits that read back as the same.
std::string exact_text(double value);

}  // namespace raysim
