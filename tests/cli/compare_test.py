#!/usr/bin/env python3
"""What `raysim compare` promises: the same seeds for all, honest figures, no run hidden, no process left behind.

Usage: compare_test.py RAYSIM
"""

import csv
import io
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from program import PATIENCE, PI, PROGRAM, ROOT, children_of, environment, raysim, wait_for

CRASH = "tests/cli/crash.yaml"
SHORT = ("--set", "driver.0.submit.count=120", "--set", "expect={}")
ENDLESS = (PI, "--set", "driver.0.submit.count=100000000", "--set", "tasks.pi4_sample.duration=10 ms")
FIGURES = {"makespan_s": lambda run: run["makespan_s"], "cpu_utilisation": lambda run: run["cpu_utilisation"],
           "scheduling_delay_p50_s": lambda run: run["scheduling_delay_s"]["p50"],
           "scheduling_delay_p95_s": lambda run: run["scheduling_delay_s"]["p95"],
           "fairness": lambda run: run["fairness"]}
STUDENT_T_9 = 2.2621571627409915  # of 10 values, 97.5 %


def compare(*arguments, policies="hybrid,spread", scenario=PI):
    return raysim("compare", scenario, "--policies", policies, *arguments)


def is_gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.done = compare("--reps", 10, "--seed", 3, "--json", *SHORT)
        cls.json = json.loads(cls.done.stdout)

    def test_each_run_is_that_of_raysim_run(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))
        self.assertEqual(self.json["seeds"], list(range(3, 13)))
        self.assertEqual([(one["policy"], one["seed"]) for one in self.json["runs"]],
                         [(policy, seed) for policy in ("hybrid", "spread") for seed in range(3, 13)])
        for compared in self.json["runs"][8:12]:
            alone = json.loads(raysim("run", PI, "--policy", compared["policy"], "--seed", compared["seed"], "--json",
                                      *SHORT).stdout)
            self.assertEqual(compared["fingerprint"], alone["fingerprint"])
            for key, of in FIGURES.items():
                self.assertEqual(compared[key], of(alone), key)

    def test_means_and_intervals_are_those_of_the_runs(self):
        for key in FIGURES:
            values = {policy: [run[key] for run in self.json["runs"] if run["policy"] == policy]
                      for policy in self.json["policies"]}
            differences = [other - first for first, other in zip(values["hybrid"], values["spread"])]
            spread = self.json["figures"][key]["spread"]
            for sample, said in ((values["spread"], spread), (differences, spread["difference"])):
                deviation = statistics.stdev(sample)
                self.assertEqual(said["count"], 10)
                self.assertAlmostEqual(said["mean"], statistics.fmean(sample), places=11)
                self.assertAlmostEqual(said["deviation"], deviation, places=11)
                self.assertAlmostEqual(said["median"], statistics.median(sample), places=11)
                half = STUDENT_T_9 * deviation / 10 ** 0.5
                self.assertAlmostEqual(said["interval"][1] - said["mean"], half, places=11)
            self.assertNotIn("difference", self.json["figures"][key]["hybrid"])
            low, high = spread["difference"]["interval"]
            self.assertEqual(spread["difference"]["excludes_zero"], not low <= 0 <= high)

    def test_the_result_does_not_depend_on_how_many_run_at_a_time(self):
        for jobs in (1, 7):
            again = compare("--reps", 10, "--seed", 3, "--json", "-j", jobs, *SHORT)
            self.assertEqual(again.stdout, self.done.stdout)

    def test_csv_has_a_row_for_each_run(self):
        rows = list(csv.DictReader(io.StringIO(compare("--reps", 10, "--seed", 3, "--csv", *SHORT).stdout)))
        self.assertEqual(len(rows), 20)
        for row, run in zip(rows, self.json["runs"]):
            self.assertEqual((row["policy"], int(row["seed"]), row["end"]), (run["policy"], run["seed"], "good"))
            for key in FIGURES:
                self.assertEqual(float(row[key]), run[key])

    def test_the_table_marks_what_differs(self):
        table = compare("--reps", 10, "--seed", 3, *SHORT).stdout
        self.assertLessEqual(max(map(len, table.splitlines())), 100)
        marks = len(re.findall(r" \*$", table, re.MULTILINE))
        differ = sum(self.json["figures"][key]["spread"]["difference"]["excludes_zero"] for key in FIGURES)
        self.assertEqual(marks, differ)
        self.assertIn(f"* {differ} of 5 intervals of differences exclude zero", table)

    def test_one_seed_has_no_interval(self):
        one = compare("--reps", 1, *SHORT)
        self.assertEqual(one.returncode, 0)
        self.assertIn("one seed: no intervals", one.stdout)
        self.assertNotIn("±", one.stdout)


class Precision(unittest.TestCase):
    def test_it_stops_at_a_planned_look_and_pays_for_the_looks(self):
        run = json.loads(compare("--reps", 40, "--precision", "50%", "--json", *SHORT).stdout)
        self.assertEqual(len(run["seeds"]), 10)
        self.assertAlmostEqual(run["interval_confidence"], 1 - 0.05 / 3)  # looks at 10, 20, 40
        table = compare("--reps", 40, "--precision", "50%", *SHORT).stdout
        self.assertIn("stopped after 10 of at most 40 seeds", table)

    def test_it_goes_on_to_the_last_when_that_is_not_enough(self):
        run = compare("--reps", 20, "--precision", "0.000001%", *SHORT)
        self.assertEqual(run.returncode, 0)
        self.assertIn("20 seeds from 0", run.stdout)
        self.assertIn("not all intervals are within 0.000001% of the mean after 20 seeds", run.stdout)


class Failures(unittest.TestCase):
    def test_a_driver_that_fails_is_shown(self):
        run = compare("--reps", 3, scenario=CRASH)
        self.assertEqual(run.returncode, 1)
        for policy, line in zip(("hybrid", "spread"), run.stderr.splitlines()):
            self.assertRegex(line, rf"^raysim: policy {policy}: failed in 3 of 3 runs, first at seed 0: .*WorkerCrashedError")
        self.assertIn("no run", run.stdout)
        runs = json.loads(compare("--reps", 3, "--json", scenario=CRASH).stdout)["runs"]
        self.assertEqual({(one["end"], one["outcome"], one["makespan_s"]) for one in runs},
                         {("failed", "WorkerCrashedError", None)})

    def test_an_expectation_that_fails_is_shown_and_the_run_counts(self):
        run = compare("--reps", 2, "--set", "expect={finished: 599}", "--json")
        self.assertEqual(run.returncode, 1)
        self.assertIn("policy hybrid: expectation failed in 2 of 2 runs, first at seed 0:", run.stderr)
        self.assertIn("expected 599 tasks, got 600", run.stderr)
        self.assertEqual(json.loads(run.stdout)["figures"]["makespan_s"]["spread"]["count"], 2)

    def test_a_run_that_is_killed_is_shown(self):
        with subprocess.Popen([PROGRAM, "compare", *ENDLESS, "--policies", "hybrid", "--reps", "1"], cwd=ROOT,
                              env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            os.kill(wait_for(lambda: children_of(process))[0], signal.SIGKILL)
            _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("policy hybrid: failed in 1 of 1 runs, first at seed 0: its process was ended by signal 9", errors)


class Ends(unittest.TestCase):
    def test_no_process_outlives_it(self):
        for how, code in ((signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)):
            with subprocess.Popen([PROGRAM, "compare", *ENDLESS, "--policies", "hybrid,spread", "-j", "2"], cwd=ROOT,
                                  env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                children = wait_for(lambda: len(found := children_of(process)) == 2 and found)
                process.send_signal(how)
                output, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, output), (code, ""))
            if how == signal.SIGINT:
                self.assertEqual(errors, "raysim: interrupted\n")
            wait_for(lambda: all(map(is_gone, children)))


class Picture(unittest.TestCase):
    def test_a_dot_for_each_run_and_figure_and_nothing_from_outside(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("some.svg", "some.html"):
                path = pathlib.Path(folder) / name
                run = compare("--reps", 6, "--picture", path, *SHORT)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                text = path.read_text(encoding="utf-8")
                svg = text[text.index("<svg"):text.index("</svg>") + 6]
                tree = xml.etree.ElementTree.fromstring(svg)
                self.assertEqual(len(tree.findall(".//{*}circle")), 6 * 2 * len(FIGURES))
                words = "".join(tree.itertext())
                for word in ("makespan", "CPU utilisation", "fairness", "hybrid", "spread", "(%)"):
                    self.assertIn(word, words)
                self.assertEqual(re.findall(r"https?://[^\"]+", text), ["http://www.w3.org/2000/svg"])


class BadInput(unittest.TestCase):
    def expect(self, arguments, *parts):
        run = raysim("compare", PI, *arguments)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)

    def test_policies(self):
        self.expect([], "--policies is required")
        self.expect(["--policies", "hybrid,spraed"], "--policies: unknown policy 'spraed'", "did you mean 'spread'?")
        self.expect(["--policies", "hybrid,hybrid"], "policy 'hybrid' twice")

    def test_numbers(self):
        for reps in ("0", "-1", "x", "1.5"):
            self.expect(["--policies", "hybrid", "--reps", reps], "--reps")
        for share in ("2", "0%", "-1%", "100%", "x%", "2 percent"):
            self.expect(["--policies", "hybrid", "--precision", share], "--precision", "such as 2%")
        self.expect(["--policies", "hybrid", "--jobs", "0"], "--jobs")
        self.expect(["--policies", "hybrid", "--seed", "18446744073709551615"], "--seed", "room for 10 seeds")

    def test_pictures_that_cannot_be_written(self):
        self.expect(["--policies", "hybrid", "--picture", "x.png"], "'x.png'", ".svg or .html")
        self.expect(["--policies", "hybrid", "--picture", "/nowhere/x.svg"], "cannot be written")

    def test_the_scenario_is_checked_before_anything_runs(self):
        self.expect(["--policies", "hybrid", "--set", "driver.0.submit.count=-1"], "--set driver.0.submit.count=-1")
        self.expect(["--policies", "hybrid", "--json", "--csv"], "excludes --")


if __name__ == "__main__":
    unittest.main(argv=["compare_test.py"])
