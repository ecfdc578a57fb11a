#!/usr/bin/env python3
"""Measures how fast raysim is, beside a bare event loop and a bare bag of SimGrid activities, and prints a table.

Usage: speed.py [BUILD] [--quick] [--repeats N] [--markdown]

BUILD is the folder of raysim, raysim_bench and raysim_s4u_bag (build/release). Every run is a process of its own, on
one core, timed by its CPU time; the repeats of all runs take turns, so that a noisy minute touches all of them, and the
median counts. Nothing here can fail for being slow. --quick leaves out what takes more than some seconds; --markdown
writes the table into docs/performance.md as well.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- written by tests/speed/speed.py -->", "<!-- end of what speed.py writes -->"
CLUSTERS = {"60_cores": "3 x 20", "64000_cores": "1,000 x 64"}
SECONDS = 0.01  # of a task
PROGRAMS = (("wait_window_1000", 200_000), ("actor_calls", 1_000_000))
LONG = 10_000_000  # tasks from which a run is repeated no more
START_RUNS = 20


def on_one_core():
    """Words before a command, so that it stays on one core: the last one that this process may use."""
    if not shutil.which("taskset"):
        return []
    return ["taskset", "-c", str(max(os.sched_getaffinity(0)))]


class Case:
    """One program to be run several times; the figures are medians over its runs."""

    def __init__(self, kind, cluster, tasks):
        self.kind, self.cluster, self.tasks = kind, cluster, tasks
        self.runs = []

    def command(self, build):
        if self.kind == "s4u":
            return [build / "raysim_s4u_bag", self.cluster, str(self.tasks), str(SECONDS)]
        name = f"{self.kind}/{self.cluster}/{self.tasks}"
        flags = ["--long"] if self.tasks >= LONG else []
        return [build / "raysim_bench", *flags, f"--benchmark_filter=^{name}/", "--benchmark_format=json"]

    def run(self, build):
        output = subprocess.run([*on_one_core(), *self.command(build)], env=environment(), capture_output=True,
                                text=True, check=True).stdout
        found = json.loads(output)
        if self.kind != "s4u":
            found = found["benchmarks"][0]
            if found.get("error_occurred"):
                sys.exit(f"{found['name']}: {found['error_message']}")
        else:
            found["tasks_per_second"] = found["tasks"] / found["run_s"]
        self.runs.append(found)

    def figure(self, name):
        return statistics.median(run[name] for run in self.runs)

    def rate(self):
        return self.figure("tasks_per_second")


def environment():
    return {**os.environ, "RAYSIM_DATA": os.environ.get("RAYSIM_DATA", str(ROOT))}


def cases(quick):
    chosen = []
    for cluster in CLUSTERS:
        for exponent in range(4, 6 if quick else 8):
            chosen += [Case(kind, cluster, 10**exponent) for kind in ("raw_loop", "bag")]
        chosen.append(Case("memory", cluster, 100_000 if quick else 1_000_000))
        chosen.append(Case("lease_per_task", cluster, 100_000))
    chosen += [Case(kind, "60_cores", tasks) for kind, tasks in PROGRAMS]
    # A rate of SimGrid stands for all numbers of tasks; 10^5 on 64,000 actors would take a minute.
    chosen.append(Case("s4u", "60_cores", 10_000 if quick else 100_000))
    chosen.append(Case("s4u", "64000_cores", 10_000))
    return chosen


def run_all(build, chosen, repeats):
    for turn in range(repeats):
        for case in chosen:
            if turn > 0 and case.tasks >= LONG:
                continue
            if sys.stderr.isatty():
                print(f"\r\033[K{turn + 1}/{repeats} {case.kind} {case.cluster} {case.tasks:,}", end="", file=sys.stderr)
            case.run(build)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


def start_to_exit(build):
    """Milliseconds from the start of `raysim run scenarios/pi_60core.yaml` to its exit."""
    command = [*on_one_core(), build / "raysim", "run", "scenarios/pi_60core.yaml"]
    walls = []
    for _ in range(START_RUNS):
        begin = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, check=True)
        walls.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(walls)


def times(number):
    """A ratio with two digits that mean something."""
    return f"{number:.2g}" if number < 10 else f"{number:,.0f}"


def compiler(build):
    cache = build / "CMakeCache.txt"
    found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache.read_text(), re.MULTILINE) if cache.exists() else None
    version = subprocess.run([found.group(1) if found else "c++", "--version"], capture_output=True, text=True, check=False)
    return version.stdout.partition("\n")[0] or "unknown compiler"


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def find(chosen, kind, cluster, tasks=None):
    return next((c for c in chosen if (c.kind, c.cluster) == (kind, cluster) and tasks in (None, c.tasks)), None)


def rows_of_rates(chosen):
    yield ("run", "tasks", "tasks a second", "us a task", "events a task", "of raw loop", "of raw SimGrid")
    for case in chosen:
        if case.kind == "memory":
            continue
        rate, cluster = case.rate(), CLUSTERS[case.cluster]
        raw = find(chosen, "raw_loop", case.cluster, case.tasks)
        simgrid = find(chosen, "s4u", case.cluster)
        name = {"raw_loop": "raw event loop", "bag": "raysim, 10 ms", "lease_per_task": "raysim, 0.5 s",
                "wait_window_1000": "raysim, rounds of wait on 1,000", "actor_calls": "raysim, calls of actors",
                "s4u": "raw SimGrid S4U"}[case.kind]
        events = f"{case.figure('events_per_task'):.1f}" if "events_per_task" in case.runs[0] else "-"
        yield (f"{name}, {cluster}", f"{case.tasks:,}", f"{rate:,.0f}", f"{1e6 / rate:.2f}", events,
               times(rate / raw.rate()) if raw else "-", times(rate / simgrid.rate()))


def notes(chosen, pi_ms):
    for cluster, title in CLUSTERS.items():
        costs = {case.tasks: 1e6 / case.rate() for case in chosen if (case.kind, case.cluster) == ("bag", cluster)}
        spread = max(costs.values()) / min(costs.values())
        yield f"cost a task from {min(costs):,} to {max(costs):,} tasks, {title}: dearest / cheapest = {spread:.2f}"
    for cluster, title in CLUSTERS.items():
        memory = find(chosen, "memory", cluster)
        yield (f"bytes a live task with {memory.tasks:,} of them, {title}: {memory.figure('heap_bytes_per_task'):.0f} "
               f"allocated; the process's peak grows by {memory.figure('peak_bytes_per_task'):.0f}")
    yield f"raysim run scenarios/pi_60core.yaml, start to exit: {pi_ms:.0f} ms (median of {START_RUNS})"


def print_table(rows):
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        print("  ".join(cells).rstrip())


def write_page(rows, lines, setting):
    rows = list(rows)
    table = ["| " + " | ".join(row) + " |" for row in rows]
    table.insert(1, "|" + "|".join(["---"] + ["--:"] * (len(rows[0]) - 1)) + "|")
    text = "\n".join([BEGIN, setting, "", *table, "", *("* " + line for line in lines), END])
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        sys.exit(f"{PAGE.relative_to(ROOT)}: no place between '{BEGIN}' and '{END}'")
    before, rest = page.split(BEGIN, 1)
    PAGE.write_text(before + text + rest.split(END, 1)[1], encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", nargs="?", default=ROOT / "build" / "release", type=pathlib.Path, help="build/release")
    parser.add_argument("--quick", action="store_true", help="leave out what takes more than some seconds")
    parser.add_argument("--repeats", type=int, default=3, help="of every run (3); the median counts")
    parser.add_argument("--markdown", action="store_true", help="write the table into docs/performance.md too")
    options = parser.parse_args()
    build = options.build.resolve()
    missing = [name for name in ("raysim", "raysim_bench", "raysim_s4u_bag") if not (build / name).exists()]
    if missing:
        parser.error(f"{build} has no {', '.join(missing)}; `make build` makes them")

    load = os.getloadavg()[0]
    chosen = cases(options.quick)
    run_all(build, chosen, max(1, options.repeats))
    setting = (f"{datetime.date.today()}, {compiler(build)}, Release, one core of {os.cpu_count()} of {processor()}; "
               f"load of the machine {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end.")
    rows, lines = list(rows_of_rates(chosen)), list(notes(chosen, start_to_exit(build)))
    print(setting)
    print_table(rows)
    print("\n".join(lines))
    if options.markdown:
        write_page(rows, lines, setting)
    return 0


if __name__ == "__main__":
    sys.exit(main())
