#!/usr/bin/env python3
"""What `raysim sweep` promises: every point, no run lost or made twice whatever kills it, no mixture of inputs.

Usage: sweep_test.py RAYSIM
"""

import csv
import io
import json
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from program import PATIENCE, PI, PROGRAM, ROOT, children_of, environment, raysim, wait_for

GRID = ("--grid", "driver.0.submit.count=60,120", "--grid", "tasks.pi4_sample.duration=10 ms,100 ms")
SHORT = ("--set", "expect={}")
CRASH = "tests/cli/crash.yaml"
MADE = re.compile(r"([\d,]+) runs? in .*, (\d+) of them now")


def rows_of(database):
    """All rows by key, with everything that a second run would change (its rowid and wall time)."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT scenario, settings, policy, seed, rowid, fingerprint, report FROM runs").fetchall()
    connection.close()
    return {row[:4]: row[4:] for row in rows}


def count_of(database):
    try:
        return len(rows_of(database))
    except sqlite3.OperationalError:  # not there yet
        return 0


class Sweep(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = self.folder / "results.sqlite"

    def sweep(self, *arguments, scenario=PI):
        return raysim("sweep", scenario, "--db", self.database, *arguments)

    def start(self, *arguments, scenario=PI):
        return subprocess.Popen([PROGRAM, "sweep", str(scenario), "--db", str(self.database), *map(str, arguments)],
                                cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def made(self, run):
        """(runs of the sweep, runs made now) as the table says."""
        return tuple(map(int, MADE.search(run.stdout).groups()))


class Points(Sweep):
    def test_each_point_is_what_raysim_run_says(self):
        run = self.sweep(*GRID, *SHORT, "--policies", "hybrid,spread", "--reps", 3, "--seed", 5, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        points = json.loads(run.stdout)["points"]
        self.assertEqual([tuple(point["settings"].values()) for point in points],
                         [("60", "10 ms"), ("60", "100 ms"), ("120", "10 ms"), ("120", "100 ms")])
        for point in points:
            self.assertEqual([(one["policy"], one["seed"]) for one in point["runs"]],
                             [(policy, seed) for policy in ("hybrid", "spread") for seed in (5, 6, 7)])
        alone = json.loads(raysim("run", PI, "--set", "driver.0.submit.count=120", "--set",
                                  "tasks.pi4_sample.duration=100 ms", *SHORT, "--policy", "spread", "--seed", 6,
                                  "--json").stdout)
        swept = points[3]["runs"][4]
        self.assertEqual((swept["fingerprint"], swept["makespan_s"], swept["fairness"]),
                         (alone["fingerprint"], alone["makespan_s"], alone["fairness"]))
        makespans = [one["makespan_s"] for one in points[3]["runs"][3:]]
        self.assertAlmostEqual(points[3]["figures"]["makespan_s"]["spread"]["mean"], sum(makespans) / 3, places=12)
        self.assertEqual(count_of(self.database), 24)
        report = json.loads(next(iter(rows_of(self.database).values()))[2])
        self.assertIn("messages_by_kind", report)
        self.assertNotIn("nodes", report)

    def test_csv_has_the_grid_before_each_run(self):
        run = self.sweep(*GRID, *SHORT, "--reps", 2, "--csv")
        rows = list(csv.DictReader(io.StringIO(run.stdout)))
        self.assertEqual(len(rows), 8)
        self.assertEqual({(row["driver.0.submit.count"], row["tasks.pi4_sample.duration"]) for row in rows},
                         {(count, duration) for count in ("60", "120") for duration in ("10 ms", "100 ms")})
        self.assertTrue(all(float(row["makespan_s"]) > 0 for row in rows))

    def test_a_sweep_file_and_the_options_over_it(self):
        shipped = "scenarios/sweeps/nodes.yaml"
        run = self.sweep("--reps", 2, "--policies", "spread", "--grid", "cluster.nodes=2,3", scenario=shipped)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("2 points x 1 policy x 2 seeds from 0", run.stdout)
        self.assertRegex(run.stdout, r"\n +nodes policy +makespan")
        fewer, more = [float(value) for value in re.findall(r"^ +[23] spread +([0-9.]+) s", run.stdout, re.MULTILINE)]
        self.assertGreater(fewer, more)
        check = raysim("check", shipped)
        self.assertEqual((check.returncode, check.stdout),
                         (0, f"{shipped}: ok, a sweep of 50 runs at 5 points\n"))

    def test_narrower_uplinks_make_a_shuffle_slower(self):
        run = self.sweep("--reps", 1, "--csv", scenario="scenarios/sweeps/oversubscription.yaml")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        makespans = [float(row["makespan_s"]) for row in csv.DictReader(io.StringIO(run.stdout))]
        self.assertEqual(len(makespans), 5)
        self.assertEqual(makespans[1:], sorted(makespans[1:]))
        self.assertGreater(makespans[-1], 1.5 * makespans[0])

    def test_an_expectation_that_fails_is_one_line_a_point(self):
        run = self.sweep("--grid", "driver.0.submit.count=60,120", "--reps", 3, "--set", "expect={makespan: {max: 1 ms}}")
        self.assertEqual(run.returncode, 1)
        for count, line in zip((60, 120), run.stderr.splitlines(), strict=True):
            self.assertRegex(line, rf"^raysim: driver\.0\.submit\.count={count}: policy hybrid: expectation failed in 3 of 3 "
                                   r"runs, first at seed 0: .*'makespan' failed: expected at most 1\.000 ms, got ")

    def test_failed_runs_are_shown_stored_and_not_tried_again(self):
        for made in (4, 0):
            run = self.sweep("--grid", "tasks.work.max_retries=0,1", "--reps", 2, scenario=CRASH)
            self.assertEqual(run.returncode, 1)
            self.assertEqual(self.made(run), (4, made))
            self.assertRegex(run.stderr, r"^raysim: tasks\.work\.max_retries=0: policy hybrid: failed in 2 of 2 runs, "
                                         r"first at seed 0: .*WorkerCrashedError.*\n$")
            self.assertIn("0, 2 failed", run.stdout)


class Resume(Sweep):
    LONG = (*GRID, "--policies", "hybrid,spread", "--reps", "12", *SHORT, "-j", "2")
    ALL = 4 * 2 * 12

    def kill_at(self, rows, how):
        """Ends a sweep as soon as that many runs are stored; what it had stored."""
        with self.start(*self.LONG) as process:
            wait_for(lambda: count_of(self.database) >= rows or process.poll() is not None)
            process.send_signal(how)
            self.output = process.communicate(timeout=PATIENCE)
        self.returncode = process.returncode
        return rows_of(self.database)

    def test_killed_and_started_again_it_makes_what_is_missing_and_nothing_twice(self):
        stored = {}
        for rows in (1, 20, 45, 70):
            now = self.kill_at(rows, signal.SIGKILL)
            self.assertEqual(self.returncode, -signal.SIGKILL, "it was over before it could be killed")
            self.assertGreaterEqual(len(now), rows)
            self.assertLess(len(now), self.ALL)
            self.assertEqual({key: now[key] for key in stored}, stored)
            stored = now
        last = self.sweep(*self.LONG)
        self.assertEqual((last.returncode, last.stderr), (0, ""))
        self.assertEqual(self.made(last), (self.ALL, self.ALL - len(stored)))
        end = rows_of(self.database)
        self.assertEqual(len(end), self.ALL)
        self.assertEqual({key: end[key] for key in stored}, stored)
        again = self.sweep(*self.LONG)
        self.assertEqual(self.made(again), (self.ALL, 0))
        self.assertEqual(rows_of(self.database), end)
        # All as if nothing had happened.
        self.database = self.folder / "at_once.sqlite"
        at_once = self.sweep(*self.LONG)
        self.assertEqual(at_once.stdout.splitlines()[2:], again.stdout.splitlines()[2:])

    def test_others_that_hold_the_results_for_a_moment_are_waited_for(self):
        self.assertEqual(self.made(self.sweep(*GRID, *SHORT, "--reps", 1)), (4, 4))
        holder = sqlite3.connect(self.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with self.start(*GRID, *SHORT, "--reps", 2) as process:
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            holder.execute("ROLLBACK")
            holder.close()
            output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, errors), (0, ""))
        self.assertEqual(MADE.search(output).groups(), ("8", "4"))

    def test_an_interrupt_keeps_what_has_ended(self):
        stored = self.kill_at(5, signal.SIGINT)
        self.assertEqual(self.returncode, 130)
        self.assertEqual(self.output, ("", f"raysim: interrupted; what has ended is in {self.database}, and the same "
                                           "command goes on from there\n"))
        last = self.sweep(*self.LONG)
        self.assertEqual(self.made(last), (self.ALL, self.ALL - len(stored)))

    def test_a_sweep_that_grows_makes_only_what_is_new(self):
        count, duration = ("--grid", "driver.0.submit.count=60,120"), ("--grid", "tasks.pi4_sample.duration=10 ms")
        self.assertEqual(self.made(self.sweep(*count, *duration, *SHORT, "--reps", 2)), (4, 4))
        self.assertEqual(self.made(self.sweep(*duration, *count, *SHORT, "--reps", 2)), (4, 0))
        self.assertEqual(self.made(self.sweep(*count, *duration, *SHORT, "--reps", 3)), (6, 2))
        self.assertEqual(self.made(self.sweep(*count, *duration, *SHORT, "--reps", 2, "--seed", 1)), (4, 0))
        wider = ("--grid", "driver.0.submit.count=60,120,180")
        self.assertEqual(self.made(self.sweep(*wider, *duration, *SHORT, "--reps", 3, "--policies", "hybrid,random")),
                         (18, 12))
        self.assertEqual(self.made(self.sweep(*count, *duration, *SHORT, "--reps", 2, "--set", "warm_workers=false")),
                         (4, 4))


class Inputs(Sweep):
    def test_files_that_change_are_not_mixed(self):
        shutil.copy(ROOT / PI, self.folder / "pi.yaml")
        shutil.copytree(ROOT / "platforms", self.folder / "platforms")
        scenario, platform = self.folder / "pi.yaml", self.folder / "platforms" / "three_by_twenty.yaml"
        arguments = ("--grid", "driver.0.submit.count=60", *SHORT, "--reps", 2, "--set",
                     "cluster=platforms/three_by_twenty.yaml")
        self.assertEqual(self.made(self.sweep(*arguments, scenario=scenario)), (2, 2))
        for path in (scenario, platform):
            text = path.read_text(encoding="utf-8")
            path.write_text(text + "# changed\n", encoding="utf-8")
            before = rows_of(self.database)
            run = self.sweep(*arguments, scenario=scenario)
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertRegex(run.stderr, rf"^{re.escape(str(path))}: has changed since runs of this sweep were stored in "
                                         r"'.*results\.sqlite' \([0-9a-f]{16} then, [0-9a-f]{16} now\), expected the same")
            self.assertEqual(rows_of(self.database), before)
            path.write_text(text, encoding="utf-8")
        self.assertEqual(self.made(self.sweep(*arguments, scenario=scenario)), (2, 0))

    def expect(self, arguments, *parts, scenario=PI):
        run = self.sweep(*arguments, scenario=scenario)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)

    def test_mistakes(self):
        self.expect([], "--grid", "nothing to sweep over")
        self.expect(["--grid", "driver.0.submit.count=3..x"], "--grid driver.0.submit.count=3..x: range '3..x'")
        self.expect(["--grid", "driver.0.submit.count=5,-1"], "--grid driver.0.submit.count=5,-1: driver.0.submit.count=-1")
        self.expect(["--grid", "driver.0.submit.coun=5"], "unknown key 'coun'", "did you mean 'count'?")
        self.expect(["--grid", "cluster.nodes=3,4"], "no node of the cluster has a 'count'")
        self.expect(["--grid", "seed=1,2"], "expected the option --seed")
        self.expect([*GRID, "--policies", "hybrid,spraed"], "--policies: unknown policy 'spraed'")
        self.expect([*GRID, "--set", "driver.0.submit.count=7"], "set together with")
        self.expect([*GRID, "--reps", "0"], "--reps")
        self.expect(GRID, "nowhere.yaml", "no such file", scenario="nowhere.yaml")
        self.assertFalse(self.database.exists())

    def test_a_bad_value_of_a_file_is_reported_there(self):
        path = self.folder / "sweep.yaml"
        path.write_text(f"raysim_sweep: 1\nscenario: {ROOT / PI}\ngrid:\n  tasks.pi4_sample.duration: [1 s, 2 sec]\n",
                        encoding="utf-8")
        self.expect([], f"{path}:4:30: tasks.pi4_sample.duration=2 sec: ", "unknown unit 'sec'", scenario=path)

    def test_results_that_are_none(self):
        self.database.write_text("no database, but a text that is long enough to look at\n" * 40, encoding="utf-8")
        self.expect([*GRID, *SHORT], "--db", "file is not a database")
        self.database = pathlib.Path("/nowhere/x.sqlite")
        self.expect([*GRID, *SHORT], "--db", "No such file or directory")

    def test_two_at_a_time(self):
        endless = ("--grid", "driver.0.submit.count=100000000", "--set", "tasks.pi4_sample.duration=10 ms", *SHORT)
        with self.start(*endless) as process:
            wait_for(lambda: children_of(process))
            self.expect([*GRID, *SHORT], "another sweep is writing to it")
            process.kill()


if __name__ == "__main__":
    unittest.main(argv=["sweep_test.py"])
