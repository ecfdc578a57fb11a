#!/usr/bin/env python3
"""What `raysim run` promises: exit codes, figures, JSON keys, traces, the same bytes for the same seed.

Usage: run_test.py RAYSIM
"""

import json
import pathlib
import re
import tempfile
import unittest

from program import PI, ROOT, raysim

SCENARIOS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "scenarios").glob("*.yaml"))
WITH_GROUPS = [name for name in SCENARIOS if "\nplacement_groups:" in (ROOT / name).read_text(encoding="utf-8")]
CRASH = "tests/cli/crash.yaml"
STARVE = "tests/cli/starve.yaml"
KEYS = ("scenario", "architecture", "policy", "seed", "fingerprint", "makespan_s", "tasks", "actors", "nodes",
        "cpu_utilisation", "scheduling_delay_s", "transfers", "spilled_bytes", "events", "wall_s", "driver", "ideal_s",
        "critical_path_s", "workers_started", "messages", "messages_by_kind", "simulated_over_wall", "fairness")
WALL_KEYS = ("wall_s", "simulated_over_wall")


def policies():
    return raysim("run", PI, "--policy", "?").stderr.partition("expected one of ")[2].strip().split(", ")


def figures(*arguments):
    return json.loads(raysim("run", *arguments, "--json").stdout)


def without_wall(text):
    """A table without the line that no two runs share."""
    return re.sub(r"^  wall time .*\n(?: {20,}.*\n)*", "", text, flags=re.MULTILINE)


class ExitCodes(unittest.TestCase):
    def test_a_program_that_ends_well_is_0(self):
        run = raysim("run", PI)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_an_uncaught_error_of_ray_is_1(self):
        run = raysim("run", CRASH)
        self.assertEqual(run.returncode, 1)
        self.assertIn("WorkerCrashedError", run.stdout)
        self.assertIn("the program failed with WorkerCrashedError", run.stderr)
        self.assertEqual(figures(CRASH)["driver"]["outcome"], "WorkerCrashedError")
        self.assertEqual(figures(CRASH)["tasks"]["failed"], 1)

    def test_an_error_that_the_scenario_expects_is_0(self):
        run = raysim("run", CRASH, "--set", "expect.outcome=WorkerCrashedError")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_retries_save_the_program(self):
        run = raysim("run", CRASH, "--set", "tasks.work.max_retries=1", "--set", "expect.retried=1")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_failed_expectations_are_1_and_a_line_each(self):
        run = raysim("run", PI, "--set", "expect.finished=599", "--set", "expect.makespan={max: 1 s}", "--set",
                     "expect.tasks_per_node={bob: [0, 1]}", "--set", "expect.outcome=RayTaskError")
        self.assertEqual(run.returncode, 1)
        lines = run.stderr.splitlines()
        self.assertEqual(len(lines), 4)
        for line, key in zip(lines, ("outcome", "makespan", "tasks_per_node.bob", "finished")):
            self.assertRegex(line, rf"^{PI}:\d+:\d+: expectation '{key}' failed: expected .+, got .+$")
        self.assertEqual(run.stdout.count("makespan "), 1 + run.stdout.count("makespan is"))

    def test_a_program_that_waits_for_ever_is_1(self):
        run = raysim("run", STARVE)
        self.assertEqual(run.returncode, 1)
        self.assertIn("the program waits for ever", run.stderr)
        self.assertIn("2 of 5 tasks are not finished (finished: parent 0, child 0, other 3)", run.stderr)


class NetworkModel(unittest.TestCase):
    RING = "scenarios/ring_allreduce.yaml"

    def test_the_choice_for_a_large_cluster_is_told(self):
        run = raysim("run", self.RING)
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stderr, r"^raysim: note: on 100 machines, .*\(network\.model: chunk\).*\n$")

    def test_what_was_asked_for_and_the_usual_one_are_not(self):
        for options in (["--set", "cluster.network.model=chunk"], ["--set", "cluster.nodes=40"]):
            run = raysim("run", self.RING, *options, "--set", "expect={}")
            self.assertEqual((run.returncode, run.stderr), (0, ""))


class Json(unittest.TestCase):
    def test_all_keys_are_there_with_their_types(self):
        run = figures(PI)
        for key in KEYS:
            self.assertIn(key, run)
        self.assertEqual({key: run["tasks"][key] for key in ("submitted", "finished", "failed", "retried")},
                         {"submitted": 600, "finished": 600, "failed": 0, "retried": 0})
        self.assertEqual(set(run["nodes"]), {"bob", "alice", "alice2"})
        for node in run["nodes"].values():
            self.assertLessEqual({"tasks", "cpu_utilisation", "gpu_utilisation", "object_store_peak_bytes"}, set(node))
            self.assertIsInstance(node["object_store_peak_bytes"], int)
        self.assertEqual(set(run["scheduling_delay_s"]), {"p50", "p95", "p99", "max"})
        self.assertEqual(set(run["transfers"]), {"count", "bytes", "by_cause", "links"})
        self.assertEqual(run["driver"], {"outcome": "ok", "message": ""})
        self.assertEqual(set(run["actors"].values()), {0})
        self.assertEqual((run["architecture"], run["policy"], run["seed"]), ("raylet", "hybrid", 0))
        self.assertRegex(run["fingerprint"], r"^[0-9a-f]{16}$")

    def test_figures_hang_together(self):
        for scenario in SCENARIOS:
            run = figures(scenario)
            with self.subTest(scenario=scenario):
                tasks = run["tasks"]
                self.assertEqual(tasks["submitted"], tasks["finished"] + tasks["failed"] + tasks["unfinished"])
                self.assertEqual(sum(node["tasks"] for node in run["nodes"].values()), tasks["finished"])
                self.assertEqual(sum(run["messages_by_kind"].values()), run["messages"])
                self.assertGreaterEqual(run["makespan_s"], run["critical_path_s"])
                delay = run["scheduling_delay_s"]
                self.assertEqual(sorted(delay.values()), [delay[key] for key in ("p50", "p95", "p99", "max")])

    def test_a_raylet_is_asked_for_what_lies_in_stores(self):
        with tempfile.TemporaryDirectory() as folder:
            scenario = pathlib.Path(folder) / "asked.yaml"
            scenario.write_text("""raysim: 1
cluster: {nodes: {head: {cpus: 2}}}
actors: {Counter: {methods: {add: {parameters: [n], duration: 1 ms}}}}
driver:
  - create: {actor: Counter, as: counter}
  - put: {size: 1 MB, as: block}
  - invoke: {actor: counter, method: add, args: [block], count: 5, as: refs}
  - invoke: {actor: counter, method: add, args: [7], count: 3, as: more}
  - get: refs
  - get: more
  - wait: {refs: '[block]', ready: ready}
  - wait: {refs: more, num_returns: 3}
  - wait: {refs: '[block]', fetch_local: false}
""", encoding="utf-8")
            kinds = figures(str(scenario))["messages_by_kind"]
        # For each call whose argument lies in a store, and for the wait that fetches, although all is there.
        self.assertEqual((kinds["fetch_objects"], kinds["objects_local"]), (6, 6))

    def test_options_win_over_the_file(self):
        run = figures(PI, "--seed", 7, "--policy", "spread", "--set", "driver.0.submit.count=60", "--set", "seed=3")
        self.assertEqual((run["seed"], run["policy"], run["tasks"]["submitted"]), (7, "spread", 60))


class Policies(unittest.TestCase):
    def test_placement_groups_end_as_expected_under_each(self):
        self.assertGreater(len(WITH_GROUPS), 2)
        self.assertIn("central", policies())
        for policy in policies():
            for scenario in WITH_GROUPS:
                with self.subTest(policy=policy, scenario=scenario):
                    run = raysim("run", scenario, "--policy", policy)
                    self.assertEqual((run.returncode, run.stderr), (0, ""))


class Determinism(unittest.TestCase):
    def test_same_seed_same_bytes(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario=scenario):
                first, second = (raysim("run", scenario).stdout for _ in range(2))
                self.assertIn("wall time", first)
                self.assertEqual(without_wall(first), without_wall(second))
                objects = [figures(scenario) for _ in range(2)]
                for run in objects:
                    for key in WALL_KEYS:
                        run.pop(key)
                self.assertEqual(json.dumps(objects[0]), json.dumps(objects[1]))

    def test_same_seed_same_trace(self):
        self.assertEqual(trace_of(PI), trace_of(PI))

    def test_other_seed_other_run(self):
        runs = [figures(PI, "--seed", seed) for seed in range(5)]
        self.assertEqual(len({run["fingerprint"] for run in runs}), 5)
        self.assertGreater(len({json.dumps(run["nodes"]) for run in runs}), 1)

    def test_the_fingerprint_does_not_depend_on_what_is_printed(self):
        plain = figures(PI)["fingerprint"]
        with tempfile.TemporaryDirectory() as folder:
            traced = figures(PI, "--trace", f"{folder}/t.json")["fingerprint"]
        self.assertEqual(plain, traced)
        self.assertIn(plain, raysim("run", PI).stdout)


def trace_of(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace.json"
        raysim("run", *arguments, "--trace", path)
        return path.read_text(encoding="utf-8")


class Trace(unittest.TestCase):
    def test_a_span_for_each_attempt_on_a_named_worker_of_a_named_node(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario=scenario):
                events = json.loads(trace_of(scenario))
                copies = [event for event in events if event["ph"] == "X" and event["cat"] == "copy"]
                spans = [event for event in events if event["ph"] == "X" and event["cat"] != "copy"]
                of_tasks = [span for span in spans if span["cat"] != "gpu"]
                tasks = figures(scenario)["tasks"]
                # Of tasks that failed those that had begun have one, too.
                self.assertGreaterEqual(len(of_tasks), tasks["finished"])
                self.assertLessEqual(len(of_tasks), tasks["finished"] + tasks["failed"] + tasks["retried"])
                held = sum(len(span["args"].get("CUDA_VISIBLE_DEVICES", "").replace(",", " ").split()) for span in of_tasks)
                self.assertEqual(len(spans) - len(of_tasks), held)
                nodes = {event["pid"] for event in events if event["name"] == "process_name"}
                workers = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
                for copy in copies:
                    self.assertIn((copy["pid"], copy["tid"]), workers)
                    self.assertGreater(copy["args"]["bytes"], 0)
                for span in spans:
                    self.assertTrue(span["name"].startswith("task::"))
                    self.assertIn(span["pid"], nodes)
                    self.assertIn((span["pid"], span["tid"]), workers)
                    self.assertGreaterEqual(span["ts"], 0)
                    self.assertGreaterEqual(span["dur"], 0)

    def test_a_worker_runs_one_task_at_a_time(self):
        spans = {}
        for event in json.loads(trace_of(PI)):
            if event["ph"] == "X":
                spans.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
        for times in spans.values():
            times.sort()
            for (_, end), (start, _) in zip(times, times[1:]):
                self.assertLessEqual(end, start + 1e-3)

    def test_attempts_that_failed_are_there(self):
        events = json.loads(trace_of(CRASH, "--set", "tasks.work.max_retries=1"))
        self.assertEqual([(event["args"]["attempt_number"], event["args"]["state"]) for event in events
                          if event["ph"] == "X"], [(0, "FAILED"), (1, "FINISHED")])

    def test_no_tasks_is_a_valid_trace(self):
        events = json.loads(trace_of(PI, "--set", "driver.0.submit.count=0"))
        self.assertTrue(all(event["ph"] == "M" for event in events))


class Table(unittest.TestCase):
    def test_fits_100_columns(self):
        for arguments in [(scenario,) for scenario in SCENARIOS] + [(CRASH,), (STARVE,)]:
            for line in raysim("run", *arguments).stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_large_clusters_are_cut(self):
        run = raysim("run", PI, "--set", "cluster.nodes={many: {count: 100, cpus: 2}, bob: {head: true, cpus: 4}}",
                     "--set", "expect.makespan={max: 1 h}")
        self.assertLess(len(run.stdout.splitlines()), 40)
        self.assertRegex(run.stdout, r"\.\.\. \d+ more, utilisation")
        self.assertRegex(run.stdout, r"(?m)^  all +204 +600 ")

    def test_no_colours_in_a_pipe(self):
        self.assertNotIn("\x1b", raysim("run", PI).stdout)


if __name__ == "__main__":
    unittest.main(argv=["run_test.py"])
