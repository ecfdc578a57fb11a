#!/usr/bin/env python3
"""Writes statistics_scipy.json: samples, and what NumPy and SciPy say about them.

Usage: statistics_scipy.py > statistics_scipy.json. Needs scipy; run once, as its output is data of
tests/unit/statistics_test.cpp. The samples stand in the output, so the test needs neither.
"""

import json
import sys

import numpy
import scipy
from scipy import stats

PROBABILITIES = (0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.9995, 0.025, 0.01)
FREEDOMS = (1, 2, 3, 4, 5, 9, 19, 29, 49, 99, 999)
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
CONFIDENCES = (0.9, 0.95, 0.99)


def samples(random):
    yield "normal", random.normal(10, 2, 30), random.normal(10.5, 2, 30)
    yield "heavy tail", random.pareto(1.5, 40) + 1, random.pareto(1.6, 40) + 1
    yield "lognormal, few", random.lognormal(-7, 1, 5), random.lognormal(-7, 1, 5)
    yield "two values", numpy.array([1.25, 1.5]), numpy.array([1.0, 2.0])
    base = random.exponential(3, 20)
    yield "correlated", base, base + random.normal(0.01, 0.002, 20)
    yield "large offset", 1e9 + random.normal(0, 1, 25), 1e9 + random.normal(0.5, 1, 25)
    yield "two modes", numpy.repeat([2.4, 3.7], [21, 4]), numpy.repeat([2.4, 3.7, 2.4], [10, 3, 12])


def about(values):
    return {
        "mean": float(numpy.mean(values)),
        "deviation": float(numpy.std(values, ddof=1)),
        "quantiles": [float(numpy.quantile(values, q)) for q in QUANTILES],
        "intervals": [list(map(float, stats.t.interval(
            c, len(values) - 1, loc=numpy.mean(values), scale=stats.sem(values)))) for c in CONFIDENCES],
    }


def main():
    random = numpy.random.default_rng(20260)
    cases = []
    for name, first, other in samples(random):
        paired = stats.ttest_rel(other, first)
        cases.append({
            "name": name, "first": first.tolist(), "other": other.tolist(), "about_first": about(first),
            "paired": {"mean": float(numpy.mean(other - first)),
                       "intervals": [list(map(float, paired.confidence_interval(c))) for c in CONFIDENCES]}})
    json.dump({
        "made_by": f"statistics_scipy.py with SciPy {scipy.__version__}, NumPy {numpy.__version__}",
        "quantiles_at": QUANTILES, "confidences": CONFIDENCES,
        "student_t": [{"probability": p, "freedom": f, "value": float(stats.t.ppf(p, f))}
                      for p in PROBABILITIES for f in FREEDOMS],
        "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
